"""The test project's files, and an implementation of `Steps` without data."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

import dagster as dg

from pipelines.definitions import build_definitions
from pipelines.project import Ingested, Look, Scored
from scoreline.core.errors import Problem, ScorelineError
from scoreline.core.model import Plan
from scoreline.definitions.project import load_project
from scoreline.steps.ports import Listener
from scoreline.steps.reports import MetricRow, ScoreReport, SourceReport, StreamReport

DAY = date(2026, 11, 20)
ROOT = Path(__file__).resolve().parents[2]

FILES = {
    "okr_defs/organisation.yaml": """\
organisation: Test
timezone: Europe/Berlin
cycles:
  2026-H2: {start: 2026-07-01, end: 2026-12-31}
evaluate: 2026-11-20
teams:
  company: {lead: ceo@test.example}
  sales: {lead: tom@test.example, parent: company}
people:
  ceo@test.example: {name: Cy}
""",
    "okr_defs/sources/crm.yaml": """\
source: crm
description: Deals.
owner: tom@test.example
connector: files
options: {root: data}
schedule: "0 5 * * *"
streams:
  deals:
    options: {glob: "deals*.csv"}
    columns:
      deal: text
      stage: {type: text, one_of: [Won, Lost]}
      amount: {type: "decimal(12,2)"}
      closed_on: date
    key: [deal]
    load: merge
    event_time: closed_on
    fresh_within: 3 workdays
    expect:
      - {type: expect_column_values_to_be_between, column: amount, min_value: 0, max_value: 900}
  visits:
    options: {glob: "visits*.csv"}
    columns: {visit: text, visited_on: date}
    key: [visit]
    load: append
    event_time: visited_on
    fresh_within: 36h
""",
    "okr_defs/sources/hr.yaml": """\
source: hr
connector: files
options: {root: data}
streams:
  staff:
    options: {glob: "staff*.csv"}
    columns: {person: text, hired_on: date}
    key: [person]
    load: replace
    event_time: hired_on
""",
    "okr_defs/models/won.sql": """\
SELECT deal, amount, closed_on FROM crm.deals WHERE stage = 'Won'
""",
    "okr_defs/metrics/sales.yaml": """\
metrics:
  won_revenue:
    title: Won revenue
    owner: tom@test.example
    unit: currency:EUR
    from: models.won
    measure: {sum: amount}
    time: closed_on
    window: cycle
""",
    "okr_defs/metrics/people.yaml": """\
metrics:
  staff:
    title: Staff
    owner: ceo@test.example
    unit: count
    from: hr.staff
    measure: {count: rows}
    window: all
""",
    "okr_defs/objectives/2026-H2/sales.yaml": """\
cycle: 2026-H2
team: sales
objectives:
  sell:
    title: Sell more
    owner: tom@test.example
    key_results:
      revenue: {title: Revenue of 1000, metric: won_revenue, baseline: 0, target: 1000}
""",
    "okr_defs/objectives/2026-H2/company.yaml": """\
cycle: 2026-H2
team: company
objectives:
  grow:
    title: Grow
    owner: ceo@test.example
    key_results:
      people: {title: Four people, metric: staff, baseline: 0, target: 4}
""",
}
DATA = {
    "deals_1.csv": "deal,stage,amount,closed_on\nd1,Won,400,2026-11-18\nd2,Lost,100,2026-11-19\n",
    "visits_1.csv": "visit,visited_on\nv1,2026-11-20\nv2,2026-11-20\n",
    "staff_1.csv": "person,hired_on\np1,2026-07-02\np2,2026-08-01\n",
}


def write_data(project: Path, **changed: str) -> None:
    """The test data; `changed` replaces or adds files, `deals_1="…"` for `deals_1.csv`."""
    folder = project / "data"
    folder.mkdir(exist_ok=True)
    for name, text in {**DATA, **{f"{k}.csv": v for k, v in changed.items()}}.items():
        (folder / name).write_text(text)


def write_project(root: Path) -> Path:
    """The test project's definitions below `root`."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def write_home(root: Path) -> Path:
    """The test project with this project's settings for Dagster."""
    for name in ("dagster.yaml", "pyproject.toml", ".gitignore"):
        shutil.copy(ROOT / name, root / name)
    return root


def environment(home: Path) -> dict[str, str]:
    """The environment of a process of Dagster with its home in a folder."""
    left_out = ("SCORELINE_PROJECT", "DAGSTER_HOME")
    kept = {k: v for k, v in os.environ.items() if k not in left_out}
    return kept | {"DAGSTER_HOME": str(home), "PYTHONPATH": str(ROOT)}


class FakeSteps:
    """`Steps` that report what a test put in, and remember what they were asked.

    Attributes:
        streams: the report of a stream by its full name; `unchanged` where none is put in.
        errors: what goes wrong as a whole, by source, or `score`.
        metric_errors: metrics that cannot be computed.
        asked: every call, in order.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.streams: dict[str, StreamReport] = {}
        self.stale: dict[str, str | None] = {}
        self.errors: dict[str, ScorelineError] = {}
        self.metric_errors: dict[str, str] = {}
        self.looks: dict[str, Look] = {}
        self.asked: list[tuple[str, object]] = []

    def _plan(self) -> tuple[Plan, tuple[Problem, ...]]:
        loading = load_project(self.root)
        assert loading.plan is not None
        return loading.plan, loading.problems

    def ingest(self, source: str, streams: Collection[str], listener: Listener) -> Ingested:
        """The reports that were put in."""
        self.asked.append((source, tuple(streams)))
        if source in self.errors:
            raise self.errors[source]
        plan, errors = self._plan()
        report = SourceReport(source)
        for name in streams:
            if name in plan.streams:
                report.streams[name] = self.streams.get(name, StreamReport(name))
        return Ingested(plan, errors, report, {}, self.stale)

    def score(self, days: Iterable[date | None], listener: Listener) -> Iterator[Scored]:
        """A value of 1 for each metric, and no key result."""
        plan, errors = self._plan()
        for day in days:
            self.asked.append(("score", day))
            if "score" in self.errors:
                raise self.errors["score"]
            rows = [
                MetricRow(name, "", "2026-H2", day or DAY, "1.500000", "3", "2", True)
                for name in plan.metrics
            ]
            report = ScoreReport(day or DAY, metrics=rows, errors=self.metric_errors)
            yield Scored(plan, errors, report)

    def look(self, sources: Collection[str]) -> Mapping[str, Look]:
        """The looks that were put in."""
        return {name: self.looks.get(name, Look()) for name in sources}

    def newest_day(self) -> date:
        """The day of the example."""
        return DAY


def definitions(steps: FakeSteps) -> dg.Definitions:
    """The code location of the fake's project, with the fake in it."""
    return build_definitions(steps.root, resource_overrides={"scoreline": steps})


def execute(
    steps: FakeSteps, job: str, instance: dg.DagsterInstance, **more: object
) -> dg.ExecuteInProcessResult:
    """Run a job of the fake's project in this process; failures are in the result."""
    found = definitions(steps).resolve_job_def(job)
    return found.execute_in_process(instance=instance, raise_on_error=False, **more)  # type: ignore[arg-type]


def materialised(result: dg.ExecuteInProcessResult) -> set[str]:
    """The assets that a run materialised, as `source/stream`."""
    events = result.get_asset_materialization_events()
    return {e.asset_key.to_user_string() for e in events if e.asset_key is not None}


def why_failed(result: dg.ExecuteInProcessResult) -> str:
    """What the failed steps of a run said."""
    datas = [e.step_failure_data for e in result.get_step_failure_events()]
    return "\n".join(d.user_failure_data.description or "" for d in datas if d.user_failure_data)
