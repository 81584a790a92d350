"""A folder on this machine: which files match, their signatures, and reading them.

What belongs here: listing and opening local files. What does not: which of them are new, and
what is inside a file.

A signature is size, times and inode. It is marked where it was taken within two seconds of the
file's last change: a file system's clock is coarse, and a file can change twice within a tick.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connectors.clock import Clock
from connectors.errors import PermanentError, TransientError
from connectors.files.copying import copy_aside
from connectors.files.failures import CHUNK, reading_failed
from connectors.files.matching import is_hidden, is_unfinished
from connectors.files.news import FRESH
from connectors.files.options import FilesStream
from connectors.files.places import Copied, Found, Listing

SETTLED_NS = 2_000_000_000
NS = 1_000_000_000


def _age(status: os.stat_result, now: datetime) -> int:
    """Nanoseconds since the last change; negative where the clocks disagree."""
    return int(now.timestamp() * NS) - status.st_ctime_ns


def signature_of(status: os.stat_result, now: datetime) -> str:
    """Size, modification and change time (ns) and inode; marked where too fresh to trust."""
    newest = max(status.st_mtime_ns, status.st_ctime_ns)
    rested = int(now.timestamp() * NS) - newest >= SETTLED_NS
    text = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
    return text if rested else FRESH + text


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """The folder at `path`, which the definition writes as `shown`."""

    path: Path
    shown: str
    clock: Clock

    def files(self, options: FilesStream) -> Listing:
        """The regular files that match, in the order of their names.

        Names that begin with a dot match only a pattern that writes the dot.

        Raises:
            PermanentError: no such folder, it cannot be read, or a match leads out of it.
        """
        self._refuse_unreadable()
        now, inside = self.clock(), self.path.resolve()
        found, unsettled, unfinished = [], 0, 0
        for path in self.path.glob(options.glob):
            name = path.relative_to(self.path).as_posix()
            if is_hidden(name, options.glob):
                continue
            status = _regular(path, name, inside)
            if status is None:
                continue
            if is_unfinished(name, options.ignore):
                unfinished += 1
            elif 0 <= _age(status, now) < options.settle_seconds * NS:
                unsettled += 1
            else:
                found.append(Found(name, status.st_size, signature_of(status, now)))
        files = sorted(found, key=lambda entry: entry.name)
        return Listing(tuple(files), unsettled, unfinished)

    def digest(self, name: str) -> str:
        """SHA-256 of a file's bytes, in hex.

        Raises:
            TransientError: it vanished.
            PermanentError: it cannot be read.
        """
        return digest_of(self._locate(name), name)

    def fetch(self, name: str, work: Path, clock: Clock) -> Copied:
        """Copies a file into the folder `work`.

        Raises:
            TransientError: it vanished, or changed while it was copied.
            PermanentError: it may not be read, or the copy cannot be written.
        """
        return copy_aside(self._locate(name), name, work, clock, signature_of)

    @contextmanager
    def opened(self, name: str) -> Iterator[Path]:
        """The file where it is."""
        yield self._locate(name)

    def contents(self) -> list[str]:
        """What is at the top of the folder."""
        return sorted(p.name + ("/" if p.is_dir() else "") for p in self.path.iterdir())

    def _refuse_unreadable(self) -> None:
        if not self.path.is_dir():
            raise PermanentError(
                "no such folder", where=self.shown, do="Create it, or correct the option root"
            )
        if not os.access(self.path, os.R_OK | os.X_OK):  # glob would pass over it in silence
            raise PermanentError(
                "the folder cannot be read",
                where=self.shown,
                do="Give this account the right to read it",
            )

    def _locate(self, name: str) -> Path:
        root = self.path.resolve()
        path = (root / name).resolve()
        where = name if self.shown == "." else f"{self.shown.rstrip('/')}/{name}"
        if not path.is_relative_to(root):
            raise PermanentError("leads out of the folder", where=where, do="Remove the link")
        if not path.is_file():
            raise TransientError("vanished after it was found", where=where, do="Run again")
        return path


def _regular(path: Path, name: str, inside: Path) -> os.stat_result | None:
    """The status of a regular file; None for anything else, and for what has vanished."""
    target = path.resolve()
    if not target.is_relative_to(inside):
        raise PermanentError(
            "a link leads out of the folder",
            where=name,
            do="Replace the link by the file, or make the other folder a source of its own",
        )
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise reading_failed(error, name) from error
    return status if stat.S_ISREG(status.st_mode) else None


def digest_of(path: Path, name: str) -> str:
    """SHA-256 of a file's bytes, in hex.

    Raises:
        TransientError: it vanished.
        PermanentError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise reading_failed(error, name) from error
    return digest.hexdigest()
