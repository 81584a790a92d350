"""The bodies of ledger records: what is hashed for each kind, and how it is read back.

What belongs here: drafts of records, and the bodies of what people decide, say and remove:
pure functions between the records of `scoreline.core.records` and the string-keyed mappings
that become canonical JSON. What does not: the bodies of batches (batch_bodies) and of what a
run makes (run_bodies), the database.

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
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from scoreline.core.digests import canonical, digest
from scoreline.core.records import Body, CheckIn, CycleEvent, SigningKey
from scoreline.core.removals import Forgetting
from scoreline.store.codec import day_text, instant, optional_day

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
