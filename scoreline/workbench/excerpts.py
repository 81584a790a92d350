"""The offending lines of the definitions, as they are shown beside a problem.

What belongs here: the line, and which part of it is meant. What does not: colours. A line that
may hold a secret is never shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scoreline.core.errors import Problem
from scoreline.definitions.yamlio import MAX_BYTES, without_secrets

_SECRET = frozenset(("clear-text-secret", "bad-reference"))
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A line of a file; `start` and `length` (characters, from 0) are the part that is meant."""

    line: int
    text: str
    start: int
    length: int

    @property
    def marks(self) -> str:
        """A line of carets below the part."""
        return " " * self.start + "^" * self.length


class Excerpts:
    """The files of one project, read once each."""

    def __init__(self, root: Path) -> None:
        self._lines = cache(lambda file: _lines(root / file))

    def of(self, problem: Problem) -> Excerpt | None:
        """The line that a problem stands in; None where there is none to show."""
        place = problem.place
        lines: list[str] = self._lines(place.file)
        if problem.code in _SECRET or not 1 <= place.line <= len(lines):
            return None
        written = lines[place.line - 1]
        start = max(place.column - 1, 0)
        length = _length(written, start, problem.found)
        shown = without_secrets(written).replace("\t", " ")
        if shown != written.replace("\t", " "):
            return None
        cut = max(0, start + length - _LONGEST)
        cut = cut if len(shown) > _LONGEST else 0
        text = ("…" + shown[cut + 1 :] if cut else shown)[:_LONGEST]
        return Excerpt(place.line, text, start - cut, max(1, min(length, _LONGEST)))


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES).decode("utf-8-sig", errors="replace").splitlines()
    except OSError:
        return []


def _length(written: str, start: int, found: str) -> int:
    """How many characters are meant: what was found, else the word that stands there."""
    rest = written[start:]
    quoted = rest[:1] in ("'", '"') and found and rest[1:].startswith(found)
    if quoted:
        return len(found) + 2
    if found and rest.startswith(found):
        return len(found)
    word = rest.split(maxsplit=1)[0] if rest.strip() else ""
    return max(1, len(word.rstrip(",}]:")))
