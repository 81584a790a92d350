"""Forgetting a person: no byte of them is left, and nobody brings them back."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.audit.verifying import verify
from scoreline.core import faults
from scoreline.core.errors import UsageError
from scoreline.core.records import Decision
from scoreline.steps.forgetting import Found, Request, find_person
from scoreline.steps.reperforming import reperform
from scoreline.steps.run import forget

TESTS = Path(__file__).resolve().parents[1]
DAY = "2026-11-20"
SOURCE = """\
source: lms
connector: files
options: {{root: data}}
streams:
  done:
    options: {{glob: "done*.csv"}}
    columns:
      who: {who}
      score: integer
      at: date
    key: [who, at]
    load: merge
    event_time: at
    expect:
      - {{type: expect_column_values_to_be_between, column: score, max_value: 100, on_failure: quarantine}}
"""
METRICS = """\
metrics:
  people: {title: P, unit: count, from: lms.done, measure: {count_distinct: who}, dimensions: [who]}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: maya@acme.example
    key_results:
      people: {title: P, metric: people, baseline: 0, target: 10}
"""
PLAIN = "text"
PSEUDONYM = "{type: text, personal: pseudonym}"
ANN = "ann@acme.example"
FIRST = (
    f"who,score,at\n{ANN},1,2026-11-03\nbob,2,2026-11-04\n{ANN},x,2026-11-05\nbob,y,2026-11-05\n"
)
SECOND = f"who,score,at\n{ANN},500,2026-11-06\ncem,501,2026-11-06\ncem,3,2026-11-07\n"
REQUEST = Request("lms.done", "who", ANN, "she asked", "tom", "dpo@acme.example")


def made(root: Path, who: str) -> Small:
    """A project in which a person has rows that are kept, broken and set aside."""
    small = Small(root)
    small.define(
        organisation=ORGANISATION,
        sources__lms=SOURCE.format(who=who),
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    small.write("data/done1.csv", FIRST)
    small.write("data/done2.csv", SECOND)
    small.run(DAY)
    return small


def forgotten(small: Small, request: Request = REQUEST) -> Found:
    with small.open() as project:
        return forget(project, request)


def findings(small: Small) -> list[tuple[str, str]]:
    with small.open() as project:
        return verify(project.store, project.files, lambda _: None, lambda: None).findings


def holding(small: Small, text: str) -> list[str]:
    """The files of the project's state that a text stands in, rows read and all."""
    import duckdb

    found = []
    for path in sorted((small.root / ".scoreline").rglob("*")):
        if path.suffix == ".parquet":
            rows = duckdb.sql(f"SELECT * FROM read_parquet('{path}')").fetchall()
            if text in str(rows):
                found.append(path.name)
        elif path.is_file() and text.encode() in path.read_bytes():
            found.append(path.name)
    return found


@pytest.mark.parametrize("who", [PLAIN, PSEUDONYM])
def test_nothing_of_the_person_is_left(tmp_path: Path, who: str) -> None:
    """Kept, broken and set aside rows go; counts add up; the published score stays.

    The next run measures without the person; everything verifies before it and after it.
    """
    from scoreline.warehouse.personal import pseudonym_of

    small = made(tmp_path, who)
    with small.open() as project:
        stored = pseudonym_of(ANN, project.keyring.pseudonyms()) if who == PSEUDONYM else ANN
    before = small.status(DAY)
    assert before["people"]["value"] == "3.000000"
    assert holding(small, stored)
    found = forgotten(small)
    assert sorted(found.rows.values()) == [1, 2]
    assert holding(small, stored) == []
    assert holding(small, ANN) == []
    assert findings(small) == []
    with small.open() as project:
        for batch in project.store.batches():
            whole = batch.rows_typed + batch.rows_broken + batch.rows_forgotten
            assert batch.rows_received == whole
            assert batch.rows_typed == batch.rows_kept + batch.rows_quarantined
            assert batch.received is None
        history = project.store.score_history("2026-H2/learning/o/people")
        assert [s.body["value"] for s in history] == ["3"]
    small.run(DAY)
    assert small.status(DAY)["people"]["value"] == "2.000000"
    assert findings(small) == []
    with small.open() as project:
        again = reperform(project)
    assert (again.findings, again.gone, again.values) == ([], {"erased": 1}, 1)


def test_the_record_names_the_person_by_a_keyed_hash(tmp_path: Path) -> None:
    """Who, why and how many stand in the ledger; the value and its plain hash do not."""
    import hashlib

    small = made(tmp_path, PLAIN)
    forgotten(small)
    with small.open() as project:
        [entry] = project.store.forgotten("lms.done")
        bodies = b"".join(
            r.body for b in project.store.blocks() for r in project.store.records(b.height)
        )
    said = entry.forgetting
    assert (said.rows, said.reason, said.approver) == (3, "she asked", "dpo@acme.example")
    assert ANN.encode() not in bodies
    assert hashlib.sha256(ANN.encode()).hexdigest().encode() not in bodies


@pytest.mark.parametrize("who", [PLAIN, PSEUDONYM])
def test_a_full_export_does_not_bring_the_person_back(tmp_path: Path, who: str) -> None:
    """Rows in = kept + set aside + forgotten; the bytes that hold them are not kept."""
    small = made(tmp_path, who)
    forgotten(small)
    small.write(
        "data/done3.csv",
        f"who,score,at\n{ANN},9,2026-11-08\ndan,8,2026-11-08\n{ANN},z,2026-11-09\n",
    )
    report = small.run(DAY)
    assert report.sources["lms"].streams["lms.done"].rows_forgotten == 2
    with small.open() as project:
        newest = project.store.batches()[-1]
    counts = newest.rows_received, newest.rows_typed, newest.rows_broken, newest.rows_forgotten
    assert counts == (3, 1, 0, 2)
    assert newest.received is None
    assert holding(small, ANN) == []
    assert small.status(DAY)["people"]["value"] == "3.000000"
    assert findings(small) == []


def test_without_the_key_of_the_marks_nothing_is_read(tmp_path: Path) -> None:
    """A lost key does not bring the person back: the stream is refused, with what to do."""
    small = made(tmp_path, PLAIN)
    forgotten(small)
    (tmp_path / ".scoreline/keys/marks.key").unlink()
    small.write("data/done3.csv", f"who,score,at\n{ANN},9,2026-11-08\n")
    report = small.run(DAY)
    assert "marks.key" in str(report.sources["lms"].streams["lms.done"].error)
    assert holding(small, ANN) == []


def test_forgetting_again_is_no_news(tmp_path: Path) -> None:
    """The second time finds nothing, and records nothing."""
    small = made(tmp_path, PLAIN)
    forgotten(small)
    with small.open() as project:
        before = len(project.store.blocks())
    found = forgotten(small)
    assert (found.total, found.already) == (0, True)
    with small.open() as project:
        assert len(project.store.blocks()) == before


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (replace(REQUEST, stream="lms.x"), "lms.done"),
        (replace(REQUEST, column="x"), "it has: who, score, at"),
        (replace(REQUEST, value="nobody"), "nothing was recorded"),
    ],
)
def test_what_cannot_be_found_is_refused(tmp_path: Path, request_: Request, words: str) -> None:
    """No such stream, column or value: said, and nothing recorded."""
    small = made(tmp_path, PLAIN)
    with pytest.raises(UsageError, match=words):
        forgotten(small, request_)
    with small.open() as project:
        assert project.store.forgotten() == []


def test_released_rows_go_too(tmp_path: Path) -> None:
    """Rows set aside and released by a decision leave the stream with the person."""
    small = made(tmp_path, PLAIN)
    with small.open() as project:
        aside = next(q for q in project.store.quarantines() if q.releasable)
        project.store.decide(Decision(aside.id, "release", "fine", "tom"), project.now())
    small.run(DAY)
    forgotten(small)
    small.run(DAY)
    with small.open() as project:
        state = project.store.stream_state("lms.done")
        found = find_person(project, REQUEST)
    assert state is not None
    assert (state.rows, found.total) == (3, 0)


KILLED = """\
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {flow!r}]
from test_forgetting import REQUEST, forgotten
from flow_builders import Small
from scoreline.core import faults
faults.arm(lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == {point!r} else None)
forgotten(Small(Path({root!r})))
"""


@pytest.mark.parametrize("point", [*faults.REMOVAL_POINTS, "load.begun"])
def test_killed_anywhere_and_done_again(tmp_path: Path, point: str) -> None:
    """Either nothing was recorded, or the next command finishes what was begun."""
    small = made(tmp_path, PLAIN)
    code = KILLED.format(
        tests=str(TESTS), flow=str(TESTS / "flow"), point=point, root=str(tmp_path)
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False)
    assert ended.returncode == -signal.SIGKILL
    forgotten(small)
    small.run(DAY)
    assert small.status(DAY)["people"]["value"] == "2.000000"
    assert holding(small, ANN) == []
    assert findings(small) == []
    with small.open() as project:
        assert len(project.store.forgotten()) == 1
