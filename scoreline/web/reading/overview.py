"""The overview: which key results are asked for, grouped and cut into pages.

What belongs here: filters, the tree of teams, the tree of alignment, the table. What does
not: the content of a line (lines), addresses, HTML.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal

from scoreline.core.model import Objective, Plan, Team
from scoreline.steps.evaluating import Scored
from scoreline.web.reading.lines import Head, Line, head_of, line_of, person_name
from scoreline.web.reading.snapshot import Snapshot
from scoreline.web.reading.teams import team_names, with_parents
from scoreline.web.wording import STATUS_WORDS

WHOLE = 80
"""Up to so many key results, everything stands on one page."""
PAGE = 60
"""How many key results a page of a long list has."""
TABLE = 100
"""How many lines a page of the table has."""
LONGEST = 200
"""How many characters of a search are looked at."""

View = Literal["teams", "alignment", "table"]
VIEWS: tuple[View, ...] = ("teams", "alignment", "table")
SORTS = ("plan", "status", "progress", "due", "age", "title")
_URGENT = (
    "off_track", "missed", "held", "stale", "no_data", "at_risk", "pending", "on_track",
    "achieved", "not_started", "closed", "withdrawn",
)  # fmt: skip


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
class ObjectiveBlock:
    """An objective with the lines that are asked for, and what is aligned below it."""

    head: Head
    lines: Sequence[Line]
    supports: Objective | None
    count: int
    below: Sequence[ObjectiveBlock] = ()


@dataclass(frozen=True, slots=True)
class TeamBlock:
    """A team of the tree: its depth, heading (None where it has no objectives) and blocks."""

    team: Team
    depth: int
    head: Head | None
    counts: Mapping[str, int]
    blocks: Sequence[ObjectiveBlock]


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a filter may take, its words, and whether it is taken."""

    value: str
    words: str
    taken: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the overview shows."""

    filters: Filters
    whole: Head | None
    total: int
    matching: int
    counts: Mapping[str, int]
    teams: Sequence[TeamBlock] = ()
    aligned: Sequence[ObjectiveBlock] = ()
    lines: Sequence[Line] = ()
    pages: int = 1
    folded: bool = False
    choices: Mapping[str, Sequence[Choice]] = field(default_factory=dict)


def overview(snapshot: Snapshot, asked: Filters) -> Overview:
    """The overview of a snapshot for some filters; what a filter does not know finds nothing."""
    filters = _legal(snapshot, asked)
    of_cycle = snapshot.by_team.get(filters.cycle, {})
    narrowed = _narrowed(snapshot, of_cycle, filters)
    counts = _counted(narrowed)
    if filters.status:
        narrowed = _with_status(narrowed, filters.status)
    found = [s for of_team in narrowed.values() for s in of_team]
    whole = snapshot.rolled.get(filters.cycle)
    made = Overview(
        filters=filters,
        whole=head_of(snapshot, whole) if whole else None,
        total=sum(len(of_team) for of_team in of_cycle.values()),
        matching=len(found),
        counts=counts,
        choices=_choices(snapshot, filters),
    )
    if filters.view == "table":
        return _table(snapshot, made, found)
    if filters.view == "alignment":
        return _aligned(snapshot, made, found)
    return _by_team(snapshot, made, narrowed, found)


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


def _legal(snapshot: Snapshot, asked: Filters) -> Filters:
    return replace(
        asked,
        cycle=asked.cycle or current_cycle(snapshot),
        view=asked.view if asked.view in VIEWS else "teams",
        sort=asked.sort if asked.sort in SORTS else "plan",
        page=max(asked.page, 1),
        q=asked.q[:LONGEST],
    )


ByTeam = Mapping[str, Sequence[Scored]]


def _narrowed(snapshot: Snapshot, found: ByTeam, filters: Filters) -> ByTeam:
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


def _with_status(found: ByTeam, status: str) -> ByTeam:
    kept = {t: [s for s in of_team if s.score.status == status] for t, of_team in found.items()}
    return {team: of_team for team, of_team in kept.items() if of_team}


def _choices(snapshot: Snapshot, filters: Filters) -> dict[str, list[Choice]]:
    plan, owners = snapshot.plan, snapshot.owners.get(filters.cycle, ())
    named = sorted((person_name(plan, o), o) for o in owners)
    teams = [(t.name, "\u2003" * depth + (t.title or t.name)) for t, depth in snapshot.teams]
    return {
        "cycle": [Choice(n, n, n == filters.cycle) for n in cycles_with_objectives(plan)],
        "team": [Choice(n, words, n == filters.team) for n, words in teams],
        "owner": [Choice(o, name, o == filters.owner) for name, o in named],
        "status": [Choice(s, w, s == filters.status) for s, w in STATUS_WORDS.items()],
    }


def _by_team(snapshot: Snapshot, made: Overview, by_team: ByTeam, found: list[Scored]) -> Overview:
    """The tree of teams; folded to the teams alone where it would be too long."""
    teams = set(by_team)
    folded = len(found) > WHOLE and len(teams) > 1
    pages, shown = 1, found
    if not folded and len(found) > WHOLE:
        pages, shown = _page_of_objectives(snapshot, found, made.filters.page)
    blocks = _blocks(snapshot, [] if folded else shown)
    tree = [
        TeamBlock(
            team=team,
            depth=depth,
            head=_head(snapshot, f"{made.filters.cycle}/{team.name}"),
            counts=_counted({team.name: by_team.get(team.name, ())}),
            blocks=[b for b in blocks if b.head.objective and b.head.objective.team == team.name],
        )
        for team, depth in with_parents(snapshot.plan, teams)
    ]
    if not folded and pages > 1:
        tree = [t for t in tree if t.blocks]
    return replace(made, teams=tree, pages=pages, folded=folded)


def _head(snapshot: Snapshot, name: str) -> Head | None:
    entry = snapshot.rolled.get(name)
    return head_of(snapshot, entry) if entry else None


def _counted(found: ByTeam) -> dict[str, int]:
    """How many have each status, in the order of the statuses."""
    counts: Counter[str] = Counter(s.score.status for of_team in found.values() for s in of_team)
    return {s: counts[s] for s in STATUS_WORDS if counts[s]}


def _blocks(snapshot: Snapshot, found: Sequence[Scored]) -> list[ObjectiveBlock]:
    """The objectives of these key results, each with its lines."""
    grouped: dict[str, list[Scored]] = {}
    for one in found:
        grouped.setdefault(snapshot.objective_of[one.kr.id].id, []).append(one)
    return [_block(snapshot, name, lines) for name, lines in grouped.items()]


def _block(
    snapshot: Snapshot, name: str, found: Sequence[Scored], below: Sequence[ObjectiveBlock] = ()
) -> ObjectiveBlock:
    objective = snapshot.plan.objectives[name]
    supported = snapshot.plan.objectives.get(objective.supports or "")
    return ObjectiveBlock(
        head=head_of(snapshot, snapshot.rolled[name]),
        lines=[snapshot.line(s.kr.id, line_of) for s in found],
        supports=supported,
        count=len(objective.key_results),
        below=below,
    )


def _page_of_objectives(
    snapshot: Snapshot, found: Sequence[Scored], page: int
) -> tuple[int, list[Scored]]:
    """Whole objectives, about `PAGE` key results a page; how many pages, and this one's."""
    pages: list[list[Scored]] = [[]]
    last = None
    for one in found:
        objective = snapshot.objective_of[one.kr.id].id
        if (objective != last and len(pages[-1]) >= PAGE) or len(pages[-1]) >= 2 * PAGE:
            pages.append([])
        pages[-1].append(one)
        last = objective
    return len(pages), pages[min(page, len(pages)) - 1]


def _aligned(snapshot: Snapshot, made: Overview, found: list[Scored]) -> Overview:
    """Objectives below those that they support; cut into pages by what supports nothing."""
    plan, wanted = snapshot.plan, {snapshot.objective_of[s.kr.id].id for s in found}
    below: dict[str, list[str]] = {}
    kept = set(wanted)
    for name in wanted:
        up = plan.objectives[name].supports
        while up and up in plan.objectives and up not in kept:
            kept.add(up)
            up = plan.objectives[up].supports
    ordered = [o for o in plan.objectives.values() if o.id in kept and o.id in snapshot.rolled]
    for one in ordered:
        if one.supports in kept:
            below.setdefault(str(one.supports), []).append(one.id)
    lines: dict[str, list[Scored]] = {}
    for scored in found:
        lines.setdefault(snapshot.objective_of[scored.kr.id].id, []).append(scored)
    show = len(found) <= WHOLE

    def block(name: str) -> ObjectiveBlock:
        shown = lines.get(name, []) if show else []
        return _block(snapshot, name, shown, [block(n) for n in below.get(name, ())])

    roots = [o.id for o in ordered if o.supports not in kept]
    pages, chosen = _page_of_roots(roots, below, made.filters.page)
    return replace(made, aligned=[block(n) for n in chosen], pages=pages, folded=not show)


def _page_of_roots(
    roots: Sequence[str], below: Mapping[str, Sequence[str]], page: int
) -> tuple[int, list[str]]:
    def size(name: str) -> int:
        return 1 + sum(size(n) for n in below.get(name, ()))

    pages: list[list[str]] = [[]]
    held = 0
    for name in roots:
        if held >= TABLE:
            pages.append([])
            held = 0
        pages[-1].append(name)
        held += size(name)
    return len(pages), pages[min(page, len(pages)) - 1]


def _table(snapshot: Snapshot, made: Overview, found: list[Scored]) -> Overview:
    ordered = _sorted(snapshot, found, made.filters.sort)
    pages = max(1, -(-len(ordered) // TABLE))
    first = (min(made.filters.page, pages) - 1) * TABLE
    lines = [snapshot.line(s.kr.id, line_of) for s in ordered[first : first + TABLE]]
    return replace(made, lines=lines, pages=pages)


def _sorted(snapshot: Snapshot, found: list[Scored], by: str) -> list[Scored]:
    if by == "status":
        rank = {s: n for n, s in enumerate(_URGENT)}
        return sorted(found, key=lambda s: (rank.get(s.score.status, 0), s.score.ratio or 0))
    if by == "progress":
        known = [s for s in found if s.score.progress is not None]
        unknown = [s for s in found if s.score.progress is None]
        return sorted(known, key=lambda s: s.score.progress or 0) + unknown
    if by == "due":
        return sorted(found, key=lambda s: s.kr.due)
    if by == "age":
        return sorted(found, key=lambda s: snapshot.rows[s.kr.id].observed_at or "")
    return sorted(found, key=lambda s: s.kr.title.casefold()) if by == "title" else found
