"""What a change of definitions does to scores: both sides on the same data, nothing recorded.

What belongs here: which key results a change can touch, and scoring those by either side's
definitions. What does not: finding the differences (differences), recording (applying).

A series that is recorded for the same inputs is taken from the record; only what the change
made different is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from scoreline.core.digests import digest
from scoreline.core.model import KeyResult, Plan
from scoreline.core.scoring import Score
from scoreline.definitions.canonical import metrics_of, relation_closure
from scoreline.measures.derived import request_ids
from scoreline.measures.prune import prune
from scoreline.measures.requests import asked_of, closure, streams_read
from scoreline.steps.change.scratch import Scratch
from scoreline.steps.change.sides import Side
from scoreline.steps.evaluating import evaluate, gather
from scoreline.steps.measuring import Measured, fill, find_due, usable_plan, whole
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions, score_record


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a key result stands by one side: its score and the body that would be recorded."""

    score: Score
    body: Mapping[str, Any]


@dataclass(slots=True)
class Stands:
    """Where key results stand by one side, by full name.

    `computed` is the number of series that the record did not have; `errors` are metrics
    that cannot be computed; `unread` the streams of which nothing is stored, with the key
    results that wait for them.
    """

    by_id: dict[str, Stand] = field(default_factory=dict)
    computed: int = 0
    errors: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unread: dict[str, list[str]] = field(default_factory=dict)


def touched(side: Side, changed: Collection[str]) -> set[str]:
    """The side's key results that stand on one of the changed objects, by full name."""
    definitions = side.definitions
    cache: dict[tuple[str, ...], bool] = {}
    found = set()
    for kr in side.plan.key_results.values():
        own = {"organisation", f"key_result {kr.id}"}
        if own & set(changed):
            found.add(kr.id)
            continue
        metrics = metrics_of(kr)
        if metrics not in cache:
            below = definitions.of(kr).keys() - own
            cache[metrics] = not below.isdisjoint(changed)
        if cache[metrics]:
            found.add(kr.id)
    return found


def stand(project: Project, side: Side, ids: Collection[str], day: date) -> Stands:
    """Where some key results of a side stand as of a day.

    Args:
        project: the open project; it is read only.
        side: whose definitions count. Those in the files are applied to the stored bytes
            as a run would; others take the stored rows as they are.
        ids: full names; those that the side does not have are passed over.
        day: the as-of day.
    """
    found = Stands()
    known = side.plan.key_results
    chosen = [known[name] for name in ids if name in known]
    if not chosen:
        return found
    with Scratch(project, side.plan, reread=side.origin == "files") as scratch:
        measured = _measured(scratch, side, chosen, day)
        plan = _only(measured.plan, {kr.id for kr in chosen})
        evidence = gather(scratch.project, plan, day, measured.values, measured.errors)
        series = {r: digest(v.series.encode()) for r, v in measured.values.items()}
        for s in evaluate(scratch.project, evidence, day):
            record = score_record(
                s.kr, s.score, s.observed, measured.definitions, evidence.streams, series
            )
            found.by_id[s.kr.id] = Stand(s.score, record.body)
            for name in s.observed.streams:
                if name not in evidence.streams:
                    found.unread.setdefault(name, []).append(s.kr.id)
        found.computed, found.errors = len(measured.computed), measured.errors
        found.notes = scratch.notes
    return found


def _measured(scratch: Scratch, side: Side, chosen: list[KeyResult], day: date) -> Measured:
    """The series that the chosen key results need, and no others."""
    plan = side.plan
    metrics = {m for kr in chosen for m in metrics_of(kr) if m in plan.metrics}
    scratch.settle({s for m in metrics for s in streams_read(plan, m)})
    project = scratch.project
    definitions = side.definitions
    due = find_due(project, plan, day, definitions.digests, _requests(plan, chosen))
    unloaded: dict[str, str] = {}
    due.requests = whole(project, plan, due.requests, unloaded)
    if not due.requests:
        measured = Measured(plan, definitions, errors=unloaded)
        fill(project, None, measured, {}, due)
        return measured
    names = {part for r in due.requests for part in closure(plan, r.metric)}
    streams = {s for m in names for s in streams_read(plan, m)}
    warehouse = scratch.warehouse(streams)
    _, columns, errors = usable_plan(of_metrics(plan, names), warehouse)
    if errors:
        plan = prune(plan, errors)
        definitions = Definitions(plan)
        due = find_due(project, plan, day, definitions.digests, _requests(plan, chosen))
        due.requests = whole(project, plan, due.requests, unloaded)
    measured = Measured(plan, definitions, errors={**errors, **unloaded})
    fill(project, warehouse, measured, columns, due)
    return measured


def _requests(plan: Plan, chosen: list[KeyResult]) -> set[str]:
    """The ids of the series that key results need."""
    found: set[str] = set()
    for kr in chosen:
        cycle = kr.id.split("/", 1)[0]
        for metric, filter_ in asked_of(kr):
            if metric in plan.metrics:
                found.update(request_ids(plan, metric, filter_, cycle))
    return found


def of_metrics(plan: Plan, names: Collection[str]) -> Plan:
    """The plan with these metrics and the models they read, and without key results."""
    metrics = {n: m for n, m in plan.metrics.items() if n in names}
    read = relation_closure(plan, (m.from_ for m in metrics.values() if m.from_))
    models = {n: plan.models[n] for n in read if n in plan.models}
    return replace(plan, metrics=metrics, models=models, objectives={})


def _only(plan: Plan, ids: Collection[str]) -> Plan:
    """The plan with these key results, in their objectives."""
    objectives = {}
    for name, objective in plan.objectives.items():
        kept = tuple(k for k in objective.key_results if k.id in ids)
        if kept:
            objectives[name] = replace(objective, key_results=kept)
    return replace(plan, objectives=objectives)
