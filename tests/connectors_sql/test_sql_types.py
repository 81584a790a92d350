"""Values: what stands in the database is what is delivered, exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sql_world import World, stream

from connectors.base import ColumnSpec, State, StreamSpec

TEXT = "Zoë 🚀 'quoted' \"x\" \\ %s :y\n;--"


def one(world: World, **more: Any) -> tuple[dict[str, Any], pa.Schema]:
    """The only row of table t, and the schema."""
    _, table = world.read(stream(**more))
    (row,) = table.to_pylist()
    return row, table.schema


def test_postgresql_values_arrive_exactly(postgresql_world: World) -> None:
    """Every common type of PostgreSQL arrives with all its digits and in UTC."""
    postgresql_world.run(
        "CREATE TYPE mood AS ENUM ('ok', 'bad')",
        "CREATE TABLE t (i2 smallint, i8 bigint, n numeric(38,10), nn numeric, f4 real, f8 float8,"
        " b boolean, d date, ts timestamp, tz timestamptz, tx text, by bytea, u uuid, m mood,"
        " j json, jb jsonb, a int[], na numeric[], ta text[], iv interval, v varchar(9), c char(3),"
        " tm time, r int4range)",
        "INSERT INTO t VALUES (-32768, 9223372036854775807, 1234567890123456789012345678.0123456789,"
        " 0.00000000000000000000000000000000000001, 0.1, 0.1, true, '2026-02-28',"
        " '2026-03-29 02:30:00.123456', '2026-03-29 02:30:00.123456+02', 'x', '\\xdeadbeef',"
        " '7f1b1c2e-8c1f-4b7a-9d52-0d3f5a6b7c8d', 'bad', '{\"a\": 1.10000000000000000001}',"
        " '{\"b\": 12345678901234567890.5}', '{1,NULL,3}', '{1.50,2}', '{\"a,b\",\"\"}',"
        " '1 day 2 hours', 'va', 'c', '23:59:59', '[1,5)')",
    )
    row, schema = one(postgresql_world)
    assert row == {
        "i2": -32768,
        "i8": 9223372036854775807,
        "n": "1234567890123456789012345678.0123456789",
        "nn": "0.00000000000000000000000000000000000001",
        "f4": "0.1",
        "f8": "0.1",
        "b": True,
        "d": date(2026, 2, 28),
        "ts": datetime.fromisoformat("2026-03-29 02:30:00.123456"),
        "tz": datetime(2026, 3, 29, 0, 30, 0, 123456, tzinfo=UTC),
        "tx": "x",
        "by": "deadbeef",
        "u": "7f1b1c2e-8c1f-4b7a-9d52-0d3f5a6b7c8d",
        "m": "bad",
        "j": '{"a": 1.10000000000000000001}',
        "jb": '{"b": 12345678901234567890.5}',
        "a": "[1,null,3]",
        "na": '["1.50","2"]',
        "ta": '["a,b",""]',
        "iv": "P1DT2H",
        "v": "va",
        "c": "c  ",
        "tm": "23:59:59",
        "r": "[1,5)",
        "_row": 1,
    }
    assert schema.field("ts").type == pa.timestamp("us")
    assert schema.field("tz").type == pa.timestamp("us", tz="UTC")


def test_mariadb_values_arrive_exactly(mariadb_world: World) -> None:
    """Every common type of MariaDB arrives with all its digits; TIMESTAMP in UTC."""
    mariadb_world.run(
        "SET time_zone = '+02:00'",
        "CREATE TABLE t (i1 tinyint, u8 bigint unsigned, i4 int unsigned, n decimal(38,10), d8 double,"
        " b boolean, d date, dt datetime(6), ts timestamp(6) NULL, tx text, bl blob, vb varbinary(4),"
        " e enum('a','b'), s set('x','y'), j json, y year, tm time(3), bi bit(9), v varchar(9))",
        "INSERT INTO t VALUES (-128, 18446744073709551615, 4294967295,"
        " 1234567890123456789012345678.0123456789, 0.1, true, '2026-02-28',"
        " '2026-03-29 02:30:00.123456', '2026-03-29 02:30:00.123456', 'x', x'deadbeef', x'00ff',"
        " 'b', 'x,y', '{\"a\": 1.10000000000000000001}', 2026, '-25:00:00.5', b'100000001', 'va')",
    )
    row, schema = one(mariadb_world)
    assert row == {
        "i1": -128,
        "u8": "18446744073709551615",
        "i4": 4294967295,
        "n": "1234567890123456789012345678.0123456789",
        "d8": "0.1",
        "b": 1,
        "d": date(2026, 2, 28),
        "dt": datetime.fromisoformat("2026-03-29 02:30:00.123456"),
        "ts": datetime(2026, 3, 29, 0, 30, 0, 123456, tzinfo=UTC),
        "tx": "x",
        "bl": "deadbeef",
        "vb": "00ff",
        "e": "b",
        "s": "x,y",
        "j": '{"a": 1.10000000000000000001}',
        "y": 2026,
        "tm": "-25:00:00.500",
        "bi": "0101",
        "v": "va",
        "_row": 1,
    }
    assert schema.field("dt").type == pa.timestamp("us")


def test_sqlite_values_arrive_as_text(sqlite_world: World) -> None:
    """SQLite types values, not columns: each arrives as its exact text."""
    sqlite_world.run("CREATE TABLE t (a, b, c, d, e, f)")
    values = (9223372036854775807, 0.1, "x", b"\xde\xad", None, 1e300)
    sqlite_world.insert("t", "a, b, c, d, e, f", [values])
    row, _ = one(sqlite_world)
    assert row == {
        "a": "9223372036854775807", "b": "0.1", "c": "x", "d": "dead", "e": None, "f": "1e+300",
        "_row": 1,
    }  # fmt: skip


def test_null_is_not_the_empty_text(world: World) -> None:
    """NULL arrives as null and '' as '', in every column."""
    world.run("CREATE TABLE t (id integer, x varchar(9))")
    world.insert("t", "id, x", [(1, ""), (2, None), (3, "NULL")])
    _, table = world.read(stream(key=("id",)))
    assert table.column("x").to_pylist() == ["", None, "NULL"]


def test_text_of_any_script_arrives(world: World) -> None:
    """Quotes, per cent, colons, line ends and letters beyond the basic plane are only text."""
    world.run("CREATE TABLE t (id integer, x varchar(99))")
    world.insert("t", "id, x", [(1, TEXT)])
    assert one(world)[0]["x"] == TEXT


def test_a_query_keeps_its_colons_and_signs(world: World) -> None:
    """In a query nothing is taken for a parameter or a format, and a comment may end it."""
    cast = "'2026-01-01'::text" if world.backend == "postgresql" else "'2026-01-01'"
    query = f"SELECT '12:30 :x' AS a, '50%' AS b, 'b%s' AS c, {cast} AS d -- why: 100 %"
    _, table = world.read(stream("q", options={"query": query + "\n;"}))
    expected = {"a": "12:30 :x", "b": "50%", "c": "b%s", "d": "2026-01-01", "_row": 1}
    assert table.to_pylist() == [expected]


def test_an_empty_table_has_its_columns(world: World) -> None:
    """No row is no error: header and types are there."""
    world.run("CREATE TABLE t (id integer, x varchar(9))")
    batch, table = world.read(stream("t", "id", "x"))
    assert (table.num_rows, table.schema.names) == (0, ["id", "x", "_row"])
    assert batch.receipt().declared_total == 0


def test_an_infinite_time_does_not_stop_the_table(postgresql_world: World) -> None:
    """Where a time is none that Arrow holds, times come as text and the receipt says so."""
    postgresql_world.run(
        "CREATE TABLE t (id int, at timestamptz)",
        "INSERT INTO t VALUES (1, '2026-01-01 12:00+02'), (2, 'infinity'), (3, NULL)",
    )
    batch, table = postgresql_world.read(stream(key=("id",)))
    assert table.column("at").to_pylist() == ["2026-01-01 10:00:00+00", "infinity", None]
    assert any("as text" in warning for warning in batch.receipt().warnings)


def test_a_zero_date_does_not_stop_the_table(mariadb_world: World) -> None:
    """MySQL's zero dates arrive as the text they are; the contract refuses that cell alone."""
    mariadb_world.run(
        "SET sql_mode = ''",
        "CREATE TABLE t (id int, d date, at timestamp NULL)",
        "INSERT INTO t VALUES (1, '0000-00-00', '2026-01-01 12:00:00'), (2, '2026-01-02', NULL)",
    )
    _, table = mariadb_world.read(stream(key=("id",)))
    assert table.column("d").to_pylist() == ["0000-00-00", "2026-01-02"]
    assert table.column("at").to_pylist() == ["2026-01-01 17:00:00+00:00", None]


def test_only_declared_columns_are_asked_for_where_new_ones_are_dropped(world: World) -> None:
    """With `new_column: drop` other columns never leave the database; the receipt names them."""
    world.run("CREATE TABLE t (id integer, x integer, private varchar(9))")
    world.insert("t", "id, x, private", [(1, 2, "canary")])
    batch, _ = world.read(stream("t", "id", "x", new_column="drop"))
    assert b"canary" not in batch.raw_path.read_bytes()
    assert "not asked for: private" in batch.receipt().warnings
    kept, _ = world.read(stream("t", "id", new_column="keep"))
    assert kept.tally.extra_columns == ("x", "private")


def test_true_numbers_follow_the_declared_decimal_mark(served: World) -> None:
    """Where a contract reads 1,50, a true number is delivered so; a text is left as it is."""
    served.run("CREATE TABLE t (n numeric(9,2), x varchar(9))")
    served.insert("t", "n, x", [("1234.50", "1.234,50")])
    columns = (ColumnSpec("n", decimal_mark=","), ColumnSpec("x", decimal_mark=","))
    _, table = served.read(StreamSpec("t", {"table": "t"}, columns))
    assert table.to_pylist() == [{"n": "1234,50", "x": "1.234,50", "_row": 1}]


def test_a_missing_column_is_named(world: World) -> None:
    """A declared column that the table lacks is reported, as in a file."""
    world.run("CREATE TABLE t (id integer)")
    batch, _ = world.read(stream("t", "id", "gone"))
    assert batch.tally.missing_columns == ("gone",)


def test_the_same_rows_give_the_same_bytes(world: World) -> None:
    """Extracted twice, or reopened, a table is the same file with the same rows."""
    world.run("CREATE TABLE t (id integer, x varchar(9))")
    world.insert("t", "id, x", [(n, f"v{n}") for n in range(100)])
    spec = stream("t", "id", key=("id",), options={"batch_rows": 30})
    first, table = world.read(spec)
    second, _ = world.read(spec)
    assert first.digest == second.digest
    again = world.connector.reopen(spec, "t", first.raw_path)
    assert again.reader().read_all().equals(table)
    assert (again.digest, again.receipt().rows_received) == (first.digest, 100)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1) | st.none(),
            st.floats(allow_nan=False, allow_infinity=False) | st.none(),
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.none(),
            st.datetimes() | st.none(),
        ),
        min_size=1,
        max_size=20,
    ),
    chunk=st.integers(1, 7),
)
def test_random_rows_come_back(
    postgresql_world: World, rows: list[tuple[Any, ...]], chunk: int
) -> None:
    """Whatever is in a table comes back cell for cell, in chunks of any size."""
    postgresql_world.run(
        "DROP TABLE IF EXISTS t",
        "CREATE TABLE t (id int, i bigint, f float8, x text, at timestamp)",
    )
    postgresql_world.insert("t", "id, i, f, x, at", [(n, *row) for n, row in enumerate(rows)])
    spec = stream(key=("id",), options={"batch_rows": chunk})
    (ref,) = postgresql_world.connector.discover(spec, State()).new
    _, table = postgresql_world.take(spec, ref)
    got = [
        (r["i"], None if r["f"] is None else float(r["f"]), r["x"], r["at"])
        for r in table.to_pylist()
    ]
    assert got == rows
