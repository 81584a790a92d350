"""Sparklines: the course of a value in a few points.

What belongs here: choosing days and scaling to whole coordinates. What does not: the
large drawing of a key result (chart).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from fractions import Fraction

WIDTH, HEIGHT = 96, 24
_PAD = 3
_POINTS = 20

Course = Sequence[tuple[date, Fraction | None]]


def sampled_days(start: date, end: date, most: int = _POINTS) -> list[date]:
    """Days from `start` to `end`, evenly apart, both ends among them; at most `most`."""
    span = (end - start).days
    if span < 0:
        return []
    count = min(span, most - 1)
    steps = dict.fromkeys(span * n // count for n in range(count + 1)) if count else [0]
    return [start + timedelta(days=step) for step in steps]


def sparkline(
    value_on: Callable[[date], Fraction | None], start: date, end: date
) -> tuple[str, tuple[int, int] | None]:
    """SVG path data of a value's course, and its last point; empty without two values.

    A day without a value leaves a gap in the line.
    """
    course = [(day, value_on(day)) for day in sampled_days(start, end)]
    known = [value for _, value in course if value is not None]
    if len(known) < 2:
        return "", None
    low, high = min(known), max(known)
    parts, last, broken = [], None, True
    for day, value in course:
        if value is None:
            broken = True
            continue
        x = _PAD + (day - start).days * (WIDTH - 2 * _PAD) // max((end - start).days, 1)
        y = _height(value, low, high)
        parts.append(f"{'M' if broken else 'L'}{x} {y}")
        broken, last = False, (x, y)
    return "".join(parts), last


def _height(value: Fraction, low: Fraction, high: Fraction) -> int:
    if high == low:
        return HEIGHT // 2
    return HEIGHT - _PAD - int((value - low) / (high - low) * (HEIGHT - 2 * _PAD))
