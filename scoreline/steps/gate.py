"""Validate and gate: whether a landed batch may join its stream.

What belongs here: running a batch's checks, setting rows aside, and the batch's next
state. What does not: evaluating a check (quality) and people's decisions (decide).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from scoreline.core import faults
from scoreline.core.digests import digest_of
from scoreline.core.model import Stream
from scoreline.core.records import Batch, BatchState, CheckResult, Quarantine
from scoreline.quality.checks import checks_for
from scoreline.quality.model import CheckOutcome, Verdict
from scoreline.steps.project import Project
from scoreline.warehouse.warehouse import rows_in


@dataclass(slots=True)
class Gated:
    """What validating a stream's landed batches did."""

    passed: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    quarantined: int = 0
    results: list[CheckResult] = field(default_factory=list)


def gate_stream(project: Project, stream: Stream) -> Gated:
    """Validate every landed batch of a stream, in the order of reception.

    It may run in a thread of its own, beside the reading of another stream.
    """
    gated = Gated()
    waiting = project.store.batches(stream.full_name, ["landed"])
    if not waiting:
        return gated
    for batch in waiting:
        state, results, rows = _gate(project, stream, batch)
        (gated.passed if state == "passed" else gated.blocked).append(batch.id)
        gated.results += results
        gated.quarantined += rows + batch.rows_broken
    return gated


def _gate(project: Project, stream: Stream, batch: Batch) -> tuple[str, list[CheckResult], int]:
    contract, expectations = checks_for(stream)
    typed = project.files.path(batch.typed) if batch.typed else None
    with project.files.workspace() as work:
        if typed is None or not (contract or expectations):
            verdict = Verdict((), False, 0, None, None)
        else:
            verdict = project.validator.validate(typed, contract, expectations, work)
        faults.reach("validate.done")
        results = [_result(batch, n, o) for n, o in enumerate(verdict.outcomes)]
        reasons = [r for r in (batch.reason, _shrunk(project, stream, batch, verdict)) if r]
        reasons += [r.message for r in results if r.took == "blocked"]
        state: BatchState = "blocked" if reasons and not batch.released else "passed"
        kept = _stored(project, verdict.kept_file)
        project.store.record_validation(
            batch.id,
            results,
            _set_aside(project, batch, verdict),
            state,
            "; ".join(reasons) or None,
            kept,
            batch.rows_typed - verdict.quarantined_rows,
            verdict.quarantined_rows,
        )
        faults.reach("validate.committed")
    return state, results, verdict.quarantined_rows


def _stored(project: Project, path: Path | None) -> Any:
    return project.files.put(path, ".parquet") if path else None


def _set_aside(project: Project, batch: Batch, verdict: Verdict) -> list[Quarantine]:
    """Rows that break the contract or a check with `on_failure: quarantine`."""
    found = []
    if batch.broken is not None:
        found.append(
            Quarantine(
                id=quarantine_id(batch.id, "contract"),
                batch=batch.id,
                stream=batch.stream,
                check="contract",
                reason="cells that break the declared contract",
                rows=batch.rows_broken,
                file=batch.broken,
                releasable=False,
            )
        )
    if verdict.quarantine_file is not None:
        failed = [o for o in verdict.outcomes if o.took == "quarantined"]
        rows = rows_in(verdict.quarantine_file)
        found.append(
            Quarantine(
                id=quarantine_id(batch.id, "checks"),
                batch=batch.id,
                stream=batch.stream,
                check="; ".join(o.spec.label for o in failed),
                reason="; ".join(o.message for o in failed),
                rows=rows,
                file=project.files.put(verdict.quarantine_file, ".parquet"),
                releasable=True,
            )
        )
    return found


def quarantine_id(batch: str, check: str) -> str:
    """The id of the rows of a batch set aside by a kind of check: `q` and 11 digits."""
    return "q" + digest_of([batch, check])[:11]


def _shrunk(project: Project, stream: Stream, batch: Batch, verdict: Verdict) -> str | None:
    """Why a snapshot is too small to replace the one before it; None if it is not."""
    if stream.load != "replace":
        return None
    earlier = project.store.batches(stream.full_name, ["passed", "loaded"])
    before = next((b for b in reversed(earlier) if b.seq < batch.seq), None)
    if before is None:
        return None
    rows, limit = batch.rows_typed - verdict.quarantined_rows, stream.schema_contract.shrink_below
    if Decimal(rows) >= limit * before.rows_kept:
        return None
    return (
        f"the snapshot has {rows:,} rows where the one before had {before.rows_kept:,}: below "
        f"`shrink_below: {limit}` (release it if that is right)"
    )


def _result(batch: Batch, position: int, outcome: CheckOutcome) -> CheckResult:
    spec = outcome.spec
    return CheckResult(
        batch=batch.id,
        position=position,
        type=spec.type,
        arguments={k: _exact(v) for k, v in spec.arguments.items()},
        origin=spec.origin,
        outcome=outcome.outcome,
        policy=spec.on_failure,
        took=outcome.took,
        message=outcome.message,
        evaluated=outcome.evaluated,
        unexpected=outcome.unexpected,
        failing_rows=outcome.failing_rows,
        detail={"label": spec.label, "observed": _exact(outcome.observed)},
    )


def _exact(value: Any) -> Any:
    """A JSON value with every number that is not whole as text."""
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, dict):
        return {str(k): _exact(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(v) for v in value]
    return str(value)
