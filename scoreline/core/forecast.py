"""Where a value will stand on its due date: an estimate that never enters a score.

What belongs here: the robust line through the newest days of a series, the interval
around it and the chance of a target. What does not: where values come from (steps),
how good the estimates were (backtest), rounding for a page.

Everything is rational arithmetic, so that the same series gives the same text on every
machine. The one square root is taken to nine decimals.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, pairwise
from math import isqrt, lcm

Point = tuple[date, Fraction]
"""A day and its value in shown units."""
Bounds = tuple[Fraction | None, Fraction | None]
"""The lowest and highest value that the unit allows; None where there is no limit."""

DAYS = 28
"""How many days, the as-of day among them, the slope is taken over."""
FEWEST = 4
"""The fewest values that a slope is taken through."""
COVERAGE = Fraction(4, 5)
"""The share of outcomes that the interval is meant to hold."""
UNBOUNDED: Bounds = (None, None)

_GAPS = lcm(*range(1, DAYS))
_ROOT_SCALE = 10**9
_TAIL = (1 - COVERAGE) / 2


@dataclass(frozen=True, slots=True)
class Forecast:
    """What to expect on the due date.

    Attributes:
        due: the day that is forecast.
        value: the line's value on that day, in the series' unit.
        low: the lower end of the 80 % interval.
        high: its upper end.
        pace: the line's slope, in units a week.
        chance: the share of outcomes that reach the target, a multiple of 1 / points;
            None without a target.
        points: how many values the line was laid through.
        first: the day of the first of them.
        last: the day of the last of them.
        widening: what the residuals were multiplied by; 0 for an exact line.
    """

    due: date
    value: Fraction
    low: Fraction
    high: Fraction
    pace: Fraction
    chance: Fraction | None
    points: int
    first: date
    last: date
    widening: Fraction


@dataclass(frozen=True, slots=True)
class NotMade:
    """Why there is no forecast, in words for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached: at least the target where `rising`, else at most."""

    target: Fraction
    rising: bool

    def reached(self, value: Fraction) -> bool:
        """Whether a value is as good as the target."""
        return value >= self.target if self.rising else value <= self.target


@dataclass(frozen=True, slots=True)
class _Line:
    """A line through days (day 0 is the as-of day) and the residuals around it.

    The numbers are whole, in units of 1 / `unit`. A residual is value minus line.
    """

    days: tuple[int, ...]
    slope: int
    level: int
    residuals: tuple[int, ...]
    unit: int

    def at(self, day: int) -> Fraction:
        return Fraction(self.slope * day + self.level, self.unit)


def forecast(
    series: Sequence[Point],
    as_of: date,
    due: date,
    *,
    goal: Goal | None = None,
    restarts: Sequence[date] = (),
    bounds: Bounds = UNBOUNDED,
) -> Forecast | NotMade:
    """The value on the due date, with an 80 % interval and the chance of the target.

    The method, in its steps:

    1. **The days**: the values of the 28 days that end with `as_of`, but none before the
       newest restart of the metric's window. At least 4 values.
    2. **The line**: the slope is the median of the slopes of all pairs of values
       (Theil 1950; Sen 1968, JASA 63:1379), the level the median of value - slope * day.
       A few wrong values do not move it: it takes more than a quarter of them.
    3. **The outcomes**: each residual around the line, times the widening, is laid on the
       line's value on the due date, and kept inside what the unit allows.
    4. **The interval** reaches from the 10 % to the 90 % quantile of the outcomes, at
       position p * (n + 1) of the sorted ones (Hyndman and Fan 1996, definition 6).
    5. **The chance** is the share of outcomes that reach the target.

    The widening is what makes an interval of residuals one of forecasts; see `_widening`.

    Args:
        series: days, ascending, each once, with their values; days without one left out.
        as_of: the newest day that is looked at.
        due: the day to forecast.
        goal: the target and its direction.
        restarts: the days on which the metric's window starts again, ascending.
        bounds: what the unit allows.

    Returns:
        The forecast, or why none can be made: the due date is not ahead, the window
        starts again before it, there are too few values, or they hardly moved.
    """
    if due <= as_of:
        return NotMade(f"the due date {due} is not ahead of {as_of}")
    ahead = bisect_right(restarts, as_of)
    if ahead < len(restarts) and restarts[ahead] <= due:
        return NotMade(
            f"the window starts again on {restarts[ahead]}, before the due date {due}: "
            "a slope does not lead across that"
        )
    since = as_of - timedelta(days=DAYS - 1)
    if ahead:
        since = max(since, restarts[ahead - 1])
    newest = _between(series, since, as_of)
    if len(newest) < FEWEST:
        return NotMade(f"{_values(len(newest))} from {since} to {as_of}: a slope needs {FEWEST}")
    return _made(newest, as_of, due, goal, bounds)


def needed_pace(value: Fraction, target: Fraction, as_of: date, due: date) -> Fraction | None:
    """The change a week from now on that ends at the target; None once it is due."""
    days = (due - as_of).days
    return (target - value) * 7 / days if days > 0 else None


def _made(
    points: Sequence[Point], as_of: date, due: date, goal: Goal | None, bounds: Bounds
) -> Forecast | NotMade:
    line = _line(points, as_of)
    horizon = (due - as_of).days
    widening = _widening(line, horizon)
    centre = line.at(horizon)
    residuals = sorted(Fraction(r, line.unit) for r in line.residuals)
    outcomes = [_inside(centre + widening * r, bounds) for r in residuals]
    low, high = _quantile(outcomes, _TAIL), _quantile(outcomes, 1 - _TAIL)
    if line.slope == 0 and _quantile(residuals, _TAIL) == _quantile(residuals, 1 - _TAIL):
        return NotMade(_still(points))
    reached = None
    if goal is not None:
        reached = Fraction(sum(map(goal.reached, outcomes)), len(outcomes))
    return Forecast(
        due=due,
        value=_inside(centre, bounds),
        low=low,
        high=high,
        pace=Fraction(line.slope * 7, line.unit),
        chance=reached,
        points=len(points),
        first=points[0][0],
        last=points[-1][0],
        widening=widening,
    )


def _line(points: Sequence[Point], as_of: date) -> _Line:
    """The Theil–Sen line, in whole numbers: a backtest lays thousands of them."""
    days = tuple((day - as_of).days for day, _ in points)
    scale = lcm(*(value.denominator for _, value in points))
    values = [value.numerator * (scale // value.denominator) for _, value in points]
    pairs = combinations(zip(days, values, strict=True), 2)
    slopes = sorted((y1 - y0) * (_GAPS // (x1 - x0)) for (x0, y0), (x1, y1) in pairs)
    slope = _twice_median(slopes)
    unit = 2 * _GAPS
    levels = [y * unit - slope * x for x, y in zip(days, values, strict=True)]
    level = _twice_median(sorted(levels))
    residuals = tuple(2 * each - level for each in levels)
    return _Line(days, 2 * slope, level, residuals, 2 * unit * scale)


def _widening(line: _Line, horizon: int) -> Fraction:
    """What residuals are multiplied by to stand for errors `horizon` days ahead.

    A value strays from its line in two ways. *Noise* comes and goes by the day: it adds
    what the line itself is unsure of, 1 + 1/n + H²/Sxx of its variance (the prediction
    interval of least squares; H is the distance from the mean day). *Drift* stays once
    it came, as in every running count: its variance adds up day by day, and the slope
    that it bent leads further astray. Residuals alone do not tell how far that goes: on
    running counts, an interval widened as for noise held 17 to 45 % of outcomes, not 80.

    The two are told apart by how much of the residuals' variance is there from one day
    to the next. With s² for noise and q² a day for drift, over D days and n values, the
    mean squared residual is about s² + q² D/15 (a random walk around its own line) and
    the mean squared change about 2 s² + q² g (g: the mean gap in days). Where the values
    are too few to tell, the wider answer counts; below 20 values, (n - 1)/(n - 2) keeps
    the narrow tails of a small sample honest.
    """
    n, residuals = len(line.days), line.residuals
    squares = sum(r * r for r in residuals)
    if squares == 0:
        return Fraction(0)
    spread = Fraction(squares, n - 2)
    change = Fraction(sum((b - a) ** 2 for a, b in pairwise(residuals)), n - 1)
    span = line.days[-1] - line.days[0]
    gap = Fraction(span, n - 1)
    share = Fraction(span * n, 15 * (n - 2))
    from_noise, from_drift = _growth(line.days, horizon)
    apart = 2 * share - gap
    if apart <= 0:
        variance = max(spread * from_noise, spread / share * from_drift)
    else:
        drift = min(max((2 * spread - change) / apart, Fraction(0)), spread / share)
        variance = (spread - drift * share) * from_noise + drift * from_drift
    return _root(variance * n / squares) * Fraction(n - 1, n - 2)


@lru_cache(maxsize=4096)
def _growth(days: tuple[int, ...], horizon: int) -> tuple[Fraction, Fraction]:
    """The variance of a forecast's error per unit of noise, and per unit a day of drift.

    The forecast is a sum of the values with weights 1/n + H (x - mean)/Sxx. For drift, a
    step before some of the values is missed by the weights of the values after it.
    """
    n, total = len(days), sum(days)
    centred = [n * x - total for x in days]
    squares = sum(c * c for c in centred)
    reach = n * horizon - total
    below = n * squares
    missed, after = Fraction(horizon - days[-1]), 0
    for index in range(n - 1, 0, -1):
        after += squares + n * reach * centred[index]
        missed += (days[index] - days[index - 1]) * Fraction(below - after, below) ** 2
    return 1 + Fraction(1, n) + Fraction(reach * reach, squares), missed


def _between(series: Sequence[Point], first: date, last: date) -> Sequence[Point]:
    low = bisect_left(series, first, key=_day)
    return series[low : bisect_right(series, last, key=_day)]


def _day(point: Point) -> date:
    return point[0]


def _twice_median(ordered: Sequence[int]) -> int:
    return ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]


def _quantile(ordered: Sequence[Fraction], share: Fraction) -> Fraction:
    """The quantile at position share * (n + 1), counted from 1; the ends beyond them."""
    position = min(max(share * (len(ordered) + 1) - 1, Fraction(0)), Fraction(len(ordered) - 1))
    index = int(position)
    following = ordered[min(index + 1, len(ordered) - 1)]
    return ordered[index] + (position - index) * (following - ordered[index])


def _inside(value: Fraction, bounds: Bounds) -> Fraction:
    low, high = bounds
    value = value if low is None else max(value, low)
    return value if high is None else min(value, high)


def _root(x: Fraction) -> Fraction:
    """The square root, rounded down at nine decimals."""
    whole = x.numerator * _ROOT_SCALE**2 // x.denominator
    return Fraction(isqrt(whole), _ROOT_SCALE)


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"


def _still(points: Sequence[Point]) -> str:
    moved = sum(1 for before, after in pairwise(points) if before[1] != after[1])
    first, last = points[0][0], points[-1][0]
    if not moved:
        return f"the value did not change from {first} to {last}: there is no pace to go on"
    return f"the value changed {moved} times from {first} to {last}: too few to see a pace"
