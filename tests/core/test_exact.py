"""Exact numbers: arithmetic that keeps numerator and denominator, and text forms."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreline.core.exact import Exact, exact_text, parse_exact, quotient, shown, way_gone

fractions = st.fractions() | st.integers(-(10**45), 10**45).map(Fraction)
exacts = st.builds(Exact, fractions, st.none() | fractions)


def test_a_quotient_of_plain_values_keeps_both_as_they_stand() -> None:
    """5 / 8 and 10 / 16 stay distinguishable: nothing is reduced."""
    assert Exact(Fraction(10)) / Exact(Fraction(16)) == Exact(Fraction(10), Fraction(16))


def test_a_product_and_a_quotient_of_ratios_multiply_crosswise() -> None:
    """(2/4) * (6/8) is 12/32 and (2/4) / (6/8) is 16/24, unreduced."""
    left, right = Exact(Fraction(2), Fraction(4)), Exact(Fraction(6), Fraction(8))
    assert left * right == Exact(Fraction(12), Fraction(32))
    assert left / right == Exact(Fraction(16), Fraction(24))


def test_a_sum_keeps_an_equal_denominator_and_else_cross_multiplies() -> None:
    """1/8 + 2/8 is 3/8; 1/8 + 1/4 is 12/32; 1/8 + 2 is 17/8."""
    eighth = Exact(Fraction(1), Fraction(8))
    assert eighth + Exact(Fraction(2), Fraction(8)) == Exact(Fraction(3), Fraction(8))
    assert eighth + Exact(Fraction(1), Fraction(4)) == Exact(Fraction(12), Fraction(32))
    assert eighth + Exact(Fraction(2)) == Exact(Fraction(17), Fraction(8))
    assert Exact(Fraction(2)) - eighth == Exact(Fraction(15), Fraction(8))


@given(exacts, exacts, st.sampled_from("+-*/"))
def test_arithmetic_agrees_with_plain_fractions(left: Exact, right: Exact, sign: str) -> None:
    """Every operation gives the value that Fraction gives, or none where that has none."""
    made = {"+": left + right, "-": left - right, "*": left * right, "/": left / right}[sign]
    a, b = left.fraction, right.fraction
    if a is None or b is None or (sign == "/" and b == 0):
        assert made.fraction is None
    else:
        plain = {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else None}
        assert made.fraction == plain[sign]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(1, 4), "0.250000"),
        (Fraction(-1, 4), "-0.250000"),
        (Fraction(-1, 10**7), "0.000000"),
        (Fraction(5, 10**7), "0.000000"),
        (Fraction(15, 10**7), "0.000002"),
        (Fraction(25, 10**7), "0.000002"),
        (Fraction(8, 15), "0.533333"),
        (Fraction(2, 3), "0.666667"),
        (Fraction(10**42) + Fraction(1, 2), "1" + "0" * 42 + ".500000"),
    ],
)
def test_shown_rounds_half_even_and_never_writes_a_negative_zero(
    number: Fraction, text: str
) -> None:
    """Six decimals always, ties to the even digit, plain notation at any size."""
    assert shown(number) == text


def test_shown_of_nothing_is_nothing() -> None:
    """No value stays no value; no decimals means no point."""
    assert shown(None) is None
    assert shown(Fraction(5, 2), 0) == "2"
    assert shown(Fraction(7, 2), 0) == "4"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9), st.integers(0, 8))
def test_shown_agrees_with_decimal_rounding(number: Decimal, places: int) -> None:
    """The digits are those of decimal's ROUND_HALF_EVEN."""
    rounded = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, Context(prec=400))
    assert shown(Fraction(number), places) == f"{abs(rounded) if rounded == 0 else rounded:f}"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(45), "45"),
        (Fraction("1361606.40"), "1361606.4"),
        (Fraction(0), "0"),
        (Fraction(-1, 8), "-0.125"),
        (Fraction(2, 3), "2/3"),
        (Fraction(-200, 3), "-200/3"),
        (Fraction(1, 50), "0.02"),
        (Fraction("99999999999999999999999999999999999999999.01"), "9" * 41 + ".01"),
        (Fraction(10**40), "1" + "0" * 40),
    ],
)
def test_exact_text_writes_every_digit_and_no_more(number: Fraction, text: str) -> None:
    """Terminating numbers are decimals without trailing zeros, others n/d."""
    assert exact_text(number) == text


@given(fractions)
def test_parse_exact_reads_back_what_exact_text_wrote(number: Fraction) -> None:
    """No number changes on its way through text."""
    assert parse_exact(exact_text(number)) == number


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "1e3", "+1", " 1", "1_000", "1.", ".5", "1,5", "1/0", "1/-2", "٣"]
)
def test_parse_exact_refuses_whatever_exact_text_never_writes(text: str) -> None:
    """Floats' words, exponents, blanks and a denominator of 0 are refused, naming the text."""
    with pytest.raises(ValueError, match=r"0|exact number"):
        parse_exact(text)


@given(fractions, fractions, fractions)
def test_what_is_reduced_once_is_what_fractions_give(x: Fraction, y: Fraction, z: Fraction) -> None:
    """A quotient and the share of a way are exactly those of Fraction, signs included."""
    if y != 0:
        assert quotient(x, y) == x / y
    if y != z:
        assert way_gone(x, y, z) == (x - y) / (z - y)
