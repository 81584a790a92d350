"""Ages: what was received goes when it is old enough, and nothing reads as complete without it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.audit.verifying import verify
from scoreline.steps.backing_up import Order, take_backup
from scoreline.steps.expiring import Expiry
from scoreline.steps.ports import Silence
from scoreline.steps.project import Paths
from scoreline.steps.rebuilding import rebuild
from scoreline.steps.reperforming import reperform
from scoreline.steps.run import prune

SOURCE = """\
source: lms
connector: files
options: {{root: data}}
streams:
  done:
    options: {{glob: "done*.csv"}}
    columns: {{id: text, score: integer, at: date}}
    key: [id]
    load: {load}
    event_time: at
    retention: {retention}
"""
MERGE, APPEND = "merge\n    version_by: score", "append"
METRICS = """\
metrics:
  week: {title: W, unit: count, from: lms.done, measure: {count: rows}, window: trailing 7d}
  every: {title: E, unit: count, from: lms.done, measure: {count: rows}, window: all}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: maya@acme.example
    key_results:
"""
WEEK = "      week: {title: W, metric: week, baseline: 0, target: 10, start: 2026-11-01}\n"
EVERY = "      every: {title: E, metric: every, baseline: 0, target: 10}\n"
Made = Callable[..., Small]


def source(retention: str, load: str = MERGE) -> str:
    """The source with its ages."""
    return SOURCE.format(retention=retention, load=load)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A project that received a file in July and one in November, and ran on the 21st."""

    def make(retention: str, krs: str, load: str = MERGE) -> Small:
        small = Small(tmp_path)
        small.define(
            organisation=ORGANISATION,
            sources__lms=source(retention, load),
            metrics__m=METRICS,
            objectives__2026_H2__learning=OBJECTIVES + krs,
        )
        small.write("data/done1.csv", "id,score,at\na,1,2026-07-03\nb,1,2026-07-04\n")
        small.clock.moment = datetime(2026, 7, 5, 6, tzinfo=UTC)
        small.run("2026-07-04")
        small.write("data/done2.csv", "id,score,at\nc,1,2026-11-17\nd,1,2026-11-18\n")
        small.clock.moment = datetime(2026, 11, 21, 6, tzinfo=UTC)
        small.run("2026-11-20")
        return small

    return make


def stored(small: Small) -> set[str]:
    return {p.name for p in (small.root / ".scoreline/files").rglob("*") if p.is_file()}


def removed(small: Small, answer: bool = True) -> Expiry:
    with small.open() as project:
        return prune(project, lambda _: answer)


def taken(small: Small, target: Path) -> dict[str, object]:
    """What a backup says that was lost, and that it restores."""
    order = Order(
        Paths(small.root, small.root / ".scoreline"),
        f"sqlite:///{small.root}/.scoreline/control.db",
        target,
        datetime(2026, 11, 22, tzinfo=UTC),
        "0",
    )
    return {"absent": take_backup(order, Silence()).manifest.absent}


def findings(small: Small) -> list[tuple[str, str]]:
    with small.open() as project:
        return verify(project.store, project.files, lambda _: None, lambda: None).findings


def test_bytes_go_and_rows_stay(made: Made) -> None:
    """Old bytes are removed; every value, the rebuilt warehouse and the record are the same."""
    small = made("{raw: 90 days}", WEEK + EVERY)
    small.define(sources__lms=source("{raw: 90 days}"))
    with small.open() as project:
        old, new = project.store.batches()
    assert (old.received, new.received is None) == (None, False)
    assert old.gone == {"received": "expired"}
    assert small.status("2026-11-20")["every"]["value"] == "4.000000"
    with small.open() as project:
        assert all(before == after for before, after in rebuild(project).values())
        assert project.files.path(old.typed).exists()  # type: ignore[arg-type]
    assert findings(small) == []


def test_rows_that_an_open_cycle_needs_stay(made: Made) -> None:
    """A window without a start needs every row while its cycle goes on; the reason is said."""
    small = made("{rows: 90 days}", WEEK + EVERY)
    found = removed(small)
    assert [g for g in found.going if g.what == "rows"] == []
    assert [(s.stream, s.batches) for s in found.staying] == [("lms.done", 1)]
    assert "2026-H2/learning/o/every needs every row" in found.staying[0].why
    assert small.status("2026-11-20")["every"]["value"] == "4.000000"


def test_a_dry_run_removes_nothing(made: Made) -> None:
    """What would go is found, and everything is there afterwards."""
    small = made("{raw: forever}", WEEK)
    small.define(sources__lms=source("{rows: 90 days}"))
    before = stored(small)
    found = removed(small, answer=False)
    assert [(g.what, g.change.rows) for g in found.going] == [("rows", 2)]
    assert stored(small) == before


@pytest.mark.parametrize("load", [MERGE, APPEND])
def test_rows_go_and_never_read_as_fewer(made: Made, load: str) -> None:
    """What was recorded stands for its days; a new value that needs them is missing, not small.

    The files are gone, the record verifies, rebuilding gives what the stream now is.
    """
    small = made("{raw: forever}", WEEK, load)
    before, scored = stored(small), small.status("2026-11-20")
    small.define(sources__lms=source("{rows: 90 days}", load))
    small.run("2026-11-20")
    assert len(before - stored(small)) == 2
    assert small.status("2026-11-20")["week"]["value"] == scored["week"]["value"] == "2.000000"
    with small.open() as project:
        state = project.store.stream_state("lms.done")
        series = project.store.values()
        assert all(before == after for before, after in rebuild(project).values())
    assert state is not None
    assert state.rows == 2
    assert "2026-07-04,2," in next(v.series for v in series.values() if v.metric == "week")
    small.define(objectives__2026_H2__learning=OBJECTIVES + WEEK + EVERY)
    small.clock.moment = datetime(2026, 11, 23, 6, tzinfo=UTC)
    small.run("2026-11-22")
    assert small.status("2026-11-20")["every"]["value"] == "4.000000"
    found = small.status("2026-11-22")["every"]
    assert (found["value"], found["status"]) == (None, "no_data")
    words = str(small.reasons("2026-11-22")["every"])
    assert "rows of lms.done up to 2026-07-04 were removed on 2026-11-21" in words
    with small.open() as project:
        again = reperform(project)
    assert (again.findings, set(again.gone)) == ([], {"expired"})
    assert taken(small, small.root.parent / f"{small.root.name}-backup") == {"absent": ()}
    assert findings(small) == []


def test_a_version_that_lost_does_not_come_back(made: Made) -> None:
    """A batch stays while a later file has an older version of one of its rows."""
    small = made("{raw: forever}", WEEK)
    small.write("data/done3.csv", "id,score,at\na,0,2026-11-19\n")
    small.define(sources__lms=source("{rows: 90 days}"))
    small.run("2026-11-20")
    found = removed(small)
    assert [g for g in found.going if g.what == "rows"] == []
    assert "an older version" in found.staying[0].why
    assert small.status("2026-11-20")["week"]["value"] == "2.000000"


def test_a_file_that_was_removed_and_is_there_again_is_a_finding(made: Made) -> None:
    """`verify` holds the folder against the record of the removal."""
    small = made("{raw: forever}", WEEK)
    folder = small.root / ".scoreline/files"
    kept = {p: p.read_bytes() for p in folder.rglob("*.parquet")}
    small.define(sources__lms=source("{rows: 90 days}"))
    small.run("2026-11-20")
    gone = next(p for p in kept if not p.exists())
    gone.write_bytes(kept[gone])
    assert [what for _, what in findings(small)] == [
        "was removed (expired), and is there: `scoreline prune` removes it for good"
    ]
    small.run("2026-11-20")
    assert not gone.exists()


def test_series_go_and_their_digests_stay(made: Made) -> None:
    """Series of a cycle that is over are removed by age; scores and the ledger stay."""
    small = made("{series: 30 days}", WEEK)
    small.define(objectives__2026_H2__learning=OBJECTIVES + EVERY)
    small.clock.moment = datetime(2027, 3, 1, 6, tzinfo=UTC)
    assert not removed(small).series
    small.run("2026-12-31")
    with small.open() as project:
        scores = project.store.newest_scores()
    small.clock.moment = datetime(2027, 3, 2, 6, tzinfo=UTC)
    assert removed(small).series
    with small.open() as project:
        assert {v.series for v in project.store.values().values()} == {""}
        assert project.store.newest_scores() == scores
    assert "its series was removed (retention: series 30 days)" in str(small.reasons()["every"])
    assert findings(small) == []
