"""How far back the key results of a plan reach into streams.

What belongs here: from windows and offsets to the first day whose rows count. What does
not: rows, and what follows from it (steps).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from scoreline.core.model import BaselineAt, KeyResult, Metric, Plan, Reach
from scoreline.measures.calendars import CalendarRow, calendar_of
from scoreline.measures.requests import Offset, SeriesRequest, asked_of, parts, streams_read


@dataclass(frozen=True, slots=True)
class Need:
    """What a key result needs of a stream: rows from `first` on, by the days in `column`.

    Without either it needs every row: its window has no start, or a model stands between,
    of which nobody can say which rows it needs.
    """

    key_result: str
    stream: str
    column: str | None
    first: date | None


def needs(plan: Plan, key_results: Iterable[KeyResult], frozen: Collection[str] = ()) -> list[Need]:
    """What these key results need of the streams that they read, from their start on.

    Args:
        plan: the resolved definitions.
        key_results: those that are still scored.
        frozen: of which the baseline was taken already.
    """
    found: dict[Need, None] = {}
    for kr in key_results:
        cycle, day = plan.organisation.cycles[kr.id.split("/", 1)[0]], kr.start
        if isinstance(kr.kind, Reach) and isinstance(kr.kind.baseline, BaselineAt):
            day = day if kr.id in frozen else min(day, kr.kind.baseline.date)
        for name, _ in asked_of(kr) if kr.broken is None else ():
            if name in plan.metrics:
                for metric, its_cycle, offset in parts(plan, name, cycle.name):
                    place = (its_cycle, offset)
                    found.update(dict.fromkeys(_of_metric(plan, kr, metric, place, day)))
    return list(found)


def _of_metric(
    plan: Plan, kr: KeyResult, metric: Metric, place: tuple[str | None, Offset], day: date
) -> Iterator[Need]:
    column = time_column(plan, metric)
    rows = calendar_of(plan, metric.window, place, (day,), with_instants=False)
    first = rows[0].lo if column is not None else None
    for stream in streams_read(plan, metric.name):
        yield Need(kr.id, stream, column if first else None, first)


def time_column(plan: Plan, metric: Metric) -> str | None:
    """The column of its stream that a metric's windows go by; None: it may need every row."""
    stream = plan.streams.get(metric.from_ or "")
    if stream is None or metric.window.kind in ("all", "latest"):
        return None
    return metric.time or stream.event_time


def days_before(rows: Iterable[CalendarRow], limit: date | None) -> set[date]:
    """The requested days whose windows reach before a day (None: all that have a window)."""
    return {
        row.day
        for row in rows
        if row.hi is not None and (limit is None or row.lo is None or row.lo < limit)
    }


def calendar(plan: Plan, request: SeriesRequest) -> tuple[CalendarRow, ...]:
    """The days whose rows each day of a request covers."""
    window = plan.metrics[request.metric].window
    place = (request.cycle, request.offset)
    return calendar_of(plan, window, place, request.days, with_instants=False)
