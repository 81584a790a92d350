"""A project with a key result of every kind that ran on seven days, with people and decisions."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from flow_builders import ORGANISATION, Small

from scoreline.core.records import CheckIn

SOURCE = """\
source: lms
connector: files
options: {root: data}
streams:
  done:
    options: {glob: "done*.csv"}
    columns: {id: text, team: text, score: "decimal(5,2)", at: date}
    key: [id]
    load: merge
    event_time: at
    fresh_within: 40d
    expect:
      - {type: expect_column_values_to_not_be_null, column: team}
"""
METRICS = """\
metrics:
  people: {title: P, unit: count, from: lms.done, measure: {count_distinct: id}, window: cycle, dimensions: [team]}
  mean: {title: M, unit: score, from: lms.done, measure: {average: score}, window: trailing 30d}
  passed: {title: Q, unit: share, derived: good / people}
  good: {title: G, unit: count, from: lms.done, measure: {count: rows, where: score > 50}, window: cycle}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    key_results:
      up: {title: T, metric: people, baseline: 0, target: 30, expected: s_curve}
      down: {title: T, metric: people, filter: {team: [a, b]}, baseline: {at: 2026-07-20}, target: {change: +50%}, expected: workdays}
      bend: {title: T, metric: mean, baseline: 0, target: 90, curve: [{value: 30, progress: 0.5}], expected: {waypoints: [{date: 2026-09-01, progress: 0.4}]}}
      hold: {title: T, metric: passed, keep: {at_least: 40, every: month, exclusive: true, pass: 0.8}}
      steps:
        title: T
        milestones:
          - {title: A, weight: 1, due: 2026-08-01, done: 2026-08-02}
          - {title: B, weight: 2, due: 2026-10-01, done_when: {metric: people, at_least: 12}}
      end: {title: T, done: 2026-09-09}
      hand: {title: T, manual: true, baseline: 0, target: 10}
      gone: {title: T, metric: people, baseline: 0, target: 9, withdrawn: {date: 2026-09-01, why: merged}}
      late: {title: T, metric: people, baseline: 0, target: 9, start: 2026-11-01}
"""


def write(small: Small, name: str, rows: list[str]) -> None:
    small.write(f"data/{name}.csv", "id,team,score,at\n" + "".join(f"{r}\n" for r in rows))


def build(folder: Path) -> Small:
    """The project after its runs: corrected, blocked, overridden, with a moved target."""
    small = Small(folder)
    small.define(
        organisation=ORGANISATION,
        sources__lms=SOURCE,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    first = date(2026, 7, 2)
    rows = [
        f"i{n},{'abc'[n % 3]},{n * 7 % 100}.25,{first + timedelta(days=4 * n)}" for n in range(30)
    ]
    for count, day in (
        (6, "2026-07-25"),
        (14, "2026-08-31"),
        (20, "2026-10-01"),
        (20, "2026-12-30"),
    ):
        write(small, "done1", rows[:count])
        small.run(day)
    small.run("2026-06-28")
    write(small, "done2", ["i90,,5,2026-10-02"])
    small.run("2026-10-02")
    with small.open() as project:
        for entry in (
            CheckIn("2026-H2/learning/o/hand", date(2026, 9, 1), "ann", "4"),
            CheckIn("2026-H2/learning/o/hand", date(2026, 9, 1), "ann", "5"),
            CheckIn(
                "2026-H2/learning/o/up",
                date(2026, 9, 30),
                "ann",
                "17",
                until=date(2026, 10, 8),
                reason="counted by hand",
                approver="bob",
            ),
        ):
            project.store.add_check_in(entry, project.now())
    small.define(objectives__2026_H2__learning=OBJECTIVES.replace("target: 30", "target: 25"))
    small.run("2026-10-03")
    return small
