"""Where everything stands at one moment, with what pages ask of it again and again.

What belongs here: looking up, and the lines of single key results. What does not: keeping
snapshots and replacing them (live), choosing and grouping (overview).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from scoreline.core.model import KeyResult, Objective, Plan
from scoreline.core.records import CheckIn
from scoreline.core.rollup import RolledUp
from scoreline.core.scoring import Rules
from scoreline.steps.evaluating import Scored
from scoreline.steps.project import Project
from scoreline.steps.reports import KeyResultRow
from scoreline.steps.status import Standing
from scoreline.web.reading.frame import Banner, Frame, frame_of

T = TypeVar("T")

_BEHIND = Banner("note", "Something new was just recorded; load the page again to see it.", None)


@dataclass(frozen=True)
class Snapshot:
    """One day's standing as known at one moment; never changes.

    `key` differs from that of any other moment with another content; `behind` says that
    something newer is there already, which the next snapshot will show.
    """

    key: Hashable
    plan: Plan
    rules: Rules
    frame: Frame
    standing: Standing
    behind: bool = False
    _lines: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    _texts: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def day(self) -> date:
        """The as-of day."""
        return self.standing.as_of

    @cached_property
    def rows(self) -> Mapping[str, KeyResultRow]:
        """The rows of key results by full name."""
        return {row.id: row for row in self.standing.key_results}

    @cached_property
    def scored(self) -> Mapping[str, Scored]:
        """Scores with their evidence by full name."""
        return {one.kr.id: one for one in self.standing.scored}

    @cached_property
    def rolled(self) -> Mapping[str, RolledUp]:
        """Objectives, teams and organisations by id."""
        return {entry.id: entry for entry in self.standing.objectives}

    @cached_property
    def objective_of(self) -> Mapping[str, Objective]:
        """The objective of each key result."""
        return {kr.id: o for o in self.plan.objectives.values() for kr in o.key_results}

    def overtaken(self) -> Snapshot:
        """This snapshot, saying that something newer is there already."""
        found = copy(self)
        object.__setattr__(found, "behind", True)
        return found

    @property
    def shown_frame(self) -> Frame:
        """The frame, with a banner where something newer is there already."""
        return (
            replace(self.frame, banners=(_BEHIND, *self.frame.banners))
            if self.behind
            else (self.frame)
        )

    def line(self, name: str, make: Callable[[Snapshot, Scored], T]) -> T:
        """The line of a key result, made when it is first asked for."""
        if name not in self._lines:
            self._lines[name] = make(self, self.scored[name])
        found: T = self._lines[name]
        return found

    def haystack(self, kr: KeyResult) -> str:
        """What a search looks through, in folded case."""
        if kr.id not in self._texts:
            objective = self.objective_of[kr.id]
            parts = (kr.title, objective.title, kr.id, kr.owner or "")
            self._texts[kr.id] = "\n".join(parts).casefold()
        return self._texts[kr.id]

    def newest_check_in(self, kr: KeyResult) -> CheckIn | None:
        """What was said last of a key result, overrides left out; None if nothing was."""
        said = [c for c in self.standing.evidence.check_ins.get(kr.id, ()) if c.until is None]
        return max(said, key=lambda c: c.day) if said else None


def taken(
    project: Project, found: Standing, key: Hashable, definitions_error: str | None
) -> Snapshot:
    """A snapshot of what a project's store holds at this moment."""
    return Snapshot(
        key=key,
        plan=project.plan,
        rules=project.rules(),
        frame=frame_of(project, found.as_of, definitions_error),
        standing=found,
    )
