"""Exact numbers: a value as it was measured, and its text forms.

What belongs here: the pair of numerator and denominator, arithmetic that keeps both, and
writing and reading numbers without losing a digit. What does not: units, rounding rules
of a page, or anything that knows of key results. No float enters or leaves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from math import lcm

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+|/[0-9]+)?")
_ONE = Fraction(1)


@dataclass(frozen=True)
class Exact:
    """A value on a day, kept as it was measured, never reduced.

    `denominator` is None for a plain number (a count, a sum) and set for a ratio, where
    it may be 0: such a value stands for "no value". A ratio that lacks a value keeps
    lacking it through every operation.
    """

    numerator: Fraction
    denominator: Fraction | None = None

    @classmethod
    def parse(cls, numerator: str, denominator: str | None) -> Exact:
        """A value from its two texts; without a denominator (None or empty) a plain number.

        Raises:
            ValueError: as `parse_exact`.
        """
        return cls(parse_exact(numerator), parse_exact(denominator) if denominator else None)

    @cached_property  # divided once; so there are no slots
    def fraction(self) -> Fraction | None:
        """The value as one number; None where the denominator is 0."""
        if self.denominator is None:
            return self.numerator
        return None if self.denominator == 0 else self.numerator / self.denominator

    def __neg__(self) -> Exact:
        return Exact(-self.numerator, self.denominator)

    def __add__(self, other: Exact) -> Exact:
        if self.denominator == other.denominator:
            return Exact(self.numerator + other.numerator, self.denominator)
        left, right = _below(self), _below(other)
        return Exact(self.numerator * right + other.numerator * left, left * right)

    def __sub__(self, other: Exact) -> Exact:
        return self + -other

    def __mul__(self, other: Exact) -> Exact:
        numerator = self.numerator * other.numerator
        if self.denominator is None and other.denominator is None:
            return Exact(numerator)
        return Exact(numerator, _below(self) * _below(other))

    def __truediv__(self, other: Exact) -> Exact:
        """The quotient: of two plain values, one over the other as they stand.

        A divisor of 0, or one without a value, gives an Exact without a value.
        """
        if other.denominator == 0:
            return Exact(self.numerator, Fraction(0))
        numerator = self.numerator * _below(other)
        return Exact(numerator, _below(self) * other.numerator)


def _below(value: Exact) -> Fraction:
    return _ONE if value.denominator is None else value.denominator


@lru_cache(maxsize=4096)
def as_fraction(number: Decimal) -> Fraction:
    """A number of a definition, of which a few serve very many scores."""
    return Fraction(number)


def total(numbers: Sequence[Fraction]) -> Fraction:
    """The sum, over one common denominator: as exact as adding one by one, and faster."""
    below = lcm(*(x.denominator for x in numbers))
    return Fraction(sum(x.numerator * (below // x.denominator) for x in numbers), below)


def quotient(x: Fraction, y: Fraction) -> Fraction:
    """`x / y`, reduced once.

    Raises:
        ZeroDivisionError: `y` is 0.
    """
    (a, b), (c, d) = x.as_integer_ratio(), y.as_integer_ratio()
    return Fraction(a * d, b * c)


def way_gone(x: Fraction, start: Fraction, end: Fraction) -> Fraction:
    """`(x - start) / (end - start)`, reduced once.

    Raises:
        ZeroDivisionError: `start` and `end` are the same.
    """
    (a, b), (c, d), (e, f) = (number.as_integer_ratio() for number in (x, start, end))
    return Fraction((a * d - c * b) * f, (e * d - c * f) * b)


def shown(x: Fraction | None, places: int = 6) -> str | None:
    """A number as people see it: rounded half-even, always exactly `places` decimals.

    What rounds to zero is written without a sign. None stays None.
    """
    return None if x is None else _shown(*x.as_integer_ratio(), places)


@lru_cache(maxsize=8192)  # a score says its numbers in its formula and beside it
def _shown(numerator: int, denominator: int, places: int) -> str:
    whole, rest = divmod(numerator * 10**places, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and whole % 2):
        whole += 1
    return _scaled(whole, places)


def exact_text(x: Fraction) -> str:
    """The whole number: a decimal without exponent or trailing zeros where there is one.

    A number whose decimals never end is written `numerator/denominator`, in lowest terms.
    """
    numerator, denominator = x.as_integer_ratio()
    return str(numerator) if denominator == 1 else _exact_text(numerator, denominator)


@lru_cache(maxsize=8192)
def _exact_text(numerator: int, denominator: int) -> str:
    places = _decimals(denominator)
    if places is None:
        return f"{numerator}/{denominator}"
    return _scaled(numerator * (10**places // denominator), places)


def parse_exact(text: str) -> Fraction:
    """The number that `exact_text` or `shown` wrote.

    Raises:
        ValueError: for anything but `45`, `-0.25` or `2/3`: no exponent, blank, sign `+`,
            NaN or infinity, and no denominator 0.
    """
    if text.isdecimal() and text.isascii():
        return Fraction(int(text))
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not an exact number: legal are 45, -0.25 or 2/3")
    whole, slash, below = text.partition("/")
    if not slash:
        whole, _, decimals = text.partition(".")
        if not decimals:
            return Fraction(int(whole))
        return Fraction(int(whole + decimals), 10 ** len(decimals))
    try:
        return Fraction(int(whole), int(below))
    except ZeroDivisionError as error:
        raise ValueError(f"{text!r} has the denominator 0: it stands for no number") from error


def _scaled(whole: int, places: int) -> str:
    """`whole` / 10**places in plain notation with exactly `places` decimals."""
    digits = str(abs(whole)).rjust(places + 1, "0")
    sign = "-" if whole < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


@lru_cache(maxsize=4096)
def _decimals(denominator: int) -> int | None:
    """How many decimals a fraction in lowest terms needs; None where they never end."""
    counts = []
    for prime in (2, 5):
        count = 0
        while denominator % prime == 0:
            denominator //= prime
            count += 1
        counts.append(count)
    return max(counts) if denominator == 1 else None
