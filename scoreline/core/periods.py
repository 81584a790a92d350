"""The organisation's calendar: windows, shifted days and the periods of a keep.

What belongs here: which days a window covers, days only, both ends included. What does
not: instants, time zones and working days (moments), and data. Days before year 1 or
after year 9999 do not exist; a shift or window that would leave them stops at the end.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal

from scoreline.core.model import Cycle, Period, Window

ShiftUnit = Literal["y", "q", "m", "w", "d"]
Bounds = tuple[date | None, date]
"""First and last day, both included; a first day of None means that there is no start."""

CALENDAR_YEAR = (1, 1)
"""The month and day on which the fiscal year starts where nothing else is declared."""

_MONTHS: dict[str, int] = {"y": 12, "q": 3, "m": 1}
_DAYS: dict[str, int] = {"w": 7, "d": 1}


def window_bounds(
    window: Window,
    day: date,
    *,
    cycle: Cycle | None,
    fiscal_year_starts: tuple[int, int] = CALENDAR_YEAR,
) -> Bounds | None:
    """The days that a window ending with `day` covers.

    Args:
        window: the metric's window.
        day: the as-of day. For `last` it need not be covered: the newest period that is
            complete on that day is, and a period is complete on its own last day.
        cycle: the cycle that a `cycle` window starts with; see `cycle_for`.
        fiscal_year_starts: month and day; quarters and years follow it, months do not.

    Returns:
        First and last day, or None where there is no such window: a `cycle` window on a
        day outside the cycle, or without a cycle.

    Raises:
        ValueError: a `last` window without a period, or a `trailing` one without days.
    """
    if window.kind == "all" or window.kind == "latest":
        return None, day
    if window.kind == "cycle":
        inside = cycle is not None and cycle.start <= day <= cycle.end
        return (cycle.start, day) if cycle is not None and inside else None
    if window.kind == "trailing":
        if window.days is None or window.days < 1:
            raise ValueError(f"a trailing window covers at least 1 day, not {window.days}")
        return shift(day, 1 - window.days, "d"), day
    if window.kind == "last":
        if window.period is None:
            raise ValueError("a last window names its period: day, week, month, quarter or year")
        return last_complete(window.period, day, fiscal_year_starts)
    return period_start(window.kind, day, fiscal_year_starts), day


def last_complete(
    period: Period, day: date, fiscal_year_starts: tuple[int, int] = CALENDAR_YEAR
) -> tuple[date, date]:
    """The newest period of that length whose last day is `day` or before it."""
    first = period_start(period, day, fiscal_year_starts)
    last = period_end(period, day, fiscal_year_starts)
    if last == day:
        return first, last
    before = shift(first, -1, "d")
    return period_start(period, before, fiscal_year_starts), before


def period_start(
    period: Period, day: date, fiscal_year_starts: tuple[int, int] = CALENDAR_YEAR
) -> date:
    """The first day of the running period; weeks start on Monday."""
    if period == "day":
        return day
    if period == "week":
        return shift(day, -day.weekday(), "d")
    if period == "month":
        return day.replace(day=1)
    starts = _fiscal_starts(day, 3 if period == "quarter" else 12, fiscal_year_starts)
    return max((start for start in starts if start <= day), default=date.min)


def period_end(
    period: Period, day: date, fiscal_year_starts: tuple[int, int] = CALENDAR_YEAR
) -> date:
    """The last day of the running period."""
    if period == "day":
        return day
    if period == "week":
        return shift(day, 6 - day.weekday(), "d")
    if period == "month":
        return day.replace(day=calendar.monthrange(day.year, day.month)[1])
    starts = _fiscal_starts(day, 3 if period == "quarter" else 12, fiscal_year_starts)
    following = min((start for start in starts if start > day), default=None)
    return date.max if following is None else shift(following, -1, "d")


def _fiscal_starts(day: date, step: int, fiscal_year_starts: tuple[int, int]) -> list[date]:
    """Every start of a fiscal period of `step` months in the years around `day`.

    A start on a day that a month lacks (the 31st, 29 February) is that month's last day.
    """
    month, wanted = fiscal_year_starts
    years = range(max(day.year - 1, 1), min(day.year + 1, 9999) + 1)
    months = [year * 12 + month - 1 + extra for year in years for extra in range(0, 12, step)]
    return [_in_month(index, wanted) for index in months if index // 12 <= date.max.year]


def _in_month(index: int, wanted: int) -> date:
    """Day `wanted` of the month with that index (12 * year + month - 1), or its last day."""
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(wanted, calendar.monthrange(year, month)[1]))


def shift(day: date, amount: int, unit: ShiftUnit) -> date:
    """The day `amount` units later, earlier where negative, as `metric@-1y` means it.

    Months, quarters and years keep the day of the month, or take the month's last day
    where it is shorter: a year before 29 February is 28 February.
    """
    if unit in _DAYS:
        ordinal = day.toordinal() + amount * _DAYS[unit]
        return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))
    index = day.year * 12 + day.month - 1 + amount * _MONTHS[unit]
    if index < date.min.year * 12:
        return date.min
    return date.max if index >= (date.max.year + 1) * 12 else _in_month(index, day.day)


def cycle_for(
    day: date,
    kr_cycle: Cycle | None,
    cycles: Mapping[str, Cycle],
    *,
    offset: tuple[int, ShiftUnit] | None = None,
) -> Cycle | None:
    """The cycle whose `cycle` window `day` stands in.

    Args:
        day: the day of the value, already shifted where the metric is read with an offset.
        kr_cycle: the key result's cycle; None for a metric outside a key result.
        cycles: the declared cycles, in their order.
        offset: the offset of `metric@-1y` as (-1, "y").

    Returns:
        The key result's cycle if it contains the day, else the first declared cycle that
        does, else, with an offset, the key result's cycle moved by it, else None.
    """
    moved = kr_cycle if kr_cycle is None or offset is None else _moved(kr_cycle, offset)
    candidates = (kr_cycle, *cycles.values(), moved)
    return next((c for c in candidates if c is not None and c.start <= day <= c.end), None)


def _moved(cycle: Cycle, offset: tuple[int, ShiftUnit]) -> Cycle:
    amount, unit = offset
    return replace(
        cycle,
        name=f"{cycle.name}@{amount:+d}{unit}",
        start=shift(cycle.start, amount, unit),
        end=shift(cycle.end, amount, unit),
    )


def keep_periods(
    every: Period,
    start: date,
    due: date,
    fiscal_year_starts: tuple[int, int] = CALENDAR_YEAR,
) -> list[tuple[date, date]]:
    """The periods that cover `start`..`due` without a gap, the outer two clipped to it.

    Weeks are ISO weeks, months calendar months; quarters follow the fiscal year.
    """
    periods: list[tuple[date, date]] = []
    first = start
    while first <= due:
        last = min(period_end(every, first, fiscal_year_starts), due)
        periods.append((first, last))
        if last == date.max:
            break
        first = last + timedelta(days=1)
    return periods
