"""Evaluate: the scores of a day from what the control store holds, writing nothing.

What belongs here: gathering the evidence, calling the one scoring function for each key
result, rolling up. What does not: measuring and recording (scoring), DuckDB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache, partial

from scoreline.core.model import KeyResult, Plan
from scoreline.core.records import CheckIn, ScoreRecord, ValueRecord
from scoreline.core.rollup import RolledUp, roll_up_plan
from scoreline.core.scoring import Score
from scoreline.core.scoring import score as score_one
from scoreline.core.series_text import SeriesText
from scoreline.steps.evidence import Evidence
from scoreline.steps.gone import gone_by_age
from scoreline.steps.observing import Observed, Observer
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions
from scoreline.steps.reports import KeyResultRow
from scoreline.store.rows import StoredScore


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
    only: KeyResult | None = None,
) -> Evidence:
    """Everything that the scores of a day rest on, from the control store.

    With `only`, what people said and the last good score are read for that one alone.
    """
    store, name = project.store, only.id if only else None
    blocked = {b.stream: b for b in reversed(store.batches(None, ["blocked"]))}
    check_ins: dict[str, list[CheckIn]] = {}
    for entry in store.check_ins(name, upto=day):
        check_ins.setdefault(entry.key_result, []).append(entry)
    return Evidence(
        plan=plan,
        now=project.now(),
        series={r: SeriesText(v.series) for r, v in values.items()},
        streams=store.stream_states(),
        blocked=blocked,
        check_ins=check_ins,
        baselines=store.baselines(),
        last_good=cache(partial(store.last_good, day, [name] if name else None)),
        extracted=store.extractions(),
        failed=failed,
        unloaded=store.load_failures(),
        closings={name: c.event for name, c in store.closings().items()},
        gone=gone_by_age(project),
        expired=store.expired_requests(),
    )


def evaluate(
    project: Project, evidence: Evidence, day: date, only: KeyResult | None = None
) -> list[Scored]:
    """The score of every key result (or this one) on a day, in the order of the definitions."""
    observer, rules = Observer(evidence), project.rules()
    scored = []
    for kr in [only] if only else evidence.plan.key_results.values():
        observed = observer.observe(kr, day)
        scored.append(Scored(kr, score_one(kr, rules, observed.seen, day), observed))
    return scored


def rolled_up(project: Project, plan: Plan, scored: list[Scored], day: date) -> list[RolledUp]:
    """Objectives, teams and the organisation, from the scores of a day."""
    scores = {s.kr.id: s.score for s in scored}
    return roll_up_plan(plan, scores, None, day, project.plan.organisation.thresholds)


def rows(
    scored: list[Scored], definitions: Definitions, recorded: Mapping[str, str]
) -> list[KeyResultRow]:
    """The scores as people see them; `recorded` are the digests of the records that say the same.

    Args:
        scored: the scores of a day.
        definitions: those of their plan.
        recorded: by key result; one that is absent is not recorded as it is.
    """
    return [
        KeyResultRow(
            id=entry.kr.id,
            title=entry.kr.title,
            owner=entry.kr.owner,
            score=entry.score,
            observed_at=entry.observed.observed_at,
            provisional=entry.observed.provisional,
            definition=definitions.digest(entry.kr),
            record=recorded.get(entry.kr.id),
            streams=entry.observed.streams,
            metric=entry.kr.metric,
            file=entry.kr.file,
        )
        for entry in scored
    ]


def recorded_as_such(
    stored: Mapping[str, StoredScore], records: Iterable[ScoreRecord]
) -> dict[str, str]:
    """The digests of the stored scores of a day that say what these records would, by name."""
    pairs = ((stored.get(r.key_result), r) for r in records)
    return {
        r.key_result: kept.digest
        for kept, r in pairs
        if kept is not None and same_content(kept.body, r.body)
    }


def same_content(stored: Mapping[str, object], fresh: Mapping[str, object]) -> bool:
    """Whether two score bodies say the same, whatever they replace."""
    left = {k: v for k, v in stored.items() if k != "replaces"}
    return left == {k: v for k, v in fresh.items() if k != "replaces"}
