"""The plan of a change: what differs, which key results move, whose goalposts moved.

What belongs here: putting differences, effects, authors and approvals together. What does
not: printing it, recording it (applying).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from scoreline.core.errors import Place, Problem
from scoreline.core.model import KeyResult, Plan
from scoreline.definitions.canonical import canonical, metrics_of
from scoreline.definitions.diff import Change
from scoreline.definitions.versioned import Commit, blame
from scoreline.measures.requests import closure
from scoreline.steps.change.approving import asks_for_approval, find_waiting, goalposts
from scoreline.steps.change.differences import Action, ObjectChange, differences
from scoreline.steps.change.effects import Stand, Stands, stand, touched
from scoreline.steps.change.sides import Side, earlier, written
from scoreline.steps.defining import login
from scoreline.steps.project import Project, Waiting

_SHOWN = (
    "status",
    "value",
    "numerator",
    "denominator",
    "baseline",
    "target",
    "progress",
    "expected",
    "score",
    "in_bounds_now",
)
"""What of a score's body makes it another score for people."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who changed a definition: the commit, or None where it is not committed, and the login."""

    commit: Commit | None
    login: str

    def __str__(self) -> str:
        return str(self.commit) if self.commit else f"{self.login}, not committed"


@dataclass(frozen=True, slots=True)
class Effect:
    """One key result that the change touches.

    `before` and `after` are None where there is no such key result on that side.
    `goalposts` are the differences that move what is aimed at, of the key result itself or
    (`metric x.measure.where`) of the metrics it stands on; `mid_cycle` whether they move
    between its start and the end of its cycle.
    """

    id: str
    title: str
    owner: str | None
    action: Action
    before: Stand | None
    after: Stand | None
    goalposts: tuple[Change, ...] = ()
    mid_cycle: bool = False
    author: Author | None = None

    @property
    def moves(self) -> bool:
        """Whether people would see another score."""
        return _shown(self.before) != _shown(self.after)


@dataclass(slots=True)
class Proposal:
    """What a change of definitions would do; nothing of it is recorded.

    `unread` are streams of which nothing is stored, with the key results that wait for
    them. `computed` is the number of series that had to be computed. `waiting` are key
    results whose new goalposts count only when they are approved.
    """

    against: str
    as_of: date
    problems: tuple[Problem, ...]
    objects: list[ObjectChange] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: Mapping[str, list[str]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    waiting: tuple[Waiting, ...] = ()
    authors: Mapping[str, Author] = field(default_factory=dict)
    computed: int = 0

    @property
    def moving(self) -> list[Effect]:
        """The key results whose score would be another, new and removed ones among them."""
        return [e for e in self.effects if e.moves]

    @property
    def moved_goalposts(self) -> list[Effect]:
        """The key results whose goalposts move in the middle of their cycle."""
        return [e for e in self.effects if e.goalposts and e.mid_cycle]


def propose(project: Project, against: str | None = None, as_of: date | None = None) -> Proposal:
    """What the definitions in the files would do to the scores; reads, and writes nothing.

    Args:
        project: the open project, with the definitions as written.
        against: what to compare with (see `sides.earlier`); what is recorded if None.
        as_of: the day to score; what `evaluate` says if None.

    Everything is read of the record as it stands at one moment, whatever a run writes
    meanwhile, and through a store that refuses every write.

    Raises:
        UsageError: `against` names nothing.
    """
    with project.store.at_once() as store:
        return _proposed(replace(project, store=store), against, as_of)


def _proposed(project: Project, against: str | None, as_of: date | None) -> Proposal:
    day = as_of or project.default_day()
    new = written(project)
    old = earlier(project, new, against)
    found = Proposal(old.label, day, project.problems)
    found.objects = differences(old, new, project.errors)
    if not found.objects:
        return found
    found.authors = _authors(project, found.objects)
    scored = {o.name for o in found.objects if o.scored}
    ids = touched(old, scored) | touched(new, scored)
    ids |= {k.moved_from for k in new.plan.key_results.values() if k.moved_from}
    before, after = stand(project, old, ids, day), stand(project, new, ids, day)
    found.effects = _effects(project, (old, new), (before, after), day, found)
    found.notes = list(dict.fromkeys([*before.notes, *after.notes]))
    found.unread, found.errors = after.unread, after.errors
    found.computed = before.computed + after.computed
    if asks_for_approval(project.plan, project.store):
        found.waiting = find_waiting(project.plan, project.store)
    return found


def _effects(
    project: Project,
    sides: tuple[Side, Side],
    stands: tuple[Stands, Stands],
    day: date,
    proposal: Proposal,
) -> list[Effect]:
    old, new = sides[0].plan.key_results, sides[1].plan.key_results
    before, after = stands[0].by_id, stands[1].by_id
    gone: Action = "left out" if project.errors else "removed"
    heirs = {k.moved_from for k in new.values() if k.moved_from}
    found = []
    for name, kr in new.items():
        former = old.get(name) or old.get(kr.moved_from or "")
        if name not in after:
            continue
        posts = _goalposts(sides, former, kr, proposal.objects) if former else []
        found.append(
            Effect(
                id=name,
                title=kr.title,
                owner=kr.owner,
                action="changed" if former else "added",
                before=before.get(former.id) if former else None,
                after=after[name],
                goalposts=tuple(posts),
                mid_cycle=former is not None and _mid_cycle(sides[0].plan, former, day),
                author=_author_of(posts, name, proposal.authors),
            )
        )
    for name in before:
        if name not in new and name not in heirs:
            kr = old[name]
            found.append(Effect(name, kr.title, kr.owner, gone, before[name], None))
    return found


def _goalposts(
    sides: tuple[Side, Side], former: KeyResult, kr: KeyResult, objects: list[ObjectChange]
) -> list[Change]:
    """What moves the goalposts of a key result: its own changes, and those of its metrics."""
    own = goalposts({**canonical(former), "id": kr.id}, canonical(kr))
    below = {
        f"metric {part}"
        for side, one in zip(sides, (former, kr), strict=True)
        for metric in metrics_of(one)
        if metric in side.plan.metrics
        for part in closure(side.plan, metric)
    }
    of_metrics = [
        Change(f"{o.name}.{c.path}", c.before, c.after)
        for o in objects
        if o.name in below and o.action == "changed" and o.scored
        for c in o.differences
    ]
    return own + of_metrics


def _mid_cycle(plan: Plan, kr: KeyResult, day: date) -> bool:
    cycle = plan.organisation.cycles.get(kr.id.split("/", 1)[0])
    return cycle is not None and min(kr.start, cycle.start) <= day <= cycle.end


def _author_of(posts: list[Change], name: str, authors: Mapping[str, Author]) -> Author | None:
    """Who moved the goalposts: of the key result, else of the first metric that did."""
    if not posts:
        return None
    own = authors.get(f"key_result {name}")
    if own is not None:
        return own
    return next((a for n, a in authors.items() if posts[0].path.startswith(f"{n}.")), None)


def _authors(project: Project, objects: list[ObjectChange]) -> dict[str, Author]:
    """Who changed each object that stands in a file: by the lines it takes up there."""
    ends = _ends(project.plan)
    blamed: dict[str, list[Commit | None]] = {}
    found = {}
    for changed in objects:
        place = changed.place
        if place is None or not place.line:
            continue
        if place.file not in blamed:
            blamed[place.file] = blame(project.paths.root, place.file)
        lines = blamed[place.file][place.line - 1 : ends.get((place.file, place.line))]
        found[changed.name] = Author(_newest(lines), login())
    return found


def _newest(lines: list[Commit | None]) -> Commit | None:
    """The newest commit of some lines; None where one is not committed, or git knows none."""
    commits = [c for c in lines if c is not None]
    if len(commits) < len(lines):
        return None
    return max(commits, key=lambda c: c.at, default=None)


def _ends(plan: Plan) -> dict[tuple[str, int], int]:
    """For each object's first line, the line before that of the next object in its file."""
    places: list[Place] = [m.place for m in plan.metrics.values()]
    places += [k.place for k in plan.key_results.values()]
    places += [o.place for o in plan.objectives.values()]
    places += [s.place for s in plan.streams.values()]
    starts: dict[str, list[int]] = {}
    for place in places:
        starts.setdefault(place.file, []).append(place.line)
    return {
        (file, line): after - 1
        for file, lines in starts.items()
        for line, after in zip(sorted(lines), sorted(lines)[1:], strict=False)
        if after > line
    }


def _shown(stand: Stand | None) -> dict[str, Any] | None:
    return None if stand is None else {key: stand.body[key] for key in _SHOWN}
