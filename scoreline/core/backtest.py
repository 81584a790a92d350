"""How good forecasts would have been: each made on a past day, held against what came.

What belongs here: counting hits and adding up errors over one series. What does not: the
forecast itself, which series there are (steps), printing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from scoreline.core.forecast import UNBOUNDED, Bounds, Forecast, Point, forecast


@dataclass(frozen=True, slots=True)
class Tally:
    """What the forecasts of one or many series add up to.

    Attributes:
        cases: how many forecasts were made.
        covered: how many of their intervals held the value that came.
        error: the sum of |forecast - value|, in the series' unit.
        naive: the same sum had each forecast been its newest value.
    """

    cases: int = 0
    covered: int = 0
    error: Fraction = Fraction(0)
    naive: Fraction = Fraction(0)

    @property
    def coverage(self) -> Fraction | None:
        """The share of intervals that held the value that came; None without a case."""
        return Fraction(self.covered, self.cases) if self.cases else None

    @property
    def mean_error(self) -> Fraction | None:
        """The mean absolute error; None without a case."""
        return self.error / self.cases if self.cases else None

    @property
    def mean_naive(self) -> Fraction | None:
        """The mean absolute error of the newest value as a forecast; None without a case."""
        return self.naive / self.cases if self.cases else None

    @property
    def against_naive(self) -> Fraction | None:
        """The error over the naive one: below 1 is better; None where that made none."""
        return self.error / self.naive if self.naive else None

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.cases + other.cases,
            self.covered + other.covered,
            self.error + other.error,
            self.naive + other.naive,
        )

    def per(self, unit: Fraction) -> Tally:
        """The same with its errors in another unit, so that series can be added up."""
        return Tally(self.cases, self.covered, self.error / unit, self.naive / unit)


def backtest(
    series: Sequence[Point],
    until: date,
    *,
    restarts: Sequence[date] = (),
    bounds: Bounds = UNBOUNDED,
) -> Tally:
    """Every forecast that could have been made of the last value of a series.

    On each day that has a value, a forecast is made from that day and those before it
    alone, for the newest day up to `until` that has a value.

    Args:
        series: days, ascending, with their values as they are known today.
        until: the last day that counts: the due date, or the newest day if that is earlier.
        restarts: as in `forecast`.
        bounds: as in `forecast`.
    """
    known = [point for point in series if point[0] <= until]
    if not known:
        return Tally()
    last, actual = known[-1]
    tally = Tally()
    for day, value in known[:-1]:
        made = forecast(known, day, last, restarts=restarts, bounds=bounds)
        if isinstance(made, Forecast):
            hit = made.low <= actual <= made.high
            tally += Tally(1, int(hit), abs(made.value - actual), abs(value - actual))
    return tally
