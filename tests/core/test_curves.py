"""Expected progress: every curve, on its ends and in between."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreline.core.curves import expected_progress, time_share
from scoreline.core.model import Expected, Waypoint

START, DUE = date(2026, 7, 1), date(2026, 12, 31)
WAYPOINTS = Expected(
    "waypoints",
    (Waypoint(date(2026, 9, 30), Decimal("0.4")), Waypoint(date(2026, 11, 30), Decimal("0.9"))),
)
CURVES = [
    WAYPOINTS,
    *(
        Expected(kind)  # type: ignore[arg-type]
        for kind in ("linear", "back_loaded", "front_loaded", "s_curve", "workdays")
    ),
]
curves = st.sampled_from(CURVES)


def expected(curve: Expected, day: date, holidays: tuple[date, ...] = ()) -> Fraction:
    return expected_progress(curve, START, DUE, day, holidays).expected


@given(curves, st.integers(-100, 300))
def test_expected_progress_never_falls_and_stays_between_zero_and_one(
    curve: Expected, offset: int
) -> None:
    """A day later at least as much is expected, from 0 to 1."""
    day = START + timedelta(days=offset)
    assert 0 <= expected(curve, day) <= expected(curve, day + timedelta(days=1)) <= 1


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.kind)
def test_every_curve_runs_from_zero_on_the_start_to_one_on_the_due_date(curve: Expected) -> None:
    """Nothing is expected up to the start, everything from the due date on."""
    assert expected(curve, START - timedelta(days=9)) == expected(curve, START) == 0
    assert expected(curve, DUE) == expected(curve, DUE + timedelta(days=9)) == 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("linear", Fraction(1, 4)),
        ("back_loaded", Fraction(1, 16)),
        ("front_loaded", Fraction(7, 16)),
        ("s_curve", Fraction(5, 32)),
    ],
)
def test_the_shapes_are_the_documented_polynomials(kind: str, value: Fraction) -> None:
    """x, x², 1 - (1 - x)² and 3x² - 2x³ at a quarter of the time."""
    start = date(2026, 1, 1)
    due, day = start + timedelta(days=100), start + timedelta(days=25)
    assert expected_progress(Expected(kind), start, due, day, ()).expected == value  # type: ignore[arg-type]


def test_waypoints_are_met_on_their_days_and_linear_between() -> None:
    """0.4 on 30 September, 0.9 on 30 November, 31 of 61 days between on 31 October."""
    assert expected(WAYPOINTS, date(2026, 9, 30)) == Fraction(2, 5)
    assert expected(WAYPOINTS, date(2026, 11, 30)) == Fraction(9, 10)
    assert expected(WAYPOINTS, date(2026, 10, 31)) == Fraction(2, 5) + Fraction(1, 2) * Fraction(
        31, 61
    )
    assert expected(WAYPOINTS, date(2026, 7, 2)) == Fraction(2, 5) * Fraction(1, 91)


def test_a_waypoint_on_the_due_date_gives_way_to_one() -> None:
    """The curve ends at (due, 1) whatever is declared for that day."""
    curve = Expected("waypoints", (Waypoint(DUE, Decimal("0.5")),))
    assert expected(curve, DUE) == 1
    assert expected(curve, DUE - timedelta(days=1)) < Fraction(1, 2)


def test_working_days_stand_still_on_weekends_and_holidays() -> None:
    """From Friday 2 October to Monday 5 October one working day is gained, none on a holiday."""
    friday, monday = date(2026, 10, 2), date(2026, 10, 5)
    curve = Expected("workdays")
    total = 131  # weekdays from 2 July to 31 December 2026
    assert expected(curve, monday) - expected(curve, friday) == Fraction(1, total)
    assert expected(curve, friday, (monday,)) == expected(curve, monday, (monday,))
    pace = expected_progress(curve, START, DUE, friday, (monday,))
    assert pace.how == f"workdays, 67 of {total - 1} working days"


def test_without_a_working_day_the_curve_is_linear() -> None:
    """From Friday to Sunday there is none: half of the time is a half."""
    friday, sunday = date(2026, 10, 2), date(2026, 10, 4)
    pace = expected_progress(Expected("workdays"), friday, sunday, date(2026, 10, 3), ())
    assert pace.expected == Fraction(1, 2)
    assert "linear" in pace.how


def test_the_share_of_time_counts_days() -> None:
    """45 of 91 days, clamped outside; a span of no days is over at once."""
    due = date(2026, 9, 30)
    assert time_share(START, due, date(2026, 8, 15)) == Fraction(45, 91)
    assert time_share(START, due, date(2026, 6, 1)) == 0
    assert time_share(START, due, date(2027, 6, 1)) == 1
    assert time_share(START, START, START) == 1
