"""Measure: the series of every metric that key results need, where their inputs changed.

What belongs here: which series are due, and what may be said of a stream as it stands.
What does not: SQL (measures) and running it (warehouse).

A series is named by what it is computed from: the metric's definition, the models and the
streams it reads by content, the days. Where that is the same as recorded, the recorded
series stands and nothing is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from scoreline.core.digests import canonical, digest, digest_of
from scoreline.core.errors import WarehouseError
from scoreline.core.model import Plan
from scoreline.core.records import StreamState, ValueRecord
from scoreline.measures.allowed import validate
from scoreline.measures.prune import prune
from scoreline.measures.requests import SeriesRequest, requests_for, streams_read
from scoreline.steps.computing import compute
from scoreline.steps.gone import (
    Gone,
    comparable,
    gone_by_age,
    of_request,
    with_days_that_stand,
)
from scoreline.steps.legal_days import first_legal, legal_days
from scoreline.steps.loading import damaged_files, stands, tokens
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions
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

    def whole(self, project: Project) -> bool:
        """Whether nothing of the definitions had to be left out."""
        return not self.errors and not project.errors


@dataclass(slots=True)
class Due:
    """What is to be computed: the series that stand as recorded, those that are due.

    `inputs` says of every one of them what it is computed from, `gone` what the streams of
    some of them lost by age.
    """

    standing: list[str] = field(default_factory=list)
    requests: list[SeriesRequest] = field(default_factory=list)
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: dict[str, list[Gone]] = field(default_factory=dict)


def measure(project: Project, warehouse: Warehouse, day: date) -> Measured:
    """Compute what is due; what cannot be computed is reported and left out."""
    plan, columns, errors = usable_plan(project.plan, warehouse)
    measured = Measured(plan, Definitions(plan), errors=errors)
    due = find_due(project, plan, day, measured.definitions.digests)
    due.requests = _in_step(project, warehouse, plan, due.requests, measured.errors)
    fill(project, warehouse, measured, columns, due)
    return measured


def _in_step(
    project: Project,
    warehouse: Warehouse,
    plan: Plan,
    requests: list[SeriesRequest],
    errors: dict[str, str],
) -> list[SeriesRequest]:
    """Requests whose streams' tables hold what their batches say; errors for the others.

    A table that a damaged file left half-loaded must not be measured as if it were whole.
    """
    requests = whole(project, plan, requests, errors)
    partial: dict[str, bool] = {}
    for name in dict.fromkeys(s for r in requests for s in streams_read(plan, r.metric)):
        held = warehouse.loaded(name) == tokens(project, plan.streams[name])
        partial[name] = not (held and stands(project, plan.streams[name]))
    for request in requests:
        half = [s for s in streams_read(plan, request.metric) if partial[s]]
        if half:
            errors[request.metric] = (
                f"{half[0]} could not be loaded whole, so nothing is computed from it; "
                "`scoreline verify` says what is wrong, `scoreline repair` mends what it can"
            )
    return [r for r in requests if not any(partial[s] for s in streams_read(plan, r.metric))]


def whole(
    project: Project, plan: Plan, requests: list[SeriesRequest], errors: dict[str, str]
) -> list[SeriesRequest]:
    """Requests whose streams were joined when last tried; errors for the others."""
    failures = project.store.load_failures()
    found = []
    for request in requests:
        streams = streams_read(plan, request.metric)
        failed = next((s for s in streams if s in failures), None)
        if failed is None:
            found.append(request)
        else:
            errors[request.metric] = f"{failed} could not be loaded: {failures[failed]}"
    return found


def find_due(
    project: Project,
    plan: Plan,
    day: date,
    digests: Mapping[str, str],
    wanted: Collection[str] | None = None,
) -> Due:
    """Which series the plan's key results need, and which of them are not recorded as such.

    Args:
        project: the open project; only its record is read.
        plan: the definitions, which need not be the project's own.
        day: the as-of day.
        digests: the digest of each object of the plan, by its name with its kind.
        wanted: only these requests; all if None.
    """
    states, known = project.store.stream_states(), project.store.known_inputs()
    due, gone = Due(), gone_by_age(project)
    for request in requests_for(plan, extra_days=extra_days(plan, day)):
        if wanted is not None and request.id not in wanted:
            continue
        if not all(s in states for s in streams_read(plan, request.metric)):
            continue
        found = _inputs(project, plan, request, states, digests)
        lost = of_request(plan, request, gone)
        if lost:
            found["gone"] = {g.stream: g.body for g in lost}
            due.gone[request.id] = lost
        due.inputs[request.id] = found
        if known.get(request.id) == digest_of(found):
            due.standing.append(request.id)
        else:
            due.requests.append(request)
    return due


def fill(
    project: Project,
    warehouse: Warehouse | None,
    measured: Measured,
    columns: ModelColumns,
    due: Due,
) -> None:
    """Take what stands from the record, and compute the rest (None: where nothing is due)."""
    measured.values.update(project.store.values(due.standing))
    if warehouse is None or not due.requests:
        return
    plan = measured.plan
    requests = _intact(project, warehouse, plan, due.requests, measured.errors)
    texts = compute(project, warehouse, plan, columns, requests, measured.errors)
    earlier = project.store.values([r.id for r in requests if r.id in due.gone])
    for request in requests:
        if request.id in texts:
            text = legal_days(project, plan, request, texts[request.id])
            if request.id in due.gone:
                before = comparable(earlier.get(request.id), due.inputs[request.id])
                text = with_days_that_stand(plan, request, text, due.gone[request.id], before)
            measured.values[request.id] = _record(request, text, due.inputs[request.id])
            measured.computed.add(request.id)


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


def extra_days(plan: Plan, day: date) -> list[date]:
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
        limit = first_legal(project, plan, request.metric)
        body["first_day"] = limit.isoformat() if limit else None
    return body


@lru_cache(maxsize=64)
def _days_digest(days: tuple[date, ...]) -> str:
    return digest(",".join(d.isoformat() for d in days).encode())


def _models(plan: Plan, name: str | None) -> list[str]:
    if name is None or name not in plan.models:
        return []
    return [name, *(m for read in plan.models[name].reads for m in _models(plan, read))]


def _intact(
    project: Project,
    warehouse: Warehouse,
    plan: Plan,
    due: list[SeriesRequest],
    errors: dict[str, str],
) -> list[SeriesRequest]:
    """Those of the requests whose streams' files are what was stored; errors for the others."""
    streams = {r.metric: streams_read(plan, r.metric) for r in due}
    found = {
        name: damaged_files(project, warehouse, name)
        for name in dict.fromkeys(s for read in streams.values() for s in read)
    }
    for metric, read in streams.items():
        problem = next((p for p in map(found.get, read) if p), None)
        if problem:
            errors[metric] = problem
    return [r for r in due if not any(found[s] for s in streams[r.metric])]


def _record(request: SeriesRequest, series: str, inputs: dict[str, Any]) -> ValueRecord:
    written = canonical(inputs)
    return ValueRecord(
        request=request.id,
        metric=request.metric,
        filter=[[k, list(v)] for k, v in request.filter],
        cycle=request.cycle,
        offset="".join(f"@{n:+d}{u}" for n, u in request.offset) or None,
        series=series,
        inputs=inputs,
        input_digest=digest(written),
        written=written,
    )
