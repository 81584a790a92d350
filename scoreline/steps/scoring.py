"""Measure, score, record: one day of every key result, in one transaction at the end.

What belongs here: committing values, baselines, definitions and scores together. What
does not: how a score comes about (evaluating).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from scoreline.core import faults
from scoreline.core.digests import digest
from scoreline.core.exact import Exact, exact_text, shown
from scoreline.measures.derived import Daily
from scoreline.steps.defining import new_versions
from scoreline.steps.evaluating import evaluate, gather, rolled_up, rows
from scoreline.steps.measuring import Measured, measure
from scoreline.steps.project import Project
from scoreline.steps.recording import score_record
from scoreline.steps.reports import MetricRow, ScoreReport
from scoreline.steps.restating import restatements
from scoreline.warehouse.warehouse import Warehouse


def score_day(project: Project, warehouse: Warehouse, run: str, day: date) -> ScoreReport:
    """Measure what changed, score every key result as of a day, and record it all."""
    measured = measure(project, warehouse, day)
    _note_dimensions(project, warehouse, measured)
    faults.reach("measure.done")
    evidence = gather(project, measured.plan, day, measured.values, measured.errors)
    scored = evaluate(project, evidence, day)
    definitions = measured.definitions
    series = {r: digest(v.series.encode()) for r, v in measured.values.items()}
    records = [
        score_record(s.kr, s.score, s.observed, definitions, evidence.streams, series)
        for s in scored
    ]
    faults.reach("record.begun")
    commit = project.store.commit_run(
        run,
        values=[v for r, v in measured.values.items() if r in measured.computed],
        definitions=new_versions(project, definitions, whole=measured.whole(project)),
        baselines=[s.observed.new_baseline for s in scored if s.observed.new_baseline],
        scores=records,
        restatements=restatements(project, measured),
        now=project.now(),
    )
    faults.reach("record.committed")
    return ScoreReport(
        as_of=day,
        key_results=rows(scored, definitions, {n: d for (n, _), d in commit.scores.items()}),
        objectives=rolled_up(project, measured.plan, scored, day),
        metrics=metric_rows(measured, evidence.series, day),
        computed=len(measured.computed),
        reused=len(measured.values) - len(measured.computed),
        recorded=commit.counts,
        block=commit.block,
        errors=dict(measured.errors),
        waiting=tuple(str(w) for w in project.waiting),
    )


def _note_dimensions(project: Project, warehouse: Warehouse, measured: Measured) -> None:
    """Note the values that the dimensions of newly computed metrics have, for the lint."""
    metrics = {measured.values[request].metric for request in measured.computed}
    seen = {
        (measured.plan.metrics[m].from_, d)
        for m in metrics
        for d in measured.plan.metrics[m].dimensions
    }
    plan = measured.plan
    for relation, column in sorted((r, c) for r, c in seen if r is not None):
        read = plan.streams.get(relation) or plan.models[relation]
        found = warehouse.dimension_values(read, column)
        project.store.note_dimension(relation, column, found)


def metric_rows(measured: Measured, series: Mapping[str, Daily], day: date) -> list[MetricRow]:
    """The value of every measured series on a day."""
    found = []
    for request, record in measured.values.items():
        value: Exact | None = series[request].at(day)
        below = value.denominator if value else None
        factor = measured.plan.metrics[record.metric].unit.factor
        number = value.fraction if value else None
        found.append(
            MetricRow(
                metric=record.metric,
                filter="; ".join(f"{k} = {', '.join(v)}" for k, v in record.filter),
                cycle=record.cycle,
                day=day,
                value=shown(number * factor if number is not None else None),
                numerator=exact_text(value.numerator) if value else None,
                denominator=exact_text(below) if below is not None else None,
                computed=request in measured.computed,
            )
        )
    return found
