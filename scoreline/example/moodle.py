"""What Moodle exports of the CRM course: quiz attempts by week, course completion by month.

What belongs here: the files as Moodle 4.3's quiz and completion reports write them
(local times without a zone, `-` for what is not there yet, blank cells, quoted spaces).
Their dirt: attempts first exported in progress and finished in a later file, and grades
of 150 that an old import left behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from scoreline.example.clock import (
    CYCLE_STARTS,
    PINNED_DAY,
    day_between,
    iso_week,
    office_time,
)
from scoreline.example.people import Member
from scoreline.example.writing import Export, php_csv_bytes

_ATTEMPTS = "Last name,First name,Email address,State,Started on,Completed,Time taken,Grade/100.00"
_UNITS = ("Unit 1", "Unit 2", "Unit 3")
_COMPLETION_ON = (
    *(date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31), date(2026, 9, 30)),
    *(date(2026, 10, 31), PINNED_DAY),
)
_PILOT = date(2026, 3, 2)


@dataclass(frozen=True, slots=True)
class _Attempt:
    member: Member
    started: datetime
    finished: datetime
    grade: str

    def row(self, *, in_progress: bool = False) -> list[str]:
        minutes = int((self.finished - self.started).total_seconds()) // 60
        return [
            self.member.last,
            self.member.first,
            self.member.email,
            "In progress" if in_progress else "Finished",
            _quiz_time(self.started),
            "-" if in_progress else _quiz_time(self.finished),
            "-" if in_progress else f"{minutes} mins",
            "-" if in_progress else self.grade,
        ]


def exports(seed: int, people: Sequence[Member]) -> Iterator[Export]:
    """The first half-year's attempts, then one file a week; completion once a month."""
    chance = Random(f"{seed}:moodle")
    passed = {m.email: _passes_on(chance, m) for m in people}
    attempts = sorted(
        (a for m in people for a in _attempts(chance, m, passed[m.email])),
        key=lambda a: (a.started, a.member.email),
    )
    yield from _attempt_files(attempts)
    units = {m.email: _units(chance, m, passed[m.email]) for m in people}
    for exported in _COMPLETION_ON:
        yield _completion_file(people, units, exported)


def _quiz_time(moment: datetime) -> str:
    hour = moment.hour % 12 or 12
    return f"{moment.day} {moment:%B %Y}  {hour}:{moment:%M %p}"


def _passes_on(chance: Random, member: Member) -> date | None:
    """The day of the first attempt with 85 or more; None if not by the pinned day."""
    draw = chance.random()
    share = 0.84 if member.team == "Sales" else 0.72
    if draw < 0.34 and member.hired_on < _PILOT:
        return day_between(chance, _PILOT, CYCLE_STARTS - timedelta(days=1))
    if draw > share:
        return None
    return day_between(chance, max(CYCLE_STARTS, member.hired_on), PINNED_DAY)


def _attempts(chance: Random, member: Member, passed: date | None) -> Iterator[_Attempt]:
    """Failed attempts before the pass, the pass, and now and then a worse one after it."""
    until = passed or PINNED_DAY
    since = max(_PILOT, member.hired_on)
    for _ in range(chance.choice((0, 1, 1, 2))):
        day = day_between(chance, min(since, until), until)
        if day != passed:
            yield _attempt(chance, member, day, chance.randint(3000, 8400))
    if passed:
        yield _attempt(chance, member, passed, chance.randint(8500, 10000))
        if chance.random() < 0.12 and passed < PINNED_DAY:
            day = day_between(chance, passed + timedelta(days=1), PINNED_DAY)
            yield _attempt(chance, member, day, chance.randint(5000, 9500))


def _attempt(chance: Random, member: Member, day: date, points: int) -> _Attempt:
    started = office_time(chance, day).replace(second=0)
    finished = started + timedelta(minutes=chance.randint(12, 58))
    return _Attempt(member, started, finished, f"{points // 100}.{points % 100:02}")


def _attempt_files(attempts: list[_Attempt]) -> Iterator[Export]:
    """Every 25th attempt is in progress in its own week's file and finished in the next."""
    half_year = [a.row() for a in attempts if a.started.date() < CYCLE_STARTS]
    yield Export("moodle/quiz_attempts_2026-H1.csv", _attempts_csv(half_year))
    fresh = [a for a in attempts if a.started.date() >= CYCLE_STARTS]
    weeks = sorted({iso_week(a.started) for a in fresh})
    open_ones: list[_Attempt] = []
    for week in weeks:
        of_week = [(n, a) for n, a in enumerate(fresh) if iso_week(a.started) == week]
        opened = [a for n, a in of_week if n % 25 == 12 and week != weeks[-1]]
        rows = [a.row() for a in open_ones]
        rows += [a.row(in_progress=a in opened) for _, a in of_week]
        if week in ("2026-W34", "2026-W41"):
            rows.append(_imported(of_week[-1][1]))
        yield Export(f"moodle/quiz_attempts_{week}.csv", _attempts_csv(rows))
        open_ones = opened


def _imported(like: _Attempt) -> list[str]:
    """A grade out of 200 among grades out of 100, a minute after another attempt."""
    later = timedelta(minutes=1)
    return _Attempt(like.member, like.started + later, like.finished + later, "150.00").row()


def _attempts_csv(rows: list[list[str]]) -> bytes:
    return php_csv_bytes(_ATTEMPTS.split(","), rows)


def _units(chance: Random, member: Member, passed: date | None) -> list[datetime]:
    """When the units were completed, in order; all of them no later than the pass."""
    done = 3 if passed else chance.randint(0, 2)
    until = passed or PINNED_DAY
    since = min(max(_PILOT, member.hired_on), until)
    return sorted(office_time(chance, day_between(chance, since, until)) for _ in range(done))


def _completion_file(
    people: Sequence[Member], units: dict[str, list[datetime]], exported: date
) -> Export:
    header = ["ID", "Name", "Email address"]
    header += [text for unit in _UNITS for text in (unit, f"{unit} - Completion date")]
    rows = [
        _completion_row(number, member, units[member.email], exported)
        for number, member in enumerate(people, start=4)
        if member.hired_on <= exported
    ]
    rows.sort(key=lambda row: row[1])
    content = php_csv_bytes([*header, "Course complete"], rows)
    return Export(f"moodle/course4_completion_{exported}.csv", content)


def _completion_row(
    number: int, member: Member, units: list[datetime], exported: date
) -> list[str]:
    done = [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in units if moment.date() <= exported]
    row = [str(number), member.name, member.email]
    for place in range(len(_UNITS)):
        row += ["Completed", done[place]] if place < len(done) else ["Not completed", ""]
    return [*row, done[-1] if len(done) == len(_UNITS) else ""]
