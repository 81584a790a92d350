"""Summary logs as Kolibri exports them: everything so far, once a month.

What belongs here: the log files as Kolibri 0.19 writes them (a byte order mark, times
with microseconds and +00:00, four decimals of progress). Their dirt: each file repeats
all earlier rows, with newer contents where the learner went on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from random import Random

from scoreline.example.clock import PINNED_DAY, as_utc, day_between, office_time
from scoreline.example.people import Member
from scoreline.example.writing import Export, csv_bytes

_HEADER = (
    "Facility name,Username,User type,Channel id,Channel name,Folder level 1,Content id,"
    "Content title,Time of first interaction,Time of last interaction,Time of completion,"
    "Time Spent (sec),Progress (0-1),Content kind"
)
_CONTENTS = (
    ("Talking to customers", "video"),
    ("Reading a sales pipeline", "exercise"),
    ("Clean data, clean decisions", "document"),
    ("Feedback that helps", "video"),
    ("Running a one-to-one", "exercise"),
    ("Safety at work", "document"),
)
_EXPORTED_ON = (
    *(date(2026, 7, 31), date(2026, 8, 31), date(2026, 9, 30), date(2026, 10, 31)),
    PINNED_DAY,
)


@dataclass(frozen=True, slots=True)
class _Log:
    member: Member
    title: str
    kind: str
    first: datetime
    last: datetime
    completed: datetime | None
    seconds: int

    def row(self, exported: date) -> list[str]:
        """The log as it stood at the end of the day it was exported on."""
        end = datetime.combine(exported, time(19), UTC)
        last = min(self.last, end)
        done = self.completed if self.completed and self.completed <= end else None
        tenths = self.seconds * 10 if last == self.last else self.seconds * 4
        seen = int((last - self.first).total_seconds()) % 9000 + 500
        return [
            "Acme Training",
            self.member.username,
            "Learner",
            _uuid("channel"),
            "Acme essentials",
            "",
            _uuid(self.title),
            self.title,
            str(self.first),
            str(last),
            str(done) if done else "",
            f"{tenths // 10}.{tenths % 10}",
            "1.0000" if done else f"0.{seen:04}",
            self.kind,
        ]


def exports(seed: int, people: Sequence[Member]) -> Iterator[Export]:
    """Five files, the last one of the pinned day."""
    chance = Random(f"{seed}:kolibri")
    learners = [m for m in people if m.hired_on < date(2026, 7, 1)][::2]
    logs = [log for member in learners for log in _logs(chance, member)]
    for exported in _EXPORTED_ON:
        rows = [log.row(exported) for log in logs if log.first.date() <= exported]
        content = csv_bytes(_HEADER.split(","), rows, end="\r\n", bom=True)
        yield Export(f"kolibri/summary_logs_{exported}.csv", content)


def _uuid(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def _logs(chance: Random, member: Member) -> Iterator[_Log]:
    for title, kind in chance.sample(_CONTENTS, chance.randint(2, 6)):
        day = day_between(chance, date(2026, 7, 1), PINNED_DAY - timedelta(days=2))
        start = office_time(chance, day)
        first = as_utc(start) + timedelta(microseconds=chance.randint(1, 999_999))
        end = day_between(chance, day, min(day + timedelta(days=50), PINNED_DAY))
        last = max(first, as_utc(office_time(chance, end))) + timedelta(seconds=90)
        done = chance.random() < 0.66
        yield _Log(member, title, kind, first, last, last if done else None, _spent(chance))


def _spent(chance: Random) -> int:
    return chance.randint(180, 5400)
