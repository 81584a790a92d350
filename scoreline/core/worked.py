"""Words for people: numbers, shares and statuses inside a worked formula.

What belongs here: how a piece of a formula is written out. What does not: computing any
of it. A text made here can be checked with pencil and paper; it is never parsed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from scoreline.core.exact import Exact, as_fraction, exact_text, shown

_LONGEST = 12
"""A number with more decimals than this is written rounded at 6."""


def number(x: Fraction | Decimal) -> str:
    """A number as it stands, such as `1361606.4`; rounded at 6 decimals where endless."""
    exact = as_fraction(x) if isinstance(x, Decimal) else x
    text = exact_text(exact)
    if text.isdecimal():
        return text
    _, _, decimals = text.partition(".")
    return _rounded(exact) if "/" in text or len(decimals) > _LONGEST else text


def term(x: Fraction) -> str:
    """A number inside a formula: in brackets where it is negative."""
    text = number(x)
    return f"({text})" if x.numerator < 0 else text


def equals(x: Fraction) -> str:
    """The end of a worked formula: ` = 0.533333`."""
    return f" = {_rounded(x)}"


def division(value: Exact, factor: int) -> str | None:
    """`62.5 = 100 * 5 / 8` for a ratio that has a value; None for a plain number."""
    number_of = None if value.denominator is None else value.fraction
    if value.denominator is None or number_of is None:
        return None
    times = f"{factor} * " if factor != 1 else ""
    quotient = f"{times}{term(value.numerator)} / {term(value.denominator)}"
    return f"{number(number_of * factor)} = {quotient}"


def way(value: Fraction, baseline: Fraction, target: Fraction) -> str:
    """`(72 - 40) / (100 - 40)`: the way gone over the whole way."""
    b = term(baseline)
    return f"({term(value)} - {b}) / ({term(target)} - {b})"


def between(low: tuple[Fraction, Fraction], high: tuple[Fraction, Fraction], x: Fraction) -> str:
    """A piece of a curve: `0.3 + (0.5 - 0.3) * (45 - 40) / (50 - 40)`."""
    (x0, y0), (x1, y1) = low, high
    return f"{term(y0)} + ({term(y1)} - {term(y0)}) * {way(x, x0, x1)}"


def weights(done: Sequence[Decimal], total: Fraction, what: str) -> str:
    """`1 + 3 of 8 weights done`; `0 of 8 weights done` where there is none."""
    added = " + ".join(number(weight) for weight in done) or "0"
    return f"{added} of {number(total)} weights {what}"


def periods(inside: int, valued: int, ended: int, every: str) -> str:
    """`inside in 9 of 13 weeks`, naming the ended periods that had no value."""
    name = every if valued == 1 else f"{every}s"
    text = f"inside in {inside} of {valued} {name}"
    missing = ended - valued
    return f"{text} with a value ({missing} without)" if missing else text


def expected_part(expected: Fraction, how: str) -> str:
    """`expected 0.494505 (linear, 45 of 91 days)`; without a curve, `expected 1`."""
    return f"expected {_rounded(expected)} ({how})" if how else f"expected {number(expected)}"


def status_part(status: str, reason: str | None) -> str:
    """`on track`, or `held: a batch of lms.completions is blocked`."""
    words = status.replace("_", " ")
    return f"{words}: {reason}" if reason else words


def last_good_part(day: date) -> str:
    """What stands behind a formula that uses an earlier day's value."""
    return f" (last good value, of {day.isoformat()})"


def override_part(who: str, why: str, until: date | None) -> str:
    """Whose value it is while an override is in force."""
    end = f" until {until.isoformat()}" if until is not None else ""
    return f"value set by {who}{end}: {why}"


def closed_part(score: Fraction | None) -> str:
    """What closing the cycle fixed."""
    return "closed without a score" if score is None else f"closed with score {_rounded(score)}"


def _rounded(x: Fraction) -> str:
    return shown(x) or ""
