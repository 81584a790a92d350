"""Training costs as the accounts department exports them, last seen in September.

What belongs here: the cost files, with semicolons and day-first dates. Nothing came
after September's: the key result that reads them is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

from scoreline.example.clock import day_between
from scoreline.example.writing import Export, csv_bytes

_HEADER = "invoice_no;booked_on;supplier;course;amount;currency"
_SUPPLIERS = ("Lernwerk GmbH", "Nordlicht Akademie", "Sieben; Partner", "Trainers & Co")
_COURSES = ("CRM-101", "LEAD-201", "SALES-210")
_MONTHS = (
    (date(2026, 7, 1), date(2026, 7, 31)),
    (date(2026, 8, 1), date(2026, 8, 31)),
    (date(2026, 9, 1), date(2026, 9, 28)),
)


def exports(seed: int) -> Iterator[Export]:
    """One file a month, July to September 2026."""
    chance = Random(f"{seed}:finance")
    number = 4100
    for first, last in _MONTHS:
        rows = []
        for booked in sorted(day_between(chance, first, last) for _ in range(22)):
            number += 1
            rows.append(_row(chance, number, booked))
        content = csv_bytes(_HEADER.split(";"), rows, delimiter=";", end="\r\n")
        yield Export(f"finance/training_costs_{first:%Y-%m}.csv", content)


def _row(chance: Random, number: int, booked: date) -> list[str]:
    cents = chance.randint(9_000, 62_000)
    return [
        f"R{number}",
        f"{booked:%d.%m.%Y}",
        chance.choice(_SUPPLIERS),
        chance.choice(_COURSES),
        f"{cents // 100}.{cents % 100:02}",
        "EUR",
    ]
