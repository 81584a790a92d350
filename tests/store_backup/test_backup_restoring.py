"""Restoring: equal to what was backed up, or refused with the name of what is damaged."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backup_builders import DAY, Kept, flip, tree
from store_postgres import Server
from test_faults import state
from test_store_migrations import ADDED

from scoreline.cli.keeping import backup_project, restore_project
from scoreline.cli.showing import show_status
from scoreline.core.digests import digest_of
from scoreline.core.errors import LockedError, ScorelineError, StoreError, UsageError
from scoreline.store import backup as store_copy
from scoreline.store import migrating
from scoreline.store.schema import HEAD
from scoreline.store.store import ControlStore
from scoreline.warehouse.lock import project_lock

WITHOUT = ("lock", "backup.lock", "warehouse.duckdb", "control.db-wal", "control.db-shm")


@pytest.mark.parametrize("name", ["b", "b.zip"])
def test_a_round_trip_gives_the_same_project(project: Kept, tmp_path: Path, name: str) -> None:
    """Folder or archive: same status, ledger, files, keys and definitions; it verifies."""
    project.back_up(tmp_path / name)
    other = Kept(tmp_path / "other")
    report = other.restore(tmp_path / name)
    assert (report.definitions, report.differing, report.moved) == (True, (), None)
    assert other.said() == project.said()
    assert other.findings() == []
    assert tree(other.root / "okr_defs") == tree(project.root / "okr_defs")
    assert other.stored() == [other.root / p.relative_to(project.root) for p in project.stored()]
    key = other.paths.keys / "pseudonym.key"
    assert key.read_bytes() == (project.paths.keys / "pseudonym.key").read_bytes()
    assert key.stat().st_mode & 0o077 == 0
    assert sorted(p.name for p in other.root.iterdir()) == [".scoreline", "okr_defs"]


def test_the_next_run_makes_the_warehouse_again(project: Kept, tmp_path: Path) -> None:
    """After restoring, a run over the same data has the same contents and records nothing."""
    project.back_up(tmp_path / "b")
    other = Kept(tmp_path / "other")
    other.restore(tmp_path / "b")
    shutil.copytree(project.root / "data", other.root / "data")
    blocks = other.said()["blocks"]
    other.run(DAY)
    assert state(other) == state(project)
    assert other.said()["blocks"] == blocks


def test_the_commands_say_the_same_in_json(
    project: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`status --json` is the same text on both sides; the commands' JSON counts agree."""

    def printed(call: Callable[..., int], *given: Any, **more: Any) -> str:
        assert call(*given, **more) == 0
        return capsys.readouterr().out

    other, target = tmp_path / "other", tmp_path / "b"
    taken = json.loads(printed(backup_project, project.root, target, verify=True, json=True))
    put = json.loads(printed(restore_project, other, target, replace=False, json=True))
    assert {k: put[k] for k in put.keys() & taken} == {k: taken[k] for k in put.keys() & taken}
    assert taken["files"] == len(project.stored())
    day = project.clock().date().replace(day=20)
    both = [printed(show_status, root, day, False, True) for root in (project.root, other)]
    assert both[0] == both[1]
    printed(backup_project, project.root, target, verify=False, json=False)
    assert "moved" not in printed(restore_project, tmp_path / "c", target, replace=True, json=False)


def test_a_project_with_state_is_not_overwritten(project: Kept, tmp_path: Path) -> None:
    """Refused without `replace`; with it, what was there lies beside, byte for byte."""
    project.back_up(tmp_path / "b")
    project.write("data/log9.csv", "id,n,at\n9,1,2026-08-07\n")
    project.run(DAY)
    project.write("okr_defs/metrics/m.yaml", "metrics: {}\n")
    before = tree(project.paths.state)
    with pytest.raises(UsageError, match="--replace"):
        project.restore(tmp_path / "b")
    assert tree(project.paths.state) == before
    report = project.restore(tmp_path / "b", replace=True)
    assert report.moved is not None
    assert report.moved.name.startswith(".scoreline.before-20261122T")
    moved = tree(report.moved)
    assert {k: v for k, v in moved.items() if k not in WITHOUT} == {
        k: v for k, v in before.items() if k not in WITHOUT
    }
    assert moved["warehouse.duckdb"] == before["warehouse.duckdb"]
    assert (report.definitions, report.differing) == (False, ("metrics/m.yaml",))
    assert project.findings() == []


@pytest.mark.parametrize("what", ["flipped", "longer", "shorter", "missing"])
@pytest.mark.parametrize(
    "pattern",
    ["files/*/*.csv", "files/*/*.parquet", "control.db", "definitions/*.yaml", "keys/*"],
)
def test_damage_is_refused_by_name(project: Kept, tmp_path: Path, pattern: str, what: str) -> None:
    """One byte changed, added or lost, or a file missing: its name is said, nothing is made."""
    project.back_up(tmp_path / "b")
    damaged = sorted((tmp_path / "b").glob(pattern))[-1]
    content = damaged.read_bytes()
    if what == "flipped":
        flip(damaged)
    elif what == "missing":
        damaged.unlink()
    else:
        damaged.write_bytes(content + b"\n" if what == "longer" else content[:-1])
    other = Kept(tmp_path / "other")
    with pytest.raises(StoreError, match=damaged.relative_to(tmp_path / "b").as_posix()):
        other.restore(tmp_path / "b")
    assert not other.root.exists() or list(other.root.iterdir()) == []


def test_no_byte_of_the_manifest_changes_unnoticed(project: Kept, tmp_path: Path) -> None:
    """A changed byte of `backup.json` is refused, or was a blank that says nothing."""
    project.back_up(tmp_path / "b")
    manifest, said = (
        tmp_path / "b/backup.json",
        json.loads((tmp_path / "b/backup.json").read_text()),
    )
    content = manifest.read_bytes()
    for at in range(0, len(content), 7):
        flip(manifest, at)
        words = ""
        try:
            Kept(tmp_path / "other").restore(tmp_path / "b")
        except (StoreError, UsageError) as error:
            words = str(error)
        if words:
            assert "backup.json" in words or "this release reads form" in words
        else:
            assert json.loads(manifest.read_text()) == said
            shutil.rmtree(tmp_path / "other")
        manifest.write_bytes(content)


@pytest.mark.slow
def test_no_byte_of_an_archive_changes_unnoticed(project: Kept, tmp_path: Path) -> None:
    """With any byte of an archive changed, it is refused, or restores the very same."""
    archive = tmp_path / "b.zip"
    project.back_up(archive)
    content = archive.read_bytes()
    Kept(tmp_path / "sound").restore(archive)
    sound = tree(tmp_path / "sound" / ".scoreline/files")
    refused = 0
    places = [
        *range(0, len(content), len(content) // 50),
        *range(len(content) - 99, len(content), 3),
    ]
    for at in places:
        flip(archive, at)
        other = Kept(tmp_path / "other")
        try:
            other.restore(archive)
        except ScorelineError:
            refused += 1
            assert not other.paths.state.exists()
        else:
            assert tree(other.paths.files) == sound
            shutil.rmtree(other.root)
        archive.write_bytes(content)
    assert refused > len(places) // 2


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "files/../../x",
        "/etc/x",
        "keys/../../x",
        "other/x",
        "keys\\..\\x",
        "files/ab/x",
        "x",
    ],
)
def test_no_path_leads_out_of_the_project(project: Kept, tmp_path: Path, path: str) -> None:
    """A manifest whose digest is right, but which names a file elsewhere, is refused."""
    project.back_up(tmp_path / "b")
    manifest = tmp_path / "b/backup.json"
    body = json.loads(manifest.read_text())
    del body["sha256"]
    body["entries"][-1]["path"] = path
    manifest.chmod(0o600)
    manifest.write_text(json.dumps({**body, "sha256": digest_of(body)}))
    with pytest.raises(StoreError, match=r"backup\.json"):
        Kept(tmp_path / "other").restore(tmp_path / "b")
    assert not (tmp_path / "other").exists()


def test_what_is_no_backup_is_said(project: Kept, tmp_path: Path) -> None:
    """Nothing there, another folder, another file, a newer form: each has its words."""
    project.back_up(tmp_path / "b")
    body = json.loads((tmp_path / "b/backup.json").read_text())
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer/backup.json").write_text(json.dumps({**body, "backup": 2}))
    (tmp_path / "file.zip").write_text("x")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("x", "x")
    for name, words in {
        "none": "there is no backup at",
        "project": "is no backup",
        "other.zip": "is no backup",
        "file.zip": "neither a folder nor",
        "newer": "upgrade Scoreline",
    }.items():
        with pytest.raises(UsageError, match=words):
            Kept(tmp_path / "other").restore(tmp_path / name)


def test_a_backup_that_lacks_a_file_is_restored_and_verify_says_so(
    project: Kept, tmp_path: Path
) -> None:
    """What the project had lost before is missing after, and is a finding there too."""
    lost = project.stored()[0]
    lost.unlink()
    project.back_up(tmp_path / "b")
    other = Kept(tmp_path / "other")
    assert len(other.restore(tmp_path / "b").manifest.absent) == 1
    assert any(lost.name in what for _, what in other.findings())


def test_a_killed_restore_is_begun_again(project: Kept, tmp_path: Path) -> None:
    """What a killed restore left aside is removed; one that still goes on is not disturbed."""
    project.back_up(tmp_path / "b")
    other = Kept(tmp_path / "other")
    other.write(".scoreline.restoring/lock", "{}")
    other.write(".scoreline.restoring/control.db", "half")
    other.write(".scoreline.restoring/files/ab/abc", "half")
    lock = other.root / ".scoreline.restoring/lock"
    with project_lock(lock, "restore", other.clock()), pytest.raises(LockedError):
        other.restore(tmp_path / "b")
    other.restore(tmp_path / "b")
    assert other.said() == project.said()
    assert tree(other.paths.files) == tree(project.paths.files)


def test_an_older_backup_is_brought_forward(
    project: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup of an older schema restores in the newer one, and can still be taken of one."""
    project.back_up(tmp_path / "b")
    folder = tmp_path / "migrations"
    shutil.copytree(migrating.MIGRATIONS, folder)
    (folder / "versions" / "v9000_colour.py").write_text(ADDED)
    monkeypatch.setitem(migrating.bring_up.__kwdefaults__, "folder", folder)
    monkeypatch.setitem(migrating.bring_up.__kwdefaults__, "head", "9000")
    monkeypatch.setattr(store_copy, "HEAD", "9000")
    before = (tmp_path / "b/control.db").read_bytes()
    assert project.back_up(tmp_path / "b2").manifest.schema == HEAD
    other = Kept(tmp_path / "other")
    other.restore(tmp_path / "b2")
    assert (tmp_path / "b/control.db").read_bytes() == before
    store = ControlStore.open(f"sqlite:///{other.paths.state / 'control.db'}")
    with store._read() as connection:
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    store.close()
    assert version == "9000"
    assert other.said() == project.said()


def test_a_newer_backup_is_refused(project: Kept, tmp_path: Path) -> None:
    """The store of a newer release is named as such, and nothing is put in place."""
    control = project.paths.state / "control.db"
    store = ControlStore.open(f"sqlite:///{control}")
    project.back_up(tmp_path / "b")
    with store._write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    store_copy.snapshot(f"sqlite:///{control}", tmp_path / "newer.db")
    with pytest.raises(StoreError, match="newer release wrote it"):
        store_copy.bring_forward(tmp_path / "newer.db")
    with pytest.raises(StoreError, match="newer release wrote it"):
        project.back_up(tmp_path / "b")


def test_a_project_moves_to_postgresql_and_back(
    server: Server, project: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite to PostgreSQL and back to SQLite: the same answers and ledger at every stop."""
    said = project.said()
    project.back_up(tmp_path / "b")
    monkeypatch.setenv("SCORELINE_STORE", server.new_database())
    moved = Kept(tmp_path / "moved")
    moved.restore(tmp_path / "b")
    assert not (moved.paths.state / "control.db").exists()
    assert moved.said() == said
    assert moved.findings() == []
    shutil.copytree(project.root / "data", moved.root / "data")
    moved.write("data/log9.csv", "id,n,at\n9,1,2026-08-07\n")
    moved.run(DAY)
    later = moved.said()
    report = moved.back_up(tmp_path / "b2", check=True)
    monkeypatch.delenv("SCORELINE_STORE")
    back = Kept(tmp_path / "back")
    back.restore(tmp_path / "b2")
    assert back.said() == later
    assert back.findings() == []
    assert report.manifest.blocks == len(said["blocks"]) + 1


def test_a_database_with_other_contents_is_refused(
    server: Server, project: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a database holds is not overwritten; one that holds just this is taken as it is."""
    project.back_up(tmp_path / "b")
    monkeypatch.setenv("SCORELINE_STORE", server.new_database())
    Kept(tmp_path / "one").restore(tmp_path / "b")
    Kept(tmp_path / "again").restore(tmp_path / "b")
    assert Kept(tmp_path / "again").said()["blocks"]
    other = Kept(tmp_path / "again")
    shutil.copytree(project.root / "data", other.root / "data")
    other.write("data/log9.csv", "id,n,at\n9,1,2026-08-07\n")
    other.run(DAY)
    with pytest.raises(UsageError, match="name an empty database"):
        Kept(tmp_path / "three").restore(tmp_path / "b")
    assert not (tmp_path / "three/.scoreline").exists()


def test_any_database_by_url_can_be_restored_into(
    project: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A SQLite file that SCORELINE_STORE names is filled as well, if it is empty."""
    project.back_up(tmp_path / "b")
    monkeypatch.setenv("SCORELINE_STORE", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    other = Kept(tmp_path / "other")
    other.restore(tmp_path / "b")
    assert other.said()["records"]
    assert other.findings() == []
