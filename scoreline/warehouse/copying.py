"""Where a backup's files are written: a folder or a ZIP archive, hashed on the way.

What belongs here: bytes into a folder or an archive, and their digests. What does not:
which files those are (steps.backing_up), and the project's own files (files).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from scoreline.core.errors import WarehouseError
from scoreline.warehouse.files import sha256_of

_CHUNK = 1 << 20
PRIVATE = 0o600
"""The mode of a file that its owner alone may read."""


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


def copy_hashed(
    source: Readable, target: Path, *, limit: int | None = None, mode: int = PRIVATE
) -> tuple[str, int]:
    """Copy bytes into a new file, and sync it.

    Args:
        source: what is read to its end.
        target: the new file; folders above it are made.
        limit: stop after the first piece that goes beyond so many bytes.
        mode: who may read it; by default its owner alone.

    Returns:
        SHA-256 and size of what was written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        hasher, size = hashlib.sha256(), 0
        for piece in _pieces(source):
            hasher.update(piece)
            size += len(piece)
            file.write(piece)
            if limit is not None and size > limit:
                break
        file.flush()
        os.fsync(file.fileno())
    return hasher.hexdigest(), size


def _pieces(source: Readable) -> Iterator[bytes]:
    while piece := source.read(_CHUNK):
        yield piece


def _changed(path: Path, found: str) -> WarehouseError:
    return WarehouseError(f"{path} has the digest {found[:12]}…: it was changed")


class Sink(Protocol):
    """A backup that is being written."""

    def take_over(self, name: str, size: int) -> Path | None:
        """Keep a file of the backup before, if it is there with that size; says where."""
        ...

    def drop(self, name: str) -> None:
        """Take a file out again."""
        ...

    def add(self, name: str, source: Path, expected: str | None = None) -> tuple[str, int]:
        """Add a file; its SHA-256 and size.

        Raises:
            WarehouseError: it has not the expected SHA-256; nothing was added.
            OSError: it cannot be read or written.
        """
        ...


class FolderSink:
    """A folder; files of the backup before are linked, or copied where that cannot be."""

    def __init__(self, folder: Path, former: Path | None) -> None:
        self._folder, self._former = folder, former

    def take_over(self, name: str, size: int) -> Path | None:
        """Keep a file of the backup before, if it is there with that size; says where."""
        if self._former is None:
            return None
        known, target = self._former / name, self._folder / name
        if not known.is_file() or known.stat().st_size != size:
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(known, target)
        except OSError:  # the file system knows no links
            shutil.copyfile(known, target)
        return target

    def drop(self, name: str) -> None:
        """Take a file out again; that of the backup before stays."""
        (self._folder / name).unlink()

    def add(self, name: str, source: Path, expected: str | None = None) -> tuple[str, int]:
        """Add a file; its SHA-256 and size.

        Raises:
            WarehouseError: it has not the expected SHA-256; nothing was added.
            OSError: it cannot be read or written.
        """
        with source.open("rb") as file:
            found = copy_hashed(file, self._folder / name)
        if expected is not None and found[0] != expected:
            self.drop(name)
            raise _changed(source, found[0])
        return found


class ZipSink:
    """A ZIP archive; nothing is taken over from the one before."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def take_over(self, name: str, size: int) -> Path | None:
        """Nothing."""
        return None

    def drop(self, name: str) -> None:
        """Never called: nothing is taken over."""

    def add(self, name: str, source: Path, expected: str | None = None) -> tuple[str, int]:
        """Add a file; its SHA-256 and size.

        Raises:
            WarehouseError: it has not the expected SHA-256; nothing was added.
            OSError: it cannot be read or written.
        """
        found = sha256_of(source)
        if expected is not None and found[0] != expected:
            raise _changed(source, found[0])
        entry = zipfile.ZipInfo.from_file(source, name, strict_timestamps=False)
        packed = source.suffix == ".parquet"
        entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        entry.external_attr = PRIVATE << 16
        with source.open("rb") as file, self._archive.open(entry, "w") as target:
            hasher = hashlib.sha256()
            for piece in _pieces(file):
                hasher.update(piece)
                target.write(piece)
        if hasher.hexdigest() != found[0]:
            raise OSError(f"{source} changed while it was copied")
        return found
