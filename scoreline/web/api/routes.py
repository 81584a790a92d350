"""The addresses of the API.

What belongs here: one function for each. What does not: shapes, exports, feeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from scoreline.core.model import Plan
from scoreline.core.records import CheckIn
from scoreline.core.rollup import RolledUp
from scoreline.steps.discipline import due_check_ins, newest_days
from scoreline.steps.reports import KeyResultRow
from scoreline.steps.status import key_result_json, objective_json
from scoreline.web.api.asking import (
    NOT_MODIFIED,
    PROBLEMS,
    ApiError,
    AsOf,
    KnownAt,
    Limit,
    LiveProject,
    Offset,
    Text,
    asked_day,
    asked_instant,
    full_name,
    paged,
)
from scoreline.web.api.reading import (
    change_of,
    check_in_of,
    detail_of,
    due_of,
    health_of,
    point_of,
    score_of,
)
from scoreline.web.api.shapes import (
    ChangesShape,
    CheckInShape,
    DueShape,
    HealthShape,
    KeyResultDetail,
    KeyResultShape,
    ObjectiveShape,
    Page,
    Point,
    ScoreShape,
)
from scoreline.web.links import ServerLinks
from scoreline.web.pages.changes import read_changes
from scoreline.web.reading.health import health

router = APIRouter(responses={**PROBLEMS, **NOT_MODIFIED})
ONE = "/key-results/{cycle}/{team}/{objective}/{name}"


@router.get("/key-results")
def key_results(
    request: Request,
    live: LiveProject,
    cycle: Text = "",
    team: Text = "",
    owner: Text = "",
    status: Text = "",
    q: Annotated[str, Query(max_length=200, description="Words in titles or names.")] = "",
    as_of: AsOf = None,
    offset: Offset = 0,
    limit: Limit = 100,
) -> Page[KeyResultShape]:
    """Where key results stand, in the order of the definitions."""
    snapshot = live.snapshot(asked_day(live, as_of))
    rows = [
        row
        for row in snapshot.standing.key_results
        if _of(row.id, cycle, team)
        and (not owner or row.owner == owner)
        and (not status or row.score.status == status)
        and (not q or q.casefold() in snapshot.haystack(snapshot.scored[row.id].kr))
    ]
    return paged(request, rows, offset, limit, _key_result)


@router.get(ONE)
def key_result(
    request: Request,
    live: LiveProject,
    cycle: str,
    team: str,
    objective: str,
    name: str,
    as_of: AsOf = None,
) -> KeyResultDetail:
    """One key result, with its formula, reason, unit and newest confidence."""
    snapshot = live.snapshot(asked_day(live, as_of))
    found = _known(snapshot.plan, full_name(cycle, team, objective, name))
    root = str(request.scope.get("root_path", "")).removesuffix("/api/v1")
    return detail_of(snapshot, found, ServerLinks(root))


@router.get(ONE + "/series")
def series(
    request: Request,
    live: LiveProject,
    cycle: str,
    team: str,
    objective: str,
    name: str,
    first: Annotated[date | None, Query(alias="from", description="Default: its start.")] = None,
    last: Annotated[date | None, Query(alias="to", description="Default: the newest day.")] = None,
    offset: Offset = 0,
    limit: Limit = 400,
) -> Page[Point]:
    """A key result's values day by day, in shown units, as the data are known now."""
    snapshot = live.snapshot()
    found = _known(snapshot.plan, full_name(cycle, team, objective, name))
    kr = snapshot.scored[found].kr
    start, end = max(first or kr.start, kr.start), min(last or snapshot.day, snapshot.day)
    days = [date.fromordinal(n) for n in range(start.toordinal(), end.toordinal() + 1)]
    return paged(request, days, offset, limit, lambda day: point_of(snapshot, found, day))


@router.get(ONE + "/scores")
def score_history(
    request: Request,
    live: LiveProject,
    cycle: str,
    team: str,
    objective: str,
    name: str,
    known_at: KnownAt = None,
    offset: Offset = 0,
    limit: Limit = 100,
) -> Page[ScoreShape]:
    """Every score ever recorded of a key result, restatements among them, by day."""
    found = _known(live.project().plan, full_name(cycle, team, objective, name))
    until = asked_instant(known_at)
    every = live.project().store.score_history(found)
    recorded = [s for s in every if until is None or s.recorded_at <= until]
    return paged(request, recorded, offset, limit, score_of)


@router.get(ONE + "/check-ins")
def check_ins_of(
    request: Request,
    live: LiveProject,
    cycle: str,
    team: str,
    objective: str,
    name: str,
    offset: Offset = 0,
    limit: Limit = 100,
) -> Page[CheckInShape]:
    """What people said of a key result, oldest first."""
    found = _known(live.project().plan, full_name(cycle, team, objective, name))
    return paged(request, live.project().store.check_ins(found), offset, limit, check_in_of)


@router.get("/scores")
def scores(
    request: Request,
    live: LiveProject,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    cycle: Text = "",
    team: Text = "",
    offset: Offset = 0,
    limit: Limit = 100,
) -> Page[ScoreShape]:
    """The recorded scores of a day, as known now or at an earlier moment."""
    project, moment = live.project(), asked_instant(known_at)
    day = asked_day(live, as_of) or project.default_day()
    found = project.store.latest_scores(day, known_at=moment)
    names = [n for n in sorted(found) if _of(n, cycle, team)]
    return paged(request, names, offset, limit, lambda n: score_of(found[n]))


@router.get("/objectives")
def objectives(
    request: Request,
    live: LiveProject,
    level: Annotated[str, Query(pattern="^(objective|team|organisation|)$")] = "",
    cycle: Text = "",
    team: Text = "",
    as_of: AsOf = None,
    offset: Offset = 0,
    limit: Limit = 100,
) -> Page[ObjectiveShape]:
    """Where objectives, teams and the organisation stand."""
    snapshot = live.snapshot(asked_day(live, as_of))
    found = [
        o
        for o in snapshot.standing.objectives
        if (not level or o.level == level) and _of(o.id, cycle, team)
    ]
    return paged(request, found, offset, limit, _objective)


@router.get("/objectives/{cycle}/{team}/{objective}")
def objective(
    live: LiveProject, cycle: str, team: str, objective: str, as_of: AsOf = None
) -> ObjectiveShape:
    """One objective."""
    snapshot = live.snapshot(asked_day(live, as_of))
    found = snapshot.rolled.get(full_name(cycle, team, objective))
    if found is None:
        raise ApiError(404, "there is no objective of this name")
    return _objective(found)


@router.get("/check-ins")
def check_ins(
    request: Request,
    live: LiveProject,
    since: Annotated[date | None, Query(description="Of this day and later.")] = None,
    until: Annotated[date | None, Query(description="Of this day and before.")] = None,
    who: Text = "",
    offset: Offset = 0,
    limit: Limit = 100,
) -> Page[CheckInShape]:
    """What people said, in the order in which it was recorded."""
    entries: Sequence[CheckIn] = live.project().store.check_ins(upto=until)
    kept = [c for c in entries if (since is None or c.day >= since) and (not who or c.who == who)]
    return paged(request, kept, offset, limit, check_in_of)


@router.get("/check-ins/due")
def check_ins_due(
    request: Request,
    live: LiveProject,
    team: Text = "",
    owner: Text = "",
    offset: Offset = 0,
    limit: Limit = 100,
) -> Page[DueShape]:
    """Which check-ins are due today, of whom, since when."""
    snapshot, project = live.snapshot(), live.project()
    statuses = {row.id: row.score.status for row in snapshot.standing.key_results}
    today = project.now().astimezone(project.zone).date()
    said = newest_days(project.store.check_ins())
    found = [
        d
        for d in due_check_ins(project.plan, said, statuses, today)
        if _of(d.key_result.id, "", team) and (not owner or d.owner == owner)
    ]
    return paged(request, found, offset, limit, due_of)


@router.get("/health")
def sources(live: LiveProject) -> HealthShape:
    """Every source's streams: fresh, stale, blocked, failed."""
    with live.reading() as project:
        return health_of(health(project, None, live.definitions_error()))


@router.get("/changes")
def changes(
    live: LiveProject,
    since: Annotated[date | None, Query(description="Default: a week before.")] = None,
    team: Text = "",
    as_of: AsOf = None,
) -> ChangesShape:
    """What differs between two days, and by what cause."""
    snapshot = live.snapshot(asked_day(live, as_of))
    day = asked_day(live, since) or snapshot.day - timedelta(days=7)
    if day >= snapshot.day:
        raise ApiError(404, "there is nothing between these days", f"{day} to {snapshot.day}")
    teams = live.project().plan.organisation.teams
    if team and team not in teams:
        raise ApiError(404, "there is no team of this name", ", ".join(teams))
    found = read_changes(live, snapshot, day, team)
    return ChangesShape(
        since=found.since.isoformat(),
        as_of=found.day.isoformat(),
        statuses=[change_of(d) for d in found.statuses],
        values=[change_of(d) for d in found.values],
        more=sum(found.more.values()),
        same=found.same,
    )


def _known(plan: Plan, name: str) -> str:
    if name not in plan.key_results:
        raise ApiError(404, "there is no key result of this name", "/key-results lists them")
    return name


def _of(name: str, cycle: str, team: str) -> bool:
    parts = name.split("/")
    return (not cycle or parts[0] == cycle) and (not team or parts[1:2] == [team])


def _key_result(row: KeyResultRow) -> KeyResultShape:
    return KeyResultShape(**key_result_json(row))


def _objective(entry: RolledUp) -> ObjectiveShape:
    found: dict[str, Any] = objective_json(entry)
    return ObjectiveShape(**found)
