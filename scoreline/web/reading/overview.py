"""The overview: the key results that are asked for, grouped and cut into pages.

What belongs here: the tree of teams, the tree of alignment, the table. What does not: which key
results are asked for (filters), the content of a line (lines), addresses, HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from scoreline.core.model import Objective, Team
from scoreline.steps.evaluating import Scored
from scoreline.web.reading.filters import (
    ByTeam,
    Choice,
    Filters,
    choices,
    counted,
    legal,
    narrowed,
    with_status,
)
from scoreline.web.reading.lines import Head, Line, head_of, line_of
from scoreline.web.reading.snapshot import Snapshot
from scoreline.web.reading.teams import with_parents

WHOLE = 80
"""Up to so many key results, everything stands on one page."""
PAGE = 60
"""How many key results a page of a long list has."""
TABLE = 100
"""How many lines a page of the table has."""
_URGENT = (
    "off_track", "missed", "held", "stale", "no_data", "at_risk", "pending", "on_track",
    "achieved", "not_started", "closed", "withdrawn",
)  # fmt: skip


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
    filters = legal(snapshot, asked)
    of_cycle = snapshot.by_team.get(filters.cycle, {})
    left = narrowed(snapshot, of_cycle, filters)
    counts = counted(left)
    if filters.status:
        left = with_status(left, filters.status)
    found = [s for of_team in left.values() for s in of_team]
    whole = snapshot.rolled.get(filters.cycle)
    made = Overview(
        filters=filters,
        whole=head_of(snapshot, whole) if whole else None,
        total=sum(len(of_team) for of_team in of_cycle.values()),
        matching=len(found),
        counts=counts,
        choices=choices(snapshot, filters),
    )
    if filters.view == "table":
        return _table(snapshot, made, found)
    if filters.view == "alignment":
        return _aligned(snapshot, made, found)
    return _by_team(snapshot, made, left, found)


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
            counts=counted({team.name: by_team.get(team.name, ())}),
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
