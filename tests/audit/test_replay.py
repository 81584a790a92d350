"""Streams as they were: every version from the ledger, loaded again from stored files alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.core.records import Decision
from scoreline.definitions.recorded import plan_from
from scoreline.warehouse.replaying import Replay

SOURCE = """\
source: lms
connector: files
options: {{root: data}}
streams:
  done:
    options: {{glob: "done*.csv"}}
    columns:
      id: text
      score: {{type: "decimal(9,{scale})", null_values: [""]}}
      at: {{type: timestamp, timezone: Europe/Berlin}}
    key: [id]
    load: {load}
    event_time: at
    expect:
      - {{type: expect_column_values_to_not_be_null, column: score}}
      - {{type: expect_column_values_to_be_between, column: score, min_value: 0, max_value: 100, on_failure: quarantine}}
"""
METRICS = """\
metrics:
  people: {title: P, unit: number, from: lms.done, measure: {sum: score}, window: all}
"""
DAY = "2026-11-20"


def write(small: Small, name: str, *rows: str) -> None:
    small.write(f"data/{name}.csv", "id,score,at\n" + "".join(f"{r}\n" for r in rows))


def decide(small: Small, state: str, decision: str) -> None:
    """Decide on the batch that is blocked, or on the rows that are held."""
    with small.open() as project:
        if state == "blocked":
            subject = project.store.batches(None, ["blocked"])[0].id
        else:
            subject = project.store.quarantines(None, "held")[0].id
        project.store.decide(Decision(subject, decision, "seen", "ann"), project.now())  # type: ignore[arg-type]


def standing(small: Small) -> tuple[str, tuple[int, str]]:
    """The stream's digest as recorded, and the digest of its table in the warehouse."""
    with small.open() as project:
        state = project.store.stream_state("lms.done")
        assert state is not None
        with project.working("test"), project.warehouse() as warehouse:
            return state.digest, warehouse.digest(project.plan.streams["lms.done"])


@pytest.mark.parametrize("load", ["merge\n    history: true"])
def test_every_version_loads_again(tmp_path: Path, load: str) -> None:
    """After decisions, corrections and a changed contract, each version has the same rows."""
    small = Small(tmp_path)
    small.define(
        organisation=ORGANISATION,
        sources__lms=SOURCE.format(load=load, scale=2),
        metrics__m=METRICS,
    )
    seen: dict[str, tuple[int, str]] = {}

    def run() -> None:
        small.run(DAY)
        digest, table = standing(small)
        seen[digest] = table

    write(
        small, "done1", "a,50,2026-08-01 10:00", "b,60,2026-08-02 10:00", "z,500,2026-08-02 10:00"
    )
    run()
    write(small, "done2", "c,,2026-08-03 10:00", "d,70,2026-08-03 11:00")
    write(small, "done3", "e,80,2026-08-04 10:00", "y,400,2026-08-04 10:00", "f,7,2026-08-04 10:00")
    small.run(DAY)
    decide(small, "blocked", "release")
    run()
    decide(small, "held", "release")
    run()
    write(small, "done2", "c,30,2026-08-03 10:00", "d,71,2026-08-03 11:00", "e,80,2026-08-04 10:00")
    run()
    write(small, "done4", "g,,2026-08-03 10:00")
    small.run(DAY)
    decide(small, "blocked", "reject")
    small.define(sources__lms=SOURCE.format(load=load, scale=3))
    run()
    assert len(seen) >= 5
    with small.open() as project:
        store = project.store
        versions = store.stream_versions(["lms.done"])
        assert {v.digest for v in versions} == set(seen)
        with Replay(project.files, "Europe/Berlin") as replay:
            for version in [*versions, *reversed(versions)]:
                assert version.recorded_at is not None
                then = store.current_definitions(known_at=version.recorded_at)
                plan = plan_from({n: (v.kind, v.body) for n, v in then.items()})
                stream = plan.streams["lms.done"]
                replay.load(stream, version.parts)
                assert replay.warehouse.digest(stream) == seen[version.digest]
        newest = {v.stream: v.digest for v in versions}
        assert store.streams_then(newest)["lms.done"].record == versions[-1].record
        assert store.stream_versions(["lms.other"]) == []
