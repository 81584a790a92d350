"""Explain: from a score to its formula, values, SQL, batches, checks and record.

What belongs here: gathering what stands behind one score, from the control store. What
does not: printing; rows (they lie in the stored files that are named here).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from scoreline.core.exact import exact_text
from scoreline.core.model import KeyResult
from scoreline.core.moments import end_of_day
from scoreline.core.records import Batch, CheckResult
from scoreline.core.series import Series
from scoreline.measures.derived import request_ids
from scoreline.measures.single import sql_of
from scoreline.steps.freshness import newest_event
from scoreline.steps.gone import removals_in_words
from scoreline.steps.project import Project
from scoreline.steps.reports import KeyResultRow
from scoreline.steps.status import asked_of, key_result_json, standing


@dataclass(frozen=True, slots=True)
class ValueBehind:
    """One metric's value on the evaluated day, with the SQL that computes it."""

    request: str
    metric: str
    filter: str
    day: date
    numerator: str | None
    denominator: str | None
    sql: str
    series_digest: str | None


@dataclass(frozen=True, slots=True)
class StreamBehind:
    """One stream: its loaded batches, newest event, failed checks, and what of it is gone."""

    name: str
    rows: int
    newest: str | None
    batches: list[Batch]
    failed_checks: list[CheckResult]
    removed: list[str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything behind one score."""

    row: KeyResultRow
    values: list[ValueBehind]
    streams: list[StreamBehind]
    history: list[str]
    body: dict[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        """Plain values for programs."""
        score = self.row.score
        return {
            **key_result_json(self.row),
            "formula": score.formula,
            "reason": score.reason,
            "day": score.day.isoformat(),
            "rules": score.rules_version,
            "thresholds": {
                "on_track": str(score.thresholds.on_track),
                "at_risk": str(score.thresholds.at_risk),
                "grace": str(score.thresholds.grace),
            },
            "values": [
                {
                    "metric": v.metric,
                    "filter": v.filter,
                    "day": v.day.isoformat(),
                    "numerator": v.numerator,
                    "denominator": v.denominator,
                    "sql": v.sql,
                }
                for v in self.values
            ],
            "streams": [
                {
                    "stream": s.name,
                    "rows": s.rows,
                    "newest_event": s.newest,
                    "batches": [_batch_json(b) for b in s.batches],
                    "removed": s.removed,
                    "failed_checks": [
                        {
                            "batch": c.batch,
                            "outcome": c.outcome,
                            "message": c.message,
                            "took": c.took,
                        }
                        for c in s.failed_checks
                    ],
                }
                for s in self.streams
            ],
            "score_record": self.body,
        }


def _batch_json(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "state": batch.state,
        "object": batch.object,
        "sha256": batch.object_digest,
        "received_at": batch.received_at.isoformat(),
        "rows_received": batch.rows_received,
        "rows_kept": batch.rows_kept,
        "rows_broken": batch.rows_broken,
        "rows_quarantined": batch.rows_quarantined,
        "rows_forgotten": batch.rows_forgotten,
        "gone": dict(batch.gone),
        "reason": batch.reason,
        "receipt": dict(batch.receipt),
    }


def explanation(project: Project, kr: KeyResult, as_of: date | None) -> Explanation:
    """What stands behind a key result's score as of a day."""
    found = standing(project, as_of)
    row = next(r for r in found.key_results if r.id == kr.id)
    stored = project.store.latest_scores(found.as_of).get(kr.id)
    return Explanation(
        row=row,
        values=_values(project, kr, row),
        streams=[_stream(project, name, row) for name in row.streams],
        history=[
            f"{h.recorded_at:%Y-%m-%d %H:%M} as of {h.body['as_of']}: {h.body['status']} "
            f"({h.digest[:12]})"
            for h in reversed(project.store.score_history(kr.id))
        ],
        body=dict(stored.body) if stored else None,
    )


def _values(project: Project, kr: KeyResult, row: KeyResultRow) -> list[ValueBehind]:
    plan, cycle, day = project.plan, kr.id.split("/", 1)[0], row.score.day
    asked = [(m, f) for m, f in asked_of(kr) if m in plan.metrics]
    ids = {r: f for m, f in asked for r in request_ids(plan, m, f, cycle)}
    found = []
    for request, record in project.store.values(list(ids)).items():
        value = Series.parse(record.series).at(day)
        below = value.denominator if value else None
        found.append(
            ValueBehind(
                request=request,
                metric=record.metric + (record.offset or ""),
                filter="; ".join(f"{k} = {', '.join(v)}" for k, v in record.filter),
                day=day,
                numerator=exact_text(value.numerator) if value else None,
                denominator=exact_text(below) if below is not None else None,
                sql=sql_of(plan, record.metric, ids[request], cycle),
                series_digest=record.input_digest,
            )
        )
    return found


def _stream(project: Project, name: str, row: KeyResultRow) -> StreamBehind:
    state = project.store.stream_state(name)
    moment = min(project.now(), end_of_day(row.score.day, project.zone))
    newest = newest_event(state, moment) if state else None
    checks = project.store.check_results(stream=name)
    return StreamBehind(
        name=name,
        rows=state.rows if state else 0,
        newest=newest.astimezone(project.zone).isoformat() if newest else None,
        batches=project.store.batches(name),
        failed_checks=[c for c in checks if c.outcome != "pass"],
        removed=removals_in_words(project, name),
    )
