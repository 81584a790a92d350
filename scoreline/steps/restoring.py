"""Restore: a backup checked to the last byte aside, and then put in a project's place.

What belongs here: checking, placing, and moving what was there out of the way. What does
not: taking a backup (backing_up), the form of `backup.json` (backup_manifest).

Nothing of the project is touched before every digest was found right. What was there is
moved aside and never deleted. The warehouse is in no backup: the next run makes it again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from scoreline.core.errors import UsageError, WarehouseError
from scoreline.definitions.project import FOLDER
from scoreline.steps.backup_manifest import (
    CONTROL,
    Entry,
    Manifest,
    Root,
    damaged,
    opened,
    read_manifest,
    reading,
)
from scoreline.steps.ports import Listener
from scoreline.steps.project import Paths
from scoreline.store import backup as store_copy
from scoreline.warehouse.copying import PRIVATE, copy_hashed
from scoreline.warehouse.files import sha256_of
from scoreline.warehouse.lock import project_lock


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was put in place.

    Attributes:
        manifest: what the backup says of itself.
        moved: where the state that was there lies now; None if there was none.
        definitions: whether the backup's definitions were put in place.
        differing: definition files of the project that are not as in the backup, where
            the project kept its own.
    """

    manifest: Manifest
    moved: Path | None
    definitions: bool
    differing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    """What to restore, and where to.

    `store_url` names an empty database for the control store; None: the state folder.
    `replace` lets state that is there be moved aside.
    """

    source: Path
    paths: Paths
    store_url: str | None
    now: datetime
    replace: bool = False

    @property
    def staging(self) -> Path:
        """Where everything is checked before it is put in place."""
        return self.paths.state.with_name(self.paths.state.name + ".restoring")


def restore_backup(order: RestoreOrder, listener: Listener) -> RestoreReport:
    """Put a backup in a project's place, after every byte of it was checked.

    Raises:
        UsageError: there is no backup, the project has state, or the database is not empty.
        StoreError: the backup is damaged (names the file), or of a newer release.
        WarehouseError: the disk refuses.
        LockedError: a run, or another restore, goes on for too long.
    """
    with opened(order.source) as root:
        manifest = read_manifest(root, order.source)
        _refuse_state(order)
        with _explained(order.paths.root), _locked(order, listener):
            staged = order.staging
            _stage(root, manifest, order, listener)
            if order.store_url is not None:
                store_copy.load(staged / CONTROL, order.store_url)
                (staged / CONTROL).unlink()
            placed, differing = _place_definitions(order, manifest)
            moved = _swap(order)
    return RestoreReport(manifest, moved, placed, differing)


def _refuse_state(order: RestoreOrder) -> None:
    """Raise UsageError where the project has state that may not be moved aside."""
    state = order.paths.state
    if not order.replace and _has_state(state):
        raise UsageError(
            f"{order.paths.root} has state already ({state.name}): restore into another folder, "
            "or give --replace to have it moved aside (it is not deleted)"
        )


def _has_state(state: Path) -> bool:
    return state.is_dir() and next(state.iterdir(), None) is not None


@contextmanager
def _locked(order: RestoreOrder, listener: Listener) -> Iterator[None]:
    """Hold the project, so that no run goes on, and the staging folder, which is emptied.

    The staging folder's lock file becomes the project's own when it is put in place.
    """
    with ExitStack() as held:
        if _has_state(order.paths.state):
            lock = project_lock(order.paths.lock, "restore", order.now, tell=listener.say)
            held.enter_context(lock)
        lock_file = order.staging / order.paths.lock.name
        held.enter_context(project_lock(lock_file, "restore", order.now, wait=0))
        try:
            _empty(order.staging, lock_file)
            yield
        finally:
            shutil.rmtree(order.staging, ignore_errors=True)


def _empty(folder: Path, but: Path) -> None:
    """Remove what a killed restore left."""
    for left in folder.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        elif left != but:
            left.unlink()


def _stage(root: Root, manifest: Manifest, order: RestoreOrder, listener: Listener) -> None:
    """Copy everything aside and check it; the control store first, as it is refused first."""
    control = next((e for e in manifest.entries if e.path == CONTROL), None)
    if control is None:
        raise damaged(order.source, CONTROL, "is not in its list")
    others = [e for e in manifest.entries if e is not control]
    _checked(root, control, order)
    store_copy.bring_forward(order.staging / CONTROL)
    if order.store_url is not None:
        store_copy.refuse_occupied(order.staging / CONTROL, order.store_url)
    (order.staging / "keys").mkdir(mode=0o700)
    listener.begin("checking and copying", len(others))
    try:
        for entry in others:
            _checked(root, entry, order)
            listener.advance(entry.path)
    finally:
        listener.end()


def _checked(root: Root, entry: Entry, order: RestoreOrder) -> None:
    """Copy one file aside.

    Raises:
        StoreError: it is missing or not as it was backed up; names it.
    """
    with reading(order.source, entry.path):
        stream: Any = (root / entry.path).open("rb")
    with stream:
        source = _Source(stream, order.source, entry.path)
        mode = PRIVATE if entry.path.startswith("keys/") else 0o666  # as the umask says
        found = copy_hashed(source, order.staging / entry.path, limit=entry.size, mode=mode)
    if found[1] != entry.size:
        words = "more" if found[1] > entry.size else str(found[1])
        raise damaged(order.source, entry.path, f"has {words} bytes where {entry.size} are due")
    if found[0] != entry.sha256:
        raise damaged(order.source, entry.path, f"has the digest {found[0][:12]}…: it was changed")


@dataclass(frozen=True, slots=True)
class _Source:
    """A file of the backup; what goes wrong while it is read is its damage, not the disk's."""

    stream: Any
    named: Path
    path: str

    def read(self, size: int, /) -> bytes:
        with reading(self.named, self.path):
            piece: bytes = self.stream.read(size)
        return piece


def _place_definitions(order: RestoreOrder, manifest: Manifest) -> tuple[bool, tuple[str, ...]]:
    """Put the definitions in place where the project has none; else say what differs."""
    staged, target = order.staging / "definitions", order.paths.root / FOLDER
    if not staged.is_dir():
        return False, ()
    if not target.exists():
        staged.rename(target)
        return True, ()
    said = {e.path.removeprefix("definitions/"): e.sha256 for e in manifest.below("definitions")}
    found = {
        path.relative_to(target).as_posix(): sha256_of(path)[0]
        for path in target.rglob("*")
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(target).parts)
    }
    shutil.rmtree(staged)
    return False, tuple(sorted(n for n in said.keys() | found if said.get(n) != found.get(n)))


def _swap(order: RestoreOrder) -> Path | None:
    """Move the state that is there aside, and what was staged into its place."""
    state, moved = order.paths.state, None
    if _has_state(state):
        moved = state.with_name(f"{state.name}.before-{order.now:%Y%m%dT%H%M%SZ}")
        if moved.exists():
            raise UsageError(f"{moved} is there already: move it away, then restore again")
        state.rename(moved)
    try:
        order.staging.rename(state)
    except OSError:
        if moved is not None:
            moved.rename(state)
        raise
    return moved


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WarehouseError(
            f"the backup cannot be put into {root}: {error.strerror or error}; the project is "
            "as it was: free space or make the folder writable, then restore again"
        ) from error
