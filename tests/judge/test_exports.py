"""Every format, trap and load: the command line against rows counted by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from judge_exports import HOME, Exports, Row
from judge_oracle import shown
from judge_projects import Outside

CYCLE = {"start": "2026-01-01", "end": "2026-06-30"}
DAYS = ["2026-01-01", "2026-02-28", "2026-03-29", "2026-05-01", "2026-05-31", "2026-06-30"]
WINDOWS = {
    "quarter": "quarter",
    "year": "year",
    "last_quarter": "last quarter",
    "last_year": "last year",
    "last_month": "last month",
    "last_week": "last week",
    "trailing": "trailing 30d",
    "week": "week",
    "day": "day",
}
EARLIER = {"1y": (12, 0), "1q": (3, 0), "4w": (0, 28), "1m": (1, 0), "2d": (0, 2)}


def metric(measure: Any, source: str = "mix.plain", **more: Any) -> dict[str, Any]:
    """A metric's definition."""
    body = {"title": "T", "owner": "a@x.example", "unit": "number", "from": source}
    return {**body, "measure": measure, "window": "all", "dimensions": ["team", "region"], **more}


def definitions(exports: Exports) -> tuple[dict[str, Any], dict[str, Any]]:
    """Metrics and key results."""
    metrics: dict[str, Any] = {}
    for name in exports.streams:
        metrics[f"n_{name}"] = metric({"count": "rows"}, f"mix.{name}", window="all")
        metrics[f"s_{name}"] = metric({"sum": "amount"}, f"mix.{name}", window="all")
    for name, window in WINDOWS.items():
        metrics[f"w_{name}"] = metric({"sum": "amount"}, window=window)
    for back in EARLIER:
        metrics[f"back_{back}"] = {
            "title": "T",
            "owner": "a@x.example",
            "unit": "percent",
            "derived": f"w_trailing / w_trailing@-{back} - 1",
        }
    metrics["best"] = metric({"sum": "best"}, "models.best", time="first_at")
    metrics["mixed"] = {
        "title": "T",
        "owner": "a@x.example",
        "unit": "number",
        "derived": "(s_plain - 3 * n_plain) / (n_packed + 1)",
    }
    krs = {m.replace("_", "-"): {"metric": m} for m in metrics}
    krs["list"] = {"metric": "s_plain", "filter": {"team": ["x", "y"]}}
    krs["both"] = {"metric": "s_plain", "filter": {"team": ["x", "z"], "region": "us"}}
    krs["nobody"] = {"metric": "n_plain", "filter": {"team": "none"}}
    for kr in krs.values():
        kr |= {"title": "T", "owner": "a@x.example", "baseline": 0, "target": 1000}
    return metrics, krs


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outside, Exports]:
    """A project that has read everything."""
    project = Outside(tmp_path_factory.mktemp("exports"))
    exports = Exports(project)
    for part in (
        exports.formats,
        exports.spellings,
        exports.clocks,
        exports.contracts,
        exports.loads,
    ):
        part()
    project.define(
        "organisation",
        {
            "organisation": "J",
            "timezone": "Atlantic/Cape_Verde",
            "cycles": {"2026-H1": CYCLE},
            "fiscal_year_starts": "02-01",
            "teams": {"t": {}},
        },
    )
    project.define(
        "sources/mix",
        {
            "source": "mix",
            "connector": "files",
            "options": {"root": "data"},
            "streams": exports.streams,
        },
    )
    project.write(
        "okr_defs/models/best.sql",
        "select team, region, max(amount) as best, min(at) as first_at\n"
        "from mix.plain where amount is not null and at is not null group by team, region\n",
    )
    metrics, krs = definitions(exports)
    project.define("metrics/m", {"metrics": metrics})
    objective = {"title": "O", "owner": "a@x.example", "key_results": krs}
    project.define(
        "objectives/2026-H1/t", {"cycle": "2026-H1", "team": "t", "objectives": {"o": objective}}
    )
    project.run("2026-06-30")
    return project, exports


def month_back(day: date, months: int) -> date:
    """The same day of an earlier month, or its last day."""
    at = day.year * 12 + day.month - 1 - months
    for last in range(day.day, 0, -1):
        try:
            return date(at // 12, at % 12 + 1, last)
        except ValueError:
            continue
    raise AssertionError


def first_of(window: str, day: date) -> date:
    """The first day of the running period; years start on 1 February."""
    if window == "week":
        return day - timedelta(days=day.weekday())
    if window == "month":
        return day.replace(day=1)
    if window == "quarter":
        return month_back(day.replace(day=1), (day.month - 2) % 3)
    if window == "year":
        return date(day.year - (day.month < 2), 2, 1)
    return day


def bounds(window: str, day: date) -> tuple[date, date]:
    """First and last day of a window."""
    if window == "all":
        return date.min, day
    if window.startswith("trailing"):
        return day - timedelta(days=int(window.split()[1][:-1]) - 1), day
    if window.startswith("last"):
        name = window.split()[1]
        last = first_of(name, day + timedelta(days=1)) - timedelta(days=1)
        return first_of(name, last), last
    return first_of(window, day), day


def local(at: datetime, plain_date: bool = False) -> date:
    """The day in the organisation's zone."""
    return at.date() if plain_date else at.astimezone(HOME).date()


def within(rows: list[Row], window: str, day: date, dates: bool = False) -> list[Row]:
    """The rows of a window."""
    low, high = bounds(window, day)
    return [r for r in rows if r.at and low <= local(r.at, dates) <= high]


def total(rows: list[Row]) -> Fraction:
    """The sum of the amounts."""
    return sum((Fraction(r.amount) for r in rows if r.amount is not None), Fraction(0))


def wanted(exports: Exports, day: date) -> dict[str, Fraction | None]:
    """Every key result's value."""
    found: dict[str, Fraction | None] = {}
    for name, rows in exports.right.items():
        seen = within(rows, "all", day, name == "dates")
        found[f"n-{name}"], found[f"s-{name}"] = Fraction(len(seen)), total(seen)
    plain = exports.right["plain"]
    for name, window in WINDOWS.items():
        found[f"w-{name}"] = total(within(plain, window, day))
    for back, (months, ago) in EARLIER.items():
        then = month_back(day, months) - timedelta(days=ago)
        now, before = (total(within(plain, "trailing 30d", d)) for d in (day, then))
        found[f"back-{back}"] = (now / before - 1) * 100 if before else None
    best: dict[Any, list[Row]] = {}
    for r in plain:
        if r.at and r.amount is not None:
            best.setdefault((r.team, r.region), []).append(r)
    found["best"] = sum(
        (
            max(Fraction(r.amount or 0) for r in rows)
            for rows in best.values()
            if local(min(r.at for r in rows if r.at)) <= day
        ),
        Fraction(0),
    )
    packed = found["n-packed"] or Fraction(0)
    found["mixed"] = (total(within(plain, "all", day)) - 3 * (found["n-plain"] or 0)) / (packed + 1)
    seen = within(plain, "all", day)
    found["list"] = total([r for r in seen if r.team in ("x", "y")])
    found["both"] = total([r for r in seen if r.team in ("x", "z") and r.region == "us"])
    found["nobody"] = Fraction(0)
    return {name.replace("_", "-"): value for name, value in found.items()}


@pytest.mark.parametrize("day", DAYS)
def test_every_value_is_what_the_files_say(world: tuple[Outside, Exports], day: str) -> None:
    """Formats, zones, quarantines, loads, windows, derived metrics, filters and models."""
    project, exports = world
    said = project.short(day)
    right = wanted(exports, date.fromisoformat(day))
    wrong = [
        (k, said[k]["value"], shown(v)) for k, v in right.items() if said[k]["value"] != shown(v)
    ]
    assert wrong == []
    assert set(said) == set(right)


def test_the_rows_set_aside_are_the_ones_that_break_a_contract(
    world: tuple[Outside, Exports],
) -> None:
    """Rows received = kept + set aside, in every batch."""
    project, _ = world
    found = project.call("batches", "list", "--json")
    assert found.code == 0
    batches = found.data
    assert all(
        b["rows_received"] == b["rows_kept"] + b["rows_quarantined"] + b["rows_broken"]
        for b in batches
    ), batches
    aside = {b["object"]: (b["rows_broken"], b["rows_quarantined"]) for b in batches}
    assert (aside["bad.csv"], aside["strict.csv"], aside["early.csv"]) == ((7, 2), (1, 0), (0, 0))


def test_a_second_run_records_nothing(world: tuple[Outside, Exports]) -> None:
    """Two runs: equal statuses, no new record, and the ledger verifies."""
    project, _ = world
    before, proof = project.status("2026-06-30"), project.call("verify", "--json")
    project.run("2026-06-30")
    again = project.call("verify", "--json")
    assert project.status("2026-06-30") == before
    assert (proof.code, again.code) == (0, 0), again.out[-2000:]
    assert proof.data == again.data
