"""Measure: the series of every metric that key results need, where their inputs changed.

What belongs here: which series are due, and what may be said of a stream as it stands.
What does not: SQL (measures) and running it (warehouse).

A series is named by what it is computed from: the metric's definition, the models and the
streams it reads by content, the days. Where that is the same as recorded, the recorded
series stands and nothing is computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from scoreline.core.errors import ExpressionError, WarehouseError
from scoreline.core.model import Plan
from scoreline.core.periods import shift
from scoreline.core.records import Batch, StreamState, ValueRecord, digest, digest_of
from scoreline.core.series import Point, Series
from scoreline.measures.allowed import validate
from scoreline.measures.prune import prune
from scoreline.measures.requests import Offset, SeriesRequest, requests_for, streams_read
from scoreline.measures.series import compile_series
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions
from scoreline.warehouse import measuring as engine
from scoreline.warehouse.database import ENGINE
from scoreline.warehouse.warehouse import Warehouse

ModelColumns = dict[str, dict[str, str]]


@dataclass(slots=True)
class Measured:
    """Every series by request; `computed` are those that are new, `errors` by object name.

    `plan` is what could be used of the project's, `definitions` its bodies.
    """

    plan: Plan
    definitions: Definitions
    values: dict[str, ValueRecord] = field(default_factory=dict)
    computed: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)


def measure(project: Project, warehouse: Warehouse, day: date) -> Measured:
    """Compute what is due; what cannot be computed is reported and left out."""
    plan, columns, errors = usable_plan(project.plan, warehouse)
    measured = Measured(plan, Definitions(plan), errors=errors)
    states = project.store.stream_states()
    due: list[SeriesRequest] = []
    inputs: dict[str, dict[str, Any]] = {}
    requests = [
        r
        for r in requests_for(plan, extra_days=_extra_days(plan, day))
        if all(s in states for s in streams_read(plan, r.metric))
    ]
    known = project.store.known_inputs()
    standing: list[str] = []
    for request in requests:
        found = _inputs(project, plan, request, states, measured.definitions.digests)
        inputs[request.id] = found
        if known.get(request.id) == digest_of(found):
            standing.append(request.id)
        else:
            due.append(request)
    measured.values.update(project.store.values(standing))
    texts = _compute(project, warehouse, plan, columns, due, measured.errors)
    for request in due:
        if request.id in texts:
            text = _legal(project, plan, request, texts[request.id])
            measured.values[request.id] = _record(request, text, inputs[request.id])
            measured.computed.add(request.id)
    return measured


def usable_plan(plan: Plan, warehouse: Warehouse) -> tuple[Plan, ModelColumns, dict[str, str]]:
    """The plan without the models and metrics that DuckDB refuses, and why it does."""
    columns: ModelColumns = {}
    errors: dict[str, str] = {}
    for model in _in_order(plan):
        try:
            columns[model.full_name] = warehouse.create_model(model)
        except WarehouseError as error:
            errors[f"model {model.name}"] = str(error)
    for problem in validate(plan, columns):
        if problem.scope not in errors:
            errors[problem.scope] = problem.message
    return prune(plan, errors), columns, errors


def _in_order(plan: Plan) -> list[Any]:
    """Models, each after the models it reads."""
    done: dict[str, Any] = {}

    def add(name: str) -> None:
        if name in done or name not in plan.models:
            return
        for read in plan.models[name].reads:
            add(read)
        done[name] = plan.models[name]

    for name in plan.models:
        add(name)
    return list(done.values())


def _extra_days(plan: Plan, day: date) -> list[date]:
    """The day itself where it lies before a cycle that has key results."""
    cycles = plan.organisation.cycles
    starts = [cycles[o.cycle].start for o in plan.objectives.values()]
    return [day] if any(day < start for start in starts) else []


def _inputs(
    project: Project,
    plan: Plan,
    request: SeriesRequest,
    states: Mapping[str, StreamState],
    bodies: Mapping[str, str],
) -> dict[str, Any]:
    """Everything that the series is computed from, by digest."""
    metric = plan.metrics[request.metric]
    organisation = plan.organisation
    streams = streams_read(plan, request.metric)
    body: dict[str, Any] = {
        "metric": bodies[f"metric {metric.name}"],
        "models": {m: bodies[f"model {m}"] for m in _models(plan, metric.from_)},
        "streams": {s: states[s].digest for s in streams},
        "filter": [[k, list(v)] for k, v in request.filter],
        "cycle": request.cycle,
        "offset": [[n, u] for n, u in request.offset],
        "days": _days_digest(request.days),
        "timezone": organisation.timezone,
        "fiscal_year_starts": list(organisation.fiscal_year_starts),
        "cycles": [
            [c.name, c.start.isoformat(), c.end.isoformat()] for c in organisation.cycles.values()
        ],
        "engine": ENGINE,
    }
    if metric.window.kind == "latest":
        limit = _first_legal(project, plan, request.metric)
        body["first_day"] = limit.isoformat() if limit else None
    return body


@lru_cache(maxsize=64)
def _days_digest(days: tuple[date, ...]) -> str:
    return digest(",".join(d.isoformat() for d in days).encode())


def _models(plan: Plan, name: str | None) -> list[str]:
    if name is None or name not in plan.models:
        return []
    return [name, *(m for read in plan.models[name].reads for m in _models(plan, read))]


def _compute(
    project: Project,
    warehouse: Warehouse,
    plan: Plan,
    columns: ModelColumns,
    due: list[SeriesRequest],
    errors: dict[str, str],
) -> dict[str, str]:
    """The series texts; where a statement fails, its requests are tried one by one."""
    if not due:
        return {}
    by_id = {r.id: r for r in due}
    compiled = compile_series(plan, due, columns)
    engine.prepare(warehouse.connection, compiled.tables)
    found: dict[str, str] = {}
    failed: list[str] = []
    project.listener.begin("measuring", len(compiled.statements))
    try:
        for statement in compiled.statements:
            try:
                found.update(engine.run(warehouse.connection, statement))
            except WarehouseError:
                failed += statement.requests
            project.listener.advance(statement.name)
    finally:
        project.listener.end()
    for request in (by_id[r] for r in failed):
        try:
            alone = compile_series(plan, [request], columns)
            engine.prepare(warehouse.connection, alone.tables)
            for statement in alone.statements:
                found.update(engine.run(warehouse.connection, statement))
        except (WarehouseError, ExpressionError) as error:
            errors[request.metric] = str(error)
    return found


def _legal(project: Project, plan: Plan, request: SeriesRequest, text: str) -> str:
    """The series without the days on which a stream as it stands says nothing.

    Without `history`, a stream as last loaded speaks for the day before its newest batch
    was received and later ones; with it, for every day since its first batch, and the
    day before, for which the first batch stands too.
    """
    if plan.metrics[request.metric].window.kind != "latest":
        return text
    limit = _first_legal(project, plan, request.metric)
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


def _first_legal(project: Project, plan: Plan, metric: str) -> date | None:
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


def _record(request: SeriesRequest, series: str, inputs: dict[str, Any]) -> ValueRecord:
    return ValueRecord(
        request=request.id,
        metric=request.metric,
        filter=[[k, list(v)] for k, v in request.filter],
        cycle=request.cycle,
        offset="".join(f"@{n:+d}{u}" for n, u in request.offset) or None,
        series=series,
        inputs=inputs,
        input_digest=digest_of(inputs),
    )
