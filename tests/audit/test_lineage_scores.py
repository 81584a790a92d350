"""From file to score: no column moves a score that the score's lineage does not list."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.measures.lineage import Lineage, SourceColumn

SOURCE = """\
source: crm
connector: files
options: {root: data}
streams:
  deals:
    options: {glob: "deals.csv"}
    columns: {id: text, agent: text, amount: integer, region: text, seen: date, day: date, note: text}
    key: [id]
    load: merge
    version_by: seen
    event_time: day
    fresh_within: 20d
    expect:
      - {type: expect_column_values_to_be_between, column: amount, min_value: 3, on_failure: quarantine}
  agents:
    options: {glob: "agents.csv"}
    columns: {agent: text, team: text, office: text}
    key: [agent]
    load: replace
"""
MODEL = """\
SELECT d.amount, d.day FROM crm.deals AS d JOIN crm.agents AS a ON a.agent = d.agent
WHERE a.team = 'field'
"""
METRICS = """\
metrics:
  won: {title: W, unit: number, from: crm.deals, measure: {sum: amount}, window: cycle, dimensions: [region]}
  deals: {title: D, unit: count, from: crm.deals, measure: {count: rows}, window: last month}
  big: {title: B, unit: share, from: crm.deals, measure: {numerator: {count: rows, where: amount > 40}, denominator: {count: rows}}, window: trailing 60d}
  field: {title: F, unit: number, from: models.field, measure: {max: amount}, time: day, window: cycle}
  each: {title: E, unit: number, derived: won / field}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: a@acme.example
    key_results:
      won: {title: W, metric: won, baseline: 0, target: 20000}
      north: {title: N, metric: won, filter: {region: north}, baseline: 0, target: 9000}
      deals: {title: D, metric: deals, baseline: 0, target: 90}
      big: {title: B, metric: big, baseline: 0, target: 90}
      field: {title: F, metric: field, baseline: 0, target: 200}
      each: {title: E, metric: each, baseline: 0, target: 80}
"""
HEADERS = {
    "deals": ["id", "agent", "amount", "region", "seen", "day", "note"],
    "agents": ["agent", "team", "office"],
}


def contents() -> dict[str, list[list[str]]]:
    """Deals in several versions, and agents, at random."""
    chance, first = random.Random(5), date(2026, 7, 1)
    deals = [
        [
            f"d{chance.randrange(45)}",
            f"a{chance.randrange(6)}",
            str(chance.randrange(100)),
            chance.choice(["north", "south"]),
            str(first + timedelta(days=chance.randrange(130))),
            str(first + timedelta(days=chance.randrange(138))),
            f"n{number}",
        ]
        for number in range(80)
    ]
    agents = [[f"a{n}", "field" if n % 2 else "inside", f"o{n}"] for n in range(6)]
    return {"deals": deals, "agents": agents}


def scores(root: Path, rows: dict[str, list[list[str]]]) -> dict[str, tuple[object, ...]]:
    """The value and status of every key result on these rows."""
    small = Small(root)
    small.define(
        organisation=ORGANISATION,
        sources__crm=SOURCE,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    small.write("okr_defs/models/field.sql", MODEL)
    for name, lines in rows.items():
        text = "".join(",".join(line) + "\n" for line in [HEADERS[name], *lines])
        small.write(f"data/{name}.csv", text)
    report = small.run("2026-11-20")
    assert report.scores is not None
    return {r.id: (r.score.value, r.score.status) for r in report.scores.key_results}


@pytest.mark.slow
def test_no_column_outside_the_lineage_moves_a_score(tmp_path: Path) -> None:
    """One column's values dealt out anew in the file: only scores that list it move."""
    rows, moved, still = contents(), set(), set()
    before = scores(tmp_path / "before", rows)
    with Small(tmp_path / "before").open() as project:
        lineage = Lineage(project.plan)
        listed = {
            kr.id: {use.source for use in lineage.key_result(kr)}
            for kr in project.plan.key_results.values()
        }
    for table, header in HEADERS.items():
        for position, column in enumerate(header):
            values = [row[position] for row in rows[table]]
            random.Random(position).shuffle(values)
            mixed = [
                [*r[:position], v, *r[position + 1 :]]
                for r, v in zip(rows[table], values, strict=True)
            ]
            after = scores(tmp_path / f"{table}-{column}", {**rows, table: mixed})
            source = SourceColumn(f"crm.{table}", column)
            for kr, result in after.items():
                if result != before[kr]:
                    moved.add((kr, source))
                    assert source in listed[kr], (kr, source)
                elif source not in listed[kr]:
                    still.add((kr, source))
    assert {column.column for _, column in moved} >= {"id", "amount", "region", "seen", "day"}
    assert len(moved) > 15
    assert len(still) > 15
