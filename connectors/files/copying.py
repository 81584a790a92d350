"""Copying a file aside while it is hashed, so that what is parsed is what was hashed.

What belongs here: the copy, its digest and the signature of what was copied. What does not:
making the copy permanent (the caller's landing).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from connectors.clock import Clock
from connectors.errors import PermanentError, TransientError
from connectors.files.folder import CHUNK, reading_failed, signature_of
from connectors.files.options import EXTENSIONS, PACKED


@dataclass(frozen=True, slots=True)
class Copied:
    """The copy: named by its SHA-256 in hex; `signature` is of the file as copied."""

    path: Path
    digest: str
    size: int
    signature: str


def copy_aside(source: Path, name: str, work: Path, clock: Clock) -> Copied:
    """Copies `source` into the folder `work`.

    Raises:
        TransientError: it vanished, or changed while it was copied.
        PermanentError: it may not be read, or the copy cannot be written.
    """
    moment = clock()
    partial = work / f"{os.getpid()}-{hashlib.sha256(name.encode()).hexdigest()[:16]}.part"
    try:
        with _open(source, name) as file:
            before = os.fstat(file.fileno())
            digest, size = _pour(file, partial, name)
            after = os.fstat(file.fileno())
        if _moved(before, after) or size != before.st_size:
            raise TransientError(
                "changed while it was being copied", where=name, do="Run again when it is complete"
            )
        path = work / (digest + _suffixes(name))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return Copied(path, digest, size, signature_of(before, moment))


def _open(source: Path, name: str) -> IO[bytes]:
    try:
        return source.open("rb")
    except OSError as error:
        raise reading_failed(error, name) from error


def _pour(file: IO[bytes], partial: Path, name: str) -> tuple[str, int]:
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


def _read(file: IO[bytes], name: str) -> bytes:
    try:
        return file.read(CHUNK)
    except OSError as error:
        raise reading_failed(error, name) from error


def _moved(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)


def _suffixes(name: str) -> str:
    known = [s for s in PurePosixPath(name.lower()).suffixes[-2:] if s in EXTENSIONS or s in PACKED]
    return "".join(known)
