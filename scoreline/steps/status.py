"""Status: every key result on a day, from the control store and the definitions alone.

What belongs here: computing the scores of a day without writing anything; it works while
a run holds the warehouse. What does not: printing, measuring.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from scoreline.core.digests import digest
from scoreline.core.errors import UsageError
from scoreline.core.exact import exact_text, shown
from scoreline.core.model import KeyResult
from scoreline.core.records import ScoreRecord, ValueRecord
from scoreline.core.rollup import RolledUp
from scoreline.definitions.spec_base import nearest
from scoreline.measures.derived import request_ids
from scoreline.measures.requests import asked_of, requests_for
from scoreline.steps.evaluating import (
    Scored,
    evaluate,
    gather,
    recorded_as_such,
    rolled_up,
    rows,
)
from scoreline.steps.evidence import Evidence
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions, score_record
from scoreline.steps.reports import KeyResultRow
from scoreline.store.rows import StoredScore


@dataclass(slots=True)
class Standing:
    """Where everything stands on a day, and what that rests on.

    `records` is what would be recorded of each score.
    """

    as_of: date
    key_results: list[KeyResultRow]
    objectives: list[RolledUp]
    evidence: Evidence
    scored: list[Scored]
    records: list[ScoreRecord]


@dataclass(frozen=True, slots=True)
class StandingOfOne:
    """Where one key result stands on a day, what that rests on, and all its records."""

    as_of: date
    row: KeyResultRow
    scored: Scored
    evidence: Evidence
    history: list[StoredScore]


def standing(
    project: Project, as_of: date | None = None, definitions: Definitions | None = None
) -> Standing:
    """The scores of a day as of what is recorded now.

    Args:
        project: the open project.
        as_of: the day; what `evaluate` says if None.
        definitions: those of the plan, for a caller that asks again and again.
    """
    day, plan = as_of or project.default_day(), project.plan
    values = project.store.values([r.id for r in requests_for(plan)])
    evidence = gather(project, plan, day, values, project.failed)
    scored = evaluate(project, evidence, day)
    definitions = definitions or Definitions(plan)
    records = _records(scored, evidence, values, definitions)
    recorded = recorded_as_such(project.store.latest_scores(day), records)
    return Standing(
        as_of=day,
        key_results=rows(scored, definitions, recorded),
        objectives=rolled_up(project, plan, scored, day),
        evidence=evidence,
        scored=scored,
        records=records,
    )


def standing_of(
    project: Project,
    kr: KeyResult,
    as_of: date | None = None,
    definitions: Definitions | None = None,
) -> StandingOfOne:
    """The score of one key result, reading nothing of the others; as `standing`."""
    day, plan = as_of or project.default_day(), project.plan
    definitions = definitions or Definitions(plan)
    cycle = kr.id.split("/", 1)[0]
    asked = [(m, f) for m, f in asked_of(kr) if m in plan.metrics]
    values = project.store.values([r for m, f in asked for r in request_ids(plan, m, f, cycle)])
    evidence = gather(project, plan, day, values, project.failed, kr)
    scored = evaluate(project, evidence, day, kr)
    history = project.store.score_history(kr.id)
    stored = {s.key_result: s for s in history if s.as_of == day}
    records = _records(scored, evidence, values, definitions)
    [row] = rows(scored, definitions, recorded_as_such(stored, records))
    return StandingOfOne(day, row, scored[0], evidence, history)


def _records(
    scored: list[Scored],
    evidence: Evidence,
    values: Mapping[str, ValueRecord],
    definitions: Definitions,
) -> list[ScoreRecord]:
    """What would be recorded of these scores."""
    series = {r: digest(v.series.encode()) for r, v in values.items()}
    return [
        score_record(s.kr, s.score, s.observed, definitions, evidence.streams, series)
        for s in scored
    ]


def key_result_json(row: KeyResultRow) -> dict[str, Any]:
    """One key result in the fields and order that programs rely on."""
    score = row.score
    return {
        "id": row.id,
        "title": row.title,
        "owner": row.owner,
        "value": shown(score.value),
        "numerator": decimal_text(score.numerator),
        "denominator": decimal_text(score.denominator),
        "baseline": decimal_text(score.baseline),
        "target": decimal_text(score.target),
        "progress": shown(score.progress),
        "expected": shown(score.expected),
        "status": score.status,
        "score": shown(score.score),
        "as_of": score.as_of.isoformat(),
        "observed_at": row.observed_at,
        "provisional": row.provisional,
        "definition": row.definition,
        "record": row.record,
    }


def objective_json(entry: RolledUp) -> dict[str, Any]:
    """One objective, team or organisation in the fields and order that programs rely on."""
    return {
        "id": entry.id,
        "level": entry.level,
        "title": entry.title,
        "owner": entry.owner,
        "progress": shown(entry.progress),
        "expected": shown(entry.expected),
        "coverage": shown(entry.coverage),
        "status": entry.status,
        "score": shown(entry.score),
    }


def decimal_text(number: Fraction | None) -> str | None:
    """Exact decimal text; at six decimals where the decimals never end; None stays None."""
    if number is None:
        return None
    text = exact_text(number)
    return shown(number) if "/" in text else text


def find_key_result(project: Project, name: str) -> KeyResult:
    """The key result of that full name, or the only one whose name ends with it.

    Raises:
        UsageError: there is none, or more than one; names what is near.
    """
    known = project.plan.key_results
    if name in known:
        return known[name]
    ending = [k for k in known if k.endswith("/" + name.strip("/"))]
    if len(ending) == 1:
        return known[ending[0]]
    if ending:
        raise UsageError(f"{name!r} is not clear: {', '.join(ending)}")
    near = nearest(name, known) or "`scoreline status` lists them"
    raise UsageError(f"there is no key result {name!r}: {near}")
