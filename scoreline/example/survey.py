"""Course feedback by week and leadership assessments by month, from the survey tool.

What belongs here: the answers. Their dirt: comments with HTML, scripts and spreadsheet
formulas, line breaks inside a cell, a rating of 9, assessments that come a month late,
and the newest feedback file, in which the tool lost the course of some answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random

from scoreline.example.clock import (
    CYCLE_STARTS,
    PINNED_DAY,
    berlin_iso,
    day_between,
    days,
    iso_week,
    month,
    office_time,
)
from scoreline.example.people import Member
from scoreline.example.writing import Export, csv_bytes, ndjson_bytes

_FEEDBACK = "response_id,submitted_at,course,team,rating,comment"
_COURSES = ("CRM-101", "LEAD-201", "SALES-210", "SAFE-001")
_COMMENTS = (
    *("", "", "Clear and to the point.", "Too fast in the second half", "More exercises, please"),
    *(
        "<b>Great</b> <script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "Good.\nBut the room was cold.",
    ),
    *("@SUM(1+1)*cmd|' /C calc'!A0", "Übungen & Beispiele waren gut"),
)
_COMPETENCIES = ("coaching", "delegation", "feedback", "strategy")
_ROUNDS = (
    (date(2026, 6, 1), date(2026, 6, 26)),
    (date(2026, 7, 6), date(2026, 9, 25)),
    (date(2026, 10, 5), date(2026, 11, 18)),
)


def exports(seed: int, people: Sequence[Member]) -> Iterator[Export]:
    """Feedback from ISO week 27 to 47 of 2026, assessments from June to November."""
    yield from _feedback(Random(f"{seed}:feedback"), people)
    yield from _assessments(Random(f"{seed}:assessments"), [m for m in people if m.manages])


def _feedback(chance: Random, people: Sequence[Member]) -> Iterator[Export]:
    weeks: dict[str, list[list[str]]] = {}
    number = 0
    for day in days(CYCLE_STARTS, PINNED_DAY):
        for _ in range(chance.randint(3, 9) if day.weekday() < 5 else 0):
            number += 1
            row = _answer(chance, number, office_time(chance, day), people)
            weeks.setdefault(iso_week(day), []).append(row)
    newest = max(weeks)
    for row in weeks[newest][::2]:
        row[2] = ""
    for week, rows in weeks.items():
        yield Export(f"survey/feedback_{week}.csv", csv_bytes(_FEEDBACK.split(","), rows))


def _answer(chance: Random, number: int, moment: datetime, people: Sequence[Member]) -> list[str]:
    better = moment.date() > date(2026, 9, 30)
    ratings = (3, 4, 4, 5, 5) if better else (2, 3, 4, 4, 5)
    return [
        f"R{20_000 + number}",
        berlin_iso(moment),
        chance.choice(_COURSES),
        chance.choice(people).team,
        "9" if number % 200 == 120 else str(chance.choice(ratings)),
        chance.choice(_COMMENTS),
    ]


def _assessments(chance: Random, managers: Sequence[Member]) -> Iterator[Export]:
    rows = [row for manager in managers for row in _rounds(chance, manager)]
    rows.sort(key=lambda row: (row["assessed_at"], row["assessment_id"]))
    months: dict[str, list[dict[str, object]]] = {}
    for number, row in enumerate(rows):
        assessed = date.fromisoformat(str(row["assessed_at"])[:10])
        late = timedelta(days=31) if number % 60 == 17 else timedelta(0)
        months.setdefault(month(min(assessed + late, PINNED_DAY)), []).append(row)
    for stem in sorted(months):
        yield Export(f"survey/assessments_{stem}.ndjson", ndjson_bytes(months[stem]))


def _rounds(chance: Random, manager: Member) -> Iterator[dict[str, object]]:
    """Four competencies a round; who is weak in one may have learnt it a round later."""
    weak_rounds = chance.choice((0, 0, 0, 0, 0, 0, 1, 1, 2, 3))
    weak = chance.choice(_COMPETENCIES)
    for turn, (first, last) in enumerate(_ROUNDS):
        moment = office_time(chance, day_between(chance, first, last))
        for competency in _COMPETENCIES:
            is_weak = competency == weak and turn < weak_rounds
            tenths = chance.randint(24, 38) if is_weak else chance.randint(40, 50)
            yield {
                "assessment_id": f"A-{manager.employee_id}-{turn + 1}-{competency}",
                "manager": manager.email,
                "competency": competency,
                "score": tenths / 10,
                "assessed_at": berlin_iso(moment),
                "comment": chance.choice(_COMMENTS),
            }
