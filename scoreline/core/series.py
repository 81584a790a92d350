"""A value for each of many days, kept as the days on which it changes.

What belongs here: the text of a series and reading it. What does not: computing one
(measures, warehouse), units, derived metrics.

The text has one line for each day on which the value differs from the day before, in the
order of the days, and one line at the end of each run of days without a gap:

    2026-07-01,0,          numerator 0, a plain number
    2026-07-03,12.50,      the value from that day on
    2026-07-04,3,8         numerator and denominator
    2026-07-09,,           no value from that day on
    end,2026-12-31         the run's last day

The first day of a run always has a line. Days in no run were not asked for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from operator import ge, gt

from scoreline.core.exact import Exact

Point = tuple[str, str]
"""Numerator and denominator as text; both empty where there is no value."""


@dataclass(frozen=True, slots=True)
class Series:
    """The exact value on every day that was asked for.

    Attributes:
        starts: the days on which a value begins to hold, ascending.
        points: the value from each of them on, as text.
        ends: for each of them, the last day of its run.
    """

    starts: tuple[date, ...] = ()
    points: tuple[Point, ...] = ()
    ends: tuple[date, ...] = ()

    @staticmethod
    def parse(text: str) -> Series:
        """The series that a text describes.

        Raises:
            ValueError: a line that is not of the form above, days out of order, or a run
                without its end.
        """
        rows: list[list[str]] = []
        ends: list[date] = []
        for line in text.splitlines():
            fields = line.split(",")
            if len(fields) == 3:
                rows.append(fields)
            elif fields[0] == "end" and len(fields) == 2 and len(ends) < len(rows):
                last = date.fromisoformat(fields[1])
                ends += [last] * (len(rows) - len(ends))
            else:
                raise ValueError(f"{line!r} is no line of a series: day,numerator,denominator")
        starts = tuple(map(date.fromisoformat, [day for day, _, _ in rows]))
        points = tuple([(above, below) for _, above, below in rows])
        series = Series(starts, points, tuple(ends))
        series._check()
        return series

    def at(self, day: date) -> Exact | None:
        """The value on that day; None where there is none or the day was not asked for."""
        index = self._index(day)
        if index is None:
            return None
        numerator, denominator = self.points[index]
        if not numerator:
            return None
        return Exact.parse(numerator, denominator)

    def at_text(self, day: date) -> Point:
        """The point on that day as text; empty texts where there is no value."""
        index = self._index(day)
        return ("", "") if index is None else self.points[index]

    def covers(self, day: date) -> bool:
        """Whether the day was asked for: then `at` says whether it has a value."""
        return self._index(day) is not None

    @property
    def first(self) -> date | None:
        """The first day asked for; None for an empty series."""
        return self.starts[0] if self.starts else None

    @property
    def last(self) -> date | None:
        """The last day asked for; None for an empty series."""
        return self.ends[-1] if self.ends else None

    def days(self) -> Iterator[date]:
        """Every day asked for, ascending."""
        following = (*self.starts[1:], None)
        for start, end, after in zip(self.starts, self.ends, following, strict=True):
            stop = end if after is None else min(end, after - timedelta(days=1))
            for step in range((stop - start).days + 1):
                yield start + timedelta(days=step)

    @property
    def text(self) -> str:
        """The text that `parse` reads."""
        lines: list[str] = []
        for index, (start, point) in enumerate(zip(self.starts, self.points, strict=True)):
            lines.append(f"{start.isoformat()},{point[0]},{point[1]}\n")
            if index + 1 == len(self.starts) or self.starts[index + 1] > self.ends[index]:
                lines.append(f"end,{self.ends[index].isoformat()}\n")
        return "".join(lines)

    def _index(self, day: date) -> int | None:
        index = bisect_right(self.starts, day) - 1
        return index if index >= 0 and day <= self.ends[index] else None

    def _check(self) -> None:
        if len(self.ends) != len(self.starts):
            raise ValueError("the series stops before its line end,DAY")
        if any(map(ge, self.starts, self.starts[1:])):
            raise ValueError("the days of a series stand in ascending order, each once")
        if any(map(gt, self.starts, self.ends)):
            raise ValueError("a run of a series ends before it starts")
