"""Large append files are read where they lie, and never trusted unseen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small

DAY = "2026-11-20"
ROWS = 100_000


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A project with an append stream of one large file, run once."""
    made = Small(tmp_path / "first")
    made.define(
        organisation=ORGANISATION,
        sources__lms="""\
source: lms
connector: files
options: {root: data}
streams:
  log:
    options: {glob: "*.csv"}
    columns: {id: integer, n: integer, at: date}
    key: [id]
    load: append
    event_time: at
""",
        metrics__log="""\
metrics:
  logged:
    title: Logged
    owner: maya@acme.example
    unit: count
    from: lms.log
    measure: {sum: n}
    time: at
    window: cycle
""",
        objectives__2026_H2__learning="""\
cycle: 2026-H2
team: learning
objectives:
  log:
    title: Log
    owner: maya@acme.example
    key_results:
      logged: {title: Logged, metric: logged, baseline: 0, target: 400000}
""",
    )
    lines = "\n".join(f"{n},2,2026-07-{n % 28 + 1:02d}" for n in range(ROWS))
    made.write("data/1.csv", f"id,n,at\n{lines}\n")
    made.run(DAY)
    return made


def value(small: Small) -> tuple[object, object]:
    """The key result's status and value."""
    row = small.status(DAY)["logged"]
    return row["status"], row["value"] and int(row["value"].split(".")[0])


def test_a_large_file_is_measured_without_a_copy(small: Small) -> None:
    """The rows lie in the stored file alone, and rows of a small file join them."""
    small.write("data/2.csv", f"id,n,at\n{ROWS},1,2026-08-01\n")
    small.run(DAY)
    assert value(small)[1] == 2 * ROWS + 1
    with small.open() as project, project.warehouse() as warehouse:
        copied = warehouse.connection.execute('SELECT n FROM "_own"."lms.log"').fetchall()
        files = warehouse.in_place("lms.log")
    assert copied == [(1,)]
    assert len(files) == 1


def test_a_project_that_was_moved_reads_its_own_files(small: Small, tmp_path: Path) -> None:
    """After a move, and after a copy, a run with new rows gives the right value."""
    moved = Small(tmp_path / "second")
    shutil.copytree(small.root, moved.root)
    shutil.rmtree(small.root)
    moved.write("data/2.csv", f"id,n,at\n{ROWS},1,2026-08-01\n")
    report = moved.run(DAY)
    assert report.sources["lms"].streams["lms.log"].remade
    assert value(moved)[1] == 2 * ROWS + 1


def test_a_changed_byte_of_the_file_is_never_measured(small: Small) -> None:
    """Where the stored file is not what was stored, its metrics fail and say which file it is."""
    with small.open() as project:
        batch = project.store.batches("lms.log")[0]
        assert batch.rows_file is not None
        path = project.files.path(batch.rows_file)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    small.write("data/2.csv", f"id,n,at\n{ROWS},1,2026-08-01\n")
    report = small.run(DAY)
    assert report.scores is not None
    assert "it was changed" in report.scores.errors["logged"]
    assert value(small)[0] not in ("on_track", "achieved")
