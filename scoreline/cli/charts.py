"""Charts in characters: a series of values as a line of braille dots.

What belongs here: from numbers to lines of text. What does not: which numbers. No float.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

_BLANK = 0x2800
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Unicode's braille dots: four rows of two (U+2800 and following)."""


def braille(values: Sequence[Fraction | None], width: int, height: int) -> list[str]:
    """Lines of text that draw the values from left to right; gaps stay empty.

    Args:
        values: at equal distances; None where there is no value.
        width: characters in a line, two dots each.
        height: lines, four dots each.
    """
    low, high = bounds(values)
    cells = [[_BLANK] * width for _ in range(height)]
    before: tuple[int, int] | None = None
    for x in range(min(2 * width, _columns(values, width))):
        value = values[_index(x, len(values), width)]
        if value is None:
            before = None
            continue
        y = _row(value, low, high, 4 * height)
        for dot in _between(before, y):
            cells[dot // 4][x // 2] |= _DOTS[dot % 4][x % 2]
        before = (x, y)
    return ["".join(map(chr, line)) for line in cells]


def bounds(values: Sequence[Fraction | None]) -> tuple[Fraction, Fraction]:
    """The lowest and highest value; 0 and 1 where there are none."""
    known = [v for v in values if v is not None]
    return (min(known), max(known)) if known else (Fraction(0), Fraction(1))


def _columns(values: Sequence[Fraction | None], width: int) -> int:
    """How many columns of dots the values take up: few values are spread."""
    return 2 * width if len(values) > 1 else len(values)


def _index(x: int, count: int, width: int) -> int:
    return round(Fraction(x * (count - 1), max(2 * width - 1, 1)))


def _row(value: Fraction, low: Fraction, high: Fraction, dots: int) -> int:
    """The row of dots of a value, from the top."""
    if high == low:
        return dots // 2
    return dots - 1 - round((value - low) / (high - low) * (dots - 1))


def _between(before: tuple[int, int] | None, y: int) -> range:
    """The rows to draw, so that a steep line has no holes."""
    if before is None or abs(before[1] - y) <= 1:
        return range(y, y + 1)
    return range(min(before[1] + 1, y), max(before[1], y + 1))


def meter(share: Fraction, width: int) -> str:
    """A bar that fills a share of its width, negative as empty."""
    full = round(max(min(share, Fraction(1)), Fraction(0)) * width)
    return "█" * full + "░" * (width - full)
