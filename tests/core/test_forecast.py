"""The forecast: its line, its interval, its chance, and how often the interval holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scoreline.core.backtest import Tally, backtest
from scoreline.core.forecast import (
    DAYS,
    Forecast,
    Goal,
    NotMade,
    Point,
    forecast,
    needed_pace,
)

AS_OF, DUE = date(2026, 9, 30), date(2026, 12, 31)
fractions = st.fractions(-1000, 1000, max_denominator=100)
several = st.lists(fractions, min_size=4, max_size=DAYS)


def ending(values: Sequence[Fraction | int], last: date = AS_OF, every: int = 1) -> list[Point]:
    """A series with these values, the newest on `last`, one each `every` days."""
    first = last - timedelta(days=every * (len(values) - 1))
    return [(first + timedelta(days=every * n), Fraction(v)) for n, v in enumerate(values)]


def made(series: Sequence[Point], target: Fraction | int = 0, rising: bool = True) -> Forecast:
    """The forecast on AS_OF of DUE, which must be there."""
    found = forecast(series, AS_OF, DUE, goal=Goal(Fraction(target), rising))
    assert isinstance(found, Forecast), found
    return found


def refusal(series: Sequence[Point], as_of: date = AS_OF, **more: Sequence[date]) -> str:
    """Why there is no forecast; there must be none."""
    found = forecast(series, as_of, DUE, **more)  # type: ignore[arg-type]
    assert isinstance(found, NotMade), found
    return found.reason


@settings(max_examples=40)
@given(
    fractions.filter(bool), fractions, st.sets(st.integers(0, DAYS - 1), min_size=4), st.booleans()
)
def test_a_straight_line_is_continued_exactly(
    slope: Fraction, level: Fraction, back: set[int], rising: bool
) -> None:
    """On an exact line, with or without gaps, value and pace are exact and the interval is a point."""
    series = [(AS_OF - timedelta(days=n), level - slope * n) for n in sorted(back, reverse=True)]
    found = made(series, level, rising)
    there = level + slope * (DUE - AS_OF).days
    assert found.value == found.low == found.high == there
    assert found.pace == slope * 7
    assert found.widening == 0
    assert found.chance == int(there >= level if rising else there <= level)


@settings(max_examples=40)
@given(several, fractions, st.fractions(-50, 50, max_denominator=20).filter(bool), fractions)
def test_a_forecast_moves_with_its_series(
    values: list[Fraction], shift: Fraction, scale: Fraction, target: Fraction
) -> None:
    """Another zero point or unit changes the forecast by the same; a mirrored series mirrors it."""
    before = forecast(ending(values), AS_OF, DUE, goal=Goal(target, rising=True))
    assume(isinstance(before, Forecast))
    assert isinstance(before, Forecast)
    moved = made(ending([v * scale + shift for v in values]), target * scale + shift, scale > 0)
    ends = sorted((before.low * scale + shift, before.high * scale + shift))
    assert [moved.low, moved.high] == ends
    assert moved.value == before.value * scale + shift
    assert moved.pace == before.pace * scale
    assert (moved.chance, moved.widening) == (before.chance, before.widening)


@settings(max_examples=40)
@given(several, fractions, fractions)
def test_a_harder_target_is_never_likelier(
    values: list[Fraction], target: Fraction, step: Fraction
) -> None:
    """The chance falls, or stays, as the target moves away; it lies between 0 and 1."""
    assume(isinstance(forecast(ending(values), AS_OF, DUE), Forecast))
    near, far = target, target + abs(step)
    up = [made(ending(values), t).chance for t in (near, far)]
    down = [made(ending(values), t, rising=False).chance for t in (far, near)]
    for easy, hard in (up, down):
        assert easy is not None
        assert hard is not None
        assert 0 <= hard <= easy <= 1


@settings(max_examples=40)
@given(several)
def test_value_and_chance_agree_with_the_interval(values: list[Fraction]) -> None:
    """The value lies in the interval; 3 of 4 outcomes or more lie on the inner side of each end."""
    found = forecast(ending(values), AS_OF, DUE)
    assume(isinstance(found, Forecast))
    assert isinstance(found, Forecast)
    assert found.low <= found.value <= found.high
    assert (made(ending(values), found.low).chance or 0) >= Fraction(3, 4)
    assert (made(ending(values), found.high, rising=False).chance or 0) >= Fraction(3, 4)


@settings(max_examples=40)
@given(
    st.sets(st.integers(0, DAYS - 1), max_size=6), st.integers(-(10**9), 10**9), st.integers(1, 9)
)
def test_a_few_wrong_values_do_not_move_the_slope(wrong: set[int], value: int, slope: int) -> None:
    """Up to 6 of 28 values may be anything: pace and value stay those of the others."""
    clean = [slope * n for n in range(DAYS)]
    found = made(ending([value if n in wrong else v for n, v in enumerate(clean)]))
    right = made(ending(clean))
    assert (found.pace, found.value) == (right.pace, right.value)


def test_only_the_last_28_days_count() -> None:
    """What is older than 28 days, or later than the as-of day, changes nothing."""
    newest = ending([n * n % 11 for n in range(DAYS)])
    older = [(AS_OF - timedelta(days=DAYS + n), Fraction(10**6)) for n in range(5)][::-1]
    later = [(AS_OF + timedelta(days=1), Fraction(10**6))]
    assert made([*older, *newest, *later]) == made(newest)
    assert made(newest).first == AS_OF - timedelta(days=27)


def test_farther_ahead_is_less_sure() -> None:
    """The interval widens with the time to the due date."""
    series = ending([n * 3 + n * n % 7 for n in range(DAYS)])
    found = [forecast(series, AS_OF, AS_OF + timedelta(days=n)) for n in (1, 7, 30, 90)]
    widths = [f.high - f.low for f in found if isinstance(f, Forecast)]
    assert len(widths) == 4
    assert widths == sorted(set(widths))


def test_a_running_count_is_less_sure_than_noise() -> None:
    """The same residuals in another order: what adds up strays farther than what comes and goes."""
    zigzag = ending([10 * n + (5 if n % 2 else -5) for n in range(DAYS)])
    drifting = ending([10 * n + (5 if 7 <= n < 21 else -5) for n in range(DAYS)])
    assert made(drifting).widening > 2 * made(zigzag).widening


def test_no_slope_leads_across_a_restart() -> None:
    """Values before the newest restart do not count, and a restart ahead leaves no forecast."""
    sawtooth = [*range(100, 120), *range(8)]
    restart = AS_OF - timedelta(days=7)
    found = forecast(ending(sawtooth), AS_OF, DUE, restarts=[restart])
    assert isinstance(found, Forecast)
    assert (found.first, found.points, found.pace) == (restart, 8, 7)
    ahead = refusal(ending(sawtooth), restarts=[restart, date(2026, 10, 1)])
    assert "starts again on 2026-10-01, before the due date 2026-12-31" in ahead
    assert "starts again" in refusal(ending(sawtooth), restarts=[DUE])
    young = refusal(ending(sawtooth), restarts=[AS_OF - timedelta(days=2)])
    assert young == "3 values from 2026-09-28 to 2026-09-30: a slope needs 4"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "0 values from 2026-09-03 to 2026-09-30: a slope needs 4"),
        ([1], "1 value from"),
        ([1, 2, 3], "3 values from"),
        ([5] * 10, "did not change from 2026-09-21 to 2026-09-30: there is no pace to go on"),
        ([5] * 27 + [9], "changed 1 times from 2026-09-03 to 2026-09-30: too few"),
    ],
)
def test_too_little_to_go_on_is_said(values: list[int], reason: str) -> None:
    """Too few values, or values that hardly moved, give the reason and no line."""
    assert reason in refusal(ending(values))


def test_what_is_due_is_not_forecast() -> None:
    """On the due date and after it there is nothing ahead, and no pace is needed."""
    for day in (DUE, DUE + timedelta(days=1)):
        assert "is not ahead" in refusal(ending([1, 2, 3, 4], day), as_of=day)
        assert needed_pace(Fraction(1), Fraction(2), day, DUE) is None


def test_the_needed_pace_ends_at_the_target() -> None:
    """From 40, 60 more in 10 weeks are 6 a week; a target below is a pace downward."""
    day = DUE - timedelta(weeks=10)
    assert needed_pace(Fraction(40), Fraction(100), day, DUE) == 6
    assert needed_pace(Fraction(40), Fraction(30), day, DUE) == -1


def test_a_forecast_stays_inside_its_unit() -> None:
    """A share is never forecast beyond 100, and what is cut off still reaches 100."""
    values = [Fraction(60 + n + n % 3) for n in range(DAYS)]
    goal = Goal(Fraction(100), rising=True)
    found = forecast(ending(values), AS_OF, DUE, goal=goal, bounds=(Fraction(0), Fraction(100)))
    assert isinstance(found, Forecast)
    assert found.low <= found.value == found.high == 100
    assert found.chance == made(ending(values), 100).chance


# --- how often the interval holds ------------------------------------------------------------


def noise(random: Random, days: int) -> list[Fraction]:
    """A straight line with independent errors."""
    return [Fraction(n, 2) + Fraction(round(random.gauss(0, 300)), 100) for n in range(days)]


def counts(random: Random, days: int) -> list[Fraction]:
    """A running count: on each day, each of 6 events happens with a chance of 1 in 5."""
    total, values = 0, []
    for _ in range(days):
        total += sum(random.random() < 0.2 for _ in range(6))
        values.append(Fraction(total))
    return values


@pytest.mark.parametrize("kind", [noise, counts])
@pytest.mark.parametrize("ahead", [7, 60])
def test_four_of_five_intervals_hold(kind: object, ahead: int) -> None:
    """Of 300 forecasts, 0.70 to 0.95 of the intervals hold: noise errs wide, drift narrow."""
    random, held = Random(20260930), 0
    for _ in range(300):
        values = kind(random, DAYS + ahead)  # type: ignore[operator]
        series = ending(values, AS_OF + timedelta(days=ahead))
        found = forecast(series, AS_OF, series[-1][0])
        assert isinstance(found, Forecast)
        held += found.low <= series[-1][1] <= found.high
    assert 0.70 <= held / 300 <= 0.95


def test_a_backtest_of_known_histories_is_near_80_percent() -> None:
    """Over 60 histories of 40 days, half noise and half counts, 0.72 to 0.90 hold.

    The forecasts err less than half as much as the newest value does.
    """
    random, total = Random(7), Tally()
    for number in range(60):
        series = ending((noise if number % 2 else counts)(random, 40))
        total += backtest(series, AS_OF)
    assert total.cases == 60 * 36
    assert total.coverage is not None
    assert total.against_naive is not None
    assert Fraction(72, 100) <= total.coverage <= Fraction(90, 100)
    assert total.against_naive < Fraction(1, 2)


def test_a_backtest_looks_at_earlier_days_only() -> None:
    """A jump on the last day is missed by every forecast before it, and counted in full."""
    values = [*range(20), 1000]
    tally = backtest(ending(values), AS_OF)
    assert (tally.cases, tally.covered) == (17, 0)
    assert tally.mean_error == 1000 - 20
    assert tally.naive == sum(1000 - n for n in range(3, 20))


def test_a_backtest_ends_where_it_is_told_to() -> None:
    """What lies after `until` is neither used nor looked for; without a case there is no share."""
    series = ending([*range(20), 1000])
    tally = backtest(series, AS_OF - timedelta(days=1))
    assert (tally.cases, tally.covered, tally.error) == (16, 16, 0)
    empty = backtest(series[:3], AS_OF)
    assert (empty.cases, empty.coverage, empty.against_naive) == (0, None, None)
    assert backtest(series, date(2020, 1, 1)) == Tally()
