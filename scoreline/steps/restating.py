"""Restatements: what closed key results would score on what is known now.

What belongs here: comparing a frozen score with the one of today's data and definitions on
the day of the closing, and what differs in what they rest on. What does not: closing
(closing), which rows moved it (why).

The frozen score stays the official one; a restatement stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from scoreline.core.exact import parse_exact, shown
from scoreline.core.frozen import frozen_body
from scoreline.core.model import KeyResult
from scoreline.core.records import Restatement
from scoreline.core.scoring import freeze
from scoreline.core.scoring import score as score_one
from scoreline.steps.evaluating import gather
from scoreline.steps.evidence import Evidence
from scoreline.steps.measuring import Measured
from scoreline.steps.observing import Observer
from scoreline.steps.project import Project
from scoreline.store.rows import StoredCycle, StoredRestatement

_RESULT = ("status", "score", "value", "numerator", "denominator", "progress", "expected")
"""What a restatement is about; how it is worded is not."""


def restatements(project: Project, measured: Measured) -> list[Restatement]:
    """What differs from the frozen scores of every closed cycle; the store skips what it has."""
    found: list[Restatement] = []
    for name, closing in project.store.closings().items():
        if closing.event.as_of is not None:
            found += _of_cycle(project, measured, name, closing, closing.event.as_of)
    return found


def _of_cycle(
    project: Project, measured: Measured, cycle: str, closing: StoredCycle, day: date
) -> list[Restatement]:
    evidence = gather(project, measured.plan, day, measured.values, measured.errors)
    evidence.closings = {}
    evidence.blocked = {  # what is held since then says nothing of what was known
        s: b for s, b in evidence.blocked.items() if b.received_at <= closing.recorded_at
    }
    observer, rules, known = Observer(evidence), project.rules(), project.store.restatements()
    found = []
    for kr in measured.plan.key_results.values():
        body = closing.event.key_results.get(kr.id)
        if body is None or kr.id.split("/", 1)[0] != cycle:
            continue
        observed = observer.observe(kr, day)
        if any(s in evidence.unloaded for s in observed.streams):
            continue  # what came later cannot be told before its streams are whole again
        score = score_one(kr, rules, observed.seen, day)
        frozen, now = _result(body["frozen"]), _result(frozen_body(freeze(score)))
        before = known.get(kr.id)
        is_restated = before is not None and before.restatement.closing == closing.digest
        if frozen != now or is_restated:
            cause = _cause(project, measured, evidence, kr, closing)
            found.append(Restatement(kr.id, closing.digest, day, frozen, now, cause))
    return found


def _result(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in _RESULT}


def _cause(
    project: Project, measured: Measured, evidence: Evidence, kr: KeyResult, closing: StoredCycle
) -> dict[str, Any]:
    """What the score rests on now and did not at the closing."""
    then = closing.event.key_results[kr.id]
    old, new = then["definitions"], measured.definitions.of(kr)
    streams = [
        s
        for s, digest in then["inputs"].items()
        if s in evidence.streams and evidence.streams[s].digest != digest
    ]
    return {
        "definitions": sorted(n for n in {**old, **new} if old.get(n) != new.get(n)),
        "streams": {s: _batches(project, s, closing) for s in streams},
        "check_ins": sum(
            c.at is not None and c.at > closing.recorded_at
            for c in evidence.check_ins.get(kr.id, ())
        ),
    }


def _batches(project: Project, stream: str, closing: StoredCycle) -> list[list[str]]:
    """The batches that came after the closing: id and object."""
    return [
        [b.id, b.object]
        for b in project.store.batches(stream)
        if b.received_at > closing.recorded_at and b.state == "loaded"
    ]


def cause_words(cause: Mapping[str, Any]) -> str:
    """What differs, in words."""
    parts = [f"the definition of {n} changed" for n in cause.get("definitions", ())]
    for stream, batches in cause.get("streams", {}).items():
        objects = ", ".join(name for _, name in batches[:3]) + (" …" if len(batches) > 3 else "")
        parts.append(f"{stream} received {objects}" if batches else f"{stream} changed")
    if cause.get("check_ins"):
        parts.append("people said more")
    return "; ".join(parts) or "nothing differs any more"


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a frozen score: its closing, and what it would be now if other.

    `restatement` is None where nothing came later, or what came made no difference.
    """

    closing: StoredCycle
    restatement: StoredRestatement | None

    def as_json(self, key_result: str) -> dict[str, Any]:
        """Plain values for programs."""
        event, restated = self.closing.event, self.restatement
        return {
            "cycle": event.cycle,
            "as_of": event.as_of.isoformat() if event.as_of else None,
            "record": self.closing.digest,
            "who": event.who,
            "approver": event.approver,
            "reason": event.reason,
            "miss": event.misses.get(key_result),
            "restatement": None
            if restated is None
            else {
                "record": restated.digest,
                "recorded_at": restated.recorded_at.isoformat(),
                "frozen": dict(restated.restatement.frozen),
                "now": dict(restated.restatement.now),
                "cause": dict(restated.restatement.cause),
                "words": cause_words(restated.restatement.cause),
            },
        }

    def words(self, key_result: str) -> list[str]:
        """What a person wants to know of it."""
        event = self.closing.event
        said = [f"{event.cycle} was closed as of {event.as_of} by {event.who}: {event.reason}"]
        if key_result in event.misses:
            said.append(f"missed: {event.misses[key_result]}")
        if self.restatement is not None:
            now = self.restatement.restatement.now
            score = "none" if now["score"] is None else shown(parse_exact(now["score"]), 2)
            cause = cause_words(self.restatement.restatement.cause)
            said.append(f"restated: by what is known now the score would be {score}; {cause}")
        return said


def beside(project: Project) -> dict[str, Beside]:
    """What stands beside each frozen score, by key result."""
    restated, found = project.store.restatements(), {}
    for closing in project.store.closings().values():
        for name in closing.event.key_results:
            own = restated.get(name)
            found[name] = Beside(closing, own if own and _differs(own, closing) else None)
    return found


def _differs(own: StoredRestatement, closing: StoredCycle) -> bool:
    """Whether it is of this closing, and its result not the frozen one."""
    said = own.restatement
    return said.closing == closing.digest and said.now != said.frozen
