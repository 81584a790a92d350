"""Names of our own for what has any name: columns, streams, sources, metrics.

What belongs here: from a header to a legal name, and the words in it. What does not: which
names are legal (definitions).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

_SPECIAL = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ł": "l", "%": " pct"}
)
_DATED = re.compile(r"[0-9]{4}[-_.]?(?:[0-9]{2}|[WQwq][0-9]{1,2})(?:[-_.]?[0-9]{2})?(?![0-9])")
_LONGEST = 63


def plain_name(text: str, fallback: str = "column") -> str:
    """A name in small letters, digits and single underscores, beginning with a letter."""
    camel = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text.translate(_SPECIAL))
    ascii_only = unicodedata.normalize("NFKD", camel).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", ascii_only.lower()).strip("_")
    if name and not name[0].isalpha():
        name = f"{fallback}_{name}"
    return (name or fallback)[:_LONGEST].rstrip("_")


def distinct_names(headers: Iterable[str]) -> list[str]:
    """A name for each header in turn; blank ones by their place, repeated ones numbered."""
    names: list[str] = []
    for place, header in enumerate(headers, start=1):
        name = plain_name(header) if header.strip() else f"column_{place}"
        number, free = 2, name
        while free in names:
            free, number = f"{name[: _LONGEST - 4]}_{number}", number + 1
        names.append(free)
    return names


def words(name: str) -> frozenset[str]:
    """The words that a name is made of."""
    return frozenset(name.split("_"))


def pattern_of(file: str) -> str:
    """A glob for a file and its successors: a date or week in the name may be any."""
    escaped = re.sub(r"([*?\[])", r"[\1]", file)
    return _DATED.sub("*", escaped, count=1)


def stem_of(file: str) -> str:
    """A file's name without folder, extensions and date, as a name."""
    stem = PurePosixPath(file).name.partition(".")[0]
    return plain_name(_DATED.sub(" ", stem), "export")
