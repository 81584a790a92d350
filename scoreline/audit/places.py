"""The second place of checkpoints: a folder, here or on any file system of fsspec.

What belongs here: writing a checkpoint's file and reading those that are there. What does
not: what a checkpoint says (signing), whether it agrees with the ledger (signatures).

A file is written once and never changed, so the place may be one that allows no change
(write-once storage, a bucket with object lock).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scoreline.audit.signing import Checkpoint
from scoreline.core.durable import write_whole
from scoreline.core.errors import UsageError

_PATTERN = "checkpoint-*.json"


class PlaceError(Exception):
    """The place cannot be written or read; the text says why."""


def write_checkpoint(place: str, checkpoint: Checkpoint) -> str:
    """Write a checkpoint into a folder; one that is there already is left as it is.

    Args:
        place: a folder's path, or a URL such as `s3://bucket/folder`.
        checkpoint: what to write.

    Returns:
        The file's path or URL.

    Raises:
        PlaceError: the place refuses.
    """
    content = checkpoint.text().encode()
    try:
        if "://" not in place:
            return _write_here(Path(place), checkpoint.name, content)
        system, folder = _system(place)
        target = f"{folder.rstrip('/')}/{checkpoint.name}"
        if not system.exists(target):
            system.makedirs(folder, exist_ok=True)
            system.pipe_file(target, content)
        return f"{place.rstrip('/')}/{checkpoint.name}"
    except Exception as error:  # file systems raise errors of their own kinds
        raise PlaceError(_words(error)) from error


def _write_here(folder: Path, name: str, content: bytes) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / name
    if not target.exists() or target.read_bytes() != content:
        write_whole(target, content)
    return str(target)


def read_checkpoints(place: str) -> dict[str, Checkpoint | str]:
    """The checkpoints of a file or folder by file name; where one cannot be read, why.

    Raises:
        UsageError: there is nothing, or it cannot be read at all.
    """
    try:
        found = _read_here(Path(place)) if "://" not in place else _read_there(place)
    except Exception as error:  # as above
        raise UsageError(f"no checkpoint can be read at {place}: {_words(error)}") from error
    if not found:
        raise UsageError(f"there is no checkpoint at {place}: name a {_PATTERN} or its folder")
    return {name: _parsed(content) for name, content in sorted(found.items())}


def _read_here(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else list(path.glob(_PATTERN))
    return {file.name: file.read_bytes() for file in files}


def _read_there(place: str) -> dict[str, bytes]:
    system, path = _system(place)
    files = [path] if system.isfile(path) else system.glob(f"{path.rstrip('/')}/{_PATTERN}")
    return {str(file).rsplit("/", 1)[-1]: system.cat_file(file) for file in files}


def _parsed(content: bytes) -> Checkpoint | str:
    try:
        return Checkpoint.parse(content.decode())
    except ValueError as error:
        return f"it cannot be read: {error}"


def _system(place: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs  # a third of a second, and seldom needed

    # made anew each time: a kept one would answer with old listings and old credentials
    system, path = url_to_fs(place, skip_instance_cache=True)  # type: ignore[no-untyped-call]
    return system, str(path)


def _words(error: Exception) -> str:
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(words).split())
