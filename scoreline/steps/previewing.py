"""Preview: a metric's values on the stored data, recorded or not, without recording anything.

What belongs here: the series of one metric over some days, and its values by a dimension.
What does not: charts and tables (cli), what a change does to key results (change).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from scoreline.audit.drilling import Drill, Question
from scoreline.core.errors import UsageError
from scoreline.core.exact import Exact
from scoreline.core.model import Cycle, Filter, Metric, Plan
from scoreline.core.series import Series
from scoreline.definitions.spec_base import nearest
from scoreline.measures.derived import value_function
from scoreline.measures.requests import SeriesRequest, closure, parts, streams_read
from scoreline.measures.rows import Asked
from scoreline.measures.single import sql_of
from scoreline.steps.change.effects import of_metrics
from scoreline.steps.change.scratch import Scratch
from scoreline.steps.measuring import Due, Measured, fill, usable_plan
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions
from scoreline.warehouse.warehouse import Warehouse

MOST_SEGMENTS = 1000


@dataclass(frozen=True, slots=True)
class Wish:
    """What to preview: a metric on a day and the days before it, filtered, by a dimension."""

    metric: str
    day: date
    days: int = 90
    filter: Filter = ()
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A metric's exact values; None on days without one. `by` has the value of each segment.

    `cycle` is the one that its window starts with, and the one that a key result of that
    day would have.
    """

    metric: Metric
    cycle: Cycle | None
    filter: Filter
    days: tuple[date, ...]
    values: tuple[Exact | None, ...]
    sql: str
    by: Mapping[str, Exact | None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def preview(project: Project, wish: Wish) -> Preview:
    """Compute a metric as the files define it; nothing is recorded or changed.

    Raises:
        UsageError: there is no such metric or dimension, it is in error, or a stream that
            it reads was never loaded.
        WarehouseError: DuckDB cannot compute it.
    """
    metric = find_metric(project, wish.metric)
    plan = of_metrics(project.plan, closure(project.plan, metric.name))
    streams = streams_read(plan, metric.name)
    days = tuple(wish.day - timedelta(days=n) for n in reversed(range(wish.days)))
    cycle = cycle_of(plan, wish.day)
    with (
        project.store.at_once() as store,
        Scratch(replace(project, store=store), plan, reread=True) as scratch,
    ):
        scratch.settle(streams)
        _refuse_unread(scratch.project, streams)
        warehouse = scratch.warehouse(streams)
        work = MetricWork(scratch.project, warehouse, cycle.name if cycle else None)
        filters = [wish.filter, *work.segments(metric.name, wish)]
        found = work.values(metric.name, filters, days)
        by = {str(f): v[-1] for f, v in zip(work.labels, found[1:], strict=True)}
        sql = sql_of(work.plan, metric.name, wish.filter, work.cycle)
        notes = tuple(scratch.notes)
    return Preview(metric, cycle, wish.filter, days, found[0], sql, by, notes)


def find_metric(project: Project, name: str) -> Metric:
    """The metric of that name.

    Raises:
        UsageError: there is none, or it is in error; names what is near, or what is wrong.
    """
    known = project.plan.metrics
    if name in known:
        return known[name]
    wrong = next((p for p in project.errors if p.scope == f"metric {name}"), None)
    if wrong is not None:
        raise UsageError(f"metric {name} is in error: {wrong.place}: {wrong.message}")
    near = nearest(name, known) or f"the definitions have: {', '.join(known) or 'none'}"
    raise UsageError(f"there is no metric {name!r}: {near}")


def cycle_of(plan: Plan, day: date) -> Cycle | None:
    """The cycle that contains a day, else the newest; None where there is none."""
    cycles = sorted(plan.organisation.cycles.values(), key=lambda c: (c.start, c.end))
    holding = [c for c in cycles if c.start <= day <= c.end]
    found = holding or cycles
    return found[-1] if found else None


def rows_of(project: Project, wish: Wish) -> Drill:
    """The rows behind the metric's value on the day; the caller closes it.

    Raises:
        UsageError: there is no such metric, or a stream was never loaded.
        WarehouseError: a stored file is missing, or does not fit the contract in the files.
    """
    metric = find_metric(project, wish.metric)
    cycle = cycle_of(project.plan, wish.day)
    name = cycle.name if cycle else None
    streams = streams_read(project.plan, metric.name)
    _refuse_unread(project, streams)
    states = project.store.stream_states()
    versions = project.store.streams_then({s: states[s].digest for s in streams})
    asked = Asked(project.plan, metric.name, wish.filter, name, wish.day)
    return Drill(project.files, Question(asked, versions))


class MetricWork:
    """Computing series of one metric in a warehouse.

    Attributes:
        labels: the values of the dimension that `segments` was asked for last.
    """

    def __init__(self, project: Project, warehouse: Warehouse, cycle: str | None) -> None:
        self.project, self.warehouse, self.cycle = project, warehouse, cycle
        self.plan, self._columns, errors = usable_plan(project.plan, warehouse)
        if errors:
            raise UsageError("; ".join(f"{name}: {words}" for name, words in errors.items()))
        self.labels: list[str] = []

    def segments(self, metric: str, wish: Wish) -> list[Filter]:
        """A filter for each value that the dimension has; notes their labels.

        Raises:
            UsageError: the metric cannot be split so.
        """
        if wish.by is None:
            return []
        legal = self.dimensions(metric)
        if wish.by not in legal:
            words = nearest(wish.by, legal) or f"legal: {', '.join(legal) or 'none is declared'}"
            raise UsageError(f"{metric} has no dimension {wish.by!r}; {words}")
        relations = {p.from_ for p, _, _ in parts(self.plan, metric, self.cycle) if p.from_}
        reads = [self.plan.streams.get(r) or self.plan.models[r] for r in sorted(relations)]
        found = {
            value
            for read in reads
            for value in self.warehouse.dimension_values(read, wish.by, MOST_SEGMENTS)
        }
        self.labels = sorted(found)
        others = tuple((k, v) for k, v in wish.filter if k != wish.by)
        return [tuple(sorted((*others, (wish.by, (value,))))) for value in self.labels]

    def dimensions(self, metric: str) -> list[str]:
        """The dimensions that every part of the metric declares."""
        sets = [p.dimensions for p, _, _ in parts(self.plan, metric, self.cycle)]
        return [d for d in sets[0] if all(d in others for others in sets)] if sets else []

    def values(
        self, metric: str, filters: Sequence[Filter], days: tuple[date, ...]
    ) -> list[tuple[Exact | None, ...]]:
        """The values on the days, for each filter."""
        requests = {
            r.id: r
            for f in filters
            for part, cycle, offset in parts(self.plan, metric, self.cycle)
            for r in (SeriesRequest(part.name, f, cycle, offset, days),)
        }
        due = Due(requests=list(requests.values()), inputs={name: {} for name in requests})
        measured = Measured(self.plan, Definitions(self.plan))
        fill(self.project, self.warehouse, measured, self._columns, due)
        if measured.errors:
            raise UsageError("; ".join(f"{n}: {w}" for n, w in measured.errors.items()))
        series = {name: Series.parse(v.series) for name, v in measured.values.items()}
        functions = [value_function(self.plan, series, metric, f, self.cycle) for f in filters]
        return [tuple(function(day) for day in days) for function in functions]


def _refuse_unread(project: Project, streams: Sequence[str]) -> None:
    failures = project.store.load_failures()
    failed = next((name for name in streams if name in failures), None)
    if failed is not None:
        raise UsageError(f"{failed} could not be loaded: {failures[failed]}")
    known = project.store.stream_states()
    missing = [name for name in streams if name not in known]
    if missing:
        source = missing[0].split(".", 1)[0]
        raise UsageError(
            f"{missing[0]} was never loaded, so there is nothing to compute from: "
            f"`scoreline run --source {source}` reads it"
        )


def filter_from(texts: Sequence[str]) -> Filter:
    """A filter written as `team=sales`; several of one dimension mean any of them.

    Raises:
        UsageError: a text without `=`.
    """
    found: dict[str, list[str]] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not (key and sign):
            raise UsageError(f"{text!r} is no filter: write it as team=sales")
        found.setdefault(key.strip(), []).append(value.strip())
    return tuple(sorted((key, tuple(sorted(values))) for key, values in found.items()))
