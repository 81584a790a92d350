"""`backup.json`: what a backup says of itself, and finding a file of it damaged.

What belongs here: the manifest's form, reading a backup that is a folder or an archive.
What does not: taking a backup (backing_up), putting one in place (restoring).

    backup.json     this manifest      control.db     the control store, one SQLite file
    files/ab/…      stored files       definitions/…  a copy of okr_defs
    keys/…          the project's own keys
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from scoreline.core.digests import digest_of
from scoreline.core.errors import StoreError, UsageError

NAME = "backup.json"
CONTROL = "control.db"
FORM = 1
"""The version of a backup's form."""

_TOPS = ("files", "definitions", "keys")
_STORED = re.compile(r"files/([0-9a-f]{2})/(\1[0-9a-f]{62})(\.[A-Za-z0-9.]+)?")
_UNREADABLE = (OSError, KeyError, EOFError, ValueError, RuntimeError, zlib.error)

Root = Path | zipfile.Path
"""The top of a backup: a folder, or an archive's inside."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a backup: its path there, SHA-256, size in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Absent:
    """A stored file that the project had lost when the backup was taken, and what was found."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Attributes:
        release: the release of Scoreline that took it.
        schema: the control store's schema version.
        taken_at: when, UTC ISO 8601.
        records: how many records the ledger has.
        blocks: how many blocks the ledger has.
        newest_block: the newest block's digest; None without one.
        entries: every file but the manifest itself.
        absent: stored files that could not be had.
    """

    release: str
    schema: str
    taken_at: str
    records: int
    blocks: int
    newest_block: str | None
    entries: tuple[Entry, ...]
    absent: tuple[Absent, ...] = ()

    def below(self, top: str) -> tuple[Entry, ...]:
        """The entries below one of the backup's folders."""
        return tuple(e for e in self.entries if e.path.startswith(f"{top}/"))

    def as_text(self) -> str:
        """The text of `backup.json`, with a SHA-256 of all it says."""
        body = {"backup": FORM, **json.loads(json.dumps(asdict(self)))}
        return json.dumps({**body, "sha256": digest_of(body)}, indent=1, ensure_ascii=False) + "\n"


def read_manifest(root: Root, named: Path) -> Manifest:
    """What the backup at `named` says of itself.

    Raises:
        UsageError: there is no backup, or a newer release wrote it.
        StoreError: its manifest is damaged.
    """
    place = root / NAME
    if not place.is_file():
        raise UsageError(f"{named} is no backup: it has no {NAME}")
    try:
        body = json.loads(place.read_bytes())
        said = body.pop("sha256")
        if body["backup"] != FORM:
            raise UsageError(
                f"{named} is a backup of form {body['backup']}, this release reads form {FORM}: "
                "upgrade Scoreline"
            )
        if digest_of(body) != said:
            raise damaged(named, NAME, "does not have its digest")
        return _manifest(body)
    except (*_UNREADABLE, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise damaged(named, NAME, f"cannot be read ({error})") from error


def _manifest(body: Mapping[str, Any]) -> Manifest:
    fields = {k: v for k, v in body.items() if k != "backup"}
    fields["entries"] = tuple(_legal(Entry(**e)) for e in body["entries"])
    fields["absent"] = tuple(Absent(**a) for a in body["absent"])
    return Manifest(**fields)


def _legal(entry: Entry) -> Entry:
    """The entry, if its path cannot lead out of the backup.

    Raises:
        ValueError: it can, or a stored file's name is not its digest.
    """
    path = PurePosixPath(entry.path)
    inside = str(path) == entry.path and ".." not in path.parts and not path.is_absolute()
    top = path.parts[0] if len(path.parts) > 1 else ""
    if entry.path != CONTROL and not (inside and top in _TOPS and "\\" not in entry.path):
        raise ValueError(f"illegal path {entry.path!r}")
    stored = _STORED.fullmatch(entry.path)
    if top == "files" and (stored is None or stored[2] != entry.sha256):
        raise ValueError(f"{entry.path!r} is no name of a stored file")
    return entry


def damaged(named: Path, name: str, what: str) -> StoreError:
    """The error that a backup's file is damaged."""
    return StoreError(
        f"the backup {named} is damaged: {name} {what}; nothing was put in place, take another "
        "backup"
    )


@contextmanager
def opened(named: Path) -> Iterator[Root]:
    """The inside of a backup.

    Raises:
        UsageError: there is nothing there, or something else.
    """
    if named.is_dir():
        yield named
        return
    if not named.exists():
        raise UsageError(f"there is no backup at {named}: name a folder or a .zip file")
    try:
        with zipfile.ZipFile(named) as archive:
            yield zipfile.Path(archive)
    except zipfile.BadZipFile as error:
        raise UsageError(f"{named} is neither a folder nor a whole ZIP archive: {error}") from error


@contextmanager
def reading(named: Path, name: str) -> Iterator[None]:
    """Turn whatever goes wrong while a file of a backup is read into its damage."""
    try:
        yield
    except (*_UNREADABLE, zipfile.BadZipFile) as error:
        words = "is missing" if isinstance(error, FileNotFoundError | KeyError) else str(error)
        raise damaged(named, name, words) from error
