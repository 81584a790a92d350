"""Progress of each kind, its bounds and its worked text."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_builders import (
    DUE,
    MIDDLE,
    START,
    always,
    done,
    keep,
    milestones,
    on_days,
    plain,
    reach,
    scored,
    seen,
    step,
)

from scoreline.core.exact import Exact
from scoreline.core.model import CurvePoint, Keep, Reach, TargetChange, Unit
from scoreline.core.progress import outside_unit, resolve_target, within

numbers = st.fractions(-1000, 1000, max_denominator=1000)
CURVE = (CurvePoint(Decimal(40), Decimal("0.5")), CurvePoint(Decimal(60), Decimal("0.6")))


def curved(value: object, baseline: str = "20", target: str = "100") -> tuple[Fraction | None, str]:
    kr = reach(kind=Reach(Decimal(baseline), Decimal(target), CURVE))
    got = scored(kr, seen(value, baseline, target))
    return got.progress, got.formula


@given(numbers, numbers, numbers)
def test_mirroring_all_three_numbers_keeps_the_progress(
    b: Fraction, t: Fraction, v: Fraction
) -> None:
    """The sign of target - baseline takes care of the direction."""
    if b != t:
        straight = scored(reach(), seen(v, b, t))
        mirrored = scored(reach(), seen(-v, -b, -t))
        assert straight.progress == mirrored.progress == (v - b) / (t - b)
        assert straight.status == mirrored.status


@given(numbers, numbers, numbers, st.fractions(0, 100))
def test_progress_grows_towards_the_target(
    b: Fraction, t: Fraction, v: Fraction, further: Fraction
) -> None:
    """A step towards the target never lowers progress, whatever the direction."""
    if b != t:
        near = scored(reach(), seen(v + (further if t > b else -further), b, t)).progress
        far = scored(reach(), seen(v, b, t)).progress
        assert near is not None
        assert far is not None
        assert near >= far


@given(st.fractions())
def test_the_clamped_progress_stays_between_zero_and_the_cap(value: Fraction) -> None:
    """Progress itself is unclamped; what roll-ups use is not."""
    kr = reach(cap=Decimal("1.2"))
    got = scored(kr, seen(value))
    assert got.progress == value / 100
    assert got.clamped == min(max(value / 100, Fraction(0)), Fraction("1.2"))


@pytest.mark.parametrize(
    ("value", "progress"),
    [
        (10, Fraction(0)),
        (20, Fraction(0)),
        (30, Fraction(1, 4)),
        (40, Fraction(1, 2)),
        (50, Fraction("0.55")),
        (60, Fraction("0.6")),
        (80, Fraction("0.8")),
        (100, Fraction(1)),
        (120, Fraction(1)),
    ],
)
def test_a_curve_is_linear_between_its_points_and_flat_beyond(
    value: int, progress: Fraction
) -> None:
    """Through (baseline, 0), the declared points and (target, 1)."""
    assert curved(value)[0] == progress


def test_a_falling_curve_is_the_mirrored_one() -> None:
    """Baseline 100 to target 20 through 60 and 40 runs downward."""
    points = (CurvePoint(Decimal(60), Decimal("0.3")), CurvePoint(Decimal(40), Decimal("0.9")))
    kr = reach(kind=Reach(Decimal(100), Decimal(20), points))
    assert scored(kr, seen(50, 100, 20)).progress == Fraction("0.6")
    assert scored(kr, seen(20, 100, 20)).status == "achieved"


def test_a_curve_shows_the_piece_it_stands_on() -> None:
    """The worked text can be checked by hand."""
    assert curved(50)[1].startswith("curve: 0.5 + (0.6 - 0.5) * (50 - 40) / (60 - 40) = 0.550000")


def test_a_curve_that_its_baseline_has_overtaken_is_no_data() -> None:
    """A baseline taken from data may lie beyond a declared point: no progress is made up."""
    got = scored(reach(kind=Reach(Decimal(45), Decimal(100), CURVE)), seen(50, 45, 100))
    assert (got.status, got.progress) == ("no_data", None)
    assert "45 to 100" in (got.reason or "")


def test_a_baseline_that_turned_out_equal_to_the_target_is_no_data() -> None:
    """There is no division by zero, and the reason names the number."""
    got = scored(reach(), seen(50, 80, 80))
    assert (got.status, got.progress) == ("no_data", None)
    assert "both 80" in (got.reason or "")


@pytest.mark.parametrize(("missing", "word"), [("baseline", "baseline"), ("target", "target")])
def test_an_end_without_a_value_is_no_data(missing: str, word: str) -> None:
    """A frozen baseline that is not yet there leaves the key result without progress."""
    got = scored(reach(), seen(50, **{missing: None}))
    assert (got.status, got.value, got.progress) == ("no_data", None, None)
    assert word in (got.reason or "")


@pytest.mark.parametrize(
    ("value", "exclusive", "inside"),
    [(2, False, True), (2, True, False), (5, False, True), (5, True, False), (3, True, True)],
)
def test_exclusive_leaves_out_both_bounds(value: int, exclusive: bool, inside: bool) -> None:
    """2 and 5 lie inside 2..5 unless the bounds are exclusive."""
    kind = Keep(at_least=Decimal(2), at_most=Decimal(5), exclusive=exclusive)
    assert within(Fraction(value), kind) is inside
    assert not within(Fraction(1), kind)
    assert not within(Fraction(6), kind)


def test_a_keep_counts_periods_with_a_value_only() -> None:
    """Of three ended weeks one has no value: the share is over two, and it says so."""
    values = {date(2026, 7, 5): 1, date(2026, 7, 19): 9, date(2026, 7, 21): 1}
    got = scored(keep(), seen(value_on=on_days(values)), date(2026, 7, 21))
    assert got.progress == Fraction(1, 2)
    assert got.in_bounds_now is True
    assert got.formula.startswith("inside in 1 of 2 weeks with a value (1 without) = 0.500000")


def test_a_keep_period_counts_from_its_last_day_on() -> None:
    """On Saturday the week does not count yet, on Sunday it does."""
    saturday = date(2026, 7, 4)
    assert scored(keep(), seen(1), saturday).progress is None
    assert scored(keep(), seen(1), saturday + timedelta(days=1)).progress == 1


def test_the_last_keep_period_ends_on_the_due_date() -> None:
    """The clipped last week (28 to 31 December) is one of the 27 at the end."""
    got = scored(keep(), seen(1), DUE)
    assert got.formula.startswith("inside in 27 of 27 weeks = 1.000000")


def test_a_keep_compares_shown_values() -> None:
    """A share of 1/50 is 2 %, inside at most 2."""
    got = scored(keep(), seen(value_on=lambda _: Exact(Fraction(1), Fraction(50)), factor=100))
    assert (got.value, got.in_bounds_now, got.progress) == (2, True, 1)


def test_milestones_weigh_what_is_done() -> None:
    """1 + 3 of 8 done is a half; the text names the weights."""
    august = date(2026, 8, 12)
    kr = milestones(step(1, done=august), step(3, MIDDLE, done=august), step(4))
    got = scored(kr, seen())
    assert (got.progress, got.expected) == (Fraction(1, 2), Fraction(3, 8))
    assert got.steps_done == (august, august, None)
    assert got.formula == (
        "1 + 3 of 8 weights done = 0.500000; expected 0.375000 (3 of 8 weights due); on track"
    )


def test_a_step_done_later_is_not_done_yet() -> None:
    """A date after the as-of day does not count, the day itself does."""
    kr = milestones(step(1, done=MIDDLE), step(1, done=MIDDLE + timedelta(days=1)))
    assert scored(kr, seen()).progress == Fraction(1, 2)


def test_a_step_stays_done_after_its_bound_is_lost() -> None:
    """done_when counts from the first day on which it held, even if it fails later."""
    held = date(2026, 8, 1)
    kr = milestones(step(1, at_least=Decimal(6)))
    values = {held - timedelta(days=1): 5, held: 6, MIDDLE: 2}
    got = scored(kr, seen(step_value_on=(on_days(values),)))
    assert (got.progress, got.steps_done, got.status) == (1, (held,), "achieved")


def test_a_step_that_held_before_the_start_only_is_open() -> None:
    """Days before the start are not looked at."""
    kr = milestones(step(1, at_least=Decimal(6)))
    values = {START - timedelta(days=1): 9, MIDDLE: 2}
    assert scored(kr, seen(step_value_on=(on_days(values),))).progress == 0


def test_an_open_step_without_a_value_is_no_data() -> None:
    """Missing data is never read as not done; a step that is done needs no value."""
    kr = milestones(step(1, at_least=Decimal(6)))
    for values in ((always(None),), ()):
        got = scored(kr, seen(step_value_on=values))
        assert (got.status, got.progress) == ("no_data", None)
        assert "regions_live" in (got.reason or "")
    assert scored(kr, seen(step_value_on=(on_days({START: 6}),))).status == "achieved"


def test_a_step_compares_shown_values() -> None:
    """at_least 90 of a share holds at 9/10."""
    kr = milestones(step(1, at_least=Decimal(90)))
    nine_tenths = seen(
        step_value_on=(lambda _: Exact(Fraction(9), Fraction(10)),), step_factors=(100,)
    )
    assert scored(kr, nine_tenths).progress == 1


@pytest.mark.parametrize(
    ("on", "progress", "status"),
    [(MIDDLE, 1, "achieved"), (MIDDLE + timedelta(days=1), 0, "on_track"), (None, 0, "on_track")],
)
def test_done_is_one_from_its_date_on(on: date | None, progress: int, status: str) -> None:
    """Nothing is expected before the due date, so an open one is on track."""
    got = scored(done(on), seen())
    assert (got.progress, got.expected, got.status) == (progress, 0, status)


@pytest.mark.parametrize(
    ("target", "baseline", "number"),
    [
        (TargetChange(Decimal(20), percent=True), Fraction(50), Fraction(60)),
        (TargetChange(Decimal(-20), percent=True), Fraction(50), Fraction(40)),
        (TargetChange(Decimal(20), percent=True), Fraction(-100), Fraction(-120)),
        (TargetChange(Decimal("0.1"), percent=False), Fraction("0.2"), Fraction("0.3")),
        (TargetChange(Decimal(5), percent=False), None, None),
        (Decimal("1361606.40"), None, Fraction("1361606.4")),
    ],
)
def test_a_relative_target_is_resolved_from_the_baseline(
    target: Decimal | TargetChange, baseline: Fraction | None, number: Fraction | None
) -> None:
    """+20 % of 50 is 60; without a baseline only an absolute target is known."""
    assert resolve_target(target, baseline) == number


@pytest.mark.parametrize(
    ("unit", "value", "legal"),
    [
        ("count", Fraction(3), True),
        ("count", Fraction(0), True),
        ("count", Fraction(-1), False),
        ("count", Fraction(5, 2), False),
        ("share", Fraction(0), True),
        ("share", Fraction(100), True),
        ("share", Fraction(101), False),
        ("share", Fraction(-1, 3), False),
        ("percent", Fraction(120), True),
        ("number", Fraction(-5, 3), True),
    ],
)
def test_a_value_outside_its_unit_is_named(unit: str, value: Fraction, legal: bool) -> None:
    """Counts are whole and not negative, shares 0 to 100, other units unbounded."""
    reason = outside_unit(value, Unit(unit))  # type: ignore[arg-type]
    assert (reason is None) is legal
    assert reason is None or "legal are" in reason


def test_a_ratio_shows_its_division() -> None:
    """62.5 % of 5 over 8 is shown with its factor, and kept as 5 and 8."""
    got = scored(
        reach("35", "90"),
        seen(None, 35, 90, value_on=lambda _: Exact(Fraction(5), Fraction(8)), factor=100),
    )
    assert (got.value, got.numerator, got.denominator) == (Fraction("62.5"), 5, 8)
    assert got.formula.startswith("62.5 = 100 * 5 / 8; (62.5 - 35) / (90 - 35) = 0.500000; ")


def test_negative_and_endless_numbers_read_well_in_a_formula() -> None:
    """Negative numbers stand in brackets, endless ones are rounded at 6 decimals."""
    assert scored(reach("-5", "5"), seen(0, -5, 5)).formula.startswith(
        "(0 - (-5)) / (5 - (-5)) = 0.500000"
    )
    third = scored(reach(), seen(value_on=lambda _: plain(Fraction(1, 3)))).formula
    assert third.startswith("(0.333333 - 0) / (100 - 0) = 0.003333")
