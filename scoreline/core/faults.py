"""Named points at which a run can be made to fail, so that tests can kill it there.

What belongs here: the registry of the points' names and the one hook. What does not:
any failing of its own; with nothing armed a point costs one comparison.
"""

from __future__ import annotations

from collections.abc import Callable

POINTS = (
    "extract.copied",
    "land.typed",
    "land.stored",
    "land.committed",
    "validate.done",
    "validate.committed",
    "load.begun",
    "load.committed",
    "load.marked",
    "measure.done",
    "record.begun",
    "record.committed",
)
"""Every point, in the order in which a run passes them."""

MESSAGE_POINTS = ("messages.kept", "message.claimed", "message.sent")
"""Every point of telling people, in their order."""

REMOVAL_POINTS = (
    "remove.rewritten",
    "remove.recorded",
    "remove.deleted",
)
"""The points of removing rows: files written again, recorded, the old files deleted."""

_hook: Callable[[str], None] | None = None


def arm(hook: Callable[[str], None] | None) -> None:
    """Have `hook(name)` called at each point; None disarms. For tests only."""
    global _hook
    _hook = hook


def reach(name: str) -> None:
    """Pass the point of that name."""
    if _hook is not None:
        _hook(name)
