"""Numbers as people read them: thousands apart, percent, units.

What belongs here: rounding and spacing for a terminal, a page or a message. What does not:
worked formulas (worked), exact texts that programs read (exact). No float.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from scoreline.core.exact import shown
from scoreline.core.model import Unit

NONE = "–"
"""What stands where there is no number."""


def percent(share: Fraction | None) -> str:
    """A share in percent with one decimal, half-even; a dash where there is none."""
    if share is None:
        return NONE
    return f"{round(share * 1000) / Decimal(10):.1f} %"


def percent0(share: Fraction | None) -> str:
    """A share in whole percent, half-even; a dash where there is none."""
    return NONE if share is None else f"{round(share * 100)} %"


def points(change: Fraction | None) -> str:
    """A difference of two shares in percentage points, signed: `+2.1`, `−0.4`, `±0.0`."""
    if change is None:
        return NONE
    tenths = round(change * 1000)
    sign = "±" if tenths == 0 else "+" if tenths > 0 else "−"
    return f"{sign}{abs(tenths) / Decimal(10):.1f}"


def number(text: str | None) -> str:
    """A decimal text for people: without trailing zeros, thousands apart."""
    if text is None:
        return NONE
    whole, _, decimals = text.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    decimals = decimals.rstrip("0")
    return f"{sign}{int(digits or 0):,}" + (f".{decimals}" if decimals else "")


def amount(value: Fraction | None, unit: Unit | None = None, places: int = 2) -> str:
    """A value in shown units with its unit: `73.63 %`, `EUR 1,250`, `12 days`, `4.3`."""
    if value is None:
        return NONE
    figure = number(shown(value, places)).replace("-", "−")
    if unit is None:
        return figure
    if unit.kind in ("share", "percent"):
        return f"{figure} %"
    if unit.kind == "currency":
        return f"{unit.currency} {figure}"
    return f"{figure} days" if unit.kind == "days" else figure


def signed(value: Fraction | None, unit: Unit | None = None, places: int = 2) -> str:
    """A difference with its sign and unit: `+1.24 %`, `−EUR 300`."""
    if value is None:
        return NONE
    sign = "±" if value == 0 else "+" if value > 0 else "−"
    return f"{sign}{amount(abs(value), unit, places)}"


def chance(share: Fraction, points: int) -> str:
    """A share of so many outcomes; where all or none reach it, no more than they can say."""
    if share == 1:
        return f"over {points * 100 // (points + 1)} %"
    return f"under {100 // (points + 1) + 1} %" if share == 0 else percent0(share)
