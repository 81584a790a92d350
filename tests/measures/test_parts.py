"""Series from what is kept of older rows against series from all rows, byte for byte."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import measure_worlds as w
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_series_oracle import DAYS, MOMENTS, SCORES

from scoreline.core.model import Plan, Window
from scoreline.core.records import Batch
from scoreline.measures.series import Compiled, compile_series
from scoreline.warehouse import keeping
from scoreline.warehouse import measuring as engine
from scoreline.warehouse.warehouse import Warehouse

ZONE = "Europe/Berlin"
SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "learner": pa.string(),
        "team": pa.string(),
        "level": pa.int64(),
        "course": pa.string(),
        "score": pa.decimal128(5, 2),
        "done_at": pa.timestamp("us", "UTC"),
        "due_on": pa.date32(),
        "_row": pa.int64(),
    }
)
WINDOWS = (
    w.CYCLE,
    Window("week"),
    Window("last", period="month"),
    Window("trailing", days=3),
    Window("all"),
    Window("latest"),
)
ROWS = st.lists(
    st.tuples(
        st.integers(1, 40),
        st.sampled_from(["ann", "bob", "cyd", None]),
        st.sampled_from(["red", "blue", "grey", None]),
        st.sampled_from([1, 2, 3, None]),
        st.sampled_from(["A", "B", "C", None]),
        SCORES,
        MOMENTS,
    ),
    max_size=12,
)
DELIVERIES = st.lists(ROWS, min_size=1, max_size=3)
STEPS = st.lists(
    st.tuples(st.just("more"), DELIVERIES)
    | st.tuples(st.sampled_from(["without", "fewer", "nothing", "another"]), st.integers(0, 5)),
    min_size=2,
    max_size=4,
)


@cache
def asked(some: bool) -> tuple[Plan, Compiled]:
    """A plan over an `append` stream; with `some`, fewer of its metrics are asked for."""
    metrics = [
        m
        for time in ("done_at", "due_on", None)
        for m in (replace(x, name=f"{x.name}_{time}") for x in w.every_metric(time))
        if m.window in WINDOWS and (time == "done_at" or m.window.kind in ("all", "latest"))
    ]
    plan = w.world(ZONE, metrics)
    (stream,) = plan.sources["lms"].streams
    source = replace(plan.sources["lms"], streams=(replace(stream, load="append"),))
    plan = replace(plan, sources={"lms": source})
    names = list(plan.metrics)[:: 3 if some else 2]
    requests = [
        w.request(plan, name, DAYS, w.FILTERS[n % len(w.FILTERS)]) for n, name in enumerate(names)
    ]
    return plan, compile_series(plan, requests)


class World:
    """A warehouse with an `append` stream whose groups are kept, however few rows it has."""

    def __init__(self, folder: Path, *, in_place_from: int = 6) -> None:
        self.folder = folder
        self.stream = asked(False)[0].streams["lms.results"]
        self.warehouse = Warehouse(None, ZONE, folder, in_place_from, keep_from=0)
        self.warehouse.prepare([self.stream])
        self.files: list[tuple[Batch, Path]] = []

    def deliver(self, rows: list[Any]) -> None:
        """A batch more; rows whose key is known are repeated or refused."""
        number = len(self.files) + 1
        full = [(*r, None if r[6] is None else r[6].date(), n) for n, r in enumerate(rows, 1)]
        path = self.folder / f"{number}-{len(list(self.folder.iterdir()))}.parquet"
        columns = list(zip(*full, strict=True)) if full else [()] * len(SCHEMA)
        arrays = [pa.array(c, t) for c, t in zip(columns, SCHEMA.types, strict=True)]
        pq.write_table(pa.table(arrays, SCHEMA), path)
        self.files.append((batch(number), path))
        self.load(*self.files[-1])

    def load(self, received: Batch, path: Path) -> None:
        """Join a batch."""
        refused = self.folder / "refused"
        self.warehouse.load(
            self.stream, received, received.id, [path], refused, lambda _counts: None
        )
        refused.unlink(missing_ok=True)

    def again(self, files: list[tuple[Batch, Path]]) -> None:
        """Make the stream again, of these batches alone."""
        self.warehouse.reset(self.stream)
        self.files = files
        for received, path in files:
            self.load(received, path)

    def check(self, compiled: Compiled) -> None:
        """Every series is the same from what is kept as from all rows."""
        connection = self.warehouse.connection
        engine.prepare(connection, compiled.tables)
        for statement in compiled.statements:
            assert statement.parts
            kept = keeping.run(connection, self.stream, statement)
            assert kept == engine.run(connection, statement)

    def kept(self) -> dict[str, int]:
        """Of how many batches each part is kept."""
        rows = self.warehouse.connection.execute(
            "SELECT statement || ' ' || part, batches FROM _kept WHERE is_kept"
        )
        return dict(rows.fetchall())


def batch(number: int) -> Batch:
    """The manifest of the n-th batch received."""
    return Batch(
        id=f"b{number}",
        stream="lms.results",
        object=f"{number}.csv",
        object_digest=f"{number:064d}",
        signature="",
        contract="c",
        received_at=datetime(2026, 7, 1, tzinfo=UTC) + timedelta(days=number),
        run="r",
        state="passed",
        rows_received=0,
        rows_typed=0,
        rows_broken=0,
        receipt={},
        seq=number,
    )


@contextmanager
def world(**more: Any) -> Iterator[World]:
    """A world in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        made = World(Path(folder), **more)
        yield made
        made.warehouse.close()


@pytest.fixture(autouse=True)
def _keep_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is found is worth keeping."""
    monkeypatch.setattr(keeping, "WORTH", 0)


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(DELIVERIES, STEPS)
def test_what_is_kept_gives_what_all_rows_give(first: list[Any], steps: list[Any]) -> None:
    """Deliveries with late and repeated rows, and streams made again of other batches."""
    with world() as made:
        for rows in first:
            made.deliver(rows)
        made.check(asked(False)[1])
        for step, argument in steps:
            if step == "more":
                for rows in argument:
                    made.deliver(rows)
            elif step == "without":  # rejected, forgotten, or gone by age
                made.again([f for n, f in enumerate(made.files) if n != argument])
            elif step == "fewer":  # one is blocked, and those after it wait
                made.again(made.files[:argument])
            made.check(asked(step == "another")[1])


def test_only_new_batches_are_looked_at() -> None:
    """A batch that is kept is not read again, from the table or from its file."""
    plan = asked(False)[0]
    request = w.request(plan, "rows_all_done_at", DAYS)
    compiled = compile_series(plan, [request])
    rows = [(n, "ann", "red", 1, "A", None, datetime(2026, 7, 2, tzinfo=UTC)) for n in range(8)]
    with world() as made:
        made.deliver(rows)
        made.deliver([(20, *rows[0][1:])])
        made.check(compiled)
        assert len(made.warehouse.in_place("lms.results")) == 1
        made.deliver([(21, *rows[0][1:])])
        # what the first two brought is taken away behind what is kept of it
        made.warehouse.connection.execute('DELETE FROM "_own"."lms.results" WHERE _seq < 3')
        made.files[0][1].unlink()
        engine.prepare(made.warehouse.connection, compiled.tables)
        statement = compiled.statements[0]
        kept = keeping.run(made.warehouse.connection, made.stream, statement)
        assert kept[request.id].splitlines()[-2].partition(",")[2] == "10,"
        assert set(made.kept().values()) == {3}


def test_a_statement_that_fails_leaves_what_was_kept() -> None:
    """A failure between two parts takes back all that the statement put to what is kept."""
    compiled = asked(True)[1]
    with world() as made:
        made.deliver([(1, "ann", "red", 1, "A", None, datetime(2026, 7, 2, tzinfo=UTC))])
        made.check(compiled)
        before = made.kept()
        made.deliver([(2, "bob", "red", 1, "A", None, datetime(2026, 7, 2, tzinfo=UTC))])
        statement = next(s for s in compiled.statements if len(s.parts) > 1)
        broken = replace(statement.parts[-1], sql="SELECT error('no')")
        parts = (*statement.parts[:-1], broken)
        with pytest.raises(Exception, match="no"):
            keeping.run(made.warehouse.connection, made.stream, replace(statement, parts=parts))
        assert made.kept() == before
        made.check(compiled)


def test_nothing_is_kept_of_what_nobody_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables go with their statement, with the stream, and where they are too large."""
    compiled = asked(True)[1]
    with world() as made:
        made.deliver([(1, "ann", "red", 1, "A", None, datetime(2026, 7, 2, tzinfo=UTC))])
        made.check(compiled)
        first = compiled.statements[0].name
        made.warehouse.keep_only([first])
        assert {name.startswith(first) for name in made.kept()} == {True}
        assert tables(made) == len(made.kept())
        made.warehouse.reset(made.stream)
        assert (made.kept(), tables(made)) == ({}, 0)
        monkeypatch.setattr(keeping, "WORTH", 1_000)
        made.load(*made.files[0])
        for day in (3, 4, 5):  # nothing is worth it, and what was decided stands until it doubles
            made.check(compiled)
            assert (made.kept(), tables(made)) == ({}, 0)
            moment = datetime(2026, 7, day, tzinfo=UTC)
            made.deliver([(day, "bob", "red", 1, "A", None, moment)])


def tables(made: World) -> int:
    """How many tables hold something kept."""
    found = made.warehouse.connection.execute(
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = '_kept_parts'"
    ).fetchall()
    return int(found[0][0])


def test_another_time_zone_or_day_keeps_nothing() -> None:
    """What is kept holds for the zone and the requested days that it was computed for."""
    plan, compiled = asked(True)
    with world() as made:
        rows = [
            (n, "ann", "red", 1, "A", None, datetime(2026, 7, n, 22, 30, tzinfo=UTC))
            for n in (1, 2)
        ]
        made.deliver(rows)
        made.check(compiled)
        made.warehouse.connection.execute("SET TimeZone = 'UTC'")
        made.check(compiled)
        other = [
            w.request(plan, name, w.span(date(2026, 7, 1), date(2026, 7, 3)))
            for name in list(plan.metrics)[::5]
        ]
        made.check(compile_series(plan, other))
