"""Builders and servers of other folders serve the projects over real data; the sales pipeline."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

for _folder in ("flow", "connectors_sql"):
    _path = str(Path(__file__).resolve().parents[1] / _folder)
    if _path not in sys.path:
        sys.path.insert(0, _path)


@pytest.fixture(scope="module")
def maven(shared: Path) -> Path:
    """The folder of Maven's CRM export."""
    return shared / "data" / "maven_crm_sales"


@pytest.fixture(scope="module")
def deals(maven: Path) -> list[dict[str, str]]:
    """Its opportunities as `csv` reads them."""
    with (maven / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
