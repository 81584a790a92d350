"""The staff list as the HR system exports it: all of it, once a month.

What belongs here: the roster files. Their dirt: `?` stands for null, the order of the
rows changes, and a person who left stays in the list with the day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from random import Random

from scoreline.example.people import Member
from scoreline.example.writing import Export, csv_bytes

_HEADER = "employee_id,full_name,email,kolibri_username,team,office,is_manager,hired_on,left_on"
_EXPORTED_ON = [date(2026, month, 1) for month in range(7, 12)] + [date(2026, 11, 16)]


def exports(seed: int, people: Sequence[Member]) -> Iterator[Export]:
    """One roster a month and a last one on 16 November 2026."""
    chance = Random(f"{seed}:hr")
    for exported in _EXPORTED_ON:
        rows = [_row(chance, m, exported) for m in people if m.hired_on <= exported]
        if exported.month % 2 == 0:
            chance.shuffle(rows)
        yield Export(f"hr/staff_{exported}.csv", csv_bytes(_HEADER.split(","), rows))


def _row(chance: Random, member: Member, exported: date) -> list[str]:
    left = member.left_on if member.left_on and member.left_on <= exported else None
    return [
        member.employee_id,
        member.name,
        member.email,
        member.username,
        member.team,
        "?" if chance.random() < 0.02 else member.office,
        "true" if member.manages else "false",
        member.hired_on.isoformat(),
        left.isoformat() if left else "?",
    ]
