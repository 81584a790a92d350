"""A YAML document as read: plain values, and where each of them stands.

What belongs here: the values that reading gives to everybody else. What does not:
parsing (yamlio), and what the keys mean (specs).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from scoreline.core.errors import Place, Problem

Path = tuple[str | int, ...]
"""Where a value stands in a document: keys and list positions from the top."""

INT = re.compile(r"[-+]?[0-9]+\Z", re.ASCII)
OTHER_INT = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class YamlNumber:
    """A number as it stands in the file; `text` is its source text."""

    text: str

    @property
    def is_whole(self) -> bool:
        """Whether it is written as a whole number."""
        return bool(INT.match(self.text) or OTHER_INT.match(self.text))

    def plain(self) -> int | Decimal:
        """The exact value: `int` for whole numbers, `Decimal` otherwise."""
        if OTHER_INT.match(self.text):
            return int(self.text, 0)
        return int(self.text) if self.is_whole else Decimal(self.text)


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a key and its value stand (line, column from 1), and the value's own text."""

    key: tuple[int, int] | None
    value: tuple[int, int]
    text: str
    is_plain: bool = False


@dataclass(slots=True)
class Document:
    """One file as read. `faults` are what is wrong with its YAML, each with its path."""

    file: str
    data: Any = None
    marks: dict[Path, Mark] = field(default_factory=dict)
    faults: list[tuple[Path, Problem]] = field(default_factory=list)
    readable: bool = True

    def place(self, path: Path, *, key: bool = False) -> Place:
        """The place of the value at `path` (or of its key), or of the nearest around it."""
        while path and path not in self.marks:
            path = path[:-1]
        mark = self.marks.get(path)
        if mark is None:
            return Place(self.file, 1, 1)
        return Place(self.file, *(mark.key if key and mark.key else mark.value))

    def text(self, path: Path) -> str:
        """The text written at `path`; empty where nothing stands."""
        mark = self.marks.get(path)
        return mark.text if mark else ""


def plain(value: Any) -> Any:
    """`value` with every `YamlNumber` as `int` or `Decimal`, lists and mappings copied."""
    if isinstance(value, YamlNumber):
        return value.plain()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value
