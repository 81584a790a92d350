"""A random project over two files of deals and two snapshots of agents, and its metrics."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flow_builders import ORGANISATION, Small

from scoreline.audit.drilling import Drill, Question
from scoreline.core.series import Series
from scoreline.measures.derived import request_ids, value_function
from scoreline.measures.rows import Asked
from scoreline.steps.project import Project

DAY = "2026-11-20"
CYCLE = "2026-H2"
SOURCE = """\
source: crm
connector: files
options: {root: data}
streams:
  deals:
    options: {glob: "deals*.csv"}
    columns:
      id: text
      agent: {type: text, null_values: [""]}
      stage: {type: text, one_of: [won, lost, open]}
      value: {type: "decimal(12,2)", null_values: [""]}
      units: integer
      at: {type: timestamp, timezone: America/New_York, ambiguous: earlier, null_values: [""]}
      version: integer
    key: [id]
    load: merge
    version_by: version
    event_time: at
  agents:
    options: {glob: "agents*.csv"}
    columns: {agent: text, team: text, level: integer}
    key: [agent]
    load: replace
    history: true
"""
MODELS = {
    "won": "select d.id, d.value, a.team, d.at from crm.deals d "
    "left join crm.agents a on a.agent = d.agent where d.stage = 'won'",
    "best": "with b as (select agent, max(value) as value, max(at) as at, count(*) as n "
    "from crm.deals group by agent) select agent, value, at, n from b where value > 10",
    "names": "select distinct agent, stage from crm.deals where units > 3 "
    "union select agent, team from crm.agents",
    "stacked": "select id as k, value as v from models.won union all "
    "select agent, cast(level as decimal(12,2)) from crm.agents where level > 1",
    "windowed": "select id, value, rank() over (partition by agent order by value desc, id) as r "
    "from crm.deals qualify r <= 2",
    "excepted": "select agent from crm.deals except select agent from crm.agents where level > 2",
}
D = "from: crm.deals, unit: number"
METRICS = {
    "rows": f"{D}, measure: {{count: rows, where: \"stage = 'won'\"}}, window: cycle",
    "valued": f"{D}, measure: {{count: value}}, window: quarter, dimensions: [agent]",
    "people": f"{D}, measure: {{count_distinct: agent}}, window: trailing 90d",
    "total": f"{D}, measure: {{sum: value, where: \"stage in ('won', 'lost') and units > 2\"}}, "
    "window: year, dimensions: [agent, stage]",
    "low": f"{D}, measure: {{min: value}}, window: last month, dimensions: [stage]",
    "high": f"{D}, measure: {{max: units}}, window: all, dimensions: [stage]",
    "mean": f"{D}, measure: {{average: value, where: \"stage <> 'open'\"}}, window: cycle",
    "rate": f"{D}, measure: {{ratio: {{numerator: {{sum: value, where: \"stage = 'won'\"}}, "
    'denominator: {count_distinct: agent}}, where: "units > 1"}, window: trailing 200d',
    "a_week": f"{D}, measure: {{count: rows}}, window: week",
    "standing": "from: crm.agents, unit: number, measure: {count: rows, where: level > 0}, "
    "window: latest, dimensions: [team]",
    "growth": "derived: total / total@-1m - 1, unit: ratio",
    "per_head": "derived: total / standing * 2, unit: number",
    "won_value": "from: models.won, unit: number, measure: {sum: value}, time: at, window: cycle, "
    "dimensions: [team]",
    "best_value": "from: models.best, unit: number, measure: {average: value}, time: at, "
    "window: all",
    "names": "from: models.names, unit: number, measure: {count_distinct: agent}, window: all",
    "stacked": "from: models.stacked, unit: number, measure: {sum: v}, window: all",
    "windowed": "from: models.windowed, unit: number, measure: {max: value}, window: all",
    "excepted": "from: models.excepted, unit: number, measure: {count: rows}, window: all",
}
FILTERS = {
    "total": "{agent: [a1, a2], stage: won}",
    "low": "{stage: [won, lost]}",
    "valued": "{agent: a3}",
    "standing": "{team: [t0, t1]}",
    "won_value": "{team: t0}",
}


def build(folder: Path, seed: int) -> Small:
    """The project, with its files, run twice."""
    small = Small(folder)
    small.define(organisation=ORGANISATION, sources__crm=SOURCE)
    for name, sql in MODELS.items():
        small.write(f"okr_defs/models/{name}.sql", sql + "\n")
    metrics = "".join(f"  {n}: {{title: T, {text}}}\n" for n, text in METRICS.items())
    small.define(metrics__all="metrics:\n" + metrics)
    krs = "".join(
        f"      {n}: {{title: T, metric: {n}, baseline: 0, target: 100"
        + (f", filter: {FILTERS[n]}" if n in FILTERS else "")
        + "}\n"
        for n in METRICS
    )
    small.define(
        objectives__2026_H2__learning="cycle: 2026-H2\nteam: learning\nobjectives:\n  o:\n"
        "    title: O\n    key_results:\n" + krs
    )
    chance = random.Random(seed)
    deals = _deals(chance)
    older = [{**d, "version": 0, "value": "5", "stage": "open"} for d in deals[::4]]
    write(small.root / "data/deals1.csv", deals[:90])
    write(small.root / "data/agents1.csv", _agents(chance))
    assert not small.run(DAY).failed
    small.clock.moment += timedelta(days=1)
    write(small.root / "data/deals2.csv", older + deals[80:])
    write(small.root / "data/agents2.csv", _agents(chance))
    assert not small.run(DAY).failed
    return small


def _deals(chance: random.Random) -> list[dict[str, Any]]:
    found = []
    for number in range(140):
        at = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(60 * 24 * 210))
        found.append(
            {
                "id": f"=d{number}" if number % 7 == 0 else f"d{number}",
                "agent": chance.choice(["", "a0", "a1", "a2", "a3", "a4"]),
                "stage": chance.choice(["won", "lost", "open"]),
                "value": chance.choice(["", f"{chance.randrange(-999, 99999) / 100:.2f}"]),
                "units": chance.randrange(9),
                "at": "" if number % 20 == 0 else at.strftime("%Y-%m-%d %H:%M:%S"),
                "version": chance.randrange(1, 4),
            }
        )
    return found


def _agents(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {"agent": f"a{n}", "team": f"t{chance.randrange(2)}", "level": chance.randrange(4)}
        for n in range(5)
    ]


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """An export with these rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read(path: Path) -> list[dict[str, str]]:
    """The rows of an export; the first is number 1 of the file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def filter_of(project: Project, name: str) -> Any:
    """The filter of the key result that is named after a metric."""
    return project.plan.key_results[f"{CYCLE}/learning/o/{name}"].filter


@contextmanager
def drilled(project: Project, name: str, day: date) -> Iterator[tuple[Drill, Any]]:
    """The rows behind a metric's recorded value on a day, and that value."""
    chosen = filter_of(project, name)
    ids = request_ids(project.plan, name, chosen, CYCLE)
    values = project.store.values(ids)
    series = {r: Series.parse(v.series) for r, v in values.items()}
    value = value_function(project.plan, series, name, chosen, CYCLE)(day)
    digests = {s: d for v in values.values() for s, d in v.inputs["streams"].items()}
    asked = Asked(project.plan, name, chosen, CYCLE, day)
    with Drill(project.files, Question(asked, project.store.streams_then(digests))) as drill:
        yield drill, value
