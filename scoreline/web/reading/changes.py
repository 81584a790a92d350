"""What changed between a day and the page's day: scores, definitions, what people said.

What belongs here: comparing recorded scores with where things stand, and the cause of each
difference as far as the two records tell. What does not: attributing it to rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from fractions import Fraction

from scoreline.core.model import Unit
from scoreline.core.records import Body, CheckIn
from scoreline.steps.project import Project
from scoreline.store.rows import StoredDecision
from scoreline.web.reading.history import Cause, cause_of, fraction_of
from scoreline.web.reading.lines import person_name, unit_of
from scoreline.web.reading.snapshot import Snapshot
from scoreline.web.reading.teams import team_names

MOST = 100
"""How many lines a list has at most; the rest is counted."""
_WORSE = ("achieved", "on_track", "pending", "at_risk", "off_track", "missed")


@dataclass(frozen=True, slots=True)
class Difference:
    """One key result on two days; `cause` is None where the earlier day has no record.

    `recorded` is the day of the earlier record, None where the earlier values are those of
    that day as the data are known now.
    """

    id: str
    title: str
    owner: str
    unit: Unit | None
    status_before: str
    status: str
    value_before: Fraction | None
    value: Fraction | None
    progress_before: Fraction | None
    progress: Fraction | None
    cause: Cause | None
    recorded: date | None

    @property
    def change(self) -> Fraction | None:
        """The difference of progress, where both are known."""
        if self.progress is None or self.progress_before is None:
            return None
        return self.progress - self.progress_before

    @property
    def direction(self) -> str:
        """Whether the status became `better` or `worse`, or is just `other`."""
        if self.status not in _WORSE or self.status_before not in _WORSE:
            return "other"
        before, now = _WORSE.index(self.status_before), _WORSE.index(self.status)
        return "worse" if now > before else "better"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A check-in with the title of its key result and the name of who said it."""

    id: str
    title: str
    who: str
    entry: CheckIn


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that differs; `same` counts key results that do not.

    `from_records` says whether any score was recorded on or before the earlier day.
    """

    since: date
    day: date
    statuses: Sequence[Difference]
    values: Sequence[Difference]
    more: Mapping[str, int]
    new: Sequence[tuple[str, str]]
    gone: Sequence[str]
    said: Sequence[Spoken]
    decisions: Sequence[StoredDecision]
    causes: Mapping[str, int]
    same: int
    from_records: bool


def changes(project: Project, snapshot: Snapshot, since: date, team: str = "") -> Changes:
    """What changed since a day, for one team and those below it, or for all.

    Args:
        project: with a store that stands still.
        snapshot: where everything stands.
        since: the earlier day; recorded scores of it or before it count.
        team: a team's name, or empty.
    """
    teams = team_names(snapshot.plan, team) if team else None
    before = {k: b for k, b in project.store.newest_scores(since).items() if _of(k, teams)}
    found = [_difference(snapshot, n, before.get(n), since) for n in snapshot.rows if _of(n, teams)]
    differing = [d for d in found if d is not None]
    statuses = [d for d in differing if d.status != d.status_before]
    values = [d for d in differing if d.status == d.status_before]
    values.sort(key=lambda d: (-abs(d.change or 0), d.id))
    statuses.sort(key=lambda d: (("worse", "other", "better").index(d.direction), d.id))
    started = datetime.combine(since, time.max, snapshot.frame.zone)
    return Changes(
        since=since,
        day=snapshot.day,
        statuses=statuses[:MOST],
        values=values[:MOST],
        more={"statuses": max(0, len(statuses) - MOST), "values": max(0, len(values) - MOST)},
        new=_new(snapshot, before, teams) if before else [],
        gone=[k for k in before if k not in snapshot.rows],
        said=_said(snapshot, since, teams),
        decisions=[d for d in project.store.decisions() if d.recorded_at > started],
        causes=Counter(d.cause for d in differing if d.cause is not None),
        same=len(found) - len(differing),
        from_records=bool(before),
    )


def _of(name: str, teams: set[str] | None) -> bool:
    return teams is None or name.split("/", 2)[1] in teams


def _difference(
    snapshot: Snapshot, name: str, before: Body | None, since: date
) -> Difference | None:
    """How a key result differs; None where nothing that is shown does."""
    one, row = snapshot.scored[name], snapshot.rows[name]
    if before is not None:
        earlier = _Earlier(
            str(before["status"]),
            fraction_of(before.get("value")),
            fraction_of(before.get("progress")),
        )
        cause = cause_of(before, snapshot.bodies[name])
    else:
        score = snapshot.at(name, since)
        if score is None:
            return None
        earlier, cause = _Earlier(score.status, score.value, score.progress), None
    now = _Earlier(one.score.status, one.score.value, one.score.progress)
    if earlier == now and (cause is None or cause == "time"):
        return None
    return Difference(
        id=name,
        title=row.title,
        owner=person_name(snapshot.plan, row.owner),
        unit=unit_of(snapshot.plan, one.kr),
        status_before=earlier.status,
        status=now.status,
        value_before=earlier.value,
        value=now.value,
        progress_before=earlier.progress,
        progress=now.progress,
        cause=cause,
        recorded=date.fromisoformat(str(before["as_of"])) if before is not None else None,
    )


@dataclass(frozen=True, slots=True)
class _Earlier:
    status: str
    value: Fraction | None
    progress: Fraction | None


def _new(
    snapshot: Snapshot, before: Mapping[str, Body], teams: set[str] | None
) -> list[tuple[str, str]]:
    """Key results without a record on or before the day, while others have one."""
    missing = [n for n in snapshot.rows if n not in before and _of(n, teams)]
    return [(n, snapshot.rows[n].title) for n in missing][:MOST]


def _said(snapshot: Snapshot, since: date, teams: set[str] | None) -> list[Spoken]:
    found = [
        Spoken(name, snapshot.rows[name].title, person_name(snapshot.plan, c.who), c)
        for name, said in snapshot.standing.evidence.check_ins.items()
        for c in said
        if c.day > since and name in snapshot.rows and _of(name, teams)
    ]
    return sorted(found, key=lambda s: s.entry.day, reverse=True)[:MOST]
