"""Measure, score, record: one day of every key result, in one transaction at the end.

What belongs here: gathering the evidence, calling the scoring function for each key
result, and committing values, baselines, definitions and scores together.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from scoreline.core import faults
from scoreline.core.exact import Exact, exact_text, shown
from scoreline.core.model import KeyResult, Plan
from scoreline.core.records import CheckIn, ScoreRecord, ValueRecord, digest
from scoreline.core.rollup import RolledUp, roll_up_plan
from scoreline.core.scoring import Score
from scoreline.core.scoring import score as score_one
from scoreline.core.series import Series
from scoreline.steps.measuring import Measured, measure
from scoreline.steps.observing import Evidence, Observed, Observer
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions, score_record
from scoreline.steps.reports import KeyResultRow, MetricRow, ScoreReport
from scoreline.warehouse.warehouse import Warehouse


def score_day(project: Project, warehouse: Warehouse, run: str, day: date) -> ScoreReport:
    """Measure what changed, score every key result as of a day, and record it all."""
    measured = measure(project, warehouse, day)
    faults.reach("measure.done")
    evidence = gather(project, measured.plan, day, measured.values, measured.errors)
    scored = evaluate(project, evidence, day)
    definitions = Definitions(measured.plan)
    series = {r: digest(v.series.encode()) for r, v in measured.values.items()}
    records = [
        score_record(s.kr, s.score, s.observed, definitions, evidence.streams, series)
        for s in scored
    ]
    faults.reach("record.begun")
    commit = project.store.commit_run(
        run,
        values=[v for r, v in measured.values.items() if r in measured.computed],
        definitions=definitions.versions(),
        baselines=[s.observed.new_baseline for s in scored if s.observed.new_baseline],
        scores=records,
        now=project.now(),
    )
    faults.reach("record.committed")
    return ScoreReport(
        as_of=day,
        key_results=rows(project, scored, definitions, day, records),
        objectives=rolled_up(project, measured.plan, scored, day),
        metrics=metric_rows(measured, day),
        computed=len(measured.computed),
        reused=len(measured.values) - len(measured.computed),
        recorded=commit.counts,
        block=commit.block,
        errors=dict(measured.errors),
    )


class Scored:
    """One key result with its score and what it rests on."""

    __slots__ = ("kr", "observed", "score")

    def __init__(self, kr: KeyResult, score: Score, observed: Observed) -> None:
        self.kr, self.score, self.observed = kr, score, observed


def gather(
    project: Project,
    plan: Plan,
    day: date,
    values: Mapping[str, ValueRecord],
    failed: Mapping[str, str],
) -> Evidence:
    """Everything that the scores of a day rest on, from the control store."""
    store = project.store
    blocked = {b.stream: b for b in reversed(store.batches(None, ["blocked"]))}
    check_ins: dict[str, list[CheckIn]] = {}
    for entry in store.check_ins(upto=day):
        check_ins.setdefault(entry.key_result, []).append(entry)
    return Evidence(
        plan=plan,
        now=project.now(),
        series={r: Series.parse(v.series) for r, v in values.items()},
        streams=store.stream_states(),
        blocked=blocked,
        check_ins=check_ins,
        baselines=store.baselines(),
        last_good=store.last_good(day),
        extracted=store.extractions(),
        failed=failed,
    )


def evaluate(project: Project, evidence: Evidence, day: date) -> list[Scored]:
    """The score of every key result on a day, in the order of the definitions."""
    observer, rules = Observer(evidence), project.rules()
    scored = []
    for kr in evidence.plan.key_results.values():
        observed = observer.observe(kr, day)
        scored.append(Scored(kr, score_one(kr, rules, observed.seen, day), observed))
    return scored


def rolled_up(project: Project, plan: Plan, scored: list[Scored], day: date) -> list[RolledUp]:
    """Objectives, teams and the organisation, from the scores of a day."""
    scores = {s.kr.id: s.score for s in scored}
    return roll_up_plan(plan, scores, None, day, project.plan.organisation.thresholds)


def rows(
    project: Project,
    scored: list[Scored],
    definitions: Definitions,
    day: date,
    records: list[ScoreRecord] | None = None,
) -> list[KeyResultRow]:
    """The scores as people see them; with the record of the day where it says the same."""
    bodies = {r.key_result: r.body for r in records or ()}
    stored = project.store.latest_scores(day)
    found = []
    for entry in scored:
        kept = stored.get(entry.kr.id)
        body = bodies.get(entry.kr.id)
        same = kept is not None and (body is None or same_content(kept.body, body))
        found.append(
            KeyResultRow(
                id=entry.kr.id,
                title=entry.kr.title,
                owner=entry.kr.owner,
                score=entry.score,
                observed_at=entry.observed.observed_at,
                provisional=entry.observed.provisional,
                definition=definitions.digest(entry.kr),
                record=kept.digest if kept is not None and same else None,
                streams=entry.observed.streams,
                metric=entry.kr.metric,
                file=entry.kr.file,
            )
        )
    return found


def same_content(stored: Mapping[str, object], fresh: Mapping[str, object]) -> bool:
    """Whether two score bodies say the same, whatever they replace."""
    left = {k: v for k, v in stored.items() if k != "replaces"}
    return left == {k: v for k, v in fresh.items() if k != "replaces"}


def metric_rows(measured: Measured, day: date) -> list[MetricRow]:
    """The value of every measured series on a day."""
    found = []
    for request, record in measured.values.items():
        value: Exact | None = Series.parse(record.series).at(day)
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
