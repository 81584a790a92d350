"""Numbers written with other marks than a point: what is read, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warehouse_builders import column, stream

from scoreline.core.contracts import reading_digest
from scoreline.core.model import Column
from scoreline.definitions.canonical import canonical
from scoreline.warehouse.database import connect
from scoreline.warehouse.typing import type_rows

GERMAN = {"decimal_mark": ",", "thousands_mark": "."}
ENGLISH = {"thousands_mark": ","}
FRENCH = {"decimal_mark": ",", "thousands_mark": " "}
SWISS = {"thousands_mark": "'"}


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """One database in memory."""
    return connect(None, "Europe/Berlin", tmp_path_factory.mktemp("duck"))


def read(
    connection: duckdb.DuckDBPyConnection,
    work: Path,
    declared: Column,
    table: pa.Table,
    layout: Any = "columns",
) -> tuple[list[Any], list[str]]:
    """The values that are right, and the reasons of those that are not."""
    numbered = table.append_column("_row", pa.array(range(1, len(table) + 1), pa.int64()))
    result = type_rows(connection, stream(declared, key=()), numbered.to_reader(), layout, work)
    good = connection.execute(
        f"SELECT {declared.name} FROM read_parquet('{result.typed}') ORDER BY _row"
    ).fetchall()
    bad: list[Any] = []
    if result.broken:
        bad = connection.execute(
            f"SELECT reason FROM read_parquet('{result.broken}') ORDER BY _row"
        ).fetchall()
    return [g[0] for g in good], [b[0] for b in bad]


@pytest.mark.parametrize(
    ("marks", "cell", "value"),
    [
        (GERMAN, "1.234,56", "1234.56"),
        (GERMAN, "1234,56", "1234.56"),
        (GERMAN, "-1.234.567,5", "-1234567.50"),
        (GERMAN, " +12,30 ", "12.30"),
        (GERMAN, "1.234", "1234"),
        (GERMAN, ",5", "0.50"),
        (GERMAN, "12,", "12"),
        (GERMAN, "3,1000", "3.10"),
        (GERMAN, "1,5e3", "1500"),
        (ENGLISH, "1,234,567.89", "1234567.89"),
        (ENGLISH, "999.10", "999.10"),
        (FRENCH, "1 234,56", "1234.56"),
        (FRENCH, "1\u00a0234\u202f567,00", "1234567"),
        (SWISS, "1'234.50", "1234.50"),
        (SWISS, "1\u2019234.50", "1234.50"),
        ({"decimal_mark": ","}, "1234,5", "1234.5"),
    ],
)
def test_marks_are_read_as_declared(
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    marks: dict[str, str],
    cell: str,
    value: str,
) -> None:
    """A number in the declared marks has the value that it has with a point."""
    declared = column("c", "decimal(12,2)", **marks)
    assert read(connection, tmp_path, declared, pa.table({"c": [cell]})) == ([Decimal(value)], [])


@pytest.mark.parametrize(
    ("marks", "cell"),
    [
        (GERMAN, "1.23"),
        (GERMAN, "1234.567"),
        (GERMAN, "1.2345,00"),
        (GERMAN, "1.234.56"),
        (GERMAN, "1,234.56"),
        (GERMAN, "1,234,56"),
        (GERMAN, ".234"),
        (GERMAN, "1..234"),
        (GERMAN, "1,239"),
        (GERMAN, "1 234"),
        (GERMAN, ","),
        (GERMAN, "nan"),
        (ENGLISH, "1,23"),
        (ENGLISH, "1.234,56"),
        (FRENCH, "12 34,5"),
        ({"decimal_mark": ","}, "1.5"),
        ({"decimal_mark": ","}, "1.234,5"),
    ],
)
def test_marks_that_are_astray_are_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, marks: dict[str, str], cell: str
) -> None:
    """Groups that are not of three, and the other notation, are quoted and refused."""
    declared = column("c", "decimal(12,2)", **marks)
    good, bad = read(connection, tmp_path, declared, pa.table({"c": [cell]}))
    assert good == []
    assert bad[0].startswith(f'c: "{cell}" is not decimal(12,2) written like 1')


def test_whole_numbers_have_thousands_too(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """An integer column reads its marks of thousands, and still no decimals."""
    declared = column("c", "integer", thousands_mark=".")
    cells = pa.table({"c": ["1.234.567", "-12", "1.23", "1,0"]})
    good, bad = read(connection, tmp_path, declared, cells)
    assert good == [1234567, -12]
    assert bad[0] == 'c: "1.23" is not integer written like 1.234'


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.decimals(min_value=-(10**12), max_value=10**12, places=2), min_size=1, max_size=40
    ),
    grouped=st.booleans(),
)
def test_what_is_written_is_what_is_read(
    values: list[Decimal], grouped: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any amount written in German marks comes back to the last digit."""
    texts = [f"{v:,.2f}" if grouped else f"{v:.2f}" for v in values]
    german = [t.translate(str.maketrans(",.", ".,")) for t in texts]
    work = tmp_path_factory.mktemp("marks")
    with connect(None, "Europe/Berlin", work) as database:
        declared = column("c", "decimal(18,2)", **GERMAN)
        assert read(database, work, declared, pa.table({"c": german})) == (values, [])


def test_true_numbers_have_no_marks(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A number that arrives as one, from JSON or Parquet, is not read by the marks of text."""
    declared = column("c", "decimal(12,3)", **GERMAN)
    lines = pa.table({"_line": ['{"c": 1.234}', '{"c": "1.234"}', '{"c": 7}', '{"c": "x"}']})
    good, bad = read(connection, tmp_path, declared, lines, "json_lines")
    assert good == [Decimal("1.234"), Decimal(1234), Decimal(7)]
    assert len(bad) == 1
    doubles = pa.table({"c": pa.array([1.234, 1234.0], pa.float64())})
    assert read(connection, tmp_path, declared, doubles) == ([Decimal("1.234"), Decimal(1234)], [])


def test_marks_are_part_of_the_contract_only_where_declared() -> None:
    """A column without marks has the digest it always had; with marks it has another."""
    plain = stream(column("id", "text"), column("value", "decimal(12,2)", null_values=("", "-")))
    assert reading_digest(plain).startswith("cc3d1856980f0997")
    assert "decimal_mark" not in str(canonical(plain))
    marked = stream(
        column("id", "text"), column("value", "decimal(12,2)", null_values=("", "-"), **GERMAN)
    )
    assert reading_digest(marked) != reading_digest(plain)
    assert "'decimal_mark': ','" in str(canonical(marked))
