"""Roll-up of a whole plan: objectives, teams and the organisation, cycle by cycle.

What belongs here: which items make up an objective, a team and the organisation, and
how the result is labelled. What does not: the rule by which items add up (items).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from scoreline.core.errors import DefinitionError
from scoreline.core.items import (
    Item,
    RolledStatus,
    StatusRule,
    item_of,
    roll_up,
)
from scoreline.core.model import Objective, Plan, Team, Thresholds
from scoreline.core.observed import Score

__all__ = [
    "Item",
    "Level",
    "RolledStatus",
    "RolledUp",
    "StatusRule",
    "item_of",
    "roll_up",
    "roll_up_plan",
]

Level = Literal["organisation", "team", "objective"]


@dataclass(frozen=True, slots=True)
class RolledUp:
    """An objective, a team or the organisation on a day.

    Attributes:
        id: `<cycle>/<team>/<objective>`, `<cycle>/<team>` or `<cycle>`.
        level: which of the three.
        title: the objective's, the team's (or its name), the organisation's name.
        owner: the objective's owner, the team's lead, None for the organisation.
        progress: weighted, of what has a value; None where nothing has.
        expected: the same for expected progress.
        coverage: the weight share with a value; None where everything is left out.
        status: see scoring.md; `incomplete` exists here only.
        score: 0 to 1, null until every counted key result is closed.
        as_of: the day.
        missing: full names of the counted key results without a value.
    """

    id: str
    level: Level
    title: str
    owner: str | None
    progress: Fraction | None
    expected: Fraction | None
    coverage: Fraction | None
    status: RolledStatus
    score: Fraction | None
    as_of: date
    missing: tuple[str, ...] = ()


def roll_up_plan(
    plan: Plan,
    scores: Mapping[str, Score],
    cycle: str | None,
    as_of: date,
    thresholds: Thresholds,
) -> list[RolledUp]:
    """Everything above the key results, from the scores of the key results.

    Args:
        plan: the resolved plan.
        scores: by the key result's full name; one that is absent counts as no_data.
        cycle: the cycle's name; None for every cycle, in the organisation's order.
        as_of: the day of the scores.
        thresholds: the organisation's.

    Returns:
        For each cycle that has objectives: the organisation, then each team followed by
        its objectives, all in the order of the definitions.

    Raises:
        DefinitionError: where objectives support one another in a circle.
    """
    tree = _Tree(plan, scores, as_of, thresholds)
    names = [cycle] if cycle is not None else list(plan.organisation.cycles)
    return [entry for name in names for entry in tree.cycle(name)]


@dataclass(slots=True)
class _Tree:
    """One pass over a plan; remembers each objective's item."""

    plan: Plan
    scores: Mapping[str, Score]
    as_of: date
    thresholds: Thresholds
    items: dict[str, Item] = field(default_factory=dict)
    children: dict[str, list[Objective]] = field(init=False)

    def __post_init__(self) -> None:
        self.children = {}
        for objective in self.plan.objectives.values():
            if objective.supports is not None:
                self.children.setdefault(objective.supports, []).append(objective)

    def cycle(self, name: str) -> Iterator[RolledUp]:
        """The organisation in a cycle, its teams, their objectives."""
        teams: dict[str, list[Objective]] = {team: [] for team in self.plan.organisation.teams}
        for objective in self.plan.objectives.values():
            if objective.cycle == name:
                teams.setdefault(objective.team, []).append(objective)
        teams = {team: objectives for team, objectives in teams.items() if objectives}
        if not teams:
            return
        rolled = {team: self.team(team, objectives) for team, objectives in teams.items()}
        whole = self.add_up(list(rolled.values()))
        yield self.entry(name, "organisation", self.plan.organisation.name, None, whole)
        for team, objectives in teams.items():
            known = self.known_team(team)
            title = known.title or team
            yield self.entry(f"{name}/{team}", "team", title, known.lead, rolled[team])
            for one in objectives:
                yield self.entry(one.id, "objective", one.title, one.owner, self.objective(one))

    def known_team(self, name: str) -> Team:
        """The team as declared; a bare one where it is not."""
        return self.plan.organisation.teams.get(name, Team(name))

    def team(self, name: str, objectives: list[Objective]) -> Item:
        """A team: its objectives of the cycle by weight."""
        items = [self.objective(objective) for objective in objectives]
        return self.add_up(items, weight=Fraction(self.known_team(name).weight))

    def objective(self, objective: Objective, path: tuple[str, ...] = ()) -> Item:
        """An objective: its key results, the objectives that support it, or both."""
        if objective.id in self.items:
            return self.items[objective.id]
        path = (*path, objective.id)
        if objective.id in path[:-1]:
            raise DefinitionError(
                f"objectives support one another in a circle: {' -> '.join(path)}; "
                "take one `supports` out"
            )
        items: list[Item] = []
        if objective.roll_up != "children":
            items += [item_of(kr, self.scores.get(kr.id)) for kr in objective.key_results]
        if objective.roll_up != "key_results":
            items += [self.objective(o, path) for o in self.children.get(objective.id, ())]
        weight = Fraction(objective.weight)
        self.items[objective.id] = self.add_up(items, objective.status_rule, weight)
        return self.items[objective.id]

    def add_up(
        self,
        items: list[Item],
        rule: StatusRule = "weighted",
        weight: Fraction = Fraction(1),
    ) -> Item:
        """`roll_up` with this pass's day and thresholds."""
        return roll_up(
            items, as_of=self.as_of, thresholds=self.thresholds, rule=rule, weight=weight
        )

    def entry(self, id_: str, level: Level, title: str, owner: str | None, item: Item) -> RolledUp:
        """An item with its labels."""
        return RolledUp(
            id=id_,
            level=level,
            title=title,
            owner=owner,
            progress=item.progress,
            expected=item.expected,
            coverage=item.coverage,
            status=item.shown_status,
            score=item.score,
            as_of=self.as_of,
            missing=item.missing,
        )
