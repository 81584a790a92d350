"""The days on which a stream as it stands says something.

What belongs here: taking the days out of a `latest` series for which the stream, as last
loaded or with its versions, cannot speak. What does not: computing series (measuring).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from scoreline.core.model import Plan
from scoreline.core.periods import shift
from scoreline.core.records import Batch
from scoreline.core.series import Point, Series
from scoreline.measures.requests import Offset, SeriesRequest, streams_read
from scoreline.steps.project import Project


def legal_days(project: Project, plan: Plan, request: SeriesRequest, text: str) -> str:
    """The series without the days on which a stream as it stands says nothing.

    Without `history`, a stream as last loaded speaks for the day before its newest batch
    was received and later ones; with it, for every day since its first batch, and the
    day before, for which the first batch stands too.
    """
    if plan.metrics[request.metric].window.kind != "latest":
        return text
    limit = first_legal(project, plan, request.metric)
    if limit is None:
        return text
    series = Series.parse(text)
    borrowed = None
    if _keeps_versions(plan, request.metric):
        day = _first_day(series.first or limit, series.last or limit, request.offset, limit)
        if day is not None:
            borrowed = (day, series.at_text(day + timedelta(days=1)))
    return _since(series, request.offset, limit, borrowed).text


def _keeps_versions(plan: Plan, metric: str) -> bool:
    """Whether the metric reads versions: straight from a stream with `history`."""
    stream = plan.streams.get(plan.metrics[metric].from_ or "")
    return stream is not None and stream.history


def _since(
    series: Series, offset: Offset, limit: date, borrowed: tuple[date, Point] | None
) -> Series:
    """The series with no value on days that read a day before `limit`.

    `borrowed` is a day that takes another day's point.
    """
    points: list[tuple[date, Point, date]] = []
    rows = zip(series.starts, series.points, series.ends, strict=True)
    for index, (start, point, end) in enumerate(rows):
        after = series.starts[index + 1] if index + 1 < len(series.starts) else None
        last = end if after is None else min(end, after - timedelta(days=1))
        first = _first_day(start, last, offset, limit)
        if first is None:
            points.append((start, ("", ""), end))
            continue
        if first > start:
            points.append((start, ("", ""), end))
        if borrowed is not None and borrowed[0] == first:
            points.append((first, borrowed[1], end))
            if first < last:
                points.append((first + timedelta(days=1), point, end))
            continue
        points.append((first, point, end))
    return _merged(points)


def _first_day(start: date, last: date, offset: Offset, limit: date) -> date | None:
    """The first day in start..last that reads `limit` or a later day."""
    day = start
    while day <= last:
        read = day
        for amount, unit in offset:
            read = shift(read, amount, unit)
        if read >= limit:
            return day
        day += timedelta(days=1)
    return None


def _merged(points: Iterable[tuple[date, Point, date]]) -> Series:
    """A series without repeats of the same point inside a run."""
    kept: list[tuple[date, Point, date]] = []
    for start, point, end in points:
        if kept and kept[-1][1] == point and kept[-1][2] == end:
            continue
        kept.append((start, point, end))
    starts, values, ends = zip(*kept, strict=True) if kept else ((), (), ())
    return Series(tuple(starts), tuple(values), tuple(ends))


def first_legal(project: Project, plan: Plan, metric: str) -> date | None:
    """The first day for which `latest` can be said; None without streams."""
    days = []
    for name in streams_read(plan, metric):
        received = _received(project, name, first=_keeps_versions(plan, metric))
        if received is not None:
            days.append(received.astimezone(project.zone).date() - timedelta(days=1))
    return max(days, default=None)


def _received(project: Project, stream: str, *, first: bool) -> datetime | None:
    """When the first or the newest loaded batch of a stream was received."""
    loaded: list[Batch] = project.store.batches(stream, ["loaded"])
    if not loaded:
        return None
    return loaded[0].received_at if first else loaded[-1].received_at
