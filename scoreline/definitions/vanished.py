"""Key results that were recorded and no longer stand in the files.

What belongs here: telling a vanished key result from a moved, withdrawn or merely
unreadable one. What does not: reading what was recorded (store).
"""

from __future__ import annotations

from collections.abc import Iterable

from scoreline.core.errors import Place, Problem
from scoreline.core.model import Plan
from scoreline.definitions.spec_base import nearest


def vanished(plan: Plan, problems: Iterable[Problem], recorded_ids: Iterable[str]) -> list[Problem]:
    """One error for each recorded key result that the definitions silently dropped.

    Args:
        plan: the definitions now.
        problems: what is wrong with them: a file in error may still hold its key results.
        recorded_ids: full names that the record knows.
    """
    present = plan.key_results
    moved = {k.moved_from for k in present.values() if k.moved_from}
    every = [p for p in problems if p.severity == "error"]
    in_error = {p.place.file for p in every}
    scopes = {p.scope for p in every}
    recorded = dict.fromkeys(recorded_ids)
    fresh = [name for name in present if name not in recorded]
    found = []
    for name in recorded:
        file = _file(name)
        is_excused = file in in_error or name in scopes
        if name in present or name in moved or is_excused:
            continue
        guess = nearest(name, fresh)
        hint = "write it again with withdrawn: {date: …, why: …}"
        hint += f", or give its heir moved_from: {name}" + (f" ({guess})" if guess else "")
        message = f"the key result {name} is recorded and has vanished from the files"
        legal = "withdrawn, or moved_from on another key result"
        problem = Problem("error", "vanished", Place(file), message, name, legal, hint, scope=name)
        found.append(problem)
    return found


def _file(name: str) -> str:
    cycle, team = name.split("/")[:2] if name.count("/") >= 1 else (name, "")
    return f"okr_defs/objectives/{cycle}/{team}.yaml"
