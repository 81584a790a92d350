"""The one rule of roll-up: from many weighted items to one (scoring.md, "Roll-up").

What belongs here: a key result as an item, and one item out of many, at any level. What
does not: which items belong to what (rollup), or a key result's own status (scoring).

A rolled-up item is an item again. It carries its best case (every missing key result at
progress 1 and at its own expected progress) upward, so that a level above can tell
"already lost" from "not yet known".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Literal

from scoreline.core.exact import as_fraction, quotient, total
from scoreline.core.model import KeyResult, Thresholds
from scoreline.core.observed import WITHOUT_VALUE, Score, Status
from scoreline.core.scoring import by_pace, in_grace, pace_ratio

RolledStatus = Status | Literal["incomplete"]
StatusRule = Literal["weighted", "weakest"]

WEAKEST: tuple[RolledStatus, ...] = (
    "off_track",
    "missed",
    "at_risk",
    "held",
    "stale",
    "no_data",
    "incomplete",
    "pending",
    "on_track",
    "achieved",
)
"""The `weakest` rule: the first of these that is present."""

_LEFT_OUT: tuple[RolledStatus, ...] = ("pending", "not_started", "withdrawn")
_ZERO = Fraction(0)
_ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be rolled up: a key result, an objective or a team.

    Attributes:
        weight: positive.
        status: its status; of a closed key result, the one at closing.
        closed: whether its score is fixed.
        counted: False where it is left out: withdrawn, not started, a keep before its
            first period's end.
        progress: clamped to 0..cap; None where there is no value.
        expected: its expected progress, of an objective that of the key results with a
            value; None where there is none.
        x: the share of its time that is gone.
        coverage: the weight share of its key results with a value.
        best_progress: progress with every missing key result at 1; best_expected: the
            expected progress of the same key results.
        due: the latest due date of its counted key results.
        achieved: every counted key result is achieved.
        score: 0 to 1 once closed.
        missing: full names of the counted key results without a value.
    """

    weight: Fraction
    status: RolledStatus
    closed: bool
    counted: bool
    progress: Fraction | None
    expected: Fraction | None
    x: Fraction
    coverage: Fraction | None
    best_progress: Fraction
    best_expected: Fraction
    due: date | None
    achieved: bool
    score: Fraction | None
    missing: tuple[str, ...] = ()

    @property
    def shown_status(self) -> RolledStatus:
        """The status that people see: `closed` once it is."""
        return "closed" if self.closed else self.status


def item_of(kr: KeyResult, score: Score | None) -> Item:
    """A key result as an item; without a score it has no data."""
    if score is None:
        return _unscored(kr)
    status = score.status_at_close or score.status
    left_out = status in ("withdrawn", "not_started") or (
        status == "pending" and score.progress is None
    )
    valued = status not in WITHOUT_VALUE and score.clamped is not None
    return Item(
        weight=as_fraction(kr.weight),
        status=status,
        closed=score.status == "closed",
        counted=not left_out,
        progress=score.clamped if valued else None,
        expected=score.expected if valued else None,
        x=score.x,
        coverage=_ONE if valued else _ZERO,
        best_progress=score.clamped if valued and score.clamped is not None else _ONE,
        best_expected=score.expected,
        due=kr.due,
        achieved=status == "achieved",
        score=score.score,
        missing=() if valued else (kr.id,),
    )


def _unscored(kr: KeyResult) -> Item:
    return Item(
        weight=as_fraction(kr.weight),
        status="no_data",
        closed=False,
        counted=True,
        progress=None,
        expected=None,
        x=_ZERO,
        coverage=_ZERO,
        best_progress=_ONE,
        best_expected=_ZERO,
        due=kr.due,
        achieved=False,
        score=None,
        missing=(kr.id,),
    )


def roll_up(
    items: Sequence[Item],
    *,
    as_of: date,
    thresholds: Thresholds,
    rule: StatusRule = "weighted",
    weight: Fraction = _ONE,
) -> Item:
    """One item out of many.

    Args:
        items: key results, objectives or teams, with positive weights, in any order.
        as_of: the day, against the latest due date.
        thresholds: the organisation's.
        rule: how the status is found; the numbers do not depend on it.
        weight: the weight of the result one level up.
    """
    counted = [item for item in items if item.counted]
    valued = [item for item in counted if item.progress is not None]
    closed = _all_closed(items)
    best = _mean(counted, lambda item: item.best_progress)
    rolled = Item(
        weight=weight,
        status="no_data",
        closed=closed,
        counted=bool(counted) or not items,
        progress=_mean(valued, lambda item: item.progress),
        expected=_mean(valued, lambda item: item.expected),
        x=_mean(valued, lambda item: item.x) or _ZERO,
        coverage=_mean(counted, lambda item: item.coverage) if items else _ZERO,
        best_progress=_ONE if best is None else best,
        best_expected=_mean(counted, lambda item: item.best_expected) or _ZERO,
        due=max((item.due for item in counted if item.due is not None), default=None),
        achieved=bool(counted) and all(item.achieved for item in counted),
        score=_mean(counted, lambda item: item.score) if closed else None,
        missing=tuple(name for item in counted for name in item.missing),
    )
    return replace(rolled, status=_status(rolled, items, rule, as_of, thresholds))


def _mean(items: Iterable[Item], of: Callable[[Item], Fraction | None]) -> Fraction | None:
    """The weighted mean over the items that have the number; None where none has it."""
    pairs = [(item.weight, value) for item in items if (value := of(item)) is not None]
    if not pairs:
        return None
    parts = [value if weight == 1 else weight * value for weight, value in pairs]
    return quotient(total(parts), total([weight for weight, _ in pairs]))


def _all_closed(items: Sequence[Item]) -> bool:
    """Whether every item is closed; one that was withdrawn has nothing to close."""
    open_items = [item for item in items if not item.closed]
    withdrawn = all(not item.counted and item.status == "withdrawn" for item in open_items)
    return len(open_items) < len(items) and withdrawn


def _status(
    rolled: Item, items: Sequence[Item], rule: StatusRule, as_of: date, thresholds: Thresholds
) -> RolledStatus:
    counted = [item.status for item in items if item.counted]
    if not counted:
        left_out = [item.status for item in items]
        return _first(_LEFT_OUT, left_out, "withdrawn") if items else "no_data"
    if rule == "weakest":
        waiting = [item.status for item in items if item.status == "pending"]
        return _first(WEAKEST, [*counted, *waiting], "no_data")
    return _weighted(rolled, as_of, thresholds)


def _weighted(rolled: Item, as_of: date, thresholds: Thresholds) -> RolledStatus:
    """The status table on the weighted numbers."""
    progress, expected = rolled.progress or _ZERO, rolled.expected or _ZERO
    if rolled.coverage != 1:
        best = pace_ratio(rolled.best_progress, rolled.best_expected)
        return "off_track" if best < as_fraction(thresholds.at_risk) else "incomplete"
    if rolled.achieved:
        return "achieved"
    if rolled.due is not None and as_of > rolled.due:
        return "missed"
    if in_grace(progress, expected, rolled.x, thresholds):
        return "pending"
    return by_pace(progress, expected, thresholds)


def _first(
    order: Sequence[RolledStatus], present: Iterable[RolledStatus], default: RolledStatus
) -> RolledStatus:
    found = set(present)
    return next((status for status in order if status in found), default)
