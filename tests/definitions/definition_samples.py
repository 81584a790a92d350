"""A small, complete project and a way to write it with one thing changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scoreline.core.errors import Problem
from scoreline.definitions.project import Loading, load_project

ORGANISATION = "okr_defs/organisation.yaml"
LMS = "okr_defs/sources/lms.yaml"
CRM = "okr_defs/sources/crm.yaml"
BEST = "okr_defs/models/best_scores.sql"
LEARNING = "okr_defs/metrics/learning.yaml"
SALES = "okr_defs/metrics/sales.yaml"
COMPANY_GOALS = "okr_defs/objectives/2026-H2/company.yaml"
LEARNING_GOALS = "okr_defs/objectives/2026-H2/learning.yaml"

FILES: dict[str, str] = {
    ORGANISATION: """\
organisation: Acme Training
timezone: Europe/Berlin
cycles:
  2025-H2: {start: 2025-07-01, end: 2025-12-31}
  2026-H2: {start: 2026-07-01, end: 2026-12-31}
evaluate: last_complete_day
fiscal_year_starts: 01-01
thresholds: {on_track: 0.90, at_risk: 0.70, grace: 0.10}
holidays: [2026-10-03, 2026-12-25]
check_ins: weekly
personal: {key: "${env:PSEUDONYM_KEY}"}
teams:
  company: {lead: ceo@acme.example}
  learning: {lead: maya.chen@acme.example, parent: company}
people:
  maya.chen@acme.example: {name: Maya Chen}
""",
    LMS: """\
source: lms
connector: files
options: {root: data/lms}
schedule: "0 5 * * *"
streams:
  completions:
    options: {glob: "completions*.csv"}
    columns:
      learner_id: {type: text, personal: pseudonym}
      secret_note: {type: text, personal: drop}
      team: text
      course: text
      status: {type: text, one_of: [completed, failed, in progress]}
      score: {type: "decimal(5,2)", null_values: ["", "?"]}
      completed_at: {type: timestamp, format: "%Y-%m-%d %H:%M:%S", timezone: Europe/Berlin}
    key: [learner_id, course]
    load: merge
    version_by: completed_at
    event_time: completed_at
    fresh_within: 2 workdays
    schema_contract: {new_column: keep, missing_column: block, shrink_below: 0.8}
    expect:
      - {type: expect_column_values_to_not_be_null, column: learner_id}
      - {type: expect_column_values_to_be_between, column: score, min_value: 0.5, max_value: 100}
  roster:
    columns:
      learner_id: text
      team: text
      active: boolean
    key: learner_id
    load: replace
""",
    CRM: """\
source: crm
connector: files
options: {root: data/crm}
streams:
  opportunities:
    columns:
      opportunity_id: text
      team: text
      deal_stage: text
      close_date: date
      close_value: decimal(12,2)
    key: [opportunity_id]
    event_time: close_date
""",
    BEST: """\
-- the best score of each learner
WITH best AS (
  SELECT learner_id, team, max(score) AS score FROM lms.completions GROUP BY 1, 2
)
SELECT best.* FROM best JOIN lms.roster AS r USING (learner_id)
""",
    LEARNING: """\
metrics:
  proficient_staff:
    title: Staff with advanced proficiency
    owner: maya.chen@acme.example
    unit: count
    from: lms.completions
    measure: {count_distinct: learner_id, where: "score >= 85"}
    dimensions: [team]
    settle: 3d
  active_staff:
    title: Active staff
    owner: hr@acme.example
    unit: count
    from: lms.roster
    measure: {count: rows, where: "active"}
    window: latest
    dimensions: [team]
  proficiency_rate:
    title: Share of proficient staff
    owner: maya.chen@acme.example
    unit: share
    derived: proficient_staff / active_staff
  best_average:
    title: Average of best scores
    owner: maya.chen@acme.example
    unit: score
    from: models.best_scores
    measure: {average: score}
    window: all
""",
    SALES: """\
metrics:
  won_revenue:
    title: Won revenue
    owner: tom.ruiz@acme.example
    unit: currency:EUR
    from: crm.opportunities
    measure: {sum: close_value, where: "deal_stage = 'Won'"}
    window: trailing 90d
  revenue_growth:
    title: Growth of won revenue
    owner: tom.ruiz@acme.example
    unit: percent
    derived: won_revenue / won_revenue@-1y - 1
  win_rate:
    title: Win rate
    owner: tom.ruiz@acme.example
    unit: share
    from: crm.opportunities
    measure:
      ratio:
        numerator: {count: rows, where: "deal_stage = 'Won'"}
        denominator: {count: opportunity_id}
""",
    COMPANY_GOALS: """\
cycle: 2026-H2
team: company
objectives:
  digital-operations:
    title: We run on digital operations
    owner: ceo@acme.example
    commitment: committed
    roll_up: children
""",
    LEARNING_GOALS: """\
cycle: 2026-H2
team: learning
objectives:
  crm-fluency:
    title: Everyone works fluently in the new CRM
    owner: maya.chen@acme.example
    supports: company/digital-operations
    weight: 1
    key_results:
      proficiency:
        title: 90 % of staff reach advanced proficiency
        metric: proficiency_rate
        baseline: 35
        target: 90
        weight: 2
        expected: {waypoints: [{date: 2026-09-30, progress: 0.4}]}
      team-proficiency:
        title: 95 % in the learning team by the end of November
        metric: proficiency_rate
        filter: {team: [learning, company]}
        baseline: 30
        target: 95
        curve: [{value: 60, progress: 0.3}]
        due: 2026-11-30
      growth:
        title: Twenty percent more revenue
        metric: won_revenue
        baseline: {at: 2026-06-30}
        target: {change: +20%}
      steady:
        title: The win rate stays above a third
        metric: win_rate
        keep: {at_least: 33.5, every: month}
      mood:
        title: People feel prepared
        manual: true
        baseline: 3.1
        target: 4.5
      rollout:
        title: Roll-out complete
        milestones:
          - {title: Pilot, weight: 1, due: 2026-08-15, done: 2026-08-12}
          - {title: Half, due: 2026-11-30, done_when: {metric: active_staff, at_least: 60}}
      signed:
        title: The agreement is signed
        done: false
      old-idea:
        title: An idea that we dropped
        metric: best_average
        baseline: 60
        target: 80
        withdrawn: {date: 2026-08-01, why: The course was replaced}
""",
}


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files below `root`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)


def load(root: Path, changed: Mapping[str, str | bytes | None] | None = None) -> Loading:
    """Load the sample project with some files changed, added, or (None) left out."""
    files: dict[str, str | bytes] = {**FILES}
    for name, text in (changed or {}).items():
        if text is None:
            del files[name]
        else:
            files[name] = text
    write(root, files)
    return load_project(root)


def edited(name: str, old: str, new: str) -> dict[str, str | bytes | None]:
    """One file of the sample with one passage, that must stand there once, replaced."""
    assert FILES[name].count(old) == 1, f"{old!r} stands {FILES[name].count(old)} times in {name}"
    return {name: FILES[name].replace(old, new)}


def shown(problems: tuple[Problem, ...] | list[Problem]) -> str:
    """Problems for an assertion's message."""
    return "\n".join(str(p) for p in problems)
