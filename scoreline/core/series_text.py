"""One value out of the text of a series, without reading the whole of it.

What belongs here: finding a day's line. What does not: the text's form (series), which is
read in full where days have gaps.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date

from scoreline.core.exact import Exact, parse_exact
from scoreline.core.series import Series


class SeriesText:
    """A series that is asked for a few of its days only."""

    __slots__ = ("_last", "_lines", "_whole")

    def __init__(self, text: str) -> None:
        """`text` is one that `Series.parse` reads; lines that are not asked for are not checked."""
        self._whole = Series.parse(text) if text.count("\nend,") > 1 else None
        self._lines = text.splitlines()
        end = self._lines.pop() if self._lines else "end,0000-00-00"
        self._last = end[4:]

    def at(self, day: date) -> Exact | None:
        """The value on that day; None where there is none or the day was not asked for.

        Raises:
            ValueError: the line is not one of a series.
        """
        if self._whole is not None:
            return self._whole.at(day)
        text = day.isoformat()
        index = bisect_right(self._lines, text + ",~") - 1
        if index < 0 or text > self._last:
            return None
        fields = self._lines[index].split(",")
        if len(fields) != 3:
            raise ValueError(f"{self._lines[index]!r} is no line of a series")
        if not fields[1]:
            return None
        return Exact(parse_exact(fields[1]), parse_exact(fields[2]) if fields[2] else None)
