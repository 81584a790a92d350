"""What the overview is asked for: filters, what they leave, and what they may be set to.

What belongs here: filters and their legal values, choosing key results. What does not: how what is
left is grouped and cut into pages (overview), addresses, HTML.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

from scoreline.core.model import Plan
from scoreline.steps.evaluating import Scored
from scoreline.web.reading.lines import person_name
from scoreline.web.reading.snapshot import Snapshot
from scoreline.web.reading.teams import team_names
from scoreline.web.wording import STATUS_WORDS

LONGEST = 200
"""How many characters of a search are looked at."""

View = Literal["teams", "alignment", "table"]
VIEWS: tuple[View, ...] = ("teams", "alignment", "table")
SORTS = ("plan", "status", "progress", "due", "age", "title")
ByTeam = Mapping[str, Sequence[Scored]]


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for; every field stands in the address. Empty text: everything."""

    cycle: str = ""
    team: str = ""
    owner: str = ""
    status: str = ""
    q: str = ""
    view: str = "teams"
    sort: str = "plan"
    page: int = 1
    as_of: str = ""

    def address(self, **changes: str | int) -> dict[str, str]:
        """The query of these filters with changes, without what says nothing."""
        new = replace(self, **{"page": 1, **changes})  # type: ignore[arg-type]
        plain = Filters()
        named = {f.name: getattr(new, f.name) for f in fields(new)}
        return {k: str(v) for k, v in named.items() if v != getattr(plain, k)}

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.team or self.owner or self.status or self.q)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a filter may take, its words, and whether it is taken."""

    value: str
    words: str
    taken: bool


def cycles_with_objectives(plan: Plan) -> list[str]:
    """Names of the cycles that have objectives, in the organisation's order."""
    used = {o.cycle for o in plan.objectives.values()}
    return [name for name in plan.organisation.cycles if name in used]


def current_cycle(snapshot: Snapshot) -> str:
    """The cycle that the day lies in, else the newest before it, else the first."""
    cycles = [snapshot.plan.organisation.cycles[n] for n in cycles_with_objectives(snapshot.plan)]
    begun = [c for c in cycles if c.start <= snapshot.day]
    if begun:
        within = [c for c in begun if snapshot.day <= c.end]
        return max(within or begun, key=lambda c: c.start).name
    return min(cycles, key=lambda c: c.start).name if cycles else ""


def legal(snapshot: Snapshot, asked: Filters) -> Filters:
    """The same with the present cycle where none is named, and nothing out of bounds."""
    return replace(
        asked,
        cycle=asked.cycle or current_cycle(snapshot),
        view=asked.view if asked.view in VIEWS else "teams",
        sort=asked.sort if asked.sort in SORTS else "plan",
        page=max(asked.page, 1),
        q=asked.q[:LONGEST],
    )


def narrowed(snapshot: Snapshot, found: ByTeam, filters: Filters) -> ByTeam:
    """What team, owner and search leave, by team; teams without any are left out."""
    if filters.team:
        teams = team_names(snapshot.plan, filters.team)
        found = {team: of_team for team, of_team in found.items() if team in teams}
    words = filters.q.casefold().split()
    if not (filters.owner or words):
        return found

    def wanted(one: Scored) -> bool:
        if filters.owner and one.kr.owner != filters.owner:
            return False
        return all(w in snapshot.haystack(one.kr) for w in words)

    kept = {team: [s for s in of_team if wanted(s)] for team, of_team in found.items()}
    return {team: of_team for team, of_team in kept.items() if of_team}


def with_status(found: ByTeam, status: str) -> ByTeam:
    """Those with a status; teams without any are left out."""
    kept = {t: [s for s in of_team if s.score.status == status] for t, of_team in found.items()}
    return {team: of_team for team, of_team in kept.items() if of_team}


def counted(found: ByTeam) -> dict[str, int]:
    """How many have each status, in the order of the statuses."""
    counts: Counter[str] = Counter(s.score.status for of_team in found.values() for s in of_team)
    return {s: counts[s] for s in STATUS_WORDS if counts[s]}


def choices(snapshot: Snapshot, filters: Filters) -> dict[str, list[Choice]]:
    """What each filter may be set to, by its name."""
    plan, owners = snapshot.plan, snapshot.owners.get(filters.cycle, ())
    named = sorted((person_name(plan, o), o) for o in owners)
    teams = [(t.name, "\u2003" * depth + (t.title or t.name)) for t, depth in snapshot.teams]
    return {
        "cycle": [Choice(n, n, n == filters.cycle) for n in cycles_with_objectives(plan)],
        "team": [Choice(n, words, n == filters.team) for n, words in teams],
        "owner": [Choice(o, name, o == filters.owner) for name, o in named],
        "status": [Choice(s, w, s == filters.status) for s, w in STATUS_WORDS.items()],
    }
