"""The discipline of check-ins as the page shows it: who owes which.

What belongs here: grouping what is due by owner. What does not: what is due (steps).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from scoreline.core.records import CheckIn
from scoreline.steps.discipline import OVER, DueCheckIn, due_check_ins, newest_days
from scoreline.web.reading.lines import person_name
from scoreline.web.reading.snapshot import Snapshot

MOST = 50
"""How many check-ins are listed of one owner; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Owing:
    """One owner with the check-ins that they owe, the oldest first."""

    name: str
    is_me: bool
    due: list[DueCheckIn]
    more: int


@dataclass(frozen=True, slots=True)
class Discipline:
    """Everyone who owes check-ins; whoever looks comes first, then whoever owes longest."""

    cadence: str
    total: int
    active: int
    owners: list[Owing]


def discipline(snapshot: Snapshot, entries: Sequence[CheckIn], today: date, me: str) -> Discipline:
    """What is due today, by owner.

    Args:
        snapshot: where everything stands.
        entries: what was said, of today too.
        today: the day in the organisation's time zone.
        me: who looks.
    """
    plan = snapshot.plan
    statuses = {row.id: row.score.status for row in snapshot.standing.key_results}
    found = due_check_ins(plan, newest_days(entries), statuses, today)
    by_owner: dict[str, list[DueCheckIn]] = {}
    for due in found:
        by_owner.setdefault(due.owner or "", []).append(due)
    owners = []
    for owner, owed in by_owner.items():
        owed.sort(key=lambda d: d.since)
        is_me = owner.casefold() == me.casefold()
        name = person_name(plan, owner) if owner else "Nobody owns these"
        owners.append(Owing(name, is_me, owed[:MOST], max(0, len(owed) - MOST)))
    owners.sort(key=lambda o: (not o.is_me, o.due[0].since, o.name))
    active = sum(
        kr.start <= today <= kr.due and statuses.get(kr.id) not in OVER
        for kr in plan.key_results.values()
    )
    return Discipline(plan.organisation.check_ins, len(found), active, owners)
