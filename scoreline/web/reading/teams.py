"""The tree of teams.

What belongs here: who is above and below whom. What does not: where teams stand.
"""

from __future__ import annotations

from collections.abc import Iterable

from scoreline.core.model import Plan, Team


def team_names(plan: Plan, top: str) -> set[str]:
    """A team and every team below it."""
    found, more = {top}, True
    while more:
        new = {t.name for t in plan.organisation.teams.values() if t.parent in found} - found
        found |= new
        more = bool(new)
    return found


def team_tree(plan: Plan) -> list[tuple[Team, int]]:
    """Every team with its depth, parents before children, else in the declared order."""
    teams = plan.organisation.teams
    below: dict[str | None, list[Team]] = {}
    for team in teams.values():
        parent = team.parent if team.parent in teams else None
        below.setdefault(parent, []).append(team)

    def walk(parent: str | None, depth: int) -> Iterable[tuple[Team, int]]:
        for team in below.get(parent, ()):
            yield team, depth
            yield from walk(team.name, depth + 1)

    return list(walk(None, 0))


def with_parents(plan: Plan, names: set[str]) -> list[tuple[Team, int]]:
    """These teams and those above them, in the order of the tree."""
    kept, teams = set(names), plan.organisation.teams
    for name in names:
        parent = teams[name].parent if name in teams else None
        while parent and parent in teams and parent not in kept:
            kept.add(parent)
            parent = teams[parent].parent
    return [(team, depth) for team, depth in team_tree(plan) if team.name in kept]
