"""What each ledger record does to batches, rows set aside and streams.

What belongs here: pure functions on plain columns. What does not: the database. The store
applies a record here before it writes the rows; verification applies all of them again
and compares: rows say what the ledger says, or something was changed.

    landed -> passed | blocked      checks
    blocked -> passed | rejected    decision; rejected also: supersede
    passed -> loaded                stream
    any but rejected -> landed      reread (its bytes were read by a changed contract)
    any -> the same                 removal (files of it are gone)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scoreline.core.digests import canonical

Columns = dict[str, Any]


class IllegalStep(ValueError):  # noqa: N818  it is what a step may be
    """A record that cannot follow what came before it; the text says why."""


@dataclass(slots=True)
class World:
    """Columns by id, as far as the ledger determines them."""

    batches: dict[str, Columns] = field(default_factory=dict)
    quarantines: dict[str, Columns] = field(default_factory=dict)
    streams: dict[str, Columns] = field(default_factory=dict)

    def batch(self, batch_id: str) -> Columns:
        """The columns of a batch that must be there."""
        if batch_id not in self.batches:
            raise IllegalStep(f"there is no batch {batch_id}")
        return self.batches[batch_id]

    def held(self, batch_id: str) -> list[Columns]:
        """The rows of a batch that wait for a decision."""
        found = (q for q in self.quarantines.values() if q["batch"] == batch_id)
        return [q for q in found if q["state"] == "held"]


def apply(world: World, seq: int, body: Mapping[str, Any]) -> None:
    """Apply one record, which stands at `seq` in the ledger.

    Raises:
        IllegalStep: it cannot follow what came before.
    """
    step = _STEPS.get(body["record"])
    if step is not None:
        step(world, seq, body)


def _receipt(world: World, seq: int, body: Mapping[str, Any]) -> None:
    if body["batch"] in world.batches:
        raise IllegalStep(f"batch {body['batch']} was received before")
    world.batches[body["batch"]] = {
        "id": body["batch"],
        "stream": body["stream"],
        "object": body["object"],
        "object_digest": body["object_digest"],
        **_as_read(seq, body),
    }


def _reread(world: World, seq: int, body: Mapping[str, Any]) -> None:
    batch = world.batch(body["batch"])
    if batch["state"] == "rejected":
        raise IllegalStep(f"batch {batch['id']} is rejected")
    for quarantine in world.held(batch["id"]):
        del world.quarantines[quarantine["id"]]
    batch.update(_as_read(seq, body))


def _as_read(seq: int, body: Mapping[str, Any]) -> Columns:
    """A batch as it is before anything was checked."""
    return {
        "record": seq,
        "checks": None,
        "load": None,
        "contract": body["contract"],
        "state": body["state"],
        "reason": body["reason"],
        "released": 0,
        "kept": None,
        "rows_kept": 0,
        "rows_quarantined": 0,
        "has_cursor": int(body["cursor"] is not None),
    }


def _checks(world: World, seq: int, body: Mapping[str, Any]) -> None:
    batch = world.batch(body["batch"])
    if batch["state"] != "landed":
        raise IllegalStep(f"batch {batch['id']} is {batch['state']}, not landed")
    for quarantine in body["quarantines"]:
        _set_aside(world, batch["id"], quarantine)
    batch.update(
        checks=seq,
        state=body["state"],
        reason=body["reason"],
        kept=None if body["kept"] is None else canonical(body["kept"]),
        rows_kept=body["rows_kept"],
        rows_quarantined=body["rows_quarantined"],
    )


def _set_aside(world: World, batch_id: str, body: Mapping[str, Any]) -> None:
    """Set rows aside; what was decided about the same rows before stays decided."""
    known = world.quarantines.get(body["id"])
    if known is not None and known["batch"] != batch_id:
        raise IllegalStep(f"rows {body['id']} belong to batch {known['batch']}")
    world.quarantines[body["id"]] = {
        "id": body["id"],
        "batch": batch_id,
        "stream": body["stream"],
        "check": body["check"],
        "reason": body["reason"],
        "rows": body["rows"],
        "file": canonical(body["file"]),
        "releasable": int(body["releasable"]),
        "state": known["state"] if known else "held",
    }


def _decision(world: World, _seq: int, body: Mapping[str, Any]) -> None:
    subject, release = body["subject"], body["decision"] == "release"
    if subject in world.quarantines:
        quarantine = world.quarantines[subject]
        if quarantine["state"] != "held":
            raise IllegalStep(f"rows {subject} are {quarantine['state']}, not held")
        if release and not quarantine["releasable"]:
            raise IllegalStep(f"rows {subject} cannot be released")
        quarantine["state"] = "released" if release else "rejected"
        return
    batch = world.batch(subject)
    if batch["state"] != "blocked":
        raise IllegalStep(f"batch {subject} is {batch['state']}, not blocked")
    if release:
        batch.update(state="passed", released=1)
    else:
        _reject(world, batch, f"rejected by {body['who']}: {body['reason']}")


def _supersede(world: World, _seq: int, body: Mapping[str, Any]) -> None:
    batch = world.batch(body["batch"])
    if batch["state"] != "blocked":
        raise IllegalStep(f"batch {batch['id']} is {batch['state']}, not blocked")
    _reject(world, batch, f"superseded by {body['by']}")


def _reject(world: World, batch: Columns, reason: str) -> None:
    """Reject a batch, and with it the rows of it that wait for a decision."""
    batch.update(state="rejected", reason=reason)
    for quarantine in world.held(batch["id"]):
        quarantine["state"] = "rejected"


def _load(world: World, seq: int, body: Mapping[str, Any]) -> None:
    batch, refused = world.batch(body["batch"]), body["refused"]
    if batch["state"] not in ("passed", "loaded"):
        raise IllegalStep(f"batch {batch['id']} is {batch['state']}: it cannot be loaded")
    if refused is not None:
        _set_aside(world, batch["id"], refused)
    batch["load"] = seq


def _stream(world: World, seq: int, body: Mapping[str, Any]) -> None:
    for batch_id in body["loaded"]:
        batch = world.batch(batch_id)
        if batch["stream"] != body["stream"]:
            raise IllegalStep(f"batch {batch_id} is of {batch['stream']}, not {body['stream']}")
        if batch["state"] != "passed":
            raise IllegalStep(f"batch {batch_id} is {batch['state']}, not passed")
        batch["state"] = "loaded"
    content = {key: body[key] for key in ("digest", "rows", "batches", "events")}
    known = world.streams.get(body["stream"])
    if known is not None and not body["loaded"] and known["content"] == content:
        raise IllegalStep(f"stream {body['stream']} did not change")
    world.streams[body["stream"]] = {"record": seq, "content": content}


def _removal(world: World, seq: int, body: Mapping[str, Any]) -> None:
    """A batch with fewer files: what it is, and what was decided, stays."""
    batch = world.batch(body["batch"])
    batch.update(
        record=seq,
        kept=None if body["kept"] is None else canonical(body["kept"]),
        rows_kept=body["rows_kept"],
        rows_quarantined=body["rows_quarantined"],
    )
    for aside in body["aside"]:
        known = world.quarantines.get(aside["id"])
        if known is None or known["batch"] != batch["id"]:
            raise IllegalStep(f"there are no rows {aside['id']} of batch {batch['id']}")
        known.update(rows=aside["rows"], file=canonical(aside["file"]))


_STEPS: Mapping[str, Callable[[World, int, Mapping[str, Any]], None]] = {
    "receipt": _receipt,
    "reread": _reread,
    "checks": _checks,
    "decision": _decision,
    "supersede": _supersede,
    "load": _load,
    "stream": _stream,
    "removal": _removal,
}
GATE_KINDS = tuple(_STEPS)
"""The kinds of record that say what became of a batch or a stream."""
