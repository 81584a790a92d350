"""Incremental reading: nothing lost, nothing forever new."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sql_world import Caller, World, stream

from connectors.base import ColumnSpec, SeenObject, State, StreamSpec
from connectors.errors import OptionError, PermanentError

TIMES = {"sqlite": "text", "postgresql": "timestamptz", "mariadb": "datetime(6)"}


def day(number: int, clock: str = "10:00:00") -> str:
    return f"2026-01-{number:02} {clock}"


def orders(world: World, rows: list[tuple[Any, ...]], **options: Any) -> Caller:
    """A table (id, v, at) with rows, and a caller that reads it by `at`."""
    world.run(f"CREATE TABLE t (id integer PRIMARY KEY, v integer, at {TIMES[world.backend]})")
    if rows:
        world.insert("t", "id, v, at", rows)
    return Caller(world, by_time(**options))


def by_time(**options: Any) -> StreamSpec:
    return stream("t", "id", "v", "at", cursor="at", key=("id",), options=options)


def values(caller: Caller) -> dict[int, int]:
    return {int(key[0]): int(row["v"]) for key, row in caller.rows.items()}


def test_only_what_is_new_is_read(world: World) -> None:
    """The first run reads everything, a later one what is new and the overlap, then nothing."""
    caller = orders(world, [(n, n, day(n)) for n in range(1, 11)])
    assert [caller.run(), caller.run()] == [10, 0]
    world.insert("t", "id, v, at", [(11, 11, day(11)), (12, 12, day(12))])
    assert [caller.run(), caller.run(), caller.run()] == [3, 0, 0]
    assert values(caller) == {n: n for n in range(1, 13)}
    assert len(caller.batches) == 2


def test_names_follow_the_range(sqlite_world: World) -> None:
    """A batch is named by the table and the range of the cursor that it covers."""
    caller = orders(sqlite_world, [(1, 1, day(1)), (2, 2, day(2))])
    caller.run()
    sqlite_world.insert("t", "id, v, at", [(3, 3, day(3))])
    caller.run()
    assert [batch.object for batch in caller.batches] == [
        "t@start..2026-01-02 10:00:00",
        "t@2026-01-02 09:00:00..2026-01-03 10:00:00",
    ]


def test_a_bulk_load_shares_one_cursor_value(world: World) -> None:
    """Many rows of one cursor value are all read, in several chunks, and so are more of them."""
    caller = orders(world, [(n, n, day(5)) for n in range(1, 1001)], batch_rows=100, overlap=0)
    assert [caller.run(), caller.run()] == [1000, 0]
    world.insert("t", "id, v, at", [(n, n, day(5)) for n in range(1001, 1501)])
    assert [caller.run(), caller.run()] == [1500, 0]
    assert len(caller.rows) == 1500


def test_a_late_row_within_the_overlap_is_read(world: World) -> None:
    """A row that appears behind the newest one, but within the overlap, is not missed."""
    caller = orders(world, [(1, 1, day(1)), (2, 2, day(2))], overlap="3h")
    caller.run()
    world.insert("t", "id, v, at", [(3, 3, day(2, "07:30:00"))])
    assert [caller.run(), caller.run()] == [2, 0]
    assert values(caller) == {1: 1, 2: 2, 3: 3}


def test_a_changed_row_is_read_again(world: World) -> None:
    """A changed row is read whether or not its change moved the cursor, and back again, too."""
    caller = orders(world, [(1, 1, day(1)), (2, 2, day(2))])
    caller.run()
    for value in (20, 2, 20):
        world.run(f"UPDATE t SET v = {value} WHERE id = 2")
        assert [caller.run(), caller.run()] == [1, 0]
        assert values(caller)[2] == value
    world.run(f"UPDATE t SET v = 10, at = '{day(3)}' WHERE id = 1")
    assert [caller.run(), caller.run()] == [2, 0]
    assert values(caller) == {1: 10, 2: 20}


def test_rows_without_a_cursor_are_read_each_time(world: World) -> None:
    """NULL never advances the cursor; such rows are read again, and land only when they change."""
    caller = orders(world, [(1, 1, None), (2, 2, day(2)), (3, 3, None)])
    assert [caller.run(), caller.run()] == [3, 0]
    assert "2 rows have no at" in caller.batches[0].receipt().warnings[0]
    world.run("UPDATE t SET v = 30 WHERE id = 3")
    assert [caller.run(), caller.run()] == [3, 0]
    assert values(caller) == {1: 1, 2: 2, 3: 30}


def test_a_table_of_nothing_but_null_cursors(world: World) -> None:
    """Where no row ever had a cursor, everything is read, and again only when it changes."""
    caller = orders(world, [(1, 1, None), (2, 2, None)])
    assert [caller.run(), caller.run()] == [2, 0]
    world.insert("t", "id, v, at", [(3, 3, day(1))])
    assert [caller.run(), caller.run()] == [3, 0]


def test_an_empty_table_lands_once(world: World) -> None:
    """The first look at an empty table gives one batch without rows, later ones give none."""
    caller = orders(world, [])
    assert [caller.run(), caller.run(), len(caller.batches)] == [0, 0, 1]
    world.insert("t", "id, v, at", [(1, 1, day(1))])
    assert [caller.run(), caller.run()] == [1, 0]
    world.run("DELETE FROM t")
    assert [caller.run(), len(caller.batches)] == [0, 2]


def test_a_row_from_the_future_hides_nothing(world: World) -> None:
    """A row dated far ahead does not keep the rows after it from being read."""
    caller = orders(world, [(1, 1, day(1)), (2, 2, "2099-01-01 00:00:00")])
    caller.run()
    assert "lies in the future" in caller.batches[0].receipt().warnings[-1]
    world.now += timedelta(days=3)
    world.insert("t", "id, v, at", [(3, 3, "2026-11-24 12:00:00")])
    assert [caller.run(), caller.run()] == [2, 0]
    assert set(values(caller)) == {1, 2, 3}


def test_a_number_as_cursor(world: World) -> None:
    """A whole number counts the overlap in its own units."""
    world.run("CREATE TABLE t (id integer PRIMARY KEY, v integer)")
    world.insert("t", "id, v", [(n, n) for n in range(1, 101)])
    caller = Caller(world, stream("t", "id", "v", cursor="id", key=("id",), options={"overlap": 5}))
    assert [caller.run(), caller.run()] == [100, 0]
    world.insert("t", "id, v", [(101, 101)])
    assert [caller.run(), caller.run()] == [7, 0]


def test_a_decimal_as_cursor(served: World) -> None:
    """A decimal keeps all its digits on the way into the position and back."""
    served.run("CREATE TABLE t (id numeric(30,5) PRIMARY KEY)")
    served.insert("t", "id", [("123456789012345678901234.00001",), ("1.5",)])
    spec = stream("t", "id", cursor="id", key=("id",), options={"overlap": 0})
    caller = Caller(served, spec)
    assert [caller.run(), caller.run()] == [2, 0]
    assert caller.state.cursor is not None
    assert caller.state.cursor["value"] == "123456789012345678901234.00001"


def test_a_date_as_cursor(world: World) -> None:
    """The overlap of dates is counted in whole days, a part of one being a whole one."""
    world.run("CREATE TABLE t (id integer, v integer, at date)")
    world.insert("t", "id, v, at", [(n, n, day(n)[:10]) for n in range(1, 11)])
    caller = Caller(world, by_time(overlap="30h"))
    assert [caller.run(), caller.run()] == [10, 0]
    world.insert("t", "id, v, at", [(11, 11, day(8)[:10]), (12, 12, day(11)[:10])])
    assert [caller.run(), caller.run()] == [5, 0]


def test_a_query_is_read_by_its_cursor(world: World) -> None:
    """A query with a cursor is incremental like a table; another query starts over."""
    orders(world, [(n, n, day(n)) for n in range(1, 11)])
    query = {"query": "SELECT id, v, coalesce(at, at) AS seen FROM t WHERE v < 100"}
    caller = Caller(world, stream("q", cursor="seen", key=("id",), options=query))
    assert [caller.run(), caller.run()] == [10, 0]
    assert caller.batches[0].object.startswith("q@start..2026-01-10")
    other = {"query": "SELECT id, v AS v2, at AS seen FROM t"}
    caller.spec = stream("q", cursor="seen", key=("id",), options=other)
    assert [caller.run(), caller.run()] == [10, 0]


def test_a_changed_cursor_column_starts_over(world: World) -> None:
    """A position belongs to its column: with another one everything is read again."""
    caller = orders(world, [(n, n, day(n)) for n in range(1, 11)])
    caller.run()
    caller.spec = stream("t", "id", "v", "at", cursor="v", key=("id",))
    assert [caller.run(), caller.run()] == [10, 0]


def test_without_a_cursor_the_whole_table_is_read(world: World) -> None:
    """A full read lands when anything changed, also by deletion, and else not at all."""
    orders(world, [(1, 1, day(1)), (2, 2, day(2))])
    caller = Caller(world, stream("t", "id", "v", "at", key=("id",)))
    assert [caller.run(), caller.run()] == [2, 0]
    world.run("UPDATE t SET v = 9 WHERE id = 1")
    assert [caller.run(), caller.run()] == [2, 0]
    world.run("DELETE FROM t WHERE id = 2")
    assert [caller.run(), caller.run()] == [1, 0]
    assert [batch.object for batch in caller.batches] == ["t"] * 3


def test_an_unreadable_batch_is_read_again(world: World) -> None:
    """A full read whose last batch left no signature is due."""
    orders(world, [(1, 1, day(1))])
    state = State(objects={"t": SeenObject("t", "00", "")})
    assert len(world.connector.discover(stream("t", key=("id",)), state).new) == 1


def test_a_rejected_batch_is_read_again_only_with_something_new(world: World) -> None:
    """If the caller goes back before a batch that it rejected, the same rows are not new; with
    a row more, all of them are.
    """
    caller = orders(world, [(1, 1, day(1))])
    caller.run()
    before = caller.state.cursor
    world.insert("t", "id, v, at", [(2, 2, day(2))])
    caller.run()
    assert world.connector.discover(caller.spec, State(before)).new != ()
    caller.state = State(before, caller.state.objects)
    assert caller.run() == 0
    world.run("UPDATE t SET v = 20 WHERE id = 2")
    assert caller.run() == 2
    caller.state = State(before, caller.state.objects)
    world.insert("t", "id, v, at", [(3, 3, day(3))])
    assert caller.run() == 3


def test_the_header_names_cursor_and_key(world: World) -> None:
    """Cursor and key are the contract's names, found in the table by their headers."""
    orders(world, [(1, 1, day(1))])
    columns = (ColumnSpec("number", "id"), ColumnSpec("changed", "at"))
    spec = StreamSpec("s", {"table": "t"}, columns, "changed", ("number",))
    batch, table = world.read(spec)
    assert table.schema.names == ["number", "changed", "v", "_row"]
    assert batch.cursor is not None
    assert batch.cursor["source"] == "t by at"


@pytest.mark.parametrize(("cursor", "overlap"), [("at", "5"), ("v", "5h")])
def test_an_overlap_must_fit_its_cursor(world: World, cursor: str, overlap: str) -> None:
    """A duration does not fit a number, nor a number a time; the error says what does."""
    orders(world, [(1, 1, day(1))])
    spec = stream("t", cursor=cursor, key=("id",), options={"overlap": overlap})
    with pytest.raises(OptionError, match=r"option overlap: overlap is .* Legal: a duration"):
        Caller(world, spec).run()


def test_a_cursor_needs_a_key(world: World) -> None:
    """Rows of equal cursor have no order without a key: refused, not guessed."""
    orders(world, [])
    with pytest.raises(PermanentError, match=r"stream t: a stream with a cursor needs a key"):
        world.connector.check(stream("t", cursor="at"))


CHANGES = st.lists(
    st.tuples(st.integers(1, 8), st.integers(0, 99), st.integers(0, 50), st.booleans()),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=CHANGES)
def test_whatever_changes_the_caller_ends_with_the_table(
    sqlite_world: World, changes: list[tuple[int, int, int, bool]]
) -> None:
    """Rows written in any order, up to the overlap late, run or no run between: all arrive."""
    sqlite_world.run("DROP TABLE IF EXISTS t")
    caller = orders(sqlite_world, [])
    moment = datetime.fromisoformat("2026-01-01 00:00:00")
    for key, value, late, run in changes:
        moment += timedelta(minutes=7)
        at = (moment - timedelta(minutes=late)).isoformat(sep=" ")
        sqlite_world.run(f"DELETE FROM t WHERE id = {key}")
        sqlite_world.insert("t", "id, v, at", [(key, value, at)])
        if run:
            caller.run()
    caller.run()
    assert caller.run() == 0
    with sqlite_world.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT id, v FROM t")
        there = {row.id: row.v for row in found}
    assert values(caller) == there
