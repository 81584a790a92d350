"""Opportunities as the CRM exports them: every version changed in a month, a file a month.

What belongs here: the sales pipeline of 2025 and 2026 and its exports. Their dirt: three
days of the month before repeated in each file, newest version first in some, one month
exported twice in another order, corrections in an early file that are newer than rows of
a later one, late rows, `GTXPro` beside `GTX Pro`, missing accounts, a stage that the
contract does not know, a value with too many decimals, and rows with a cell too many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from scoreline.example.clock import HISTORY_STARTS, PINNED_DAY, days, month
from scoreline.example.people import Member
from scoreline.example.writing import Export, csv_bytes

_HEADER = (
    "opportunity_id,sales_agent,team,product,account,deal_stage,engage_date,close_date,"
    "close_value,modified_at"
)
_PRICES = {
    "GTX Basic": 550,
    "GTX Plus Basic": 1096,
    "GTX Plus Pro": 5482,
    "GTXPro": 4821,
    "GTX Pro": 4821,
    "MG Advanced": 3393,
    "MG Special": 55,
}
_ACCOUNTS = (
    "Acme Corporation;Betasoloin;Betatech;Bioholding;Bioplex;Blackzim;Bluth Company;Bubba Gump;"
    "Cancity;Cheers;Codehow;Condax;Conecom;Dalttechnology;dambase;Domzoom;Doncon;Donquadtech;"
    "Dontechi;Donware;Fasehatice;Faxquote;Finhigh;Finjob;Funholding;Ganjaflex;Gekko & Co;"
    "Genco Pura Olive Oil Company;Globex Corporation;Gogozoom;Golddex;Goodsilron;Green-Plus;"
    "Groovestreet;Hatfan;Hottechi;Initech;Inity;Isdom;Iselectrics;J-Texon;Kan-code;Kinnamplus;"
    "Konex;Konmatfix;Labdrill;Lexiqvolax;Massive Dynamic;Mathtouch;Nam-zim;Newex;Ontomedia"
).split(";")
_REGIONS = ("Central", "East", "West")
_WORKSHOPS = date(2026, 9, 25)


@dataclass(frozen=True, slots=True)
class Version:
    """An opportunity as it stood from `modified` on; `value` is in cents."""

    number: int
    agent: str
    region: str
    product: str
    account: str
    stage: str
    modified: datetime
    engaged: date | None = None
    closed: date | None = None
    value: int | None = None

    def row(self) -> list[str]:
        """The version as a row of the export."""
        cents = "" if self.value is None else f"{self.value // 100}.{self.value % 100:02}"
        return [
            f"{0x1C1A0000 + self.number * 7919:08X}",
            self.agent,
            self.region,
            self.product,
            self.account,
            self.stage,
            self.engaged.isoformat() if self.engaged else "",
            self.closed.isoformat() if self.closed else "",
            cents.removesuffix(".00"),
            f"{self.modified:%Y-%m-%dT%H:%M:%S}.000+0000",
        ]


def exports(seed: int, people: Sequence[Member]) -> Iterator[Export]:
    """One file a month, January 2025 to November 2026, and three that came besides."""
    chance = Random(f"{seed}:crm")
    versions = _versions(chance, people)
    versions.sort(key=lambda v: (v.modified, v.number))
    late = [v for v in versions if month(v.modified) == "2026-10" and v.number % 40 == 0]
    corrections = _corrections(versions)
    rows = {stem: _month_rows(versions, stem, late) for stem in _months()}
    rows["2026-09"] += _broken(chance, versions)
    rows["2026-10_again"] = list(reversed(rows["2026-10"][:-5]))
    rows["2026-08_correction"] = [v.row() for v in corrections]
    rows["2026-11_late"] = [v.row() for v in late]
    for stem in sorted(rows):
        content = csv_bytes(_HEADER.split(","), rows[stem])
        yield Export(f"crm/opportunities_{stem}.csv", content)


def _months() -> list[str]:
    return sorted({month(day) for day in days(HISTORY_STARTS, PINNED_DAY)})


def _versions(chance: Random, people: Sequence[Member]) -> list[Version]:
    agents = [m for m in people if m.team == "Sales" and m.hired_on < HISTORY_STARTS][:24]
    versions: list[Version] = []
    number = 0
    for day in days(HISTORY_STARTS, PINNED_DAY):
        for _ in range(chance.randint(2, 5) if day.weekday() < 5 else 0):
            number += 1
            agent = chance.randrange(len(agents))
            first = Version(
                number=number,
                agent=agents[agent].email,
                region=_REGIONS[agent % 3],
                product=chance.choice(list(_PRICES)),
                account="" if chance.random() < 0.08 else chance.choice(_ACCOUNTS),
                stage="Prospecting",
                modified=_utc(chance, day),
            )
            versions += _life(chance, first, day)
    return versions


def _utc(chance: Random, day: date) -> datetime:
    return datetime.combine(day, time(7), UTC) + timedelta(seconds=chance.randrange(9 * 3600))


def _life(chance: Random, first: Version, day: date) -> Iterator[Version]:
    """The versions of one opportunity up to the pinned day, oldest first."""
    yield first
    engaged = day + timedelta(days=chance.randint(1, 9))
    closed = engaged + timedelta(days=chance.randint(8, 75))
    engaging = replace(first, stage="Engaging", engaged=engaged, modified=_utc(chance, engaged))
    won = chance.random() < _chance_to_win(closed)
    price = _PRICES[first.product]
    if engaged <= PINNED_DAY:
        yield engaging
    if closed <= PINNED_DAY:
        yield replace(
            engaging,
            stage="Won" if won else "Lost",
            closed=closed,
            value=price * chance.randint(88, 110) if won else 0,
            modified=_utc(chance, closed),
        )


def _chance_to_win(closed: date) -> float:
    if closed > _WORKSHOPS:
        return 0.69
    return 0.58 if closed.year == 2025 else 0.6


def _month_rows(versions: list[Version], stem: str, late: list[Version]) -> list[list[str]]:
    """The month's versions after those of the three days before it, some newest first."""
    first = date.fromisoformat(f"{stem}-01")
    rows = [
        v.row()
        for v in versions
        if v not in late
        and (month(v.modified) == stem or 0 < (first - v.modified.date()).days <= 3)
    ]
    return rows[::-1] if first.month % 3 == 0 else rows


def _corrections(versions: list[Version]) -> list[Version]:
    """Values of August put right in November, in a file whose name sorts before September's."""
    august = [v for v in versions if v.stage == "Won" and month(v.modified) == "2026-08"]
    moment = datetime(2026, 11, 17, 9, 30, tzinfo=UTC)
    return [replace(v, value=(v.value or 0) + 12_500, modified=moment) for v in august[:3]]


def _broken(chance: Random, versions: list[Version]) -> list[list[str]]:
    """Rows of new opportunities that the contract refuses."""
    source = [v for v in versions if v.stage == "Won" and month(v.modified) == "2026-09"][:5]
    rows = [replace(v, number=v.number + 50_000).row() for v in source]
    rows[0][5] = rows[1][5] = "Closed Won"
    rows[2][8] = "4821.125"
    rows[3].insert(5, "Inc.")
    rows[4].insert(5, " Sons")
    chance.shuffle(rows)
    return rows
