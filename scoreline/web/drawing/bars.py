"""Progress bars: how far they are filled and where the expected mark stands.

What belongs here: whole numbers for SVG, in thousandths of the bar. What does not: words.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

FULL = 1000


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: `fill` and `mark` in thousandths; `mark` None without an expectation.

    `fill` is None where there is no value: such a bar is hatched, not empty.
    """

    fill: int | None
    mark: int | None


def bar(progress: Fraction | None, expected: Fraction | None) -> Bar:
    """The bar of a progress and its expectation, both kept between 0 and 1."""
    return Bar(_thousandths(progress), _thousandths(expected))


def _thousandths(share: Fraction | None) -> int | None:
    if share is None:
        return None
    return int(min(max(share, Fraction(0)), Fraction(1)) * FULL)
