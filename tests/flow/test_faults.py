"""Killed at any point, and run again: the same scores and records as without the kill."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.core import faults

DAY = "2026-11-20"
TESTS = Path(__file__).resolve().parents[1]
KILLED = """\
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {flow!r}]
from flow_builders import Small
from scoreline.core import faults
left = {nth}
def kill(name):
    global left
    if name == {point!r}:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
faults.arm(kill)
Small(Path({root!r})).run({day!r})
"""


def write_project(root: Path) -> Small:
    """Two streams with several files each: one that merges, one that appends and refuses."""
    small = Small(root)
    small.define(
        organisation=ORGANISATION,
        sources__lms="""\
source: lms
connector: files
options: {root: data}
streams:
  done:
    options: {glob: "done*.csv"}
    columns: {id: text, score: "decimal(5,2)", at: date}
    key: [id]
    load: merge
    version_by: at
    event_time: at
    expect:
      - {type: expect_column_values_to_be_between, column: score, max_value: 100, on_failure: quarantine}
  log:
    options: {glob: "log*.csv"}
    columns: {id: text, n: integer, at: date}
    key: [id]
    load: append
    event_time: at
""",
        metrics__m="""\
metrics:
  people: {title: P, unit: count, from: lms.done, measure: {count_distinct: id}}
  mean: {title: M, unit: score, from: lms.done, measure: {average: score}}
  total: {title: T, unit: number, from: lms.log, measure: {sum: n}}
  each: {title: E, unit: ratio, derived: total / people}
""",
        objectives__2026_H2__learning="""\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: maya@acme.example
    key_results:
      people: {title: P, metric: people, baseline: 0, target: 10}
      mean: {title: M, metric: mean, baseline: {at: 2026-08-01}, target: 90}
      total: {title: T, metric: total, baseline: 0, target: 100}
      each: {title: E, metric: each, keep: {at_least: 1}}
""",
    )
    small.write(
        "data/done1.csv", "id,score,at\na,50,2026-08-01\nb,150,2026-08-02\nc,x,2026-08-02\n"
    )
    small.write("data/done2.csv", "id,score,at\na,60,2026-08-03\nd,70,2026-08-03\n")
    small.write("data/log1.csv", "id,n,at\n1,5,2026-08-01\n2,7,2026-08-05\n")
    small.write("data/log2.csv", "id,n,at\n2,7,2026-08-05\n1,6,2026-08-01\n3,9,2026-08-06\n")
    return small


def state(small: Small) -> dict[str, Any]:
    """Everything that must not depend on a kill: scores, records, contents, rows aside."""
    with small.open() as project:
        assert project.store.verify_ledger() == []
        aside = sorted((q.id, q.rows, q.check) for q in project.store.quarantines())
        batches = sorted((b.id, b.state, b.rows_kept) for b in project.store.batches())
        with project.working("test"), project.warehouse() as warehouse:
            contents = {n: warehouse.digest(s) for n, s in project.plan.streams.items()}
    status = {k: {**r, "provisional": None} for k, r in small.status(DAY).items()}
    return {"status": status, "aside": aside, "batches": batches, "contents": contents}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The project before any run, and its state after a run that nobody disturbed."""
    pristine = tmp_path_factory.mktemp("pristine") / "project"
    write_project(pristine)
    ran = tmp_path_factory.mktemp("ran") / "project"
    shutil.copytree(pristine, ran)
    small = Small(ran)
    small.run(DAY)
    return pristine, state(small)


@pytest.mark.parametrize(
    ("point", "nth"), [(p, 1) for p in faults.POINTS] + [("land.committed", 3), ("load.begun", 2)]
)
def test_a_kill_changes_nothing_in_the_end(
    undisturbed: tuple[Path, dict[str, Any]], tmp_path: Path, point: str, nth: int
) -> None:
    """After kill -9 at the point and a second run, the state is that of a run without it."""
    pristine, wanted = undisturbed
    root = tmp_path / "project"
    shutil.copytree(pristine, root)
    script = KILLED.format(
        tests=str(TESTS),
        flow=str(TESTS / "flow"),
        nth=nth,
        point=point,
        root=str(root),
        day=DAY,
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    small = Small(root)
    small.run(DAY)
    assert state(small) == wanted
    assert not list((root / ".scoreline" / "files").glob(".work-*"))


def test_losing_the_warehouse_loses_nothing(
    undisturbed: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """Without the DuckDB file, the next run makes it again from the stored files."""
    pristine, wanted = undisturbed
    root = tmp_path / "project"
    shutil.copytree(pristine, root)
    small = Small(root)
    small.run(DAY)
    for path in (root / ".scoreline").glob("warehouse.duckdb*"):
        path.unlink()
    small.run(DAY)
    assert state(small) == wanted


def test_rebuild_gives_the_same_digests(
    undisturbed: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """`scoreline rebuild` compares every stream before and after, and they are equal."""
    from scoreline.steps.rebuilding import rebuild

    root = tmp_path / "project"
    shutil.copytree(undisturbed[0], root)
    small = Small(root)
    small.run(DAY)
    with small.open() as project:
        compared = rebuild(project)
    assert set(compared) == {"lms.done", "lms.log"}
    assert all(before == after for before, after in compared.values())
    assert state(small) == undisturbed[1]
