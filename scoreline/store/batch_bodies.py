"""The bodies of records of batches: received, checked, decided about, joined, removed.

What belongs here: what is hashed of a batch and of its stream, and how it is read back. What
does not: drafts of records (bodies), the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scoreline.core.digests import digest_of
from scoreline.core.records import Batch, Body, CheckResult, Decision, Quarantine, StreamState
from scoreline.core.removals import Removal
from scoreline.store.codec import file_body, text_digest


def receipt_body(batch: Batch, kind: str, supersedes: str | None = None) -> dict[str, Any]:
    """What was received (`receipt`), or read again by a changed contract (`reread`).

    The signature of the file is the machine's own and stays out.
    """
    return {
        "record": kind,
        "batch": batch.id,
        "stream": batch.stream,
        "object": batch.object,
        "object_digest": batch.object_digest,
        "contract": batch.contract,
        "state": batch.state,
        "reason": batch.reason,
        "rows_received": batch.rows_received,
        "rows_typed": batch.rows_typed,
        "rows_broken": batch.rows_broken,
        **({"rows_forgotten": batch.rows_forgotten} if batch.rows_forgotten else {}),
        "receipt": batch.receipt,
        "received": file_body(batch.received),
        "typed": file_body(batch.typed),
        "broken": file_body(batch.broken),
        "cursor": batch.cursor,
        "supersedes": supersedes,
        **({"gone": batch.gone} if batch.gone else {}),
    }


def removal_body(removal: Removal) -> dict[str, Any]:
    """A batch as it is after files of it were removed, with those files and the reason."""
    batch = removal.batch
    said = receipt_body(batch, "removal")
    for key in ("state", "reason", "supersedes"):
        del said[key]
    return {
        **said,
        "kept": file_body(batch.kept),
        "rows_kept": batch.rows_kept,
        "rows_quarantined": batch.rows_quarantined,
        "aside": [{"id": q.id, "rows": q.rows, "file": file_body(q.file)} for q in removal.aside],
        "cause": removal.cause,
        "why": removal.why,
        "rows": removal.rows,
        "removed": [file_body(file) for file in removal.removed],
    }


def checks_body(
    batch: str,
    results: Iterable[CheckResult],
    quarantines: Iterable[Quarantine],
    outcome: Mapping[str, Any],
) -> dict[str, Any]:
    """What validation found; `outcome` is state, reason, kept, rows_kept, rows_quarantined."""
    return {
        "record": "checks",
        "batch": batch,
        **outcome,
        "results": [_result_body(r) for r in sorted(results, key=lambda r: r.position)],
        "quarantines": [quarantine_body(q) for q in quarantines],
    }


def _result_body(result: CheckResult) -> dict[str, Any]:
    return {
        "position": result.position,
        "type": result.type,
        "arguments": result.arguments,
        "origin": result.origin,
        "outcome": result.outcome,
        "policy": result.policy,
        "took": result.took,
        "message": result.message,
        "evaluated": result.evaluated,
        "unexpected": result.unexpected,
        "failing_rows": result.failing_rows,
        "detail": result.detail,
    }


def results_from(body: Body) -> list[CheckResult]:
    """The check results of a `checks` record, in their order."""
    return [
        CheckResult(**{**r, "batch": body["batch"], "failing_rows": tuple(r["failing_rows"])})
        for r in body["results"]
    ]


def quarantine_body(quarantine: Quarantine) -> dict[str, Any]:
    """Rows set aside, without what is decided about them later."""
    return {
        "id": quarantine.id,
        "stream": quarantine.stream,
        "check": quarantine.check,
        "reason": quarantine.reason,
        "rows": quarantine.rows,
        "file": file_body(quarantine.file),
        "releasable": quarantine.releasable,
    }


def decision_body(decision: Decision, subject: str) -> dict[str, Any]:
    """A person's decision on the batch or quarantine of this full id."""
    return {
        "record": "decision",
        "subject": subject,
        "decision": decision.decision,
        "reason": decision.reason,
        "who": decision.who,
        "approver": decision.approver,
    }


def decision_from(body: Body) -> Decision:
    """The decision of a `decision` record."""
    return Decision(**{key: value for key, value in body.items() if key != "record"})


def supersede_body(batch: str, by: str) -> dict[str, Any]:
    """A blocked batch gave way to a new extraction."""
    return {"record": "supersede", "batch": batch, "by": by}


def load_body(batch: str, rows: Mapping[str, int], refused: Quarantine | None) -> dict[str, Any]:
    """What joining its stream did with a batch's rows, and those that were refused."""
    return {
        "record": "load",
        "batch": batch,
        "rows": dict(rows),
        "refused": None if refused is None else quarantine_body(refused),
    }


def stream_body(state: StreamState, loaded: Sequence[str]) -> dict[str, Any]:
    """A stream's contents after `loaded` batches joined it; the clock stays out."""
    return {
        "record": "stream",
        "stream": state.stream,
        "digest": state.digest,
        "rows": state.rows,
        "loaded": list(loaded),
        "batches": digest_of(list(state.batches)),
        "events": text_digest(state.events),
    }
