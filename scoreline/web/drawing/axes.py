"""Axes: round numbers and months at which a drawing has its marks.

What belongs here: choosing ticks. What does not: where they are drawn (chart).
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

_STEPS = (Fraction(1), Fraction(2), Fraction(5, 2), Fraction(5), Fraction(10))


def ticks(low: Fraction, high: Fraction, about: int = 5) -> list[Fraction]:
    """Round numbers from at or below `low` to at or above `high`, about so many of them."""
    if high <= low:
        high = low + 1
    rough = (high - low) / about
    power = Fraction(1)
    while power * 10 <= rough:
        power *= 10
    while power > rough:
        power /= 10
    step = next(s * power for s in _STEPS if s * power >= rough)
    first, last = low // step, -(-high // step)
    return [step * n for n in range(int(first), int(last) + 1)]


def month_starts(start: date, end: date, most: int = 8) -> list[date]:
    """First days of months in start..end; every second, third … where there are many."""
    found = []
    year, month = start.year, start.month
    while (first := date(year, month, 1)) <= end:
        if first >= start:
            found.append(first)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found[:: -(-len(found) // most)] if found else []
