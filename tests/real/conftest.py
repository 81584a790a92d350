"""The builders of `tests/flow` serve the projects over real data too; and the sales pipeline."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

_BUILDERS = Path(__file__).resolve().parents[1] / "flow"
if str(_BUILDERS) not in sys.path:
    sys.path.insert(0, str(_BUILDERS))


@pytest.fixture(scope="module")
def maven(shared: Path) -> Path:
    """The folder of Maven's CRM export."""
    return shared / "data" / "maven_crm_sales"


@pytest.fixture(scope="module")
def deals(maven: Path) -> list[dict[str, str]]:
    """Its opportunities as `csv` reads them."""
    with (maven / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
