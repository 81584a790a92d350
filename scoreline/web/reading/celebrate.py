"""What there is to celebrate: reached within a week, milestones done, the furthest moves.

What belongs here: choosing them. What does not: the content of a line (lines).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from scoreline.core.model import Milestones
from scoreline.web.reading.lines import Line, line_of
from scoreline.web.reading.snapshot import WEEK, Snapshot

MOST = 50
MOVERS = 8
LEAST_MOVE = Fraction(2, 100)
"""The smallest change of progress that counts as a move."""


@dataclass(frozen=True, slots=True)
class StepDone:
    """A milestone that was done within the week."""

    key_result: Line
    title: str
    day: date


@dataclass(frozen=True, slots=True)
class Celebration:
    """A week's good news; `earlier` counts what was achieved before and still is."""

    since: date
    achieved: Sequence[Line]
    steps: Sequence[StepDone]
    movers: Sequence[Line]
    earlier: int


def celebration(snapshot: Snapshot) -> Celebration:
    """The good news of the week that ends with the snapshot's day."""
    achieved = [s for s in snapshot.standing.scored if s.score.status == "achieved"]
    new = [s for s in achieved if not _was_achieved(snapshot, s.kr.id)]
    moved = [(snapshot.change(n) or Fraction(0), n) for n in snapshot.week_ago]
    moved = sorted((m for m in moved if m[0] >= LEAST_MOVE), key=lambda m: (-m[0], m[1]))
    fresh = {s.kr.id for s in new}
    ahead = [n for _, n in moved if n not in fresh and _some(snapshot, n)]
    movers = ahead[:MOVERS]
    return Celebration(
        since=snapshot.day - WEEK,
        achieved=[snapshot.line(s.kr.id, line_of) for s in new[:MOST]],
        steps=_steps(snapshot),
        movers=[snapshot.line(n, line_of) for n in movers],
        earlier=len(achieved) - len(new),
    )


def _was_achieved(snapshot: Snapshot, name: str) -> bool:
    before = snapshot.week_ago.get(name)
    return before is not None and before.status == "achieved"


def _some(snapshot: Snapshot, name: str) -> bool:
    """Whether there is progress at all: back to less of a loss is no reason to celebrate."""
    return (snapshot.scored[name].score.progress or 0) > 0


def _steps(snapshot: Snapshot) -> list[StepDone]:
    found = []
    for one in snapshot.standing.scored:
        if not isinstance(one.kr.kind, Milestones):
            continue
        for step, done in zip(one.kr.kind.steps, one.score.steps_done, strict=False):
            if done is not None and snapshot.day - WEEK < done <= snapshot.day:
                found.append(StepDone(snapshot.line(one.kr.id, line_of), step.title, done))
    return sorted(found, key=lambda s: s.day, reverse=True)[:MOST]
