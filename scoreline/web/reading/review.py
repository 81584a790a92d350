"""The review of a cycle: scores, bands, misses, what was too easy, what goes on.

What belongs here: what the scores of a whole cycle say together. What does not: closing
it, and any single key result's story (detail).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from scoreline.core.model import Objective
from scoreline.core.records import CycleEvent
from scoreline.core.scoring import clamp, freeze
from scoreline.steps.closing import PASSES, band
from scoreline.steps.evaluating import Scored
from scoreline.steps.project import Project
from scoreline.web.reading.lines import Head, head_of, person_name
from scoreline.web.reading.snapshot import Snapshot

BINS = 10
MOST = 150
"""How many lines a list has at most; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One key result at the end of the cycle, or as it would end today.

    `score` is None where there is nothing to score; `why` is the reason written at the
    closing, else what was said last of it. `restated` says what it would be by what is
    known now, where that differs from a fixed score.
    """

    id: str
    title: str
    owner: str
    objective: Objective
    status: str
    score: Fraction | None
    passed: bool
    why: str
    restated: str


@dataclass(frozen=True, slots=True)
class Bin:
    """How many scores lie from `low` on; the last holds 1.0 alone."""

    low: Fraction
    count: int
    band: str
    height: int


@dataclass(frozen=True, slots=True)
class Review:
    """A cycle on one page; `final` once every score is fixed. Lists hold `MOST` at most."""

    cycle: str
    start: date
    end: date
    final: bool
    closing: CycleEvent | None
    over: bool
    whole: Head | None
    mean: Fraction | None
    scored: int
    unscored: int
    bands: Mapping[str, int]
    bins: Sequence[Bin]
    teams: Sequence[tuple[Head, int, int, int]]
    misses: Sequence[Reviewed]
    easy: Sequence[tuple[Objective, int]]
    onward: Sequence[Reviewed]
    without: Sequence[Reviewed]
    restated: Sequence[Reviewed]
    more: Mapping[str, int]
    everything: Sequence[Reviewed]


def review(snapshot: Snapshot, cycle: str) -> Review:
    """The review of a cycle, from a snapshot of its last day or of a day before."""
    declared = snapshot.plan.organisation.cycles[cycle]
    of_cycle = [s for s in snapshot.standing.scored if s.kr.id.startswith(f"{cycle}/")]
    lines = [_reviewed(snapshot, s) for s in of_cycle if s.score.status != "withdrawn"]
    scores = [r.score for r in lines if r.score is not None]
    whole = snapshot.rolled.get(cycle)
    due = [r for r in lines if not r.passed and r.status != "not_started"]
    misses = [r for r in due if r.objective.commitment == "committed"]
    onward = [r for r in due if r.score is not None]
    without = [r for r in lines if r.score is None and r.status != "not_started"]
    lists = {"misses": misses, "onward": onward, "without": without, "everything": lines}
    return Review(
        cycle=cycle,
        start=declared.start,
        end=declared.end,
        closing=snapshot.standing.evidence.closings.get(cycle),
        final=bool(of_cycle) and all(s.score.status in ("closed", "withdrawn") for s in of_cycle),
        over=snapshot.day >= declared.end,
        whole=head_of(snapshot, whole) if whole else None,
        mean=sum(scores, Fraction(0)) / len(scores) if scores else None,
        scored=len(scores),
        unscored=len(lines) - len(scores),
        bands={b: sum(band(x) == b for x in scores) for b in ("green", "yellow", "red")},
        bins=_bins(scores),
        teams=_teams(snapshot, cycle, lines),
        misses=misses[:MOST],
        easy=_easy(lines),
        onward=onward[:MOST],
        without=without[:MOST],
        restated=[r for r in lines if r.restated][:MOST],
        more={name: max(0, len(found) - MOST) for name, found in lists.items()},
        everything=lines[:MOST],
    )


def review_day(project: Project, cycle: str, day: date) -> date:
    """The day to review a cycle on: that of its closing, else its last one, else `day`."""
    closing = project.store.closings().get(cycle)
    if closing is not None and closing.event.as_of is not None:
        return closing.event.as_of
    return min(day, project.plan.organisation.cycles[cycle].end)


def _reviewed(snapshot: Snapshot, one: Scored) -> Reviewed:
    objective = snapshot.objective_of[one.kr.id]
    score = one.score
    value = score.score if score.status == "closed" else freeze(score).score
    return Reviewed(
        id=one.kr.id,
        title=one.kr.title,
        owner=person_name(snapshot.plan, one.kr.owner),
        objective=objective,
        status=score.status_at_close or score.status,
        score=value,
        passed=value is not None and value >= PASSES[objective.commitment],
        why=_why(snapshot, one),
        restated=_restated(snapshot, one.kr.id),
    )


def _why(snapshot: Snapshot, one: Scored) -> str:
    found = snapshot.beside.get(one.kr.id)
    written = found.closing.event.misses.get(one.kr.id) if found else None
    said = snapshot.newest_check_in(one.kr)
    return str(written or (said and (said.note or said.reason)) or "")


def _restated(snapshot: Snapshot, name: str) -> str:
    found = snapshot.beside.get(name)
    if found is None or found.restatement is None:
        return ""
    return found.words(name)[-1]


def _bins(scores: Sequence[Fraction]) -> list[Bin]:
    """Ten bins of a tenth each, and one for exactly 1.0."""
    counts = [0] * (BINS + 1)
    for score in scores:
        counts[int((clamp(score, Fraction(1)) or Fraction(0)) * BINS)] += 1
    most = max(counts, default=0) or 1
    return [
        Bin(Fraction(n, BINS), count, band(Fraction(n, BINS)), count * 100 // most)
        for n, count in enumerate(counts)
    ]


def _teams(
    snapshot: Snapshot, cycle: str, lines: Sequence[Reviewed]
) -> list[tuple[Head, int, int, int]]:
    """Each team with how many of its key results passed, did not, and have no score."""
    tally: dict[str, list[int]] = {}
    for line in lines:
        place = 0 if line.passed else 1 if line.score is not None else 2
        tally.setdefault(line.objective.team, [0, 0, 0])[place] += 1
    return [
        (head_of(snapshot, snapshot.rolled[f"{cycle}/{team}"]), counts[0], counts[1], counts[2])
        for team, counts in tally.items()
        if f"{cycle}/{team}" in snapshot.rolled
    ]


def _easy(lines: Sequence[Reviewed]) -> list[tuple[Objective, int]]:
    """Aspirational objectives of two key results or more whose every one scores 1.0."""
    scores: dict[str, tuple[Objective, list[Fraction | None]]] = {}
    for line in lines:
        scores.setdefault(line.objective.id, (line.objective, []))[1].append(line.score)
    return [
        (objective, len(found))
        for objective, found in scores.values()
        if objective.commitment == "aspirational"
        and len(found) > 1
        and all(s is not None and s >= 1 for s in found)
    ][:MOST]
