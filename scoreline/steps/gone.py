"""Streams that lost rows by their age: which days they speak for no more.

What belongs here: what the record says of it, the days of a series that it concerns, and
the words for people. What does not: which rows go (expiring).

The days of a series whose windows reach into what is gone keep the values that were
recorded while the rows were there; without such a value they have none, never a smaller one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from scoreline.core.model import Plan
from scoreline.core.records import ValueRecord
from scoreline.core.series import Point, Series
from scoreline.measures.reach import calendar, days_before, time_column
from scoreline.measures.requests import SeriesRequest, streams_read
from scoreline.steps.project import Project

_APART = frozenset(("streams", "gone", "engine", "first_day", "days"))
"""What the inputs of two values may differ in, and still be of the same definition."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What a stream lost by age: how many rows, up to which day by column, when, the rule."""

    stream: str
    rows: int
    until: Mapping[str, date]
    on: date
    why: str

    @property
    def words(self) -> str:
        """For people."""
        upto = max(self.until.values(), default=None)
        which = f"up to {upto} " if upto else ""
        return f"rows of {self.stream} {which}were removed on {self.on} ({self.why})"

    @property
    def body(self) -> dict[str, Any]:
        """As it stands in the inputs of a value."""
        until = {name: day.isoformat() for name, day in sorted(self.until.items())}
        return {"rows": self.rows, "until": until, "on": self.on.isoformat()}


def gone_by_age(project: Project) -> dict[str, Gone]:
    """The streams that lost rows by their age, by full name."""
    newest = {r.batch: r for r in project.store.removals() if r.gone.get("left")}
    found: dict[str, Gone] = {}
    for removal in newest.values():
        until = {n: date.fromisoformat(d) for n, d in removal.gone.get("until", {}).items()}
        at = removal.recorded_at or project.now()
        known = found.get(removal.stream)
        if known is not None:
            until = {n: max(until.get(n, date.min), d) for n, d in known.until.items()} | {
                n: d for n, d in until.items() if n not in known.until
            }
        rows = removal.gone["left"] + (known.rows if known else 0)
        on = max(at.astimezone(project.zone).date(), known.on if known else date.min)
        found[removal.stream] = Gone(removal.stream, rows, until, on, removal.why)
    return found


def removals_in_words(project: Project, stream: str) -> list[str]:
    """What was removed of a stream's batches, by day and reason, oldest first."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for removal in project.store.removals(stream):
        at = removal.recorded_at or project.now()
        day = at.astimezone(project.zone).date().isoformat()
        sums = groups.setdefault((day, removal.cause, removal.why), [0, 0, 0])
        sums[0] += 1
        sums[1] += removal.rows
        sums[2] += len(removal.removed)
    return [
        f"{cause} on {day}: {rows:,} rows, {files:,} files of {batches:,} batches ({why})"
        for (day, cause, why), (batches, rows, files) in groups.items()
    ]


def of_request(plan: Plan, request: SeriesRequest, gone: Mapping[str, Gone]) -> list[Gone]:
    """What the streams lost that a request reads."""
    if not gone:
        return []
    return [gone[s] for s in streams_read(plan, request.metric) if s in gone]


def with_days_that_stand(
    plan: Plan, request: SeriesRequest, text: str, gone: list[Gone], earlier: ValueRecord | None
) -> str:
    """The series with the recorded values, or none, on the days that reach into what is gone."""
    days: set[date] = set()
    rows = calendar(plan, request)
    column = time_column(plan, plan.metrics[request.metric])
    for lost in gone:
        newest = lost.until.get(column) if column is not None else None
        days |= days_before(rows, newest + timedelta(days=1) if newest else None)
    if not days:
        return text
    series = Series.parse(text)
    old = Series.parse(earlier.series) if earlier is not None else Series()
    until = max(lost.on for lost in gone)

    def point(day: date) -> Point:
        if day not in days:
            return series.at_text(day)
        return old.at_text(day) if day < until else ("", "")

    return _joined((day, point(day)) for day in series.days()).text


def comparable(earlier: ValueRecord | None, inputs: Mapping[str, Any]) -> ValueRecord | None:
    """An earlier value, if it was computed by the same definition."""
    if earlier is None:
        return None
    left = {k: v for k, v in earlier.inputs.items() if k not in _APART}
    return earlier if left == {k: v for k, v in inputs.items() if k not in _APART} else None


def _joined(points: Iterator[tuple[date, Point]]) -> Series:
    """The series of these days, ascending."""
    runs: list[list[tuple[date, Point]]] = []
    last: date | None = None
    ends: list[date] = []
    for day, point in points:
        if last is None or day - last != timedelta(days=1):
            runs.append([])
            ends.append(day)
        if not runs[-1] or runs[-1][-1][1] != point:
            runs[-1].append((day, point))
        ends[-1] = last = day
    kept = [(day, point, end) for run, end in zip(runs, ends, strict=True) for day, point in run]
    starts, values, stops = zip(*kept, strict=True) if kept else ((), (), ())
    return Series(tuple(starts), tuple(values), tuple(stops))
