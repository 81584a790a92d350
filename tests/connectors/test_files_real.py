"""Exports of real systems, as their own software wrote them."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from connectors.base import ColumnSpec, State, StreamSpec
from connectors.batch import Batch
from connectors.files import FilesConnector


def open_real(shared: Path, work: Path, name: str, *columns: ColumnSpec) -> Batch:
    connector = FilesConnector({"root": "data"}, base=shared)
    spec = StreamSpec("real", {"glob": name}, columns)
    (ref,) = connector.discover(spec, State()).new
    return connector.extract(spec, ref, work)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("maven_crm_sales/sales_pipeline.csv", 8_800),
        ("oulad/studentInfo.csv", 32_593),
        ("oulad/studentRegistration.csv", 32_593),
        ("kolibri_exports/kolibri_session_logs.csv", 1_823),
        ("kolibri_exports/kolibri_summary_logs.csv", 259),
        ("moodle_exports/course4_completion.csv", 20),
        ("moodle_exports/course4_activity_progress.csv", 20),
    ],
)
def test_real_exports_reconcile(shared: Path, tmp_path: Path, name: str, rows: int) -> None:
    """Every row of a real export is delivered, none refused, and cells equal csv.reader's."""
    batch = open_real(shared, tmp_path, name)
    table = batch.reader().read_all()
    receipt = batch.receipt()
    assert (table.num_rows, receipt.counted_rows, receipt.ragged_rows) == (rows, rows, 0)
    with (shared / "data" / name).open(encoding="utf-8-sig", newline="") as file:
        header, *cells = csv.reader(file)
    assert list(receipt.header) == header
    for column in table.schema.names[:-1]:
        place = [cell.strip() for cell in header].index(column)
        assert table.column(column).to_pylist() == [row[place] for row in cells]


def test_the_bom_is_no_part_of_the_first_header(shared: Path, tmp_path: Path) -> None:
    """Kolibri writes a byte order mark; the first column is found by its name all the same."""
    name = "kolibri_exports/kolibri_session_logs.csv"
    assert (shared / "data" / name).read_bytes().startswith(b"\xef\xbb\xbf")
    first = open_real(shared, tmp_path, name).schema.names[0]
    batch = open_real(shared, tmp_path, name, ColumnSpec("first", header=first))
    assert batch.tally.missing_columns == ()


def test_blank_headers_are_read_by_position(shared: Path, tmp_path: Path) -> None:
    """Moodle's progress report has blank headers: a position finds them."""
    batch = open_real(
        shared,
        tmp_path,
        "moodle_exports/course4_activity_progress.csv",
        ColumnSpec("name", position=1),
        ColumnSpec("done_at", position=4),
    )
    table = batch.reader().read_all()
    assert batch.tally.missing_columns == ()
    assert table.column("name").to_pylist()[0].startswith("Emp")


def test_statements_come_line_for_line(shared: Path, tmp_path: Path) -> None:
    """22,000 xAPI statements from a gzip file are delivered as they stand."""
    name = "xapi_ralph_statements/statements.json.gz"
    batch = open_real(shared, tmp_path, name)
    lines = batch.reader().read_all().column("_line").to_pylist()
    text = gzip.decompress((shared / "data" / name).read_bytes()).decode()
    assert lines == [line.strip() for line in text.split("\n") if line.strip()]
    assert len(lines) == 22_000
