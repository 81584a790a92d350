"""Explain: from a score to its formula, values, SQL, batches, receipts, checks and proofs.

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
from scoreline.core.records import Batch, CheckResult, StoredFile
from scoreline.core.series import Series
from scoreline.measures.derived import request_ids
from scoreline.measures.requests import asked_of
from scoreline.measures.single import sql_of
from scoreline.steps.freshness import newest_event
from scoreline.steps.gone import removals_in_words
from scoreline.steps.project import Project, Waiting
from scoreline.steps.proving import Proof, Prover
from scoreline.steps.reports import KeyResultRow, batch_json
from scoreline.steps.status import key_result_json, standing

_BATCH_RECORDS = ("receipt", "reread", "checks", "decision", "load", "removal")


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
    proof: Proof | None


@dataclass(frozen=True, slots=True)
class BatchBehind:
    """One batch: what was received, where its bytes lie, its checks, its records' proofs.

    `stored` is the path of the received bytes (None: they are not kept, or gone by now),
    `rows_stored` that of the rows read from them. `proofs` is empty for batches that are
    not looked at closely.
    """

    batch: Batch
    stored: str | None
    rows_stored: str | None
    checks: list[CheckResult]
    proofs: list[Proof]


@dataclass(frozen=True, slots=True)
class StreamBehind:
    """One stream: its batches (oldest first), newest event, and what of it is gone."""

    name: str
    rows: int
    newest: str | None
    batches: list[BatchBehind]
    removed: list[str]

    @property
    def checks(self) -> list[CheckResult]:
        """The newest results of all checks of all batches."""
        return [c for b in self.batches for c in b.checks]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything behind one score."""

    row: KeyResultRow
    values: list[ValueBehind]
    streams: list[StreamBehind]
    history: list[str]
    body: dict[str, Any] | None
    proof: Proof | None
    waiting: Waiting | None

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
                    "proof": v.proof.as_json() if v.proof else None,
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
                    "failed_checks": [_check_json(c) for c in s.checks if c.outcome != "pass"],
                    "checks": [_check_json(c) for c in s.checks],
                }
                for s in self.streams
            ],
            "history": self.history,
            "score_record": self.body,
            "proof": self.proof.as_json() if self.proof else None,
            "waiting": {"approver": self.waiting.approver, "changes": list(self.waiting.changes)}
            if self.waiting
            else None,
        }


def _check_json(check: CheckResult) -> dict[str, Any]:
    return {
        "batch": check.batch,
        "outcome": check.outcome,
        "message": check.message,
        "took": check.took,
        "check": check.type,
        "label": check.detail.get("label"),
        "evaluated": check.evaluated,
        "unexpected": check.unexpected,
        "failing_rows": list(check.failing_rows),
    }


def _batch_json(behind: BatchBehind) -> dict[str, Any]:
    batch = behind.batch
    return {
        **batch_json(batch),
        "receipt": dict(batch.receipt),
        "stored": behind.stored,
        "rows_stored": behind.rows_stored,
        "proofs": [p.as_json() for p in behind.proofs],
    }


def explanation(
    project: Project, kr: KeyResult, as_of: date | None, closely: int | None = None
) -> Explanation:
    """What stands behind a key result's score as of a day.

    Args:
        project: the open project.
        kr: the key result.
        as_of: the day; what `evaluate` says if None.
        closely: of how many of the newest batches of each stream the proofs are looked up;
            of all if None.
    """
    prover = Prover(project.store)
    found = standing(project, as_of)
    row = next(r for r in found.key_results if r.id == kr.id)
    stored = project.store.latest_scores(found.as_of).get(kr.id)
    return Explanation(
        row=row,
        values=_values(project, kr, row, prover),
        streams=[_stream(project, name, row, prover, closely) for name in row.streams],
        history=[
            f"{h.recorded_at:%Y-%m-%d %H:%M} as of {h.body['as_of']}: {h.body['status']} "
            f"({h.digest[:12]})"
            for h in reversed(project.store.score_history(kr.id))
        ],
        body=dict(stored.body) if stored else None,
        proof=prover.of(stored.digest) if stored else None,
        waiting=next((w for w in project.waiting if w.key_result == kr.id), None),
    )


def _values(
    project: Project, kr: KeyResult, row: KeyResultRow, prover: Prover
) -> list[ValueBehind]:
    plan, cycle, day = project.plan, kr.id.split("/", 1)[0], row.score.day
    asked = [(m, f) for m, f in asked_of(kr) if m in plan.metrics]
    ids = {r: f for m, f in asked for r in request_ids(plan, m, f, cycle)}
    found = []
    stored = project.store.stored_values(list(ids))
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
                proof=prover.of(stored[request].digest) if request in stored else None,
            )
        )
    return found


def _stream(
    project: Project, name: str, row: KeyResultRow, prover: Prover, closely: int | None
) -> StreamBehind:
    state = project.store.stream_state(name)
    moment = min(project.now(), end_of_day(row.score.day, project.zone))
    newest = newest_event(state, moment) if state else None
    checks: dict[str, list[CheckResult]] = {}
    for check in project.store.check_results(stream=name):
        checks.setdefault(check.batch, []).append(check)
    batches = project.store.batches(name)
    first = 0 if closely is None else max(0, len(batches) - closely)
    return StreamBehind(
        name=name,
        rows=state.rows if state else 0,
        newest=newest.astimezone(project.zone).isoformat() if newest else None,
        batches=[
            BatchBehind(
                batch=batch,
                stored=_stored(project, batch.received),
                rows_stored=_stored(project, batch.rows_file),
                checks=checks.get(batch.id, []),
                proofs=prover.about(batch.id, _BATCH_RECORDS) if n >= first else [],
            )
            for n, batch in enumerate(batches)
        ],
        removed=removals_in_words(project, name),
    )


def _stored(project: Project, file: StoredFile | None) -> str | None:
    """Where a stored file lies, below the project's folder where it does."""
    if file is None:
        return None
    path, root = project.paths.files / file.name, project.paths.root
    return str(path.relative_to(root) if path.is_relative_to(root) else path)
