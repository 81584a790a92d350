"""The workload as a project: definitions in YAML.

What belongs here: texts of definition files. What does not: rows, and what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from bench.workload import CYCLE, FIRST, LAST, STAGES, STATUSES, TEAMS, TIMEZONE, Asked, Workload


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(texts)}]"


_DONE = "course = '{s}' and status = 'completed'"
_WON = "product = '{s}' and deal_stage = 'Won'"
_CLOSED = "product = '{s}' and deal_stage in ('Won', 'Lost')"
_RATIO = (
    f'{{{{numerator: {{{{count: rows, where: "{_WON}"}}}}, '
    f'denominator: {{{{count: rows, where: "{_CLOSED}"}}}}}}}}'
)
_MEASURES = {
    "completions": ("count", f'{{{{count: rows, where: "{_DONE}"}}}}'),
    "learners": ("count", f'{{{{count_distinct: learner_id, where: "{_DONE}"}}}}'),
    "minutes": ("number", f'{{{{sum: minutes, where: "{_DONE}"}}}}'),
    "score": ("score", f'{{{{average: score, where: "{_DONE}"}}}}'),
    "won": ("count", f'{{{{count: rows, where: "{_WON}"}}}}'),
    "revenue": ("currency:EUR", f'{{{{sum: close_value, where: "{_WON}"}}}}'),
    "win_rate": ("share", f"{{{{ratio: {_RATIO}}}}}"),
    "deal": ("currency:EUR", f'{{{{average: close_value, where: "{_WON}"}}}}'),
}
_LMS = f"""\
source: lms
connector: files
options: {{root: data/lms}}
streams:
  completions:
    options: {{glob: "*.csv"}}
    columns:
      completion_id: integer
      learner_id: text
      team: text
      course: text
      status: text
      score: {{type: "decimal(5,2)"}}
      minutes: integer
      completed_at: {{type: timestamp, format: "%Y-%m-%d %H:%M:%S", timezone: {TIMEZONE}}}
    key: [completion_id]
    load: append
    event_time: completed_at
    expect:
      - {{type: expect_column_values_to_not_be_null, column: learner_id}}
      - {{type: expect_column_values_to_not_be_null, column: team}}
      - {{type: expect_column_values_to_not_be_null, column: completed_at}}
      - {{type: expect_column_values_to_be_in_set, column: status, value_set: {_list(STATUSES)}}}
      - {{type: expect_column_values_to_be_between, column: score, min_value: 0, max_value: 100}}
      - {{type: expect_column_values_to_be_between, column: minutes, min_value: 0, max_value: 600}}
"""
_CRM = f"""\
source: crm
connector: files
options: {{root: data/crm}}
streams:
  opportunities:
    options: {{glob: "*.csv"}}
    columns:
      opportunity_id: text
      team: text
      product: text
      deal_stage: text
      close_value: {{type: "decimal(12,2)"}}
      closed_on: date
      modified_at: {{type: timestamp, format: "%Y-%m-%dT%H:%M:%S%z"}}
    key: [opportunity_id]
    load: merge
    version_by: modified_at
    event_time: modified_at
    expect:
      - {{type: expect_column_values_to_not_be_null, column: team}}
      - {{type: expect_column_values_to_not_be_null, column: product}}
      - {{type: expect_column_values_to_be_in_set, column: deal_stage, value_set: {_list(STAGES)}}}
      - {{type: expect_column_values_to_be_between, column: close_value, min_value: 0, \
max_value: 250000, on_failure: quarantine}}
"""


def write_definitions(workload: Workload, root: Path) -> None:
    """Write `okr_defs/` below `root`."""
    folder = root / "okr_defs"
    _write(folder / "organisation.yaml", _organisation())
    _write(folder / "sources" / "lms.yaml", _LMS)
    _write(folder / "sources" / "crm.yaml", _CRM)
    for topic in ("lms", "crm"):
        _write(folder / "metrics" / f"{topic}.yaml", _metrics(workload, topic))
    for team, asked in groupby(workload.asked(), key=lambda a: a.team):
        _write(folder / "objectives" / CYCLE / f"{team}.yaml", _objectives(team, list(asked)))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _organisation() -> str:
    teams = "".join(f"  {team}: {{lead: lead@acme.example}}\n" for team in TEAMS)
    return (
        f"organisation: Benchmark\ntimezone: {TIMEZONE}\n"
        f'cycles:\n  "{CYCLE}": {{start: {FIRST}, end: {LAST}}}\n'
        f"evaluate: {LAST}\nteams:\n{teams}"
        "people:\n  lead@acme.example: {name: Team Lead}\n"
    )


def _metrics(workload: Workload, topic: str) -> str:
    relation = "lms.completions" if topic == "lms" else "crm.opportunities"
    time = "completed_at" if topic == "lms" else "closed_on"
    lines = ["metrics:"]
    for name, kind, subject in workload.kinds():
        if subject.startswith("C-") != (topic == "lms"):
            continue
        unit, measure = _MEASURES[kind]
        lines += [
            f"  {name}:",
            f"    title: {kind.replace('_', ' ').capitalize()} of {subject}",
            "    owner: lead@acme.example",
            f"    unit: {unit}",
            f"    from: {relation}",
            f"    measure: {measure.format(s=subject)}",
            f"    time: {time}",
            "    window: cycle",
            "    dimensions: [team]",
        ]
    return "\n".join(lines) + "\n"


def _objectives(team: str, asked: list[Asked]) -> str:
    lines = [f'cycle: "{CYCLE}"', f"team: {team}", "objectives:"]
    for number in range(0, len(asked), 5):
        lines += [
            f"  objective-{number // 5 + 1}:",
            f"    title: Objective {number // 5 + 1}",
            "    owner: lead@acme.example",
            "    key_results:",
        ]
        for one in asked[number : number + 5]:
            lines += [
                f"      {one.name}:",
                f"        title: {one.target} of {one.metric}",
                f"        metric: {one.metric}",
                f"        filter: {{team: [{one.team}]}}",
                "        baseline: 0",
                f"        target: {one.target}",
            ]
    return "\n".join(lines) + "\n"
