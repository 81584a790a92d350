"""Curves over time and over values: expected progress, and piecewise linear lines.

What belongs here: the share of time gone and what it makes one expect (scoring.md,
"Expected progress"). What does not: values, statuses and milestones.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import lru_cache

from scoreline.core import worked
from scoreline.core.model import Expected
from scoreline.core.moments import working_days

Point = tuple[Fraction, Fraction]

_SHAPES: dict[str, Callable[[Fraction], Fraction]] = {
    "linear": lambda x: x,
    "back_loaded": lambda x: x**2,
    "front_loaded": lambda x: 1 - (1 - x) ** 2,
    "s_curve": lambda x: 3 * x**2 - 2 * x**3,
}


@dataclass(frozen=True, slots=True)
class Pace:
    """Expected progress on a day, and how it came about (empty where it is a constant).

    `words` say so in a worked formula.
    """

    expected: Fraction
    how: str = ""
    words: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", worked.expected_part(self.expected, self.how))


@lru_cache(maxsize=1024)
def time_share(start: date, due: date, day: date) -> Fraction:
    """The share of the days from `start` to `due` that is gone: 0 on start, 1 on due."""
    if due <= start:
        return Fraction(int(day >= due))
    return min(max(Fraction((day - start).days, (due - start).days), Fraction(0)), Fraction(1))


@lru_cache(maxsize=1024)  # key results of one cycle ask for the same day
def expected_progress(
    expected: Expected,
    start: date,
    due: date,
    day: date,
    holidays: frozenset[date] | tuple[date, ...],
) -> Pace:
    """What a declared curve expects on `day`; 0 up to the start, 1 from the due date on.

    Working days are Monday to Friday without the holidays; where there is none between
    start and due, the curve is linear.
    """
    if expected.kind == "waypoints":
        return _through_waypoints(expected, start, due, day)
    if expected.kind == "workdays":
        total = working_days(start, due, holidays)
        if total:
            gone = working_days(start, min(day, due), holidays)
            return Pace(Fraction(gone, total), f"workdays, {gone} of {total} working days")
    x = time_share(start, due, day)
    gone = min(max((day - start).days, 0), (due - start).days)
    how = f"{gone} of {(due - start).days} days"
    if expected.kind == "workdays":
        return Pace(x, f"workdays, of which there are none, so linear, {how}")
    return Pace(_SHAPES[expected.kind](x), f"{expected.kind}, {how}")


def _through_waypoints(expected: Expected, start: date, due: date, day: date) -> Pace:
    points = [(start, Fraction(0))]
    points += sorted((w.date, Fraction(w.progress)) for w in expected.waypoints)
    points.append((due, Fraction(1)))
    line = [(Fraction(on.toordinal()), progress) for on, progress in points]
    value, (low, high) = interpolate(line, Fraction(day.toordinal()))
    ends = [date.fromordinal(int(on)).isoformat() for on, _ in (low, high)]
    how = f"waypoints, on {ends[0]}" if low == high else f"waypoints, {ends[0]} to {ends[1]}"
    return Pace(value, how)


def interpolate(points: Sequence[Point], x: Fraction) -> tuple[Fraction, tuple[Point, Point]]:
    """The piecewise linear line through points in ascending order, flat beyond its ends.

    Of two points on one place, the later one counts from there on.

    Returns:
        The line's height at `x`, and the two points it lies between (twice the same one
        beyond the ends and on a point).
    """
    index = bisect_right(points, x, key=lambda point: point[0])
    if index in (0, len(points)):
        end = points[0] if index == 0 else points[-1]
        return end[1], (end, end)
    low, high = points[index - 1], points[index]
    if low[0] == x:
        return low[1], (low, low)
    share = (x - low[0]) / (high[0] - low[0])
    return low[1] + share * (high[1] - low[1]), (low, high)
