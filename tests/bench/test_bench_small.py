"""The benchmark holds the product against a script that computes the same thing."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path

import pytest

from scoreline.steps.run import run_all
from scoreline.wiring import open_project

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from fakes import PassingValidator  # noqa: E402

from bench.baseline import Baseline  # noqa: E402
from bench.compare import differences  # noqa: E402
from bench.generate import generate  # noqa: E402
from bench.workload import BASE_LAST, Workload, increment_days  # noqa: E402

SIZE = Workload(20_000, metrics=40, key_results=80)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small workload."""
    folder = tmp_path_factory.mktemp("made")
    generate(SIZE, folder)
    return folder


def _project(made: Path, root: Path) -> Path:
    shutil.copytree(made / "okr_defs", root / "okr_defs")
    shutil.copytree(made / "base", root / "data")
    return root


def _product(root: Path, as_of: date) -> int:
    project = open_project(root, validator=PassingValidator())
    try:
        report = run_all(project, as_of)
    finally:
        project.close()
    assert not report.failed
    return sum(s.rows_quarantined for r in report.sources.values() for s in r.streams.values())


def test_product_and_baseline_come_to_the_same_values(made: Path, tmp_path: Path) -> None:
    """Numerators, denominators and statuses are equal after the first run and an increment."""
    root, database = _project(made, tmp_path / "project"), tmp_path / "baseline.duckdb"
    _product(root, BASE_LAST)
    Baseline(root / "data", database, SIZE).run(BASE_LAST)
    assert differences(root, database, SIZE, BASE_LAST) == []
    shutil.copytree(made / "increment-1", root / "data", dirs_exist_ok=True)
    later = increment_days(1)[1]
    _product(root, later)
    Baseline(root / "data", database, SIZE).run(later)
    assert differences(root, database, SIZE, later) == []


def test_a_difference_is_found(made: Path, tmp_path: Path) -> None:
    """One row more on the product's side shows as a difference: the comparison compares."""
    root, database = _project(made, tmp_path / "project"), tmp_path / "baseline.duckdb"
    Baseline(root / "data", database, SIZE).run(BASE_LAST)
    asked = next(a for a in SIZE.asked() if a.kind == "completions")
    row = f"99999999,L1,{asked.team},{asked.subject},completed,50.00,10,2025-06-01 09:00:00"
    header = (root / "data/lms/0-01.csv").read_text().splitlines()[0]
    (root / "data/lms/9-99.csv").write_text(f"{header}\n{row}\n")
    _product(root, BASE_LAST)
    found = differences(root, database, SIZE, BASE_LAST)
    assert any(asked.name in line for line in found)


def test_generating_is_repeatable(made: Path, tmp_path: Path) -> None:
    """The same sizes and seed give the same bytes; another seed gives other rows."""
    generate(SIZE, tmp_path / "again")
    generate(SIZE, tmp_path / "other", seed=2)
    name = "base/lms/0-01.csv"
    assert (tmp_path / "again" / name).read_bytes() == (made / name).read_bytes()
    assert (tmp_path / "other" / name).read_bytes() != (made / name).read_bytes()
