"""The whole line against plain Python: every window and aggregate, zones, merges, repeats."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flow_builders import ORGANISATION, Small

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
Event = dict[str, Any]
WINDOWS = [
    "cycle",
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "last day",
    "last week",
    "last month",
    "last quarter",
    "last year",
    "trailing 1d",
    "trailing 30d",
    "all",
]
MEASURES = {
    "rows": "{count: rows}",
    "nonnull": "{count: amount}",
    "people": "{count_distinct: person}",
    "total": "{sum: amount, where: \"status = 'won'\"}",
    "low": "{min: amount}",
    "high": "{max: units}",
    "mean": "{average: amount}",
    "rate": "{ratio: {numerator: {count: rows, where: \"status = 'won'\"}, "
    "denominator: {count: rows, where: \"status in ('won', 'lost')\"}}}",
}
DAYS = ["2026-07-01", "2026-08-09", "2026-09-30", "2026-10-25", "2026-11-20", "2026-12-31"]


def events(seed: int) -> list[Event]:
    """Events around local midnights of two zones, over two years, some without a time."""
    chance = random.Random(seed)
    found = []
    for number in range(400):
        day = date(2025, 1, 1) + timedelta(days=chance.randrange(730))
        hour = chance.choice([21, 22, 23, 0, 1, 2, 12])
        at = datetime(day.year, day.month, day.day, 0, chance.randrange(60), tzinfo=UTC)
        found.append(
            {
                "id": f"e{number}",
                "person": f"p{chance.randrange(30)}",
                "team": chance.choice(["north", "south", "west"]),
                "status": chance.choice(["won", "lost", "open"]),
                "amount": chance.choice([None, Decimal(chance.randrange(-999, 99999)) / 100]),
                "units": chance.randrange(1, 10**12),
                "at": None if number % 40 == 0 else at + timedelta(hours=hour),
                "version": chance.randrange(1, 4),
            }
        )
    return found


def write_csv(path: Path, rows: list[Event]) -> None:
    """The export: local times of New York without a zone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "person", "team", "status", "amount", "units", "at", "version"])
        for r in rows:
            local = r["at"].astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M:%S") if r["at"] else ""
            amount = "" if r["amount"] is None else r["amount"]
            writer.writerow(
                [
                    r["id"],
                    r["person"],
                    r["team"],
                    r["status"],
                    amount,
                    r["units"],
                    local,
                    r["version"],
                ]
            )


def bounds(window: str, day: date) -> tuple[date, date]:
    """First and last day of a window, written again from the design."""
    starts: dict[str, Callable[[date], date]] = {
        "day": lambda d: d,
        "week": lambda d: d - timedelta(days=d.weekday()),
        "month": lambda d: d.replace(day=1),
        "quarter": lambda d: date(d.year, (d.month - 1) // 3 * 3 + 1, 1),
        "year": lambda d: date(d.year, 1, 1),
    }
    if window == "cycle":
        return date(2026, 7, 1), day
    if window == "all":
        return date(1, 1, 1), day
    if window.startswith("trailing"):
        return day - timedelta(days=int(window.split()[1][:-1]) - 1), day
    if window.startswith("last"):
        start = starts[window.split()[1]]
        end = start(day + timedelta(days=1)) - timedelta(days=1)
        return start(end), end
    return starts[window](day), day


def answer(rows: list[Event], measure: str, window: str, day: date, team: str | None) -> Any:
    """(numerator, denominator) of a measure; None for no value."""
    low, high = bounds(window, day)
    rows = [
        r
        for r in rows
        if r["at"]
        and low <= r["at"].astimezone(BERLIN).date() <= high
        and (team is None or r["team"] == team)
    ]
    amounts = [r["amount"] for r in rows if r["amount"] is not None]
    won = [r for r in rows if r["status"] == "won"]
    closed = [r for r in rows if r["status"] != "open"]
    paid = sum((r["amount"] for r in won if r["amount"] is not None), Decimal(0))
    found: dict[str, Any] = {
        "rows": (len(rows), None),
        "nonnull": (len(amounts), None),
        "people": (len({r["person"] for r in rows}), None),
        "total": (paid, None),
        "low": (min(amounts), None) if amounts else None,
        "high": (max(r["units"] for r in rows), None) if rows else None,
        "mean": (sum(amounts), len(amounts)) if amounts else None,
        "rate": (len(won), len(closed)) if closed else None,
    }
    return found[measure]


def name_of(measure: str, window: str, team: str | None) -> str:
    """The key result for a measure, window and filter."""
    return f"{measure}-{window.replace(' ', '-')}{'-' + team if team else ''}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Small, list[Event]]:
    """A project with every combination, whose newest versions arrive first."""
    small, rows = Small(tmp_path_factory.mktemp("oracle")), events(7)
    small.define(
        organisation=ORGANISATION,
        sources__crm="""\
source: crm
connector: files
options: {root: data}
streams:
  events:
    options: {glob: "*.csv"}
    columns:
      id: text
      person: {type: text, personal: pseudonym}
      team: text
      status: {type: text, one_of: [won, lost, open]}
      amount: "decimal(12,2)"
      units: integer
      at: {type: timestamp, format: "%Y-%m-%d %H:%M:%S", timezone: America/New_York, ambiguous: earlier}
      version: integer
    key: [id]
    load: merge
    version_by: version
    event_time: at
""",
        metrics__all="metrics:\n"
        + "".join(
            f"  {m}_{w.replace(' ', '_')}:\n    title: T\n    unit: number\n    from: crm.events\n"
            f"    measure: {text}\n    window: {w}\n    dimensions: [team]\n"
            for m, text in MEASURES.items()
            for w in WINDOWS
        ),
        objectives__2026_H2__learning="cycle: 2026-H2\nteam: learning\nobjectives:\n  all:\n"
        "    title: All\n    key_results:\n"
        + "".join(
            f"      {name_of(m, w, team)}:\n        title: T\n        metric: {m}_{w.replace(' ', '_')}\n"
            f"        baseline: 0\n        target: 100\n"
            + (f"        filter: {{team: {team}}}\n" if team else "")
            for m in MEASURES
            for w in WINDOWS
            for team in (None, "north")
        ),
    )
    older = [{**r, "version": 0, "amount": Decimal(5), "status": "open"} for r in rows[::3]]
    write_csv(small.root / "data/1_newest.csv", rows[:250])
    write_csv(small.root / "data/2_older.csv", older + rows[100:200])
    write_csv(small.root / "data/3_rest.csv", rows[250:] + rows[250:260])
    report = small.run("2026-11-20")
    assert not report.failed, report
    return small, rows


@pytest.mark.parametrize("day", DAYS)
def test_every_window_and_aggregate_on_a_day(project: tuple[Small, list[Event]], day: str) -> None:
    """Each key result's value is what plain Python finds in the newest versions."""
    small, rows = project
    found = small.status(day)
    wrong = []
    for measure in MEASURES:
        for window in WINDOWS:
            for team in (None, "north"):
                name = name_of(measure, window, team)
                wanted = answer(rows, measure, window, date.fromisoformat(day), team)
                value = None
                if wanted is not None:
                    fraction = Fraction(wanted[0]) / Fraction(wanted[1] or 1)
                    value = f"{Decimal(round(fraction * 10**6)) / 10**6:.6f}"
                if found[name]["value"] != value:
                    wrong.append((name, found[name]["value"], value))
    assert wrong == []


def test_a_second_run_changes_nothing(project: tuple[Small, list[Event]]) -> None:
    """Nothing is read, computed or recorded when nothing is new."""
    small, _ = project
    before = small.status("2026-11-20")
    report = small.run("2026-11-20")
    assert report.scores is not None
    assert (report.scores.computed, dict(report.scores.recorded), report.scores.block) == (
        0,
        dict.fromkeys(report.scores.recorded, 0),
        None,
    )
    assert all(s.landed == 0 for r in report.sources.values() for s in r.streams.values())
    assert small.status("2026-11-20") == before
