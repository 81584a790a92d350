"""Names for shell completion, from the project in the present folder.

What belongs here: quick look-ups that never fail loudly. What does not: anything else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoreline.store.store import ControlStore


def names(kind: str, incomplete: str) -> list[str]:
    """The names of that kind that contain what was typed; empty on any trouble."""
    with suppress(Exception):
        return sorted(n for n in _names(kind) if incomplete in n)
    return []


def _names(kind: str) -> Iterable[str]:
    root = Path(os.environ.get("SCORELINE_PROJECT") or ".").resolve()
    if kind in _STORED:
        return _stored(root, _STORED[kind])
    from scoreline.definitions.project import load_project

    plan = load_project(root).plan
    if plan is None:
        return []
    known = {
        "key_results": plan.key_results,
        "metrics": plan.metrics,
        "sources": plan.sources,
        "streams": plan.streams,
        "recipients": plan.notify.recipients,
    }
    return known[kind]


def _stored(root: Path, read: Callable[[ControlStore], list[str]]) -> list[str]:
    from scoreline.store.store import ControlStore
    from scoreline.wiring import STATE_FOLDER, control_store_url

    store = ControlStore.open(control_store_url(root / STATE_FOLDER))
    try:
        return read(store)
    finally:
        store.close()


def _batches(store: ControlStore) -> list[str]:
    held = [q.id for q in store.quarantines() if q.state == "held"]
    return [b.id for b in store.batches(None, ["blocked"])] + held


_STORED: Mapping[str, Callable[[ControlStore], list[str]]] = {
    "batches": _batches,
    "unsure": lambda store: [m.key for m in store.messages(["unsure"])],
    "users": lambda store: [u.name for u in store.users()],
}
