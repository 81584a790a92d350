"""Which days' rows each requested day covers: the calendar of a request.

What belongs here: windows, offsets and cycles turned into rows of the parameter table
`_calendar`. What does not: SQL, data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from scoreline.core.model import Cycle, Plan, Window
from scoreline.core.moments import end_of_day
from scoreline.core.periods import cycle_for, shift, window_bounds
from scoreline.measures.requests import Offset, SeriesRequest


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One requested day and the days whose rows its value covers, both ends included.

    Attributes:
        segment: from 0. Within a segment the days follow one another, all of them have a
            window or none has, and `lo`, `hi` and `until` never go back.
        day: the day the value is for.
        lo: first day covered; None where there is no start.
        hi: last day covered; None where there is no window, hence no value.
        until: the end of the day that is read, for rows that carry their validity.
    """

    segment: int
    day: date
    lo: date | None
    hi: date | None
    until: datetime | None


def calendar_rows(plan: Plan, request: SeriesRequest) -> tuple[CalendarRow, ...]:
    """The calendar of a request, one row for each of its days, ascending."""
    metric = plan.metrics[request.metric]
    with_instants = metric.window.kind == "latest"
    return calendar_of(
        plan, metric.window, (request.cycle, request.offset), request.days, with_instants
    )


def calendar_of(
    plan: Plan,
    window: Window,
    place: tuple[str | None, Offset],
    days: tuple[date, ...],
    with_instants: bool,
) -> tuple[CalendarRow, ...]:
    """The calendar of a window; requests that agree in these arguments share it.

    Args:
        plan: for its cycles, fiscal year and time zone.
        window: the metric's window.
        place: the cycle's name and the offset.
        days: ascending.
        with_instants: whether to fill in `until`.
    """
    zone = ZoneInfo(plan.organisation.timezone)
    rows: list[CalendarRow] = []
    for day in days:
        read = shifted(day, place[1])
        cycle = _cycle(plan, read, place)
        bounds = window_bounds(
            window, read, cycle=cycle, fiscal_year_starts=plan.organisation.fiscal_year_starts
        )
        lo, hi = bounds if bounds is not None else (None, None)
        row = CalendarRow(0, day, lo, hi, end_of_day(read, zone) if with_instants else None)
        if rows:
            row = replace(row, segment=rows[-1].segment + _breaks(rows[-1], row))
        rows.append(row)
    return tuple(rows)


def _breaks(before: CalendarRow, row: CalendarRow) -> bool:
    """Whether a new segment starts with the row."""
    if row.day - before.day != timedelta(days=1):
        return True
    if row.hi is None or before.hi is None:
        return row.hi is not before.hi
    if (row.lo is None) != (before.lo is None):
        return True
    return row.hi < before.hi or (
        row.lo is not None and before.lo is not None and row.lo < before.lo
    )


def shifted(day: date, offset: Offset) -> date:
    """The day that a value is read on: the offset's shifts applied one after the other."""
    for amount, unit in offset:
        day = shift(day, amount, unit)
    return day


def _cycle(plan: Plan, day: date, place: tuple[str | None, Offset]) -> Cycle | None:
    """The cycle that the day stands in: see `core.periods.cycle_for`."""
    name, offset = place
    cycles = plan.organisation.cycles
    own = cycles.get(name) if name is not None else None
    found = cycle_for(day, own, cycles)
    if found is not None or own is None or not offset:
        return found
    moved = replace(own, start=shifted(own.start, offset), end=shifted(own.end, offset))
    return moved if moved.start <= day <= moved.end else None
