"""Copying a file aside while it is hashed, so that what is parsed is what was hashed.

What belongs here: the copy and its digest, and local files that change meanwhile. What does
not: making the copy permanent (the caller's landing).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from connectors.clock import Clock
from connectors.errors import PermanentError, TransientError
from connectors.files.failures import CHUNK, reading_failed
from connectors.files.options import EXTENSIONS, PACKED
from connectors.files.places import Copied


class Readable(Protocol):
    """Bytes to be read."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, `size` at most; empty at the end."""
        ...


def copy_aside(
    source: Path,
    name: str,
    work: Path,
    clock: Clock,
    signature_of: Callable[[os.stat_result, datetime], str],
) -> Copied:
    """Copies the local file `source` into the folder `work`.

    Raises:
        TransientError: it vanished, or changed while it was copied.
        PermanentError: it may not be read, or the copy cannot be written.
    """
    moment = clock()
    with _open(source, name) as file:
        before = os.fstat(file.fileno())

        def unchanged(size: int) -> str:
            if _moved(before, os.fstat(file.fileno())) or size != before.st_size:
                raise changed_meanwhile(name)
            return signature_of(before, moment)

        return pour_aside(file, name, work, unchanged)


def pour_aside(file: Readable, name: str, work: Path, unchanged: Callable[[int], str]) -> Copied:
    """Copies what `file` gives into the folder `work`, under its digest; nothing half stays.

    Args:
        file: the bytes, as the object called `name`.
        name: for errors, and for the copy's extension.
        work: the folder.
        unchanged: given the number of bytes, gives the signature of what was copied, or
            raises where the object changed meanwhile.

    Raises:
        PermanentError: the copy cannot be written.
        ConnectorError: what `file` and `unchanged` raise.
    """
    partial = work / f"{os.getpid()}-{hashlib.sha256(name.encode()).hexdigest()[:16]}.part"
    try:
        digest, size = _pour(file, partial, name)
        signature = unchanged(size)
        path = work / (digest + _suffixes(name))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return Copied(path, digest, size, signature)


def changed_meanwhile(name: str) -> TransientError:
    """The error for an object that is not what it was when its copy began."""
    return TransientError(
        "changed while it was being copied", where=name, do="Run again when it is complete"
    )


def _open(source: Path, name: str) -> IO[bytes]:
    try:
        return source.open("rb")
    except OSError as error:
        raise reading_failed(error, name) from error


def _pour(file: Readable, partial: Path, name: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    try:
        with partial.open("wb") as out:
            while chunk := _read(file, name):
                digest.update(chunk)
                size += out.write(chunk)
    except OSError as error:
        raise PermanentError(
            f"the copy cannot be written: {error.strerror or error}",
            where=name,
            do="Free space in, or the right to write to, the work folder; then run again",
        ) from error
    return digest.hexdigest(), size


def _read(file: Readable, name: str) -> bytes:
    try:
        return file.read(CHUNK)
    except OSError as error:
        raise reading_failed(error, name) from error


def _moved(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)


def _suffixes(name: str) -> str:
    known = [s for s in PurePosixPath(name.lower()).suffixes[-2:] if s in EXTENSIONS or s in PACKED]
    return "".join(known)
