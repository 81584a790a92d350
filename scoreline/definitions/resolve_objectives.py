"""From objectives files as written to the objectives of the plan.

What belongs here: one objective, what it supports, circles of support, the order. What
does not: key results (resolve_key_results), roll-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scoreline.core.model import Cycle, KeyResult, Objective, Organisation
from scoreline.definitions.findings import Entry
from scoreline.definitions.resolve_key_results import Metrics, resolve_key_result
from scoreline.definitions.resolve_models import circle
from scoreline.definitions.spec_base import listed, nearest
from scoreline.definitions.specs_objectives import KeyResultSpec, ObjectiveHead, ObjectivesHead


@dataclass(frozen=True, slots=True)
class ObjectiveDraft:
    """An objective as read; specs are None where their own text is in error."""

    name: str
    entry: Entry
    spec: ObjectiveHead | None
    key_results: tuple[tuple[str, Entry, KeyResultSpec | None], ...]


@dataclass(frozen=True, slots=True)
class ObjectivesDraft:
    """An objectives file as read."""

    entry: Entry
    head: ObjectivesHead
    objectives: tuple[ObjectiveDraft, ...]


def resolve_objectives(
    drafts: list[ObjectivesDraft], organisation: Organisation, metrics: Metrics
) -> dict[str, Objective]:
    """The objectives that are whole, by id: cycles, then teams, in the organisation's order."""
    order = [(c, t) for c in organisation.cycles for t in organisation.teams]
    fitting = [d for d in drafts if _check_head(d, organisation)]
    fitting.sort(key=lambda d: order.index((d.head.cycle, d.head.team)))
    declared = _declared(fitting)
    entries: dict[str, Entry] = {}
    whole: dict[str, Objective] = {}
    for file in fitting:
        cycle = organisation.cycles[file.head.cycle]
        for draft in file.objectives:
            objective = _objective(file, draft, cycle, metrics, declared)
            if objective is not None:
                whole[objective.id] = objective
                entries[objective.id] = draft.entry
    circular = _circular(whole, entries)
    _check_moves(whole, drafts)
    return {name: _loose(o, whole, circular) for name, o in whole.items()}


def _loose(objective: Objective, whole: Mapping[str, Objective], circular: set[str]) -> Objective:
    """The objective, supporting nothing where what it supports was left out."""
    is_fine = objective.supports is None or objective.supports in whole
    if is_fine and objective.id not in circular:
        return objective
    return replace(objective, supports=None)


def _declared(drafts: list[ObjectivesDraft]) -> list[str]:
    return [
        f"{file.head.cycle}/{file.head.team}/{draft.name}"
        for file in drafts
        for draft in file.objectives
    ]


def _check_head(draft: ObjectivesDraft, organisation: Organisation) -> bool:
    for key, name, known in (
        ("cycle", draft.head.cycle, organisation.cycles),
        ("team", draft.head.team, organisation.teams),
    ):
        if name not in known:
            message = f"organisation.yaml declares no {key} {name}"
            hint = nearest(name, known)
            draft.entry.error("unknown-reference", message, key, legal=listed(known), hint=hint)
    return draft.entry.ok


def _objective(
    file: ObjectivesDraft,
    draft: ObjectiveDraft,
    cycle: Cycle,
    metrics: Metrics,
    declared: list[str],
) -> Objective | None:
    name = f"{file.head.cycle}/{file.head.team}/{draft.name}"
    spec = draft.spec
    owner = spec.owner if spec else None
    found = [
        resolve_key_result(entry, f"{name}/{key}", key_result, cycle, owner, metrics)
        for key, entry, key_result in draft.key_results
        if key_result is not None
    ]
    supports = _supported(draft.entry, spec.supports, file, name, declared) if spec else None
    if spec is None or not draft.entry.ok:
        return None
    return Objective(
        id=name,
        cycle=file.head.cycle,
        team=file.head.team,
        title=spec.title,
        file=file.entry.document.file,
        key_results=tuple(k for k in found if k is not None),
        owner=spec.owner,
        supports=supports,
        commitment=spec.commitment,
        weight=spec.weight,
        status_rule=spec.status_rule,
        roll_up=spec.roll_up,
        description=spec.description or "",
        place=draft.entry.place,
    )


def _supported(
    entry: Entry, written: str | None, file: ObjectivesDraft, name: str, declared: list[str]
) -> str | None:
    if written is None:
        return None
    full = f"{file.head.cycle}/{written}" if written.count("/") == 1 else written
    if full not in declared:
        message = f"supports names {written}, which is no objective"
        same = [d.partition("/")[2] for d in declared if d.startswith(f"{file.head.cycle}/")]
        hint = nearest(written, [*same, *declared])
        legal = "team/objective in the same cycle, or cycle/team/objective"
        entry.note("unknown-reference", message, "supports", legal=legal, hint=hint)
        return None
    if full == name:
        message = "an objective cannot support itself"
        entry.note("reference-cycle", message, "supports", legal="another objective")
        return None
    return full


def _circular(whole: Mapping[str, Objective], entries: Mapping[str, Entry]) -> set[str]:
    """The objectives whose support leads back to themselves, each reported."""
    edges = {n: [o.supports] if o.supports else [] for n, o in whole.items()}
    found: set[str] = set()
    for name, entry in entries.items():
        path = circle(name, edges)
        if path:
            message = f"objectives support each other in a circle: {' > '.join(path)}"
            entry.note("reference-cycle", message, "supports", legal="no circle")
            found.add(name)
    return found


def _check_moves(whole: Mapping[str, Objective], drafts: list[ObjectivesDraft]) -> None:
    entries = {e.scope: e for f in drafts for o in f.objectives for _, e, _ in o.key_results}
    present: dict[str, KeyResult] = {k.id: k for o in whole.values() for k in o.key_results}
    taken: dict[str, str] = {}
    for key_result in present.values():
        old = key_result.moved_from
        if old is None:
            continue
        entry = entries[key_result.id]
        first = taken.setdefault(old, key_result.id)
        if old in present:
            message = f"moved_from names {old}, which still stands in the files"
            entry.note("bad-move", message, "moved_from", legal="a name that is gone")
        elif first != key_result.id:
            message = f"{first} has moved from {old} already"
            entry.note("bad-move", message, "moved_from", legal="one heir for each key result")
