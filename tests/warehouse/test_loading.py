"""Append, merge, replace and history, held against plain Python."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warehouse_builders import START, batch, column, parquet, stream

from scoreline.core.model import Stream
from scoreline.warehouse.keys import Loaded
from scoreline.warehouse.warehouse import Warehouse, rows_in

Row = dict[str, Any]
SCHEMA = {"id": pa.string(), "v": pa.int64(), "x": pa.string()}
rows_strategy = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from("abcd"),
            "v": st.one_of(st.none(), st.integers(1, 4)),
            "x": st.sampled_from(["p", "q"]),
        }
    ),
    max_size=6,
)


def deals(load: str, **more: Any) -> Stream:
    """`crm.deals` with a key, a version and a value."""
    columns = (column("id", "text"), column("v", "integer"), column("x", "text"))
    return stream(*columns, load=load, **more)


@contextmanager
def warehouse(in_place_from: int = 100_000) -> Iterator[tuple[Warehouse, Path]]:
    """A warehouse in memory and a folder for its files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with Warehouse(None, "Europe/Berlin", path, in_place_from) as made:
            yield made, path


def load_all(
    made: Warehouse, folder: Path, declared: Stream, batches: list[list[Row]]
) -> list[Loaded]:
    """Load each list of rows as a batch, in order."""
    made.prepare([declared])
    done = []
    for number, rows in enumerate(batches, start=1):
        path = parquet(folder / f"{number}.parquet", rows, SCHEMA)
        refused = folder / f"refused{number}.parquet"
        done.append(
            made.load(declared, batch(number), f"b{number}", [path], refused, lambda _c: None)
        )
    return done


def contents(made: Warehouse) -> set[tuple[Any, ...]]:
    """The stream's rows as people see them."""
    found = made.connection.execute('SELECT id, v, x FROM "crm"."deals"').fetchall()
    assert len(found) == len(set(found))
    return set(found)


@settings(max_examples=30, deadline=None)
@given(st.lists(rows_strategy, min_size=1, max_size=4))
def test_merge_keeps_the_highest_version_then_the_last_received(batches: list[list[Row]]) -> None:
    """For each key the highest version stays; equal or absent versions: the last received."""
    best: dict[str, Row] = {}
    for row in (r for rows in batches for r in rows):
        known = best.get(row["id"])
        if known is None or (row["v"] or 0) >= (known["v"] or 0):
            best[row["id"]] = row
    with warehouse() as (made, folder):
        done = load_all(made, folder, deals("merge", version_by="v"), batches)
        assert contents(made) == {(r["id"], r["v"], r["x"]) for r in best.values()}
    for counts, rows in zip(done, batches, strict=True):
        assert counts.rows == len(rows)
        assert counts.rows == (
            counts.inserted + counts.repeated + counts.superseded + counts.refused
        )


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(1, 50)), min_size=1, max_size=12, unique=True
    ),
    st.data(),
)
def test_merge_does_not_depend_on_the_order_of_arrival(
    versions: list[tuple[str, int]], data: st.DataObject
) -> None:
    """With distinct versions, any order and any split into batches gives the same stream."""
    rows = [{"id": k, "v": v, "x": f"{k}{v}"} for k, v in versions]
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    found = []
    for batches in ([rows], [list(shuffled[:cut]), list(shuffled[cut:])]):
        with warehouse() as (made, folder):
            load_all(made, folder, deals("merge", version_by="v"), batches)
            found.append(contents(made))
    assert found[0] == found[1]


@settings(max_examples=30, deadline=None)
@given(st.lists(rows_strategy, min_size=1, max_size=4), st.sampled_from((1, 3, 100)))
def test_append_ignores_repeats_and_refuses_changes(
    batches: list[list[Row]], in_place_from: int
) -> None:
    """The first row of a key stands; equal ones are ignored, others set aside and counted.

    It is so whether files are copied or read where they lie.
    """
    first: dict[str, Row] = {}
    repeated = refused = 0
    for row in (r for rows in batches for r in rows):
        known = first.setdefault(row["id"], row)
        if known is not row:
            repeated += known == row
            refused += known != row
    with warehouse(in_place_from) as (made, folder):
        done = load_all(made, folder, deals("append"), batches)
        assert contents(made) == {(r["id"], r["v"], r["x"]) for r in first.values()}
        kept = sum(rows_in(p) for p in folder.glob("refused*.parquet"))
    assert (sum(d.repeated for d in done), sum(d.refused for d in done)) == (repeated, refused)
    assert kept == refused


def test_a_large_file_of_new_rows_is_read_where_it_lies() -> None:
    """The table has the same rows, orders of reception and digest as one of copies."""
    batches: list[list[Row]] = [
        [{"id": "a", "v": 1, "x": "p"}, {"id": "b", "v": None, "x": "q"}],
        [{"id": "c", "v": 2, "x": "p"}],
        [{"id": "d", "v": 2, "x": "p"}, {"id": "a", "v": 1, "x": "p"}],
        [{"id": "e", "v": 3, "x": "p"}, {"id": "f", "v": 3, "x": "p"}],
    ]
    found = []
    for in_place_from in (2, 100):
        with warehouse(in_place_from) as (made, folder):
            load_all(made, folder, deals("append"), batches)
            query = 'SELECT id, _seq, _row FROM "_rows"."crm.deals" ORDER BY id'
            rows = made.connection.execute(query).fetchall()
            found.append((rows, made.digest(deals("append"))))
            files = made.in_place("crm.deals")
            names = [path.name for path in files]
            assert names == (["1.parquet", "4.parquet"] if in_place_from == 2 else [])
            made.reset(deals("append"))
            assert (made.rows(deals("append")), made.in_place("crm.deals")) == (0, [])
    assert found[0] == found[1]
    assert [row[1:] for row in found[0][0]] == [(1, 1), (1, 2), (2, 1), (3, 1), (4, 1), (4, 2)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sets(st.sampled_from("abcd")), min_size=1, max_size=4))
def test_replace_takes_the_new_batch_and_counts_what_is_gone(snapshots: list[set[str]]) -> None:
    """The stream is the newest snapshot; keys that disappeared are counted."""
    batches = [[{"id": k, "v": 1, "x": "p"} for k in sorted(s)] for s in snapshots]
    with warehouse() as (made, folder):
        done = load_all(made, folder, deals("replace"), batches)
        assert contents(made) == {(k, 1, "p") for k in snapshots[-1]}
    for number, counts in enumerate(done[1:], start=1):
        assert counts.disappeared == len(snapshots[number - 1] - snapshots[number])


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["merge", "replace"]), st.lists(rows_strategy, min_size=1, max_size=4))
def test_history_answers_for_every_moment(load: str, batches: list[list[Row]]) -> None:
    """After each batch, the versions valid then are the stream as it stood then."""
    if load == "replace":
        batches = [list({r["id"]: r for r in rows}.values()) for rows in batches]
    declared = deals(load, version_by="v" if load == "merge" else None, history=True)
    with warehouse() as (made, folder):
        stood = []
        made.prepare([declared])
        for number, rows in enumerate(batches, start=1):
            path = parquet(folder / f"{number}.parquet", rows, SCHEMA)
            made.load(declared, batch(number), f"b{number}", [path], folder / "r", lambda _c: None)
            stood.append(contents(made))
        for number, expected in enumerate(stood, start=1):
            moment = START + timedelta(days=number, hours=1)
            found = made.connection.execute(
                'SELECT id, v, x FROM "crm"."deals__history" '
                "WHERE _valid_from <= $1 AND (_valid_to IS NULL OR _valid_to > $1)",
                [moment],
            ).fetchall()
            assert set(found) == expected
            assert len(found) == len(expected)


def test_a_failure_inside_a_load_leaves_nothing() -> None:
    """What is recorded before the commit may fail: then the batch is not loaded at all."""
    declared = deals("merge")

    def fail(_counts: Loaded) -> None:
        raise OSError("disk full")

    with warehouse() as (made, folder):
        made.prepare([declared])
        path = parquet(folder / "1.parquet", [{"id": "a", "v": 1, "x": "p"}], SCHEMA)
        with pytest.raises(OSError, match="disk full"):
            made.load(declared, batch(1), "b1", [path], folder / "r", fail)
        assert contents(made) == set()
        assert made.loaded("crm.deals") == []
        made.load(declared, batch(1), "b1", [path], folder / "r", lambda _c: None)
        assert made.loaded("crm.deals") == ["b1"]


def test_a_changed_contract_empties_the_stream() -> None:
    """A table of another contract is made anew, and said so; an unchanged one is left alone."""
    with warehouse() as (made, folder):
        load_all(made, folder, deals("merge"), [[{"id": "a", "v": 1, "x": "p"}]])
        assert made.prepare([deals("merge")]) == []
        assert made.prepare([deals("replace")]) == ["crm.deals"]
        assert made.loaded("crm.deals") == []


def test_event_days_are_local_and_exact() -> None:
    """Events are noted by local day, with the earliest and newest instant of each."""
    declared = stream(column("id", "text"), column("at", "timestamp"), event_time="at")
    rows = [
        {"id": "a", "at": datetime(2026, 7, 1, 21, 59, 59, 999999, tzinfo=UTC)},
        {"id": "b", "at": datetime(2026, 7, 1, 22, tzinfo=UTC)},
        {"id": "c", "at": None},
    ]
    schema = {"id": pa.string(), "at": pa.timestamp("us", "UTC")}
    with warehouse() as (made, folder):
        made.prepare([declared])
        path = parquet(folder / "1.parquet", rows, schema)
        made.load(declared, batch(1), "b1", [path], folder / "r", lambda _c: None)
        assert made.event_days(declared).splitlines() == [
            "2026-07-01,2026-07-01T21:59:59.999999Z,2026-07-01T21:59:59.999999Z",
            "2026-07-02,2026-07-01T22:00:00.000000Z,2026-07-01T22:00:00.000000Z",
        ]


def test_digests_follow_rows_and_not_their_order() -> None:
    """Equal rows give equal digests in any order; one changed cell gives another."""
    digests = []
    for rows in (["a", "b"], ["b", "a"], ["a", "c"]):
        with warehouse() as (made, folder):
            declared = deals("merge")
            load_all(made, folder, declared, [[{"id": k, "v": 1, "x": "p"} for k in rows]])
            digests.append(made.digest(declared))
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("first", "second", "inserted", "refused"),
    [
        ("cd", "ef", 2, 0),  # all above
        ("cd", "ab", 2, 0),  # all below
        ("ad", "bc", 2, 0),  # inside, none shared
        ("ad", "cd", 1, 1),  # inside, one shared
        ("cd", "ee", 1, 1),  # above, but one comes twice
    ],
)
def test_append_finds_shared_keys_wherever_they_lie(
    first: str, second: str, inserted: int, refused: int
) -> None:
    """Keys above, below or among the known ones: only a key that is there is refused."""
    batches: list[list[Row]] = [
        [{"id": key, "v": number + 10 * place, "x": "p"} for number, key in enumerate(keys)]
        for place, keys in enumerate((first, second))
    ]
    with warehouse() as (made, folder):
        done = load_all(made, folder, deals("append"), batches)
        assert (done[1].inserted, done[1].refused) == (inserted, refused)
        assert {row[0] for row in contents(made)} == {*first, *second}


def test_append_compares_empty_keys_too() -> None:
    """An empty key that is there already is refused, though the other keys lie apart."""
    batches: list[list[Row]] = [
        [{"id": None, "v": 1, "x": "p"}, {"id": "a", "v": 1, "x": "p"}],
        [{"id": None, "v": 2, "x": "p"}, {"id": "b", "v": 1, "x": "p"}],
    ]
    with warehouse() as (made, folder):
        done = load_all(made, folder, deals("append"), batches)
    assert (done[1].inserted, done[1].refused) == (1, 1)
