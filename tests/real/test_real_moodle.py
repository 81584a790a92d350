"""A course's reports (Moodle): quoted cells, blank cells, blank and repeated headers, local times."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flow_builders import Small
from real_world import Exact, exact, over, plain, project, score_all, streams, table

from scoreline.quality.gx import GxValidator

DAYS = ["2026-11-20", "2026-11-21", "2026-11-22"]
ZONES = {4: "Europe/Berlin", 5: "Asia/Tokyo"}  # 02:31 in Tokyo is the evening before in Berlin
UNITS = ("Unit 1", "Unit 2", "Unit 3", "Final test")
STREAM = """\
  completion{course}:
    options: {{glob: "course{course}_completion*.csv"}}
    columns:
      id: {{type: integer, header: ID}}
      name: {{type: text, header: Name, personal: drop}}
      learner: {{type: text, header: Email address, personal: pseudonym}}
      unit_1: {{type: text, header: Unit 1, one_of: [Completed, Not completed]}}
      unit_1_at: {{type: timestamp, header: Unit 1 - Completion date, {time}}}
      unit_2: {{type: text, header: Unit 2, one_of: [Completed, Not completed]}}
      unit_2_at: {{type: timestamp, header: Unit 2 - Completion date, {time}}}
      unit_3: {{type: text, header: Unit 3, one_of: [Completed, Not completed]}}
      unit_3_at: {{type: timestamp, header: Unit 3 - Completion date, {time}}}
      completed_at: {{type: timestamp, header: Course complete, {time}}}
    key: [learner]
    load: merge
    event_time: completed_at
    schema_contract: {{new_column: block}}
    expect:
      - {{type: expect_column_values_to_be_unique, column: id}}
  progress{course}:
    options: {{glob: "course{course}_activity_progress*.csv"}}
    columns:
      name: {{type: text, position: 1, personal: drop}}
      learner: {{type: text, header: Email address, personal: pseudonym}}
      unit_1: {{type: text, header: Unit 1, one_of: [Completed, Not completed]}}
      unit_1_at: {{type: timestamp, position: 4, {time}}}
      unit_2: {{type: text, position: 5, one_of: [Completed, Not completed]}}
      unit_2_at: {{type: timestamp, position: 6, {time}}}
      unit_3: {{type: text, header: Unit 3, position: 7, one_of: [Completed, Not completed]}}
      unit_3_at: {{type: timestamp, position: 8, {time}}}
      test: {{type: text, header: Final test, one_of: [Completed, Not completed]}}
      test_at: {{type: timestamp, position: 10, {time}}}
    key: [learner]
    load: merge
    event_time: test_at
    schema_contract: {{new_column: block}}
"""
UNITS_DONE = """\
select learner, '4' as course, 'Unit 1' as unit, unit_1 as state, unit_1_at as done_at from lms.progress4
union all select learner, '4', 'Unit 2', unit_2, unit_2_at from lms.progress4
union all select learner, '4', 'Unit 3', unit_3, unit_3_at from lms.progress4
union all select learner, '4', 'Final test', test, test_at from lms.progress4
union all select learner, '5', 'Unit 1', unit_1, unit_1_at from lms.progress5
union all select learner, '5', 'Unit 2', unit_2, unit_2_at from lms.progress5
union all select learner, '5', 'Unit 3', unit_3, unit_3_at from lms.progress5
union all select learner, '5', 'Final test', test, test_at from lms.progress5
"""
AGREE = """\
select c.learner
from lms.completion4 as c
join lms.progress4 as p on p.learner = c.learner
where c.unit_1 = p.unit_1 and c.unit_2 = p.unit_2 and c.unit_3 = p.unit_3
  and c.unit_1_at is not distinct from p.unit_1_at
  and c.unit_2_at is not distinct from p.unit_2_at
  and c.unit_3_at is not distinct from p.unit_3_at
"""
METRICS = """\
metrics:
  finished4: {title: F, unit: count, from: lms.completion4, measure: {count_distinct: learner}, window: cycle}
  finished5: {title: F, unit: count, from: lms.completion5, measure: {count: rows}, window: day}
  enrolled: {title: E, unit: count, from: lms.completion4, measure: {count: learner}, time: unit_1_at, window: all}
  learners: {title: L, unit: count, from: models.agree, measure: {count_distinct: learner}, window: all}
  units: {title: U, unit: count, from: models.units_done, measure: {count: rows, where: "state = 'Completed'"}, time: done_at, window: cycle, dimensions: [course, unit]}
  rate: {title: R, unit: share, from: models.units_done, measure: {ratio: {numerator: {count: done_at}, denominator: {count: rows}}}, window: all, dimensions: [course, unit]}
"""
WANTED = {
    **{m: (m, "") for m in ("finished4", "finished5", "enrolled", "learners", "units", "rate")},
    "test-4": ("rate", "{course: 4, unit: Final test}"),
    "unit-2": ("units", "{unit: [Unit 2]}"),
    "course-5": ("units", "{course: 5}"),
}


@pytest.fixture(scope="module")
def export(shared: Path) -> Path:
    """The folder of the export."""
    return shared / "data" / "moodle_exports"


@pytest.fixture(scope="module")
def small(export: Path, gx: GxValidator, tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Both courses' reports, as if from two servers, each with the clock of its zone."""
    made = project(
        tmp_path_factory.mktemp("moodle"),
        gx,
        "2026-H2",
        "2026-07-01",
        "2026-12-31",
        "Europe/Berlin",
    )
    times = {c: f'format: "%Y-%m-%d %H:%M:%S", timezone: {zone}' for c, zone in ZONES.items()}
    made.write(
        "okr_defs/sources/lms.yaml",
        f'source: lms\nconnector: files\noptions: {{root: "{export}"}}\nstreams:\n'
        + "".join(STREAM.format(course=c, time=time) for c, time in times.items()),
    )
    made.write("okr_defs/models/units_done.sql", UNITS_DONE)
    made.write("okr_defs/models/agree.sql", AGREE)
    made.write("okr_defs/metrics/learning.yaml", METRICS)
    score_all(made, "2026-H2", WANTED)
    report = made.run(DAYS[-1])
    assert not report.failed, report
    found = {(s.rows_in_stream, s.rows_quarantined) for s in streams(report).values()}
    assert found == {(20, 0)}
    return made


def shown(text: str, course: int) -> str:
    """The organisation's day of a time that a course's server wrote."""
    zone = ZoneInfo(ZONES[course])
    at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
    return at.astimezone(ZoneInfo("Europe/Berlin")).date().isoformat()


def units(export: Path, course: int) -> list[tuple[str, str, str]]:
    """(unit, state, local day) of every learner, by place: the headers do not tell them apart."""
    path = export / f"course{course}_activity_progress.csv"
    with path.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return [
        (unit, row[2 + 2 * n], row[3 + 2 * n] and shown(row[3 + 2 * n], course))
        for row in rows
        for n, unit in enumerate(UNITS)
    ]


def until(day: str, days: Iterable[str]) -> Exact:
    """How many of the days are up to a day."""
    return plain(sum("" < d <= day for d in days))


def rate(rows: list[tuple[str, str, str]]) -> Exact:
    """Units with a time over all, in percent."""
    return over(sum(on != "" for _, _, on in rows), len(rows), 100)


@pytest.mark.parametrize("day", DAYS)
def test_reports_of_two_courses(small: Small, export: Path, day: str) -> None:
    """Completions on local days and rates by unit are those of plain Python."""
    four, five = (table(export / f"course{c}_completion.csv") for c in (4, 5))
    by_course = {c: units(export, c) for c in (4, 5)}
    every = by_course[4] + by_course[5]
    ended = [shown(r["Course complete"], 5) for r in five if r["Course complete"]]
    wanted = {
        "finished4": until(
            day, [shown(r["Course complete"], 4) for r in four if r["Course complete"]]
        ),
        "finished5": plain(ended.count(day)),
        "enrolled": until(
            day,
            [
                shown(r["Unit 1 - Completion date"], 4)
                for r in four
                if r["Unit 1 - Completion date"]
            ],
        ),
        "learners": plain(20),
        "units": until(day, [on for _, state, on in every if state == "Completed"]),
        "unit-2": until(day, [on for unit, _, on in every if unit == "Unit 2"]),
        "course-5": until(day, [on for _, _, on in by_course[5]]),
        "rate": rate(every),
        "test-4": rate([r for r in by_course[4] if r[0] == "Final test"]),
    }
    assert exact(small, day) == wanted


def test_the_server_s_zone_decides_the_day(small: Small) -> None:
    """Both courses were finished at 02:31: in Berlin on the 22nd, in Tokyo before midnight of it."""
    found = {day: exact(small, day) for day in DAYS}
    assert [found[day]["finished4"][0] == 0 for day in DAYS] == [True, True, False]
    assert [found[day]["finished5"][0] == 0 for day in DAYS] == [True, False, True]
