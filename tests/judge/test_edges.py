"""Edges of freshness, summer time, baselines, overrides and held milestones, day by day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from judge_projects import Outside

HEAD = "id,amount,at\n"
STAMP = {"type": "timestamp", "format": "%Y-%m-%dT%H:%M:%S%z"}
FULL = {"type": "expect_column_values_to_not_be_null", "column": "amount"}
FUTURE = str(datetime.now(UTC).date() + timedelta(days=400))
EXPECTED: dict[str, dict[str, tuple[str | None, str | None, str]]] = {
    "2026-03-29": {
        "dst": ("22.000000", "2.200000", "achieved"),
        "plain": ("0.000000", "0.000000", "off_track"),
        "zero": (None, None, "no_data"),
        "steps": (None, "0.500000", "held"),
    },
    "2026-05-09": {
        "hours": ("3.000000", "0.300000", "off_track"),
        "both": ("6.000000", "0.600000", "at_risk"),
        "percent": ("100.000000", "1.000000", "achieved"),
        "less": ("3.000000", "0.000000", "off_track"),
        "by-hand": (None, None, "no_data"),
        "steps": (None, "1.000000", "held"),
    },
    "2026-05-10": {
        "hours": ("3.000000", "0.300000", "stale"),
        "both": ("6.000000", "0.600000", "stale"),
        "by-hand": ("4.000000", "0.400000", "off_track"),
        "plain": ("3.000000", "0.300000", "off_track"),
    },
    "2026-05-12": {
        "workdays": ("3.000000", "0.300000", "off_track"),
        "plain": ("9.000000", "0.900000", "on_track"),
    },
    "2026-05-13": {
        "workdays": ("3.000000", "0.300000", "stale"),
        "gated": ("5.000000", "0.500000", "held"),
        "summed": ("8.000000", "0.800000", "held"),
    },
    "2026-05-20": {"plain": ("9.000000", "0.900000", "on_track")},
    "2026-05-25": {
        "plain": ("3.000000", "0.300000", "off_track"),
        "by-hand": ("4.000000", "0.400000", "stale"),
        "negative": (None, None, "held"),
    },
    "2026-07-01": {
        "plain": ("7.000000", "0.700000", "missed"),
        "less": ("7.000000", "-13.333333", "missed"),
    },
    FUTURE: {
        "plain": ("7.000000", "0.700000", "missed"),
        "hours": ("7.000000", "0.700000", "stale"),
    },
}


def stream(name: str, **more: Any) -> dict[str, Any]:
    """A stream of (id, amount, at)."""
    columns = {"id": "text", "amount": "decimal(9,2)", "at": STAMP}
    body = {"options": {"glob": f"{name}*.csv"}, "columns": columns, "key": ["id"]}
    return {**body, "load": "merge", "event_time": "at", **more}


def metrics() -> dict[str, Any]:
    """Sums of the streams, and what is derived from them."""
    made: dict[str, Any] = {}
    for name in ("hours", "workdays", "plain", "dst", "gated"):
        window = "day" if name == "dst" else "all"
        made[name] = {"from": f"s.{name}", "measure": {"sum": "amount"}, "window": window}
    made["both"] = {"derived": "plain + hours"}
    made["summed"] = {"derived": "plain + gated"}
    made["zero"] = {"derived": "plain / (plain - plain)"}
    made["negative"] = {"derived": "plain - 1000", "unit": "count"}
    made["percent"] = {"derived": "plain / 3", "unit": "percent"}
    return {
        n: {"title": "T", "owner": "a@x.example", "unit": "number", **b} for n, b in made.items()
    }


def key_results() -> dict[str, Any]:
    """One for each metric, and the others."""
    made: dict[str, Any] = {n: {"metric": n, "baseline": 0, "target": 10} for n in metrics()}
    made["percent"]["target"] = 100
    made["less"] = {
        "metric": "plain",
        "baseline": {"at": "2026-05-08"},
        "target": {"change": "-10%"},
    }
    made["by-hand"] = {"manual": True, "baseline": 0, "target": 10}
    step = {"title": "M", "weight": 1}
    made["steps"] = {
        "milestones": [
            {**step, "due": "2026-02-01", "done": "2026-02-03"},
            {**step, "due": "2026-06-01", "done_when": {"metric": "gated", "at_least": 1}},
        ]
    }
    return {n: {"title": "T", "owner": "a@x.example", **body} for n, body in made.items()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """Run on 12 May, then once more with a batch that is blocked."""
    made = Outside(tmp_path_factory.mktemp("edges"))
    cycle = {"start": "2026-01-01", "end": "2026-06-30"}
    org = {"organisation": "J", "timezone": "Europe/Berlin", "cycles": {"c": cycle}}
    made.define("organisation", {**org, "holidays": ["2026-05-14"], "teams": {"t": {}}})
    streams = {
        "hours": stream("ev", fresh_within="36h"),
        "workdays": stream("ev", fresh_within="2 workdays"),
        "plain": stream("ev"),
        "dst": stream("dst"),
        "gated": stream("gated", expect=[FULL]),
    }
    body = {"source": "s", "connector": "files", "options": {"root": "data"}, "streams": streams}
    made.define("sources/s", body)
    made.define("metrics/m", {"metrics": metrics()})
    objective = {"title": "O", "owner": "a@x.example", "key_results": key_results()}
    made.define("objectives/c/t", {"cycle": "c", "team": "t", "objectives": {"o": objective}})
    made.write(
        "data/ev.csv",
        HEAD + "a,3,2026-05-08T12:00:00+02:00\nb,4,2026-06-20T12:00:00+02:00\n",
    )
    made.write(
        "data/dst.csv",
        HEAD + "a,1,2026-03-28T23:30:00+01:00\nb,2,2026-03-29T00:30:00+01:00\n"
        "c,4,2026-03-29T23:30:00+02:00\nd,8,2026-03-29T22:30:00Z\ne,16,2026-03-29T21:59:59Z\n",
    )
    made.write("data/gated1.csv", HEAD + "a,5,2026-05-01T12:00:00+02:00\n")
    made.call("checkin", "c/t/o/by-hand", "--value", "4", "--date", "2026-05-10")
    words = ["--override", "9", "--date", "2026-05-12", "--until", "2026-05-20", "--reason", "r"]
    made.call("checkin", "c/t/o/plain", *words, "--approver", "b@x.example")
    made.run("2026-05-12")
    made.write("data/gated2.csv", HEAD + "b,,2026-05-03T12:00:00+02:00\n")
    made.run("2026-05-13", code=3)
    return made


def test_every_edge_on_its_days(project: Outside) -> None:
    """Value, progress and status, day by day."""
    wrong = []
    for day, rows in EXPECTED.items():
        said = project.short(day)
        for name, right in rows.items():
            found = (said[name]["value"], said[name]["progress"], said[name]["status"])
            if found != right:
                wrong.append((day, name, found, right))
    assert wrong == []
