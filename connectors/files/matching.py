"""Which names are meant: patterns, hidden names, and names of unfinished files.

What belongs here: deciding by a name alone, alike for folders and for URLs. What does not:
listing names, and what has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

MAGIC = "*?["


def matches(name: str, pattern: str) -> bool:
    """Whether a name (with /) matches; ``**`` stands for any number of folders."""
    return _walk(PurePosixPath(pattern).parts, name.split("/"))


def is_hidden(name: str, pattern: str) -> bool:
    """Whether a part of the name begins with a dot, and none of the pattern does."""
    dotted = any(part.startswith(".") for part in PurePosixPath(pattern).parts)
    return not dotted and any(part.startswith(".") for part in name.split("/"))


def is_unfinished(name: str, ignore: Iterable[str]) -> bool:
    """Whether the last part of the name is that of a file somebody is still writing."""
    last = name.rsplit("/", 1)[-1]
    return any(fnmatchcase(last, pattern) for pattern in ignore)


def fixed_part(pattern: str) -> str:
    """The folders that a pattern begins with and that are no patterns, such as ``a/b``."""
    parts = PurePosixPath(pattern).parts[:-1]
    fixed = next((i for i, part in enumerate(parts) if is_pattern(part)), len(parts))
    return "/".join(parts[:fixed])


def is_pattern(text: str) -> bool:
    """Whether it stands for more than one name."""
    return any(character in text for character in MAGIC)


def _walk(pattern: Sequence[str], name: Sequence[str]) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "**":
        return _walk(pattern[1:], name) or (bool(name) and _walk(pattern, name[1:]))
    return bool(name) and fnmatchcase(name[0], pattern[0]) and _walk(pattern[1:], name[1:])
