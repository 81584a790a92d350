"""Changed targets that wait for their owner, where the organisation asks for it.

What belongs here: which key results have goalposts that moved without approval, and the
plan that counts meanwhile. What does not: recording an approval (applying).

With `approve_targets: owner` a key result whose goalposts were changed in the files keeps
its recorded definition, in every step, until `scoreline apply --approver` records the new
one. Who may approve is read from the record: an owner changed in the same edit approves
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from scoreline.core.model import KeyResult, Plan
from scoreline.core.records import DefinitionVersion
from scoreline.definitions.canonical import canonical, metrics_of
from scoreline.definitions.diff import Change, semantic_diff
from scoreline.definitions.recorded import is_removed, key_result_from
from scoreline.steps.change.differences import in_words, is_goalpost
from scoreline.steps.project import Waiting
from scoreline.store.store import ControlStore


def counting(plan: Plan, store: ControlStore) -> tuple[Plan, tuple[Waiting, ...]]:
    """The plan that counts, and the key results that wait for approval in it.

    Where the record asks for approval and the files no longer do, it is asked for until
    `scoreline apply` has recorded that: a run does not take the setting out.
    """
    if not asks_for_approval(plan, store):
        return plan, ()
    asking = replace(plan.organisation, approve_targets="owner")
    waiting = find_waiting(plan, store)
    return with_approved(replace(plan, organisation=asking), waiting), waiting


def asks_for_approval(plan: Plan, store: ControlStore) -> bool:
    """Whether changed targets wait: the files ask for it, or what is recorded does."""
    if plan.organisation.approve_targets is not None:
        return True
    recorded = store.current_definitions(["organisation"]).get("organisation")
    return recorded is not None and bool(recorded.body.get("approve_targets"))


def find_waiting(plan: Plan, store: ControlStore) -> tuple[Waiting, ...]:
    """The key results whose goalposts differ from what is recorded.

    One that is new waits for nothing; one that carries `moved_from` is held against the
    key result that it was.
    """
    names = [
        f"key_result {n}" for k in plan.key_results.values() for n in (k.id, k.moved_from) if n
    ]
    recorded = {
        n.partition(" ")[2]: v
        for n, v in store.current_definitions(names).items()
        if not is_removed(v.body)
    }
    found = (_one(plan, kr, recorded) for kr in plan.key_results.values())
    return tuple(w for w in found if w is not None)


def _one(plan: Plan, kr: KeyResult, recorded: Mapping[str, DefinitionVersion]) -> Waiting | None:
    before = recorded.get(kr.id) or recorded.get(kr.moved_from or "")
    if before is None:
        return None
    body: dict[str, Any] = {**before.body, "id": kr.id}
    changes = goalposts(body, canonical(kr))
    if not changes:
        return None
    former = key_result_from(body)
    approver = former.owner or _lead(plan, kr.id)
    return Waiting(kr.id, approver, tuple(in_words(c) for c in changes), former)


def goalposts(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """The differences between two bodies of a key result that move what is aimed at."""
    return [change for change in semantic_diff(old, new) if is_goalpost(change.path)]


def _lead(plan: Plan, key_result: str) -> str | None:
    """The lead of a key result's team, who approves where it has no owner."""
    team = plan.organisation.teams.get(key_result.split("/")[1])
    return team.lead if team else None


def with_approved(plan: Plan, waiting: Collection[Waiting]) -> Plan:
    """The plan that counts: key results that wait have the definition that was approved."""
    former = {w.key_result: w.former for w in waiting}
    if not former:
        return plan
    return replace(
        plan,
        objectives={
            name: replace(
                o, key_results=tuple(_former(plan, k, former.get(k.id)) for k in o.key_results)
            )
            for name, o in plan.objectives.items()
        },
    )


def _former(plan: Plan, kr: KeyResult, former: KeyResult | None) -> KeyResult:
    if former is None:
        return kr
    missing = next((m for m in metrics_of(former) if m not in plan.metrics), None)
    broken = None if missing is None else f"its approved metric {missing} is no longer defined"
    return replace(former, file=kr.file, place=kr.place, broken=broken)
