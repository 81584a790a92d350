"""Windows, shifted days, cycles and the periods of a keep."""

from __future__ import annotations

from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreline.core.model import Cycle, Period, Window
from scoreline.core.periods import (
    cycle_for,
    keep_periods,
    last_complete,
    period_end,
    period_start,
    shift,
    window_bounds,
)

H2 = Cycle("2026-H2", date(2026, 7, 1), date(2026, 12, 31))
PERIODS: tuple[Period, ...] = get_args(Period)
days = st.dates(date(1990, 1, 1), date(2060, 12, 31))
fiscal = st.sampled_from([(1, 1), (4, 1), (10, 1), (4, 6), (8, 31), (11, 30), (2, 29)])


def d(text: str) -> date:
    return date.fromisoformat(text)


def bounds(window: Window, day: str, fiscal_start: tuple[int, int] = (1, 1)) -> tuple[str, str]:
    found = window_bounds(window, d(day), cycle=None, fiscal_year_starts=fiscal_start)
    assert found is not None
    assert found[0] is not None
    return found[0].isoformat(), found[1].isoformat()


@pytest.mark.parametrize(
    ("kind", "day", "first"),
    [
        ("day", "2026-09-30", "2026-09-30"),
        ("week", "2026-09-30", "2026-09-28"),
        ("week", "2026-09-28", "2026-09-28"),
        ("week", "2021-01-03", "2020-12-28"),
        ("month", "2024-02-29", "2024-02-01"),
        ("quarter", "2026-09-30", "2026-07-01"),
        ("quarter", "2026-01-01", "2026-01-01"),
        ("year", "2026-12-31", "2026-01-01"),
        ("year", "2026-01-01", "2026-01-01"),
    ],
)
def test_running_windows_start_with_their_period(kind: str, day: str, first: str) -> None:
    """day..year reach from the running period's first day to the day, week 53 included."""
    assert bounds(Window(kind), day) == (first, day)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("period", "day", "first", "last"),
    [
        ("day", "2026-03-01", "2026-03-01", "2026-03-01"),
        ("week", "2026-09-27", "2026-09-21", "2026-09-27"),
        ("week", "2026-09-28", "2026-09-21", "2026-09-27"),
        ("week", "2021-01-03", "2020-12-28", "2021-01-03"),
        ("week", "2021-01-04", "2020-12-28", "2021-01-03"),
        ("month", "2024-02-29", "2024-02-01", "2024-02-29"),
        ("month", "2024-02-28", "2024-01-01", "2024-01-31"),
        ("month", "2026-01-15", "2025-12-01", "2025-12-31"),
        ("quarter", "2026-09-30", "2026-07-01", "2026-09-30"),
        ("quarter", "2026-09-29", "2026-04-01", "2026-06-30"),
        ("year", "2026-12-31", "2026-01-01", "2026-12-31"),
        ("year", "2026-12-30", "2025-01-01", "2025-12-31"),
    ],
)
def test_last_is_the_newest_complete_period(period: str, day: str, first: str, last: str) -> None:
    """A period is complete on its own last day, and not a day earlier."""
    assert bounds(Window("last", period=period), day) == (first, last)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "day", "fiscal_start", "first"),
    [
        ("year", "2026-03-31", (4, 1), "2025-04-01"),
        ("year", "2026-04-01", (4, 1), "2026-04-01"),
        ("quarter", "2026-03-31", (2, 1), "2026-02-01"),
        ("quarter", "2026-01-31", (2, 1), "2025-11-01"),
        ("year", "2026-04-05", (4, 6), "2025-04-06"),
        ("quarter", "2026-07-05", (4, 6), "2026-04-06"),
        ("quarter", "2026-07-06", (4, 6), "2026-07-06"),
        ("quarter", "2026-01-05", (4, 6), "2025-10-06"),
        ("quarter", "2026-03-01", (11, 30), "2026-02-28"),
        ("quarter", "2024-02-29", (11, 30), "2024-02-29"),
        ("year", "2025-02-28", (2, 29), "2025-02-28"),
        ("month", "2026-04-05", (4, 6), "2026-04-01"),
    ],
)
def test_quarters_and_years_follow_the_fiscal_year_and_months_do_not(
    kind: str, day: str, fiscal_start: tuple[int, int], first: str
) -> None:
    """Fiscal quarters are steps of three months from the fiscal start, on any day."""
    assert bounds(Window(kind), day, fiscal_start) == (first, day)  # type: ignore[arg-type]


def test_trailing_counts_the_day_itself() -> None:
    """Trailing 90d covers 90 days, trailing 1d only the day."""
    first, last = bounds(Window("trailing", days=90), "2026-09-30")
    assert (d(last) - d(first)).days + 1 == 90
    assert bounds(Window("trailing", days=1), "2026-09-30") == ("2026-09-30", "2026-09-30")


def test_a_window_longer_than_the_calendar_stops_at_its_beginning() -> None:
    """A trailing window over a million days starts on the first day there is."""
    assert bounds(Window("trailing", days=10**6), "2026-09-30")[0] == "0001-01-01"


def test_all_and_latest_have_no_start() -> None:
    """Both end with the day and begin with nothing."""
    for kind in ("all", "latest"):
        assert window_bounds(Window(kind), H2.start, cycle=None) == (None, H2.start)


def test_a_cycle_window_exists_inside_its_cycle_only() -> None:
    """From the cycle's first day to the day; no window before, after or without a cycle."""
    window = Window("cycle")
    assert window_bounds(window, d("2026-09-30"), cycle=H2) == (H2.start, d("2026-09-30"))
    assert window_bounds(window, H2.start, cycle=H2) == (H2.start, H2.start)
    assert window_bounds(window, d("2026-06-30"), cycle=H2) is None
    assert window_bounds(window, d("2027-01-01"), cycle=H2) is None
    assert window_bounds(window, d("2026-09-30"), cycle=None) is None


def test_a_window_without_its_length_is_refused() -> None:
    """Last needs a period and trailing at least one day: no window is guessed."""
    for window in (Window("last"), Window("trailing"), Window("trailing", days=0)):
        with pytest.raises(ValueError, match="window"):
            window_bounds(window, H2.start, cycle=None)


@given(days, st.sampled_from(PERIODS), fiscal)
def test_periods_tile_the_calendar(day: date, period: Period, start: tuple[int, int]) -> None:
    """Each day lies in exactly one period, and the next begins the day after its end."""
    first, last = period_start(period, day, start), period_end(period, day, start)
    assert first <= day <= last
    assert period_start(period, last, start) == first
    assert period_start(period, last + timedelta(days=1), start) == last + timedelta(days=1)


@given(days, st.sampled_from(PERIODS), fiscal)
def test_the_last_complete_period_is_complete_and_the_newest(
    day: date, period: Period, start: tuple[int, int]
) -> None:
    """It ends on or before the day, and the period after it does not."""
    first, last = last_complete(period, day, start)
    assert first == period_start(period, last, start)
    assert last <= day < period_end(period, last + timedelta(days=1), start)


@given(days, fiscal)
def test_window_bounds_never_move_back(day: date, start: tuple[int, int]) -> None:
    """A day later, no window begins or ends earlier."""
    windows = [Window("last", period=p) for p in PERIODS] + [Window(p) for p in PERIODS]
    for window in [*windows, Window("trailing", days=28)]:
        now = window_bounds(window, day, cycle=None, fiscal_year_starts=start)
        later = window_bounds(window, day + timedelta(days=1), cycle=None, fiscal_year_starts=start)
        assert now is not None
        assert later is not None
        assert later[0] >= now[0]  # type: ignore[operator]
        assert later[1] >= now[1]


@pytest.mark.parametrize(
    ("day", "amount", "unit", "moved"),
    [
        ("2024-02-29", -1, "y", "2023-02-28"),
        ("2024-02-29", -4, "y", "2020-02-29"),
        ("2026-03-31", -1, "m", "2026-02-28"),
        ("2026-01-31", -2, "m", "2025-11-30"),
        ("2026-05-31", -1, "q", "2026-02-28"),
        ("2026-12-31", 2, "m", "2027-02-28"),
        ("2026-03-01", -1, "w", "2026-02-22"),
        ("2026-01-01", -1, "d", "2025-12-31"),
        ("2026-01-01", -3000, "y", "0001-01-01"),
        ("2026-01-01", -(10**9), "d", "0001-01-01"),
        ("2026-01-01", 9000, "y", "9999-12-31"),
    ],
)
def test_a_shift_clamps_to_the_end_of_the_month(
    day: str, amount: int, unit: str, moved: str
) -> None:
    """A year before 29 February is 28 February; beyond the calendar is its end."""
    assert shift(d(day), amount, unit) == d(moved)  # type: ignore[arg-type]


def test_a_cycle_is_found_by_the_key_result_then_by_declaration_then_by_the_offset() -> None:
    """Own cycle first, the first declared one that contains the day next, moved one last."""
    cycles = {
        "2025": Cycle("2025", date(2025, 1, 1), date(2025, 12, 31)),
        "2025-H2": Cycle("2025-H2", date(2025, 7, 1), date(2025, 12, 31)),
        "2026-H2": H2,
    }
    offset = (-1, "y")
    assert cycle_for(d("2026-09-30"), H2, cycles) == H2
    assert cycle_for(d("2025-09-30"), H2, cycles, offset=offset) == cycles["2025"]  # type: ignore[arg-type]
    moved = cycle_for(d("2025-09-30"), H2, {"2026-H2": H2}, offset=offset)  # type: ignore[arg-type]
    assert moved is not None
    assert (moved.start, moved.end) == (date(2025, 7, 1), date(2025, 12, 31))
    assert cycle_for(d("2025-09-30"), H2, {"2026-H2": H2}) is None
    assert cycle_for(d("2026-09-30"), None, cycles) == H2


def test_keep_weeks_are_clipped_to_start_and_due() -> None:
    """Wednesday to a Thursday two weeks on: a short week, a whole one, a short one."""
    assert keep_periods("week", d("2026-07-01"), d("2026-07-16")) == [
        (d("2026-07-01"), d("2026-07-05")),
        (d("2026-07-06"), d("2026-07-12")),
        (d("2026-07-13"), d("2026-07-16")),
    ]


def test_keep_quarters_follow_the_fiscal_year() -> None:
    """With a year from February, July to December is cut after 31 July and 31 October."""
    found = keep_periods("quarter", d("2026-07-01"), d("2026-12-31"), (2, 1))
    assert [last for _, last in found] == [d("2026-07-31"), d("2026-10-31"), d("2026-12-31")]


@given(days, st.integers(0, 400), st.sampled_from(PERIODS), fiscal)
def test_keep_periods_cover_start_to_due_without_gap_or_overlap(
    start: date, length: int, every: Period, fiscal_start: tuple[int, int]
) -> None:
    """Every day between start and due lies in exactly one period."""
    due = start + timedelta(days=length)
    found = keep_periods(every, start, due, fiscal_start)
    assert found[0][0] == start
    assert found[-1][1] == due
    covered = [f + timedelta(days=n) for f, l in found for n in range((l - f).days + 1)]  # noqa: E741
    assert covered == [start + timedelta(days=n) for n in range(length + 1)]
