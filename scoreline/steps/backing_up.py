"""Backup: the control store as it is at one moment, and every file that its ledger names.

What belongs here: what goes into a backup and in which order, and putting it in the place
of the one before. What does not: copying the store (store.backup), the form of
`backup.json` (backup_manifest), putting a backup back (restoring).

No lock of a run is needed: stored files are there before a record names them, and are
never changed, so whatever the copy of the store names can be copied after it.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scoreline.core.errors import StoreError, UsageError, WarehouseError
from scoreline.core.records import StoredFile
from scoreline.definitions.project import FOLDER
from scoreline.steps.backup_manifest import (
    CONTROL,
    NAME,
    Absent,
    Entry,
    Manifest,
    opened,
    read_manifest,
)
from scoreline.steps.ports import Listener
from scoreline.steps.project import Paths
from scoreline.store import backup as store_copy
from scoreline.warehouse.copying import PRIVATE, FolderSink, Sink, ZipSink
from scoreline.warehouse.files import FileStore, sha256_of
from scoreline.warehouse.lock import project_lock


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds; of its stored files, how many were copied and how many were there."""

    target: Path
    manifest: Manifest
    copied: int
    kept: int


@dataclass(frozen=True, slots=True)
class Order:
    """What to back up: where the project lies, its control store's URL, and where to.

    `verify` hashes what the backup before holds already, and checks the copied store
    against its ledger. `release` is the release that runs.
    """

    paths: Paths
    store_url: str
    target: Path
    now: datetime
    release: str
    verify: bool = False

    @property
    def archive(self) -> bool:
        """Whether the backup is to be a ZIP archive."""
        return self.target.suffix.lower() == ".zip"

    def beside(self, what: str) -> Path:
        """A hidden name beside the target."""
        return self.target.with_name(f".{self.target.name}.{what}")


def take_backup(order: Order, listener: Listener) -> BackupReport:
    """Take a backup; the one before at that place is replaced when the new one is whole.

    Returns:
        What it holds. Stored files that the project has lost are in `manifest.absent`.

    Raises:
        UsageError: the target is something else, lies in the project's state, or holds a
            backup of what this project never held.
        StoreError: there is no control store, or it is damaged.
        WarehouseError: the disk refuses.
        LockedError: another backup of the project goes on for too long.
    """
    _refuse_place(order)
    state = order.paths.state
    if not state.is_dir():
        raise UsageError(f"{order.paths.root} has no state to back up: `scoreline run` makes it")
    with (
        _explained(order.target),
        project_lock(state / "backup.lock", "backup", order.now, tell=listener.say),
        _work(order) as work,
    ):
        snapshot = work / CONTROL
        store_copy.snapshot(order.store_url, snapshot)
        contents = store_copy.contents(snapshot)
        former = _former(order, contents)
        if order.verify:
            _refuse_findings(snapshot)
        with _sink(work / order.target.name, order.archive, former) as sink:
            collected = _Collected(order, sink)
            collected.own_files(snapshot)
            collected.stored_files(contents.files, listener)
            manifest = collected.manifest(contents)
            (work / NAME).write_text(manifest.as_text(), encoding="utf-8")
            sink.add(NAME, work / NAME)
        _replace(work / order.target.name, order)
    return BackupReport(order.target, manifest, collected.copied, collected.kept)


class _Collected:
    """Files on their way into a backup, and the manifest that they make."""

    def __init__(self, order: Order, sink: Sink) -> None:
        self._order, self._sink = order, sink
        self._files = FileStore(order.paths.files)
        self._entries: list[Entry] = []
        self._absent: list[Absent] = []
        self.copied = self.kept = 0

    def own_files(self, snapshot: Path) -> None:
        """The store's copy, the project's keys and its definitions."""
        self._add(CONTROL, snapshot)
        paths = self._order.paths
        for top, folder in (("keys", paths.keys), ("definitions", paths.root / FOLDER)):
            for path in sorted(folder.rglob("*")):
                inside = path.relative_to(folder)
                if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                    self._add(f"{top}/{inside.as_posix()}", path)

    def _add(self, name: str, path: Path) -> None:
        self._entries.append(Entry(name, *self._sink.add(name, path)))

    def stored_files(self, files: Mapping[StoredFile, str], listener: Listener) -> None:
        """Every stored file, from the backup before where it has it."""
        listener.begin("copying stored files", len(files))
        try:
            for file in sorted(files, key=lambda f: f.name):
                self._stored(file, files[file])
                listener.advance()
        finally:
            listener.end()

    def _stored(self, file: StoredFile, place: str) -> None:
        name = f"files/{file.name}"
        if self._taken_over(name, file):
            self.kept += 1
        else:
            try:
                self._sink.add(name, self._files.path(file), file.digest)
            except WarehouseError as error:
                self._absent.append(Absent(name, f"{error} ({place} names it)"))
                return
            self.copied += 1
        self._entries.append(Entry(name, file.digest, file.size))

    def _taken_over(self, name: str, file: StoredFile) -> bool:
        taken = self._sink.take_over(name, file.size)
        if taken is None:
            return False
        if self._order.verify and sha256_of(taken)[0] != file.digest:
            self._sink.drop(name)
            return False
        return True

    def manifest(self, contents: store_copy.Contents) -> Manifest:
        """What was collected."""
        return Manifest(
            release=self._order.release,
            schema=contents.schema,
            taken_at=self._order.now.isoformat(timespec="seconds"),
            records=contents.records,
            blocks=len(contents.blocks),
            newest_block=contents.blocks[-1] if contents.blocks else None,
            entries=tuple(self._entries),
            absent=tuple(self._absent),
        )


def _refuse_place(order: Order) -> None:
    """Raise UsageError where no backup may be written."""
    target, paths = order.target, order.paths
    for taken in (paths.state, paths.root / FOLDER):
        if target.is_relative_to(taken) or taken.is_relative_to(target):
            raise UsageError(f"a backup cannot lie at {target}: {taken} does; name another place")
    if order.archive:
        wrong = target.exists() and not target.is_file()
    else:
        empty = target.is_dir() and next(target.iterdir(), None) is None
        wrong = target.exists() and not empty and not (target / NAME).is_file()
    if wrong:
        raise UsageError(
            f"{target} is there and is no backup: name a new or empty folder, an earlier "
            "backup, or a file that ends in .zip"
        )


def _former(order: Order, contents: store_copy.Contents) -> Path | None:
    """The backup before, if it is a folder whose files can be kept.

    Raises:
        UsageError: it is damaged, or holds what the project never held.
    """
    target = order.target
    if not target.exists() or (target.is_dir() and not (target / NAME).exists()):
        return None
    try:
        with opened(target) as root:
            before = read_manifest(root, target)
    except (StoreError, UsageError) as error:
        raise UsageError(f"{error}; move {target.name} away, or name another place") from error
    known = contents.blocks[before.blocks - 1 : before.blocks]
    if before.blocks and known != (before.newest_block,):
        raise UsageError(
            f"{target} holds a backup of {before.taken_at} with records that this project does "
            "not have (another project, or this one before it was made anew or restored): it is "
            "not replaced; move it away, or name another place"
        )
    return None if order.archive else target


def _refuse_findings(snapshot: Path) -> None:
    """Raise StoreError where the copied store does not say what its ledger says."""
    found = store_copy.findings(snapshot)
    if found:
        raise StoreError(
            f"the control store does not verify ({len(found)} findings, the first: {found[0]}): "
            "nothing was backed up, and the backup before was left as it is; `scoreline verify` "
            "lists them"
        )


@contextmanager
def _work(order: Order) -> Iterator[Path]:
    """A folder beside the target for what is under way; what a killed backup left goes."""
    order.target.parent.mkdir(parents=True, exist_ok=True)
    work, old = order.beside("new"), order.beside("old")
    if old.exists():
        if order.target.exists():
            shutil.rmtree(old)
        else:
            old.rename(order.target)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _sink(place: Path, archive: bool, former: Path | None) -> Iterator[Sink]:
    """Where the files go: a new folder or archive at `place`."""
    if not archive:
        place.mkdir(mode=0o700)
        yield FolderSink(place, former)
        return
    handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(handle, "w+b") as file:
        with zipfile.ZipFile(file, "w") as made:
            yield ZipSink(made)
        file.flush()
        os.fsync(file.fileno())


def _replace(made: Path, order: Order) -> None:
    """Put a whole backup in the place of the one before, which comes back if that fails."""
    target, old = order.target, order.beside("old")
    if order.archive or not target.exists():
        made.replace(target)
        return
    target.rename(old)
    try:
        made.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WarehouseError(
            f"the backup {target} cannot be written: {error.strerror or error}; the one before, "
            "if any, was left as it is: free space, make the folder above it writable (it must "
            "not be a mount point itself), then try again"
        ) from error
