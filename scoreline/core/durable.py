"""Files that are there whole or not at all, also after a power cut.

What belongs here: writing aside, syncing, renaming. What does not: what stands in a file, and
stores of many files (warehouse).
"""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Write beside the file's place, then put it there, over what was there.

    Args:
        path: the file; its folder is there.
        content: a text is written as UTF-8, its line ends as they are.
        mode: who may read it, less what the process's umask takes away.

    Raises:
        OSError: the disk refuses; the file is as it was.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        sync(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file's contents, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
