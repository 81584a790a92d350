"""Everything that the page of one key result shows, read at one moment.

What belongs here: gathering. What does not: the course (course), comparing records
(history), HTML. What is read grows with this key result, not with all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from scoreline.core.model import KeyResult, Metric, Milestone, Milestones, Objective, Unit
from scoreline.core.moments import end_of_day
from scoreline.core.records import Batch, CheckIn, CheckResult
from scoreline.core.scoring import Score
from scoreline.core.scoring import score as score_one
from scoreline.measures.requests import closure
from scoreline.steps.evaluating import Scored
from scoreline.steps.evidence import Evidence
from scoreline.steps.forecasting import KeyResultForecast, forecast_of
from scoreline.steps.freshness import newest_event, staleness
from scoreline.steps.project import Project, Waiting
from scoreline.steps.reports import KeyResultRow
from scoreline.steps.restating import beside
from scoreline.steps.splitting import dimensions_of
from scoreline.steps.status import standing_of
from scoreline.web.drawing.bars import Bar, bar
from scoreline.web.drawing.chart import every_day
from scoreline.web.reading.course import CourseOf, course_of
from scoreline.web.reading.frame import Frame, frame_of
from scoreline.web.reading.history import Recorded, Version, recorded, versions
from scoreline.web.reading.known import Known
from scoreline.web.reading.lines import bounds_words, moment_of, person_name, unit_of

BATCHES = 5
"""How many of the newest batches of a stream are shown."""
WEEK = timedelta(days=7)
MOVES = 5
"""How many of the largest moves are shown."""
LOOKED_BACK = 28
"""Over how many days the largest moves are looked for."""


@dataclass(frozen=True, slots=True)
class SourceOf:
    """A stream that the key result reads: how fresh it is and what its checks say.

    `failing` are checks of the shown batches that did not pass, `passed` how many did.
    """

    name: str
    owner: str
    rows: int
    newest: datetime | None
    stale: str | None
    unloaded: str | None
    blocked: Batch | None
    batches: Sequence[Batch]
    passed: int
    failing: Sequence[CheckResult]


@dataclass(frozen=True, slots=True)
class Said:
    """A check-in or an override, with the name of who said it; `ahead`: of a later day."""

    who: str
    entry: CheckIn
    confidence: Fraction | None
    in_force: bool
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """What the value did on a day, as the data are known now."""

    day: date
    change: Fraction
    value: Fraction


@dataclass(frozen=True, slots=True)
class Step:
    """A milestone and the day on which it was done, if it was."""

    step: Milestone
    done: date | None


@dataclass(frozen=True, slots=True)
class Detail:
    """The page of one key result."""

    frame: Frame
    kr: KeyResult
    objective: Objective
    above: Sequence[Objective]
    team: str
    owner: str
    metric: Metric | None
    unit: Unit | None
    row: KeyResultRow
    score: Score
    bar: Bar
    observed: datetime | None
    week: Fraction | None
    course: CourseOf
    forecast: KeyResultForecast
    moves: Sequence[Move]
    recorded: Sequence[Recorded]
    sources: Sequence[SourceOf]
    said: Sequence[Said]
    steps: Sequence[Step]
    keep: str
    beside: Sequence[str]
    waiting: Waiting | None
    dimensions: Sequence[str]
    others: Sequence[KeyResult]
    definition: Sequence[tuple[str, Sequence[Version]]]

    @property
    def compared_with(self) -> date | None:
        """The recorded day that the newest record is best compared with: about a week before.

        None where nothing is recorded of two days.
        """
        days = sorted({r.as_of for r in self.recorded})
        if len(days) < 2:
            return None
        earlier = [d for d in days[:-1] if d <= days[-1] - WEEK]
        return earlier[-1] if earlier else days[0]

    @property
    def formula(self) -> list[str]:
        """The worked formula, a line for each of its parts."""
        return self.score.formula.split("; ")


def detail(
    project: Project,
    kr: KeyResult,
    as_of: date | None,
    known: Known,
    definitions_error: str | None = None,
) -> Detail:
    """The page of a key result as of a day.

    Args:
        project: with a store that stands still.
        kr: one of its key results.
        as_of: the day; what `evaluate` says if None.
        known: the look-ups of the project's plan.
        definitions_error: why the files cannot be used, for the banner.
    """
    found = standing_of(project, kr, as_of, known.definitions)
    plan, scored = project.plan, found.scored
    objective = known.objective_of[kr.id]
    team = plan.organisation.teams.get(objective.team)
    said = list(found.evidence.check_ins.get(kr.id, ()))
    forecast = forecast_of(found.evidence, scored)
    unit = unit_of(plan, kr)
    return Detail(
        frame=frame_of(project, found.as_of, definitions_error),
        kr=kr,
        objective=objective,
        above=_above(project, objective),
        team=team.title or team.name if team else objective.team,
        owner=person_name(plan, kr.owner),
        metric=plan.metrics.get(kr.metric) if kr.metric else None,
        unit=unit,
        row=found.row,
        score=scored.score,
        bar=bar(scored.score.progress, scored.score.expected),
        observed=moment_of(found.row.observed_at),
        week=_week(project, scored),
        course=course_of(scored, said, forecast, project.rules(), unit),
        forecast=forecast,
        moves=_moves(scored),
        recorded=recorded(found.history),
        sources=[_source(project, found.evidence, n, scored) for n in found.row.streams],
        said=[_said(project, scored, c) for c in reversed(said + _ahead(project, kr, found.as_of))],
        steps=_steps(scored),
        keep=bounds_words(kr),
        beside=_beside(project, found.evidence, kr),
        waiting=next((w for w in project.waiting if w.key_result == kr.id), None),
        dimensions=dimensions_of(plan, kr),
        others=_others(known, kr),
        definition=_definition(project, kr),
    )


def _beside(project: Project, evidence: Evidence, kr: KeyResult) -> list[str]:
    """Of a closed cycle: who closed it, the written reason of a miss, a restatement."""
    if kr.id.split("/", 1)[0] not in evidence.closings:
        return []
    found = beside(project).get(kr.id)
    return found.words(kr.id) if found else []


def _above(project: Project, objective: Objective) -> list[Objective]:
    """The objectives that this one supports, from the next to the topmost."""
    found: list[Objective] = []
    up = project.plan.objectives.get(objective.supports or "")
    while up is not None and up not in found:
        found.append(up)
        up = project.plan.objectives.get(up.supports or "")
    return found


def _week(project: Project, scored: Scored) -> Fraction | None:
    score, before = scored.score, scored.score.as_of - WEEK
    if score.progress is None or before < scored.kr.start:
        return None
    earlier = score_one(scored.kr, project.rules(), scored.observed.seen, before).progress
    return None if earlier is None else score.progress - earlier


def _moves(scored: Scored) -> list[Move]:
    """The days on which the value moved most, the largest first."""
    seen, until = scored.observed.seen, min(scored.score.as_of, scored.kr.due)
    first = max(scored.kr.start, until - timedelta(days=LOOKED_BACK))
    found: list[Move] = []
    before: Fraction | None = None
    for day in every_day(first, until):
        exact = seen.value_on(day)
        raw = exact.fraction if exact is not None else None
        value = None if raw is None else raw * seen.factor
        if value is not None and before is not None and value != before:
            found.append(Move(day, value - before, value))
        before = value if value is not None else before
    return sorted(found, key=lambda m: (-abs(m.change), m.day))[:MOVES]


def _source(project: Project, evidence: Evidence, name: str, scored: Scored) -> SourceOf:
    stream, state = project.plan.streams[name], evidence.streams.get(name)
    day = scored.score.day
    moment = min(evidence.now, end_of_day(day, evidence.zone))
    batches = project.store.newest_batches(name, BATCHES)
    results = [c for b in batches for c in project.store.check_results(b.id)]
    owner = project.plan.sources[stream.source].owner
    return SourceOf(
        name=name,
        owner=person_name(project.plan, owner),
        rows=state.rows if state else 0,
        newest=newest_event(state, moment) if state else None,
        stale=staleness(
            project.plan, stream, state, evidence.extracted.get(name), day, evidence.now
        ),
        unloaded=evidence.unloaded.get(name),
        blocked=evidence.blocked.get(name),
        batches=batches,
        passed=sum(c.outcome == "pass" for c in results),
        failing=[c for c in results if c.outcome != "pass"],
    )


def _ahead(project: Project, kr: KeyResult, day: date) -> list[CheckIn]:
    """What was said of days after the newest that is scored: it counts from then on."""
    if day != project.default_day():
        return []
    return [c for c in project.store.check_ins(kr.id) if c.day > day]


def _said(project: Project, scored: Scored, entry: CheckIn) -> Said:
    day = scored.score.day
    return Said(
        who=person_name(project.plan, entry.who),
        entry=entry,
        confidence=Fraction(entry.confidence) if entry.confidence else None,
        in_force=entry.until is not None and entry.day <= day <= entry.until,
        ahead=entry.day > day,
    )


def _steps(scored: Scored) -> list[Step]:
    kind = scored.kr.kind
    if not isinstance(kind, Milestones):
        return []
    done = scored.score.steps_done
    return [Step(s, done[n] if n < len(done) else None) for n, s in enumerate(kind.steps)]


def _others(known: Known, kr: KeyResult, most: int = 12) -> list[KeyResult]:
    """Other key results of the cycle on the same metric."""
    found = known.on_metric.get((kr.id.split("/", 1)[0], kr.metric or ""), ())
    return [other for other in found if other.id != kr.id][:most]


def _definition(project: Project, kr: KeyResult) -> list[tuple[str, list[Version]]]:
    """The history of what defines the key result: itself, then its metrics."""
    names = [f"key_result {kr.id}"]
    if kr.metric in project.plan.metrics:
        names += [f"metric {m}" for m in closure(project.plan, str(kr.metric))]
    return [(n, versions(project.store.definition_versions(n))) for n in dict.fromkeys(names)]
