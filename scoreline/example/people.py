"""Who works in the example organisation.

What belongs here: the staff, drawn once for a seed, so that every source tells of the
same people. What does not: how a system exports them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from scoreline.example.clock import day_between

_FIRST = (
    "Amina Jonas Leyla Milan Clara Piotr Nadia Tobias Ines Farid Greta Luca Sanne Emre Hanna Oskar"
    " Mei Viktor Paula Deniz Frieda Noah Salma Anton Judith Karim Lena Matteo Olga Ravi"
).split()
_LAST = (
    "Albrecht Brandt Castillo Demir Engel Fischer Grabowski Hoffmann Ivanova Jansen Kaya Lindner"
    " Moreau Nowak Okafor Petersen Quandt Richter Santos Tran Ullrich Vogel Weber Yilmaz Zimmermann"
).split()
_TEAMS = (("Sales", 92), ("Operations", 74), ("Support", 62), ("Learning", 40), ("Finance", 40))
_OFFICES = ("Berlin", "Hamburg", "Köln", "Leipzig", "München", "Stuttgart")


@dataclass(frozen=True, slots=True)
class Member:
    """One member of staff; `left_on` is None while the person works here."""

    employee_id: str
    first: str
    last: str
    email: str
    username: str
    team: str
    office: str
    manages: bool
    hired_on: date
    left_on: date | None

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"


def staff(seed: int) -> list[Member]:
    """Everyone who worked here between January 2025 and the pinned day, by number."""
    chance = Random(f"{seed}:people")
    teams = [team for team, size in _TEAMS for _ in range(size)]
    names = chance.sample([(f, last) for f in _FIRST for last in _LAST], len(teams))
    return [_member(chance, number, team, *names[number]) for number, team in enumerate(teams)]


def _member(chance: Random, number: int, team: str, first: str, last: str) -> Member:
    recent = chance.random() < 0.05
    hired = (
        day_between(chance, date(2026, 7, 6), date(2026, 11, 9))
        if recent
        else day_between(chance, date(2015, 1, 5), date(2026, 5, 29))
    )
    leaves = not recent and chance.random() < 0.06
    return Member(
        employee_id=f"E{1001 + number}",
        first=first,
        last=last,
        email=f"{first}.{last}@acme.example".lower(),
        username=f"{first[:3]}{last}{number}".lower(),
        team=team,
        office=chance.choice(_OFFICES),
        manages=not recent and not leaves and number % 7 == 0,
        hired_on=hired,
        left_on=day_between(chance, date(2026, 6, 1), date(2026, 11, 13)) if leaves else None,
    )
