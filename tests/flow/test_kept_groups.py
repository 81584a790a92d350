"""Groups that are kept between runs give what all rows give, whatever becomes of the batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.core.records import Decision
from scoreline.measures.requests import requests_for
from scoreline.measures.series import compile_series
from scoreline.steps.forgetting import Request
from scoreline.steps.loading import load_stream
from scoreline.steps.project import Project
from scoreline.steps.run import forget
from scoreline.warehouse import keeping
from scoreline.warehouse import measuring as engine

DAY = "2026-11-20"
SOURCE = """\
source: lms
connector: files
options: {{root: data}}
streams:
  done:
    options: {{glob: "*.csv"}}
    columns:
      id: integer
      who: text
      team: text
      score: {{type: integer, on_error: block}}
      at: {{type: timestamp, timezone: Europe/Berlin}}
    key: [id]
    load: append
    event_time: at
    retention: {{rows: {age}}}
"""
METRICS = """\
metrics:
  people: {title: P, unit: count, from: lms.done, measure: {count_distinct: who}, dimensions: [team]}
  weekly: {title: W, unit: count, from: lms.done, measure: {count_distinct: who}, window: trailing 7d}
  points: {title: S, unit: count, from: lms.done, measure: {sum: score}, window: trailing 30d}
  best: {title: B, unit: count, from: lms.done, measure: {max: score}, window: month}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: maya@acme.example
    key_results:
      people: {title: P, metric: people, baseline: 0, target: 10, filter: {team: [red]}}
      weekly: {title: W, metric: weekly, baseline: 0, target: 10, start: 2026-11-10}
      points: {title: S, metric: points, baseline: 0, target: 10, start: 2026-11-10}
      best: {title: B, metric: best, baseline: 0, target: 10, start: 2026-11-01}
"""


@dataclass
class Keeping(Small):
    """A project that keeps groups of every `append` stream."""

    @contextmanager
    def open(self) -> Iterator[Project]:
        """The project, opened and closed."""
        with super().open() as project:
            project.keep_from = 0
            yield project

    def deliver(self, name: str, *rows: str) -> None:
        """A file."""
        self.write(f"data/{name}.csv", "\n".join(["id,who,team,score,at", *rows, ""]))

    def compared(self) -> int:
        """How many parts are kept; every series is the same from them as from all rows."""
        with self.open() as project, project.working("test"), project.warehouse() as warehouse:
            (stream,) = project.plan.streams.values()
            load_stream(project, warehouse, stream)
            requests = list(requests_for(project.plan, extra_days=[]))
            compiled = compile_series(project.plan, requests, {})
            connection = warehouse.connection
            engine.prepare(connection, compiled.tables)
            for statement in compiled.statements:
                kept = keeping.run(connection, stream, statement)
                assert kept == engine.run(connection, statement)
            rows = connection.execute("SELECT count(*) FROM _kept WHERE is_kept").fetchall()
        return int(rows[0][0])

    def days(self) -> tuple[str, str]:
        """The recorded days with events, and those that a plain query gives."""
        with self.open() as project, project.working("test"), project.warehouse() as warehouse:
            state = project.store.stream_state("lms.done")
            days = warehouse.connection.execute(
                "SELECT strftime(\"at\"::DATE, '%Y-%m-%d'), count(*) FROM lms.done GROUP BY 1 ORDER BY 1"
            ).fetchall()
        recorded = state.events.splitlines() if state else []
        return " ".join(line[:10] for line in recorded), " ".join(day for day, _ in days)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keeping:
    """Two deliveries, run one after the other."""
    monkeypatch.setattr(keeping, "WORTH", 0)
    made = Keeping(tmp_path)
    made.clock.moment = datetime(2026, 11, 1, 6, tzinfo=UTC)
    made.define(
        organisation=ORGANISATION,
        sources__lms=SOURCE.format(age="20 days"),
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    made.deliver("1", "1,ann,red,5,2026-10-20 10:00:00", "2,bob,blue,7,2026-10-20 23:30:00")
    made.run(DAY)
    made.clock.moment = datetime(2026, 11, 15, 6, tzinfo=UTC)
    made.deliver("2", "3,ann,red,1,2026-10-19 10:00:00", "4,cem,red,9,2026-11-14 10:00:00")
    made.run(DAY)
    return made


def test_late_rows_and_new_ones_join_what_is_kept(small: Keeping) -> None:
    """Values and spans are kept, days and values of the stream itself, and all are right."""
    kept = small.compared()
    assert kept >= 4
    assert small.status(DAY)["people"]["value"].startswith("2")
    recorded, plain = small.days()
    assert recorded == plain == "2026-10-19 2026-10-20 2026-11-14"


def test_an_erasure_leaves_nothing_of_a_person_in_what_is_kept(small: Keeping) -> None:
    """The counted value is in no table and in no byte of the warehouse."""
    with small.open() as project:
        held = project.paths.warehouse
        forget(project, Request("lms.done", "who", "ann", "she asked", "tom", "dpo@acme.example"))
    assert b"ann" not in held.read_bytes()
    small.run(DAY)
    assert small.compared() >= 4
    assert small.status(DAY)["people"]["value"].startswith("1")


def test_batches_that_go_by_age_leave_what_is_kept(small: Keeping) -> None:
    """The first batch is three weeks old: what is left is computed again, as all rows say."""
    lines = OBJECTIVES.splitlines(keepends=True)
    recent = "".join(line for line in lines if "people:" not in line and "points:" not in line)
    small.define(objectives__2026_H2__learning=recent)
    small.run(DAY)
    assert small.compared() >= 4
    small.clock.moment = datetime(2026, 11, 22, 6, tzinfo=UTC)
    small.deliver("3", "5,dan,red,2,2026-11-21 10:00:00")
    small.run(DAY)
    with small.open() as project:
        gone = [b.expired for b in project.store.batches("lms.done")]
    assert any(gone)
    assert not all(gone)
    assert small.compared() >= 4


@pytest.mark.parametrize("decision", ["release", "reject"])
def test_a_decision_on_a_batch_that_held_the_stream(small: Keeping, decision: str) -> None:
    """What waited behind a blocked batch joins with it or without it."""
    small.deliver("3", "5,dan,red,x,2026-11-15 09:00:00", "6,dan,red,4,2026-11-15 09:00:00")
    small.deliver("4", "7,eve,red,2,2026-11-15 10:00:00")
    small.run(DAY)
    kept = small.compared()
    with small.open() as project:
        (held,) = project.store.batches("lms.done", ["blocked"])
        made = Decision(held.id, decision, "tom", "seen")  # type: ignore[arg-type]
        project.store.decide(made, project.now())
    small.run(DAY)
    assert small.compared() == kept
    found = "4" if decision == "release" else "3"
    assert small.status(DAY)["people"]["value"].startswith(found)


def test_another_contract_begins_again(small: Keeping) -> None:
    """A column that is read differently changes rows that were kept."""
    text = SOURCE.format(age="forever").replace("team: text", "team: {type: text, header: who}")
    small.define(sources__lms=text)
    small.run(DAY)
    assert small.compared() >= 4
    assert small.status(DAY)["people"]["value"].startswith("0")
