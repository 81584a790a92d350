"""Cells against their declared types: what is read, and what is refused and why."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warehouse_builders import column, stream

from scoreline.core.model import Column
from scoreline.warehouse.database import connect
from scoreline.warehouse.personal import Protection, mark_of, pseudonym_of
from scoreline.warehouse.typing import TypedRows, type_rows

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """One database in memory, in the organisation's zone."""
    return connect(None, "Europe/Berlin", tmp_path_factory.mktemp("duck"))


def read(
    connection: duckdb.DuckDBPyConnection, work: Path, declared: Column, cells: list[str | None]
) -> tuple[list[Any], list[str], TypedRows]:
    """The values of the rows that are right, in order, and the reasons of those that are not."""
    table = pa.table(
        {declared.name: pa.array(cells, pa.string()), "_row": pa.array(range(1, len(cells) + 1))}
    )
    result = type_rows(
        connection,
        stream(declared, key=()),
        table.to_reader(),
        "columns",
        work,
        Protection((b"k" * 32,)),
    )
    good = connection.execute(
        f"SELECT {declared.name} FROM read_parquet('{result.typed}') ORDER BY _row"
    ).fetchall()
    bad: list[Any] = []
    if result.broken:
        bad = connection.execute(
            f"SELECT reason FROM read_parquet('{result.broken}') ORDER BY _row"
        ).fetchall()
    return [g[0] for g in good], [b[0] for b in bad], result


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("integer", "42", 42),
        ("integer", " -7 ", -7),
        ("integer", "+9223372036854775807", 9223372036854775807),
        ("decimal(5,2)", "1.5", Decimal("1.50")),
        ("decimal(5,2)", "-.25", Decimal("-0.25")),
        ("decimal(5,2)", "3.1000", Decimal("3.10")),
        ("decimal(5,2)", "7.", Decimal("7.00")),
        ("decimal(5,2)", "1e2", Decimal("100.00")),
        (
            "decimal(38,0)",
            "12345678901234567890123456789012345678",
            Decimal("12345678901234567890123456789012345678"),
        ),
        ("decimal(10,0)", "4.000", Decimal(4)),
        ("boolean", "TRUE", True),
        ("boolean", "no", False),
        ("date", "2026-02-28", date(2026, 2, 28)),
        ("text", " kept as it is ", " kept as it is "),
        ("text", "=cmd()", "=cmd()"),
        ("json", '{"a": 1}', '{"a": 1}'),
    ],
)
def test_a_cell_is_read_exactly(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str, cell: str, value: object
) -> None:
    """Every legal spelling of a value gives that value and no other."""
    good, bad, _ = read(connection, tmp_path, column("c", kind), [cell])
    assert (good, bad) == ([value], [])


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("integer", "1.5"),
        ("integer", "1_000"),
        ("integer", "9223372036854775808"),
        ("integer", "1234567890123456789012345678901234567890"),
        ("integer", "nan"),
        ("decimal(5,2)", "1.239"),
        ("decimal(5,2)", "1000"),
        ("decimal(5,2)", "1,5"),
        ("decimal(5,2)", "1.234,56"),
        ("decimal(5,2)", "NaN"),
        ("decimal(5,2)", "inf"),
        ("decimal(5,2)", "1e-3"),
        ("decimal(5,2)", "."),
        ("decimal(10,0)", "4.1"),
        ("boolean", "maybe"),
        ("date", "28.02.2026"),
        ("date", "2026-02-30"),
        ("date", "2026-02-28 10:00:00"),
        ("timestamp", "2026-02-28 10:00:00"),
        ("json", "{"),
    ],
)
def test_a_cell_that_breaks_its_type_names_itself(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str, cell: str
) -> None:
    """What is refused is quoted with the column and the declared type; nothing is rounded."""
    good, bad, _ = read(connection, tmp_path, column("c", kind), [cell])
    assert good == []
    assert bad[0].startswith(f'c: "{cell}" is not {kind}')


def test_null_values_are_per_column(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Declared null values are null, an empty cell by default, and nothing else is."""
    declared = column("c", "decimal(5,2)", null_values=("", "?", "n/a"))
    good, bad, _ = read(connection, tmp_path, declared, ["", "?", "n/a", None, "1", "-"])
    assert good == [None, None, None, None, Decimal("1.00")]
    assert len(bad) == 1
    kept, _, _ = read(connection, tmp_path, column("c", "text", null_values=()), ["", "x"])
    assert kept == ["", "x"]


@pytest.mark.parametrize(
    ("zone", "cell", "ambiguous", "expected"),
    [
        ("Europe/Berlin", "2026-10-25 02:30:00", None, None),
        ("Europe/Berlin", "2026-10-25 02:30:00", "earlier", "2026-10-25T00:30:00"),
        ("Europe/Berlin", "2026-10-25 02:30:00", "later", "2026-10-25T01:30:00"),
        ("Europe/Berlin", "2026-10-25 01:59:59", None, "2026-10-24T23:59:59"),
        ("Europe/Berlin", "2026-10-25 03:00:00", None, "2026-10-25T02:00:00"),
        ("Europe/Berlin", "2026-03-29 02:30:00", None, None),
        ("Europe/Berlin", "2026-03-29 02:30:00", "earlier", "2026-03-29T00:30:00"),
        ("Europe/Berlin", "2026-03-29 02:30:00", "later", "2026-03-29T01:30:00"),
        ("Europe/Berlin", "2026-03-29 03:00:00", None, "2026-03-29T01:00:00"),
        ("America/New_York", "2026-11-01 01:30:00", None, None),
        ("America/New_York", "2026-11-01 00:30:00", None, "2026-11-01T04:30:00"),
        ("America/New_York", "2026-07-01 00:30:00", None, "2026-07-01T04:30:00"),
        ("Australia/Lord_Howe", "2026-04-05 01:45:00", None, None),
        ("Australia/Lord_Howe", "2026-04-05 01:45:00", "later", "2026-04-04T15:15:00"),
        ("Pacific/Apia", "2011-12-30 12:00:00", None, None),
        ("UTC", "2026-03-29 02:30:00", None, "2026-03-29T02:30:00"),
    ],
)
def test_local_times_around_a_change_of_the_clock(
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    zone: str,
    cell: str,
    ambiguous: str | None,
    expected: str | None,
) -> None:
    """A time that its zone skips or repeats is refused unless the column says which is meant."""
    declared = column(
        "c", "timestamp", formats=("%Y-%m-%d %H:%M:%S",), timezone=zone, ambiguous=ambiguous
    )
    good, bad, _ = read(connection, tmp_path, declared, [cell])
    if expected is None:
        assert good == []
        assert f"{zone} skips or repeats" in bad[0]
    else:
        assert [g.astimezone(UTC) for g in good] == [datetime.fromisoformat(expected + "+00:00")]


@settings(max_examples=30, deadline=None)
@given(
    moment=st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31)),  # noqa: DTZ001
    zone=st.sampled_from(
        ["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]
    ),
)
def test_local_times_agree_with_the_zone_database(
    moment: datetime, zone: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any local time becomes the instant that the zone database says, if there is one only."""
    moment = moment.replace(microsecond=0)
    local = moment.replace(tzinfo=ZoneInfo(zone))
    instants = {local.replace(fold=f).astimezone(UTC) for f in (0, 1)}
    real = {i for i in instants if i.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == moment}
    work = tmp_path_factory.mktemp("cell")
    declared = column("c", "timestamp", formats=("%Y-%m-%d %H:%M:%S",), timezone=zone)
    with connect(None, "Europe/Berlin", work) as database:
        good, _, _ = read(database, work, declared, [f"{moment:%Y-%m-%d %H:%M:%S}"])
    assert {g.astimezone(UTC) for g in good} == (real if len(real) == 1 else set())


def test_several_formats_and_offsets(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Formats are tried in their order; an offset in the cell beats the declared zone."""
    declared = column(
        "c",
        "timestamp",
        formats=("%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z"),
        timezone="Europe/Berlin",
    )
    good, bad, _ = read(
        connection, tmp_path, declared, ["01.07.2026 10:00", "2026-07-01T10:00:00+0530", "x"]
    )
    assert [g.astimezone(UTC).hour for g in good] == [8, 4]
    assert len(bad) == 1


def test_a_final_z_is_an_offset(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """`%z` reads Z as strptime does; a local format beside it is not touched."""
    declared = column("c", "timestamp", formats=("%Y-%m-%dT%H:%M:%S%z",))
    cells = ["2026-03-29T21:59:59Z", "2026-03-29T23:59:59+02:00", "2026-03-29T21:59:59"]
    good, bad, _ = read(connection, tmp_path, declared, cells)
    assert [g.astimezone(UTC).hour for g in good] == [21, 21]
    assert len(bad) == 1


def test_iso_timestamps_without_a_format(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Without a format, ISO 8601 is read, with offset or (zone declared) without."""
    cells = ["2026-07-01T10:00:00Z", "2026-07-01 10:00", "2026-07-01 10:00:00.5+02:00", "1.7.26"]
    good, bad, _ = read(
        connection, tmp_path, column("c", "timestamp", timezone="Europe/Berlin"), cells
    )
    assert [g.astimezone(UTC).hour for g in good] == [10, 8, 8]
    assert len(bad) == 1


def test_pseudonyms_are_keyed_and_leave_nothing(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A pseudonym is HMAC-SHA256 (RFC 2104) of the cell; refused rows show it too."""
    import hashlib
    import hmac

    person = column("who", "text", personal="pseudonym")
    table = pa.table(
        {
            "who": ["ann@acme.example", None, "bob@acme.example"],
            "n": ["1", "2", "x"],
            "_row": pa.array([1, 2, 3], pa.int64()),
            "surprise": ["ann", "", ""],
        }
    )
    declared = stream(person, column("n", "integer"), key=())
    protection = Protection(keys=(b"secret key",))
    result = type_rows(connection, declared, table.to_reader(), "columns", tmp_path, protection)
    rows = connection.execute(f"FROM read_parquet('{result.typed}') ORDER BY _row").fetchall()
    wanted = hmac.new(b"secret key", b"ann@acme.example", hashlib.sha256).hexdigest()
    assert [r[0] for r in rows] == [wanted, None]
    for path in tmp_path.iterdir():
        assert b"acme.example" not in path.read_bytes()
    refused = connection.execute(f"FROM read_parquet('{result.broken}')").fetchall()
    assert "acme" not in str(refused)


def test_keys_of_pseudonyms_form_a_chain(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Under two keys a pseudonym is the second one's hash of the first one's, in hexadecimal."""
    declared = stream(column("who", "text", personal="pseudonym"), key=())
    table = pa.table({"who": ["ann"], "_row": pa.array([1], pa.int64())})
    both = Protection(keys=(b"one", b"two" * 40))
    result = type_rows(connection, declared, table.to_reader(), "columns", tmp_path, both)
    [(found, _)] = connection.execute(
        f"SELECT who, _row FROM read_parquet('{result.typed}')"
    ).fetchall()
    assert found == pseudonym_of(pseudonym_of("ann", both.keys[:1]), both.keys[1:])
    assert found == pseudonym_of("ann", both.keys)


@pytest.mark.parametrize("personal", ["keep", "pseudonym"])
def test_rows_of_forgotten_people_are_counted_and_written_nowhere(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, personal: str
) -> None:
    """Whole rows and broken ones alike; what is left adds up with them to what came in."""
    declared = stream(column("who", "text", personal=personal), column("n", "integer"), key=())
    table = pa.table(
        {
            "who": ["ann", "bob", "ann", None, "cem"],
            "n": ["1", "2", "x", "4", "y"],
            "_row": pa.array([1, 2, 3, 4, 5], pa.int64()),
        }
    )
    mark = mark_of("ann", b"marks", declared.full_name, "who")
    protection = Protection((b"key",), b"marks", {"who": frozenset({mark})})
    result = type_rows(connection, declared, table.to_reader(), "columns", tmp_path, protection)
    assert (result.rows, result.rows_broken, result.rows_forgotten) == (5, 1, 2)
    typed = connection.execute(f"SELECT n FROM read_parquet('{result.typed}')").fetchall()
    broken = connection.execute(f"SELECT _row FROM read_parquet('{result.broken}')").fetchall()
    assert (typed, broken) == ([(2,), (4,)], [(5,)])


def test_a_column_that_blocks_says_so(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """`on_error: block` gives the batch a reason; the default only sets the row aside."""
    _, _, strict = read(connection, tmp_path, column("c", "integer", on_error="block"), ["1", "x"])
    assert strict.blocking == 'c: "x" is not integer'
    _, _, lenient = read(connection, tmp_path, column("c", "integer"), ["1", "x"])
    assert (lenient.blocking, lenient.rows, lenient.rows_broken) == (None, 2, 1)


def test_control_totals_are_exact(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Totals of numeric columns add up to the last digit."""
    _, _, result = read(connection, tmp_path, column("c", "decimal(12,2)"), ["0.1"] * 10 + ["0.2"])
    assert result.totals == {"rows": "11", "sum of c": "1.20"}


def test_json_lines_keep_numbers_and_types(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Values come out of JSON as written; a number that a double would change is refused."""
    lines = [
        '{"id": "a", "n": 1234567890123456789, "d": 1.10, "b": true}',
        '{"id": "b", "n": 1, "d": 1.23456789012345678}',
        "{broken",
        '{"id": "c", "n": null}',
    ]
    declared = stream(
        column("id", "text"),
        column("n", "integer"),
        column("d", "decimal(20,10)"),
        column("b", "boolean"),
    )
    table = pa.table({"_line": lines, "_row": pa.array([1, 2, 3, 4], pa.int64())})
    result = type_rows(connection, declared, table.to_reader(), "json_lines", tmp_path)
    rows = connection.execute(
        f"SELECT id, n, d, b FROM read_parquet('{result.typed}') ORDER BY _row"
    ).fetchall()
    assert rows == [
        ("a", 1234567890123456789, Decimal("1.1"), True),
        ("c", None, None, None),
    ]
    assert result.rows_broken == 2


def test_typed_parquet_columns_are_read_by_the_contract(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Parquet's own types pass through exactly; naive times get the declared zone."""
    declared = stream(
        column("i", "integer"),
        column("d", "decimal(6,3)"),
        column("t", "timestamp", timezone="Europe/Berlin"),
        column("z", "timestamp"),
        column("day", "date"),
        key=(),
    )
    table = pa.table(
        {
            "i": pa.array([1.0, 2.5], pa.float64()),
            "d": pa.array([0.1, 7.0], pa.float64()),
            "t": pa.array([datetime(2026, 7, 1, 10), None], pa.timestamp("us")),  # noqa: DTZ001
            "z": pa.array([datetime(2026, 7, 1, 10, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            "day": pa.array([date(2026, 7, 1), None], pa.date32()),
            "_row": pa.array([1, 2], pa.int64()),
        }
    )
    result = type_rows(connection, declared, table.to_reader(), "columns", tmp_path)
    rows = connection.execute(
        f"SELECT i, d, t, z, day FROM read_parquet('{result.typed}')"
    ).fetchall()
    ((i, d, t, z, day),) = rows
    assert (i, d, day) == (1, Decimal("0.100"), date(2026, 7, 1))
    assert (t.astimezone(UTC).hour, z.astimezone(UTC).hour) == (8, 10)
    assert result.rows_broken == 1
