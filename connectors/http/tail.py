"""The rows at the end of a reading, and whether the next one finds them unchanged.

What belongs here: keeping and comparing the overlap. What does not: positions (cursor).

A server's clock has coarse ticks and rows arrive late, so a reading starts `overlap` before the
highest cursor; the rows that it finds again are compared with what was there before.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.http.cursor import CursorColumn, Position
from connectors.http.members import joined

TAIL_ROWS = 200_000
"""More rows than this in the overlap are not compared: they are then received again."""


class Tail:
    """The rows at the end of a reading, as far back as the overlap goes; memory is bounded."""

    def __init__(self, column: CursorColumn, overlap: timedelta, since: Position | None) -> None:
        self._column, self._overlap = column, overlap
        self.high: Any = column.value(since.high) if since else None
        self._floor: Any = column.value(since.low) if since else None
        self._kept: list[tuple[pa.Array, pa.StringArray]] = []
        self._full = False
        self.undated = 0

    def add(self, lines: pa.StringArray, where: str) -> None:
        """Take in one page."""
        values = self._column.values(lines, where)
        self.undated += values.null_count
        top = pc.max(values).as_py()
        if top is not None:
            self.high = top if self.high is None else max(self.high, top)
        self._kept.append((values, lines))
        if sum(len(v) for v, _ in self._kept) > TAIL_ROWS:
            self._prune()

    def limit(self, through: datetime) -> None:
        """Nothing after this instant is certain yet."""
        if isinstance(self.high, datetime):
            self.high = min(self.high, through)

    def position(self, source: str) -> Position | None:
        """Where this reading ended; None where no row ever had a cursor."""
        if self.high is None:
            return None
        low = self._column.before(self.high, self._overlap)
        self._prune()
        digest = ""
        lines = pa.concat_arrays([pa.array([], pa.string())] + [kept for _, kept in self._kept])
        if not self._full:
            digest = digest_of_lines(lines)
        return Position(
            source,
            self._column.text(self.high),
            self._column.text(low),
            len(lines),
            digest,
        )

    def _prune(self) -> None:
        if self.high is None:
            return
        low = self._column.before(self.high, self._overlap)
        kept = []
        for values, lines in self._kept:
            late = pc.fill_null(pc.greater_equal(values, pa.scalar(low, values.type)), True)
            kept.append((values.filter(late), lines.filter(late)))
        self._kept = [pair for pair in kept if len(pair[0])]
        if sum(len(v) for v, _ in self._kept) > TAIL_ROWS:
            self._full, self._kept = True, self._kept[-1:]


class Known:
    """The rows of the overlap that a reading finds again: are they those of the last one?"""

    def __init__(self, column: CursorColumn, since: Position) -> None:
        self._column, self._since = column, since
        self._low, self._high = column.value(since.low), column.value(since.high)
        self._found: list[pa.StringArray] = []
        self._rows = 0

    def add(self, lines: pa.StringArray, where: str) -> None:
        """Take in one page."""
        again = pc.and_(self.is_again(lines, where), self._is_late(lines, where))
        self._rows += pc.sum(again).as_py() or 0
        if self._rows <= self._since.rows:
            self._found.append(lines.filter(again))

    def _is_late(self, lines: pa.StringArray, where: str) -> pa.BooleanArray:
        """Which lines lie in the overlap; what is older was received long ago."""
        values = self._column.values(lines, where)
        return pc.fill_null(pc.greater_equal(values, pa.scalar(self._low, values.type)), True)

    def is_again(self, lines: pa.StringArray, where: str) -> pa.BooleanArray:
        """Which lines the last reading had seen, if nothing in the overlap changed."""
        values = self._column.values(lines, where)
        return pc.fill_null(pc.less_equal(values, pa.scalar(self._high, values.type)), True)

    @property
    def unchanged(self) -> bool:
        """Whether the overlap holds exactly what it held."""
        if not self._since.digest or self._rows != self._since.rows:
            return False
        lines = pa.concat_arrays([pa.array([], pa.string()), *self._found])
        return digest_of_lines(lines) == self._since.digest


def digest_of_lines(lines: pa.StringArray) -> str:
    """SHA-256 of lines in sorted order, in hex: the same rows in any order give the same."""
    ordered = lines.take(pc.sort_indices(lines))
    digest = hashlib.sha256()
    digest.update(len(ordered).to_bytes(8, "big"))
    digest.update(joined(ordered, "\x1e"))
    return digest.hexdigest()
