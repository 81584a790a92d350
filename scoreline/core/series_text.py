"""One value out of the text of a series, without reading the whole of it.

What belongs here: finding a day's line. What does not: the text's form (series), which is
read in full where days have gaps.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from functools import lru_cache

from scoreline.core.exact import Exact
from scoreline.core.series import Series


class SeriesText:
    """A series that is asked for a few of its days only."""

    __slots__ = ("_asked", "_found", "_last", "_lines", "_newest", "_text", "_whole")

    def __init__(self, text: str) -> None:
        """`text` is one that `Series.parse` reads; lines that are not asked for are not checked."""
        self._whole = Series.parse(text) if text.count("\nend,") > 1 else None
        lines, _, self._last = text.rstrip("\n").rpartition("end,")
        self._text = f"\n{lines}"
        self._newest = self._text.rfind("\n", 0, -1) + 1
        self._lines: list[str] = []
        self._asked: date | None = None
        self._found: Exact | None = None

    def at(self, day: date) -> Exact | None:
        """The value on that day; None where there is none or the day was not asked for.

        Raises:
            ValueError: the line is not one of a series.
        """
        if day != self._asked:
            self._found = self._at(day) if self._whole is None else self._whole.at(day)
            self._asked = day
        return self._found

    def _at(self, day: date) -> Exact | None:
        line = self._line(day.isoformat())
        if not line:
            return None
        fields = line.split(",")
        if len(fields) != 3:
            raise ValueError(f"{line!r} is no line of a series")
        if not fields[1]:
            return None
        return _exact(fields[1], fields[2])

    def _line(self, day: str) -> str:
        """The line that holds on a day: its own, else the newest before it, else none."""
        if day > self._last:
            return ""
        newest = self._text[self._newest : -1]
        if newest[:10] <= day:
            return newest
        if not self._lines:
            at = self._text.rfind(f"\n{day},") if self._asked is None else -1
            if at >= 0:  # most are asked for one day only, and that is a late one
                return self._text[at + 1 : self._text.find("\n", at + 1)]
            self._lines = self._text[:-1].split("\n")
        return self._lines[bisect_right(self._lines, day + ",~") - 1]


@lru_cache(maxsize=16_384)  # a period's value is asked for on every later day
def _exact(numerator: str, denominator: str) -> Exact:
    return Exact.parse(numerator, denominator)
