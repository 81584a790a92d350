"""Where everything stands at one moment, with what pages ask of it again and again.

What belongs here: looking up, and the lines of single key results. What does not: keeping
snapshots and replacing them (live), choosing and grouping (overview).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar

from scoreline.core.model import KeyResult, Objective, Plan, Team
from scoreline.core.records import Body, CheckIn
from scoreline.core.rollup import RolledUp
from scoreline.core.scoring import Rules, Score
from scoreline.core.scoring import score as score_one
from scoreline.steps.evaluating import Scored
from scoreline.steps.project import Project
from scoreline.steps.reports import KeyResultRow
from scoreline.steps.restating import Beside, beside
from scoreline.steps.status import Standing
from scoreline.store.rows import Pulse
from scoreline.web.reading.frame import Banner, Frame, frame_of
from scoreline.web.reading.teams import team_tree

T = TypeVar("T")
Key = tuple[Pulse, Hashable, int]
"""The pulse of the store, the mark of the definitions, and a stretch of time."""

WEEK = timedelta(days=7)
_WITHOUT_CHANGE = frozenset({"held", "stale", "no_data", "withdrawn", "not_started", "closed"})

_BEHIND = Banner("note", "Something new was just recorded; load the page again to see it.", None)


@dataclass(frozen=True)
class Snapshot:
    """One day's standing as known at one moment; never changes.

    `key` differs from that of any other moment with another content; `behind` says that
    something newer is there already, which the next snapshot will show.
    """

    key: Key
    plan: Plan
    rules: Rules
    frame: Frame
    standing: Standing
    beside: Mapping[str, Beside] = field(default_factory=dict)
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

    @cached_property
    def by_team(self) -> Mapping[str, Mapping[str, Sequence[Scored]]]:
        """Scores by cycle and team, in the order of the definitions."""
        found: dict[str, dict[str, list[Scored]]] = {}
        for one in self.standing.scored:
            cycle, team, _ = one.kr.id.split("/", 2)
            found.setdefault(cycle, {}).setdefault(team, []).append(one)
        return found

    @cached_property
    def owners(self) -> Mapping[str, Sequence[str]]:
        """Who owns key results, by cycle."""
        found: dict[str, dict[str, None]] = {}
        for one in self.standing.scored:
            if one.kr.owner is not None:
                found.setdefault(one.kr.id.split("/", 1)[0], {})[one.kr.owner] = None
        return {cycle: list(names) for cycle, names in found.items()}

    @cached_property
    def teams(self) -> list[tuple[Team, int]]:
        """Every team with its depth, parents before children."""
        return team_tree(self.plan)

    @cached_property
    def bodies(self) -> Mapping[str, Body]:
        """What would be recorded of each score, by the key result's full name."""
        return {record.key_result: record.body for record in self.standing.records}

    @cached_property
    def week_ago(self) -> Mapping[str, Score]:
        """The scores of a week before, on the data as they are known now.

        Only of key results that had begun by then.
        """
        day = self.day - WEEK
        return {
            one.kr.id: score_one(one.kr, self.rules, one.observed.seen, day)
            for one in self.standing.scored
            if one.kr.start <= day
        }

    def at(self, name: str, day: date) -> Score | None:
        """A key result's score on an earlier day, on the data as they are known now.

        None where it had not begun.
        """
        one = self.scored[name]
        if one.kr.start > day:
            return None
        return score_one(one.kr, self.rules, one.observed.seen, day)

    def change(self, name: str) -> Fraction | None:
        """By how much a key result's progress differs from a week before; None: no saying."""
        score, before = self.scored[name].score, self.week_ago.get(name)
        if score.status in _WITHOUT_CHANGE or score.progress is None or before is None:
            return None
        return None if before.progress is None else score.progress - before.progress

    def newest_check_in(self, kr: KeyResult) -> CheckIn | None:
        """What was said last of a key result, overrides left out; None if nothing was."""
        entries = self.standing.evidence.check_ins.get(kr.id, ())
        said = (c for c in reversed(entries) if c.until is None)
        return max(said, key=lambda c: c.day, default=None)


def taken(project: Project, found: Standing, key: Key, definitions_error: str | None) -> Snapshot:
    """A snapshot of what a project's store holds at this moment."""
    made = Snapshot(
        key=key,
        plan=project.plan,
        rules=project.rules(),
        frame=frame_of(project, found.as_of, definitions_error),
        standing=found,
        beside=beside(project),
    )
    _ = made.week_ago, made.rows, made.scored, made.rolled  # before anybody waits for it
    return made
