"""One small project with two sources, for faults and kills. Not here: what tests claim of it."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from judge_projects import Outside

DAY = "2026-05-31"


def stream(glob: str) -> dict[str, Any]:
    """A stream of (id, team, amount, at)."""
    return {
        "options": {"glob": glob},
        "columns": {"id": "text", "team": "text", "amount": "decimal(9,2)", "at": "date"},
        "key": ["id"],
        "load": "merge",
        "event_time": "at",
        "expect": [{"type": "expect_column_values_to_not_be_null", "column": "id"}],
    }


def write(project: Outside, ghost: bool = False) -> None:
    """Definitions and exports."""
    cycle = {"start": "2026-01-01", "end": "2026-06-30"}
    teams: dict[str, Any] = {"a": {}, "b": {"parent": "a"}}
    org = {"organisation": "J", "timezone": "UTC", "cycles": {"c": cycle}, "teams": teams}
    project.define("organisation", org)
    for name in ("one", "two", *(("ghost",) if ghost else ())):
        body = {"source": name, "connector": "files", "options": {"root": f"data/{name}"}}
        project.define(f"sources/{name}", {**body, "streams": {"e": stream("*.csv")}})
        base = {"title": "T", "owner": "a@x.example", "unit": "number", "from": f"{name}.e"}
        measure = {"measure": {"sum": "amount"}, "window": "cycle", "dimensions": ["team"]}
        project.define(f"metrics/{name}", {"metrics": {f"m_{name}": {**base, **measure}}})
    chance = random.Random(5)
    for name, files in (("one", 3), ("two", 2)):
        for file in range(files):
            rows = ["id,team,amount,at"]
            for _ in range(1500):
                at = date(2026, 1, 1) + timedelta(days=chance.randrange(150))
                rows.append(
                    f"i{chance.randrange(3000)},t{chance.randrange(5)},{chance.randrange(999)}.25,{at}"
                )
            project.write(f"data/{name}/{file}.csv", "\n".join(rows) + "\n")
    sources = ["one", "two", *(["ghost"] if ghost else [])]
    for team in ("a", "b"):
        krs: dict[str, Any] = {f"k-{s}": {"metric": f"m_{s}"} for s in sources}
        krs |= {f"f-{t}": {"metric": "m_one", "filter": {"team": f"t{t}"}} for t in range(5)}
        common = {"title": "T", "owner": "a@x.example", "baseline": 0, "target": 900000}
        body = {"title": "O", "owner": "a@x.example"}
        body["key_results"] = {n: {**common, **k} for n, k in krs.items()}
        project.define(
            f"objectives/c/{team}", {"cycle": "c", "team": team, "objectives": {"o": body}}
        )
