"""The discipline of check-ins: which are due, since when, by the organisation's cadence.

What belongs here: that question, from the plan and what people said. What does not: asking
them (telling), taking a check-in (checkins).

A key result is to be checked in on once in each cadence from its start, or from the last
check-in; one that is over (achieved, missed, withdrawn, closed) no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from scoreline.core.model import KeyResult, Plan
from scoreline.core.periods import shift
from scoreline.core.records import CheckIn

OVER = frozenset({"achieved", "missed", "withdrawn", "closed"})


@dataclass(frozen=True, slots=True)
class DueCheckIn:
    """A check-in that is due.

    `since` is the first day it was due, `last` the day of the newest check-in, `missed`
    how many whole cadences it has been waiting.
    """

    key_result: KeyResult
    owner: str | None
    since: date
    last: date | None
    missed: int


def due_check_ins(
    plan: Plan, said: Mapping[str, date], statuses: Mapping[str, str], today: date
) -> list[DueCheckIn]:
    """Every check-in that is due, in the order of the definitions.

    Args:
        plan: the definitions.
        said: the day of each key result's newest check-in.
        statuses: the newest status of each key result.
        today: the day.
    """
    found = []
    for kr in plan.key_results.values():
        over = kr.withdrawn is not None or statuses.get(kr.id) in OVER
        if over or not kr.start <= today <= kr.due:
            continue
        last = said.get(kr.id)
        since = next_due(plan, max(kr.start, last) if last else kr.start)
        if since <= today:
            missed, day = 0, since
            while (day := next_due(plan, day)) <= today:
                missed += 1
            found.append(DueCheckIn(kr, owner_of(plan, kr), since, last, missed))
    return found


def newest_days(entries: Iterable[CheckIn]) -> dict[str, date]:
    """The day of each key result's newest check-in."""
    found: dict[str, date] = {}
    for entry in entries:
        found[entry.key_result] = max(entry.day, found.get(entry.key_result, entry.day))
    return found


def next_due(plan: Plan, day: date) -> date:
    """The day on which the next check-in after a day is due."""
    cadence = plan.organisation.check_ins
    if cadence in ("weekly", "biweekly"):
        return day + timedelta(days=7 if cadence == "weekly" else 14)
    return shift(day, 1 if cadence == "monthly" else 3, "m")


def owner_of(plan: Plan, kr: KeyResult) -> str | None:
    """Who answers for a key result: its owner, else the lead of its team."""
    team = plan.organisation.teams.get(kr.id.split("/")[1])
    return kr.owner or (team.lead if team else None)
