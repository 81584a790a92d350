"""Taking backups: what is in them, what is kept, what is refused, and while a run goes on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from backup_builders import DAY, TESTS, Kept, flip, tree

from scoreline.core.digests import digest
from scoreline.core.errors import ScorelineError, StoreError, UsageError
from scoreline.store.store import ControlStore

LOOP = """\
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {tests!r} + "/flow"]
from flow_builders import Small
small = Small(Path({root!r}))
n = 10
while not Path({stop!r}).exists():
    n += 1
    small.write(f"data/log{{n}}.csv", f"id,n,at\\n{{n}},1,2026-08-07\\n")
    small.run({day!r})
"""


def test_a_backup_lists_all_that_it_holds(project: Kept, tmp_path: Path) -> None:
    """`backup.json` has the digest and size of every other file, and there is no other."""
    project.back_up(tmp_path / "b")
    held = tree(tmp_path / "b")
    said = json.loads(held.pop("backup.json"))
    listed = {e["path"]: (e["sha256"], e["size"]) for e in said["entries"]}
    assert listed == {name: (digest(content), len(content)) for name, content in held.items()}
    assert {f"files/{p.parent.name}/{p.name}" for p in project.stored()} <= set(held)
    assert {"control.db", "keys/pseudonym.key", "definitions/organisation.yaml"} <= set(held)
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0


def test_nothing_is_left_beside_a_backup(project: Kept, tmp_path: Path) -> None:
    """A folder or an archive appears, nothing else; the project's store is not touched."""
    before = project.said()
    project.back_up(tmp_path / "out" / "b")
    project.back_up(tmp_path / "out" / "b.zip")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["b", "b.zip"]
    assert project.said() == before


def test_what_is_there_is_not_copied_again(project: Kept, tmp_path: Path) -> None:
    """A second backup copies the files that are new, and keeps those it has."""
    first = project.back_up(tmp_path / "b")
    project.write("data/log9.csv", "id,n,at\n9,1,2026-08-07\n")
    project.run(DAY)
    second = project.back_up(tmp_path / "b")
    assert (first.kept, second.kept) == (0, first.copied)
    assert 0 < second.copied < first.copied
    assert second.manifest.blocks > first.manifest.blocks


def test_verifying_copies_a_damaged_file_again(project: Kept, tmp_path: Path) -> None:
    """A file of a backup that was changed without changing its size is found by `verify`."""
    project.back_up(tmp_path / "b")
    damaged = next(p for p in (tmp_path / "b/files").rglob("*.csv"))
    flip(damaged)
    assert project.back_up(tmp_path / "b").copied == 0
    assert project.back_up(tmp_path / "b", check=True).copied == 1
    assert digest(damaged.read_bytes()) == damaged.stem


def test_a_lost_file_is_said_and_does_not_stop_the_rest(project: Kept, tmp_path: Path) -> None:
    """Without a stored file, or with a changed one, the rest is backed up and both named."""
    lost, changed = project.stored()[:2]
    lost.unlink()
    flip(changed)
    for name in ("b", "b.zip"):
        absent = project.back_up(tmp_path / name).manifest.absent
        assert [a.path.rsplit("/", 1)[1] for a in absent] == [lost.name, changed.name]
        assert "missing" in absent[0].why
        assert "was changed" in absent[1].why
        assert all("ledger record" in a.why for a in absent)


def test_a_backup_keeps_what_the_project_lost(project: Kept, tmp_path: Path) -> None:
    """A stored file that an earlier backup has stays in it after the project lost it."""
    project.back_up(tmp_path / "b")
    project.stored()[0].unlink()
    assert project.back_up(tmp_path / "b").manifest.absent == ()


def test_another_history_does_not_replace_a_backup(project: Kept, tmp_path: Path) -> None:
    """A project that was made anew does not overwrite the backup of the one that was lost."""
    for name in ("b", "b.zip"):
        project.back_up(tmp_path / name)
    held = tree(tmp_path / "b")
    shutil.rmtree(project.paths.state)
    with project.open():
        pass
    for name in ("b", "b.zip"):
        with pytest.raises(UsageError, match="records that this project does not have"):
            project.back_up(tmp_path / name)
    project.run(DAY)
    with pytest.raises(UsageError, match="name another place"):
        project.back_up(tmp_path / "b")
    assert tree(tmp_path / "b") == held


def test_other_things_are_not_overwritten(project: Kept, tmp_path: Path) -> None:
    """Folders and files that are no backup, and the project's own, are left alone."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/me.jpg").touch()
    (tmp_path / "notes.zip").write_text("not an archive")
    (tmp_path / "notes").write_text("notes")
    state = project.paths.state
    for place in ("photos", "notes.zip", "notes", "project/.scoreline/b", "project/okr_defs", "."):
        with pytest.raises(UsageError, match="name "):
            project.back_up((tmp_path / place).resolve())
    assert (tmp_path / "notes.zip").read_text() == "not an archive"
    assert not (state / "b").exists()
    (tmp_path / "empty").mkdir()
    assert project.back_up(tmp_path / "empty").copied


def test_a_damaged_store_does_not_replace_a_backup(project: Kept, tmp_path: Path) -> None:
    """Pages of the store that are torn, and with `verify` an edited row, are refused."""
    project.back_up(tmp_path / "b")
    held = tree(tmp_path / "b")
    control = project.paths.state / "control.db"
    sound = control.read_bytes()
    store = ControlStore.open(f"sqlite:///{control}")
    with store._write() as connection:
        connection.exec_driver_sql("UPDATE scores SET status = 'achieved'")
    store.close()
    with pytest.raises(StoreError, match="does not verify"):
        project.back_up(tmp_path / "b", check=True)
    control.write_bytes(sound[:8192] + b"\xff" * 4096 * 40 + sound[8192 + 4096 * 40 :])
    with pytest.raises(StoreError):
        project.back_up(tmp_path / "b")
    assert tree(tmp_path / "b") == held


def test_a_project_without_state_is_named(project: Kept, tmp_path: Path) -> None:
    """Where nothing ever ran, there is nothing to back up, and nothing is made."""
    shutil.rmtree(project.paths.state)
    with pytest.raises(UsageError, match="no state"):
        project.back_up(tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_backup_that_was_killed_leaves_the_one_before(project: Kept, tmp_path: Path) -> None:
    """Killed between its two renamings, the backup before comes back; leftovers go."""
    project.back_up(tmp_path / "b")
    (tmp_path / "b").rename(tmp_path / ".b.old")
    (tmp_path / ".b.new").mkdir()
    (tmp_path / ".b.new/control.db").touch()
    assert project.back_up(tmp_path / "b").copied == 0
    shutil.copytree(tmp_path / "b", tmp_path / ".b.old")
    assert project.back_up(tmp_path / "b").copied == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b", "project"]


def test_a_backup_does_not_wait_for_a_run(project: Kept, tmp_path: Path) -> None:
    """With the project's lock held and a write to the store open, a backup is taken."""
    with project.open() as held, held.working("run"), held.store._write() as connection:
        connection.exec_driver_sql("UPDATE scores SET status = 'half done'")
        project.back_up(tmp_path / "b")
        connection.rollback()
    other = Kept(tmp_path / "other")
    other.restore(tmp_path / "b")
    assert other.findings() == []


def _blocks(project: Kept) -> int:
    with project.open() as opened:
        return len(opened.store.blocks())


@pytest.mark.slow
def test_backups_while_another_process_runs_verify(project: Kept, tmp_path: Path) -> None:
    """Backups taken while runs land, load and record are each whole, and verify."""
    stop = tmp_path / "stop"
    code = LOOP.format(tests=str(TESTS), root=str(project.root), stop=str(stop), day=DAY)
    loop = subprocess.Popen([sys.executable, "-c", code])
    seen, deadline = [], time.monotonic() + 120
    try:
        while len(seen) < 4:
            reached = seen[-1] if seen else _blocks(project)
            while _blocks(project) == reached and time.monotonic() < deadline:
                time.sleep(0.02)
            name = f"b{len(seen)}.zip" if len(seen) == 2 else "b"
            report = project.back_up(tmp_path / name)
            assert report.manifest.absent == ()
            other = Kept(tmp_path / f"other{len(seen)}")
            other.restore(tmp_path / name)
            assert other.findings() == []
            seen.append(report.manifest.blocks)
    finally:
        stop.touch()
        assert loop.wait(timeout=60) == 0
    assert seen == sorted(set(seen))
    assert project.findings() == []


def test_every_refusal_is_for_people(tmp_path: Path) -> None:
    """A folder without a project is an error that says what to do."""
    with pytest.raises(ScorelineError, match="scoreline run"):
        Kept(tmp_path).back_up(tmp_path / "b")
