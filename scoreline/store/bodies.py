"""The bodies of ledger records: what is hashed for each kind, and how it is read back.

What belongs here: pure functions between the records of `scoreline.core.records` and the
string-keyed mappings that become canonical JSON. What does not: the database.

A body holds content only, without run, clock or place in the store, so that equal content
gives an equal digest everywhere. Its `record` names the kind, so that the hash binds it:

    receipt     a batch was received          reread      its bytes were read again
    checks      what validation found         load        what joining its stream did
    decision    a person decided              supersede   a new extraction took its place
    stream      a stream's contents changed   definition  a definition's new version
    value       a series was measured         baseline    a baseline was frozen
    score       a key result was scored       check_in    a person said how it stands
    key         a key signs from now on       cycle       a cycle was closed or reopened
    restatement a closed score would now be another
    removal     files of a batch were removed forget      a person was forgotten
    expiry      old series were removed       pseudonyms  the keys of pseudonyms changed
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from scoreline.core.errors import UsageError
from scoreline.core.records import (
    Baseline,
    Batch,
    Body,
    CheckIn,
    CheckResult,
    CycleEvent,
    Decision,
    DefinitionVersion,
    Quarantine,
    Restatement,
    ScoreRecord,
    SigningKey,
    StreamState,
    ValueRecord,
    canonical,
    canonical_object,
    digest,
    digest_of,
)
from scoreline.core.removals import Forgetting, Removal
from scoreline.store.codec import day_text, file_body, instant, optional_day, text_digest

SUBJECTS: Mapping[str, str] = {
    "receipt": "batch",
    "reread": "batch",
    "checks": "batch",
    "decision": "subject",
    "supersede": "batch",
    "load": "batch",
    "stream": "stream",
    "definition": "name",
    "value": "request",
    "baseline": "key_result",
    "score": "key_result",
    "check_in": "key_result",
    "key": "key",
    "cycle": "cycle",
    "restatement": "key_result",
    "removal": "batch",
    "forget": "stream",
    "expiry": "why",
    "pseudonyms": "why",
}
"""For each kind of record, the key of its body that names what it is about."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A record ready for the ledger: its canonical bytes and their SHA-256."""

    kind: str
    subject: str
    content: bytes
    digest: str


def draft(body: Body) -> Draft:
    """The ledger record of a body that names its kind in `record`."""
    content = canonical(body)
    kind = body["record"]
    return Draft(kind, body[SUBJECTS[kind]], content, digest(content))


def plain(body: Body) -> dict[str, Any]:
    """A body as JSON reads it back, so that what is applied is what was hashed."""
    found: dict[str, Any] = json.loads(canonical(body))
    return found


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


def forget_body(forgetting: Forgetting) -> dict[str, Any]:
    """A person was forgotten; nothing in it names the person without the project's key."""
    return {"record": "forget", **asdict(forgetting)}


def forgetting_from(body: Body) -> Forgetting:
    """The forgetting of a `forget` record."""
    fields = {key: value for key, value in body.items() if key != "record"}
    return Forgetting(**{**fields, "batches": tuple(body["batches"])})


def expiry_body(why: str, values: Sequence[str]) -> dict[str, Any]:
    """Series that reached their age, by the digests of their value records."""
    return {"record": "expiry", "why": why, "values": sorted(values)}


def pseudonyms_body(keys: Sequence[str], why: str, who: str) -> dict[str, Any]:
    """The ids of the keys that pseudonyms are made with, in the order of their use."""
    return {"record": "pseudonyms", "keys": list(keys), "why": why, "who": who}


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


def definition_draft(version: DefinitionVersion, change: bytes) -> Draft:
    """The record of a definition's version with its compiled SQL.

    Args:
        version: the version.
        change: the canonical bytes of the list of what changed, which many share.
    """
    body = version.content
    content = canonical_object(
        {
            "record": b'"definition"',
            "name": canonical(version.name),
            "kind": canonical(version.kind),
            "digest": b'"%s"' % digest(body).encode(),
            "definition": body,
            "sql": canonical(version.sql),
            "change": change,
        }
    )
    return Draft("definition", version.name, content, digest(content))


def definition_from(body: Body) -> DefinitionVersion:
    """The version of a `definition` record."""
    return DefinitionVersion(
        body["name"], body["kind"], body["definition"], body["sql"], tuple(body["change"])
    )


def value_draft(value: ValueRecord, series_digest: str) -> Draft:
    """The record of a value, by the digest of its series; the text stands in `series_values`."""
    content = canonical_object(
        {
            "record": b'"value"',
            "request": canonical(value.request),
            "metric": canonical(value.metric),
            "filter": canonical(value.filter),
            "cycle": canonical(value.cycle),
            "offset": canonical(value.offset),
            "series_digest": canonical(series_digest),
            "inputs": canonical(value.inputs) if value.written is None else value.written,
            "input_digest": canonical(value.input_digest),
        }
    )
    return Draft("value", value.request, content, digest(content))


def value_from(body: Body, series: str) -> ValueRecord:
    """The value of a `value` record and its series; the filter as JSON lists."""
    return ValueRecord(
        request=body["request"],
        metric=body["metric"],
        filter=body["filter"],
        cycle=body["cycle"],
        offset=body["offset"],
        series=series,
        inputs=body["inputs"],
        input_digest=body["input_digest"],
    )


def baseline_body(baseline: Baseline) -> dict[str, Any]:
    """A frozen baseline."""
    return {
        "record": "baseline",
        "key_result": baseline.key_result,
        "day": day_text(baseline.day),
        "numerator": baseline.numerator,
        "denominator": baseline.denominator,
        "source": baseline.source,
    }


def baseline_from(body: Body) -> Baseline:
    """The baseline of a `baseline` record."""
    day = date.fromisoformat(body["day"])
    return Baseline(body["key_result"], day, body["numerator"], body["denominator"], body["source"])


def score_body(score: ScoreRecord, replaces: str | None) -> dict[str, Any]:
    """A score's body with its identity and the digest of the record it replaces.

    Raises:
        UsageError: the body names another kind, key result or day, or has no status.
    """
    day = score.as_of.isoformat()
    identity = {"record": "score", "key_result": score.key_result, "as_of": day}
    for key, value in identity.items():
        if score.body.get(key, value) != value:
            raise UsageError(
                f"score of {score.key_result} on {day}: its body says {key} "
                f"{score.body[key]!r}, which must be {value!r} or left out"
            )
    if not isinstance(score.body.get("status"), str):
        raise UsageError(f"score of {score.key_result} on {day}: its body has no status")
    return {**score.body, **identity, "replaces": replaces}


def score_from(body: dict[str, Any]) -> dict[str, Any]:
    """The body as it was given to be recorded, and `replaces`."""
    del body["record"]
    return body


def check_in_body(check_in: CheckIn) -> dict[str, Any]:
    """What a person said; when it was recorded is the block's to say."""
    return {
        "record": "check_in",
        "key_result": check_in.key_result,
        "day": day_text(check_in.day),
        "who": check_in.who,
        "value": check_in.value,
        "confidence": check_in.confidence,
        "note": check_in.note,
        "until": day_text(check_in.until),
        "reason": check_in.reason,
        "approver": check_in.approver,
    }


def check_in_from(body: Body, recorded_at: str) -> CheckIn:
    """The check-in of a `check_in` record, `at` the time of its block."""
    fields = {key: value for key, value in body.items() if key != "record"}
    fields["day"] = date.fromisoformat(body["day"])
    fields["until"] = optional_day(body["until"])
    return CheckIn(**fields, at=instant(recorded_at))


def key_body(key: SigningKey) -> dict[str, Any]:
    """A key that checkpoints are signed with from its block on."""
    return {
        "record": "key",
        "key": key.key,
        "algorithm": "ed25519",
        "public_key": key.public_key,
        "who": key.who,
        "reason": key.reason,
        "endorsed_by": key.endorsed_by,
        "endorsement": key.endorsement,
    }


def key_from(body: Body) -> SigningKey:
    """The key of a `key` record."""
    fields = {k: v for k, v in body.items() if k not in ("record", "algorithm")}
    return SigningKey(**fields)


def cycle_body(event: CycleEvent) -> dict[str, Any]:
    """A cycle was closed, with all that it froze, or reopened."""
    return {
        "record": "cycle",
        "cycle": event.cycle,
        "state": event.state,
        "reason": event.reason,
        "who": event.who,
        "approver": event.approver,
        "as_of": day_text(event.as_of),
        "misses": event.misses,
        "key_results": event.key_results,
        "objectives": list(event.objectives),
        "closing": event.closing,
    }


def cycle_from(body: Body) -> CycleEvent:
    """The event of a `cycle` record."""
    fields = {key: value for key, value in body.items() if key != "record"}
    return CycleEvent(**{**fields, "as_of": optional_day(body["as_of"])})


def restatement_body(restatement: Restatement) -> dict[str, Any]:
    """What a closed key result would score now."""
    return {
        "record": "restatement",
        "key_result": restatement.key_result,
        "closing": restatement.closing,
        "as_of": day_text(restatement.as_of),
        "frozen": restatement.frozen,
        "now": restatement.now,
        "cause": restatement.cause,
    }


def restatement_from(body: Body) -> Restatement:
    """The restatement of a `restatement` record."""
    fields = {key: value for key, value in body.items() if key != "record"}
    return Restatement(**{**fields, "as_of": date.fromisoformat(body["as_of"])})
