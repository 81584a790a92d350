"""What differs between two sides: objects added, changed and removed, path by path.

What belongs here: comparing bodies, which of the differences can move a score, and which
of them move the goalposts of a key result. What does not: scoring (effects).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scoreline.core.errors import Place, Problem
from scoreline.core.model import Plan
from scoreline.definitions.diff import Change, semantic_diff
from scoreline.steps.change.sides import Side

Action = Literal["added", "changed", "removed", "left out"]

_FOR_PEOPLE = frozenset(("title", "description", "owner", "moved_from", "lead", "people", "teams"))
_NOT_SCORED: Mapping[str, frozenset[str]] = {
    "organisation": frozenset(
        (
            "name",
            "schedule",
            "evaluate",
            "pseudonym_key",
            "later_pseudonym_keys",
            "retention",
        )
    ),
    "stream": frozenset(("expect", "retention")),
    "metric": frozenset(("settle_days", "dimensions")),
}
"""Keys of a body that move no score of a key result that is already there, by kind."""

_LONG = 200
_PROGRESS = re.compile(r"kind\.(steps\[\d+\]\.(done|title)|on)$")
"""What is reported, not aimed at: the days on which milestones and key results were done."""


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that differs.

    `left out` is what the record knows and the files may still mean: it is in error, or
    stands on something that is. `sql` is given for metrics and models, before and after.
    """

    name: str
    kind: str
    action: Action
    differences: tuple[Change, ...]
    place: Place | None
    sql_before: str | None = None
    sql_after: str | None = None

    @property
    def scored(self) -> bool:
        """Whether it can move a score."""
        return self.action != "changed" or any(
            is_scored(self.kind, change.path) for change in self.differences
        )


def is_scored(kind: str, path: str) -> bool:
    """Whether a difference at that path of an object's body can move a score."""
    first = re.split(r"[.\[]", path, maxsplit=1)[0]
    return first not in _FOR_PEOPLE and first not in _NOT_SCORED.get(kind, frozenset())


def is_goalpost(path: str) -> bool:
    """Whether a difference at that path of a key result's body moves what is aimed at.

    Everything but words for people and the reported days of milestones: target, baseline,
    bounds, curve, start, due, weight, metric, filter, expected curve, withdrawal.
    """
    return is_scored("key_result", path) and not _PROGRESS.search(path)


def differences(old: Side, new: Side, errors: Collection[Problem]) -> list[ObjectChange]:
    """Every object that differs, in the order of the definitions; removed ones last.

    Args:
        old: the earlier side.
        new: the side as written now.
        errors: what is wrong with the new side: what is missing may be in error.
    """
    places = _places(new.plan)
    found = []
    for name, (kind, body) in new.bodies.items():
        before = old.bodies.get(name)
        if before is not None and before[1] == body:
            continue
        changes = tuple(semantic_diff(before[1] if before else None, body))
        found.append(
            ObjectChange(
                name=name,
                kind=kind,
                action="changed" if before else "added",
                differences=changes,
                place=places.get(name),
                sql_before=old.sql_of(name) if before else None,
                sql_after=new.sql_of(name),
            )
        )
    gone: Action = "left out" if errors else "removed"
    for name, (kind, _) in old.bodies.items():
        if name not in new.bodies:
            found.append(ObjectChange(name, kind, gone, (), None, old.sql_of(name)))
    return found


def _places(plan: Plan) -> dict[str, Place]:
    found = {"organisation": plan.organisation.place}
    found |= {f"stream {n}": s.place for n, s in plan.streams.items()}
    found |= {f"model {n}": m.place for n, m in plan.models.items()}
    found |= {f"metric {n}": m.place for n, m in plan.metrics.items()}
    found |= {f"objective {n}": o.place for n, o in plan.objectives.items()}
    found |= {f"key_result {n}": k.place for n, k in plan.key_results.items()}
    return found


def in_words(change: Change) -> str:
    """A difference for people: `target: 120 -> 110`, `filter: product: GTX Pro -> …`."""
    path = change.path.removeprefix("kind.")
    if path.rpartition(".")[2] == "filter":
        change = Change(path, _filter(change.before), _filter(change.after))
    text = str(Change(path, change.before, change.after))
    return text if len(text) <= _LONG else f"{text[:_LONG]} …"


def _filter(value: Any) -> str | None:
    """A filter as it is written: `team: sales, north; product: GTX Pro`."""
    if not value:
        return None
    return "; ".join(f"{key}: {', '.join(values)}" for key, values in value)
