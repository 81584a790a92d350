"""The definitions of a project over OULAD's two large tables, whatever they are read from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flow_builders import Small
from real_world import score_all

ROWS = 32_593
PUBLISHED = {"2013B": "44.73", "2013J": "50.59", "2014B": "43.03", "2014J": "48.46"}
DAY = "2026-11-21"
SOURCE = """\
source: ou
connector: {connector}
options: {options}
streams:
  students:
    options: {students}
    columns:
      code_module: text
      code_presentation: {{type: text, one_of: [2013B, 2013J, 2014B, 2014J]}}
      id_student: integer
      gender: {{type: text, one_of: [M, F]}}
      region: text
      highest_education: text
      imd_band: {{type: text{nulls}}}
      age_band: text
      num_of_prev_attempts: integer
      studied_credits: integer
      disability: {{type: boolean}}
      final_result: {{type: text, one_of: [Pass, Distinction, Fail, Withdrawn]}}
    key: [code_module, code_presentation, id_student]
    load: merge
    expect:
      - {{type: expect_column_values_to_not_be_null, column: id_student}}
      - {{type: expect_column_values_to_be_between, column: studied_credits, min_value: 0, max_value: 1000}}
  registrations:
    options: {registrations}
    columns:
      code_module: text
      code_presentation: text
      id_student: integer
      date_registration: {{type: integer{nulls}}}
      date_unregistration: {{type: integer{nulls}}}
    key: [code_module, code_presentation, id_student]
    load: replace
"""
EARLY = """\
select s.code_presentation, s.id_student, r.date_unregistration - r.date_registration as stayed
from ou.students as s
join ou.registrations as r using (code_module, code_presentation, id_student)
where s.final_result = 'Withdrawn' and r.date_unregistration < 0
"""
METRICS = """\
metrics:
  pass_rate: {title: P, unit: share, from: ou.students, measure: {ratio: {numerator: {count: rows, where: "final_result in ('Pass', 'Distinction')"}, denominator: {count: rows}}}, window: all, dimensions: [code_presentation, code_module]}
  students: {title: S, unit: count, from: ou.students, measure: {count: rows}, window: latest}
  people: {title: P, unit: count, from: ou.students, measure: {count_distinct: id_student}, window: all}
  disabled: {title: D, unit: count, from: ou.students, measure: {count_distinct: id_student, where: disability}, window: all}
  with_band: {title: B, unit: count, from: ou.students, measure: {count: imd_band}, window: all}
  credits: {title: C, unit: number, from: ou.students, measure: {average: studied_credits}, window: all, dimensions: [gender]}
  registrations: {title: R, unit: count, from: ou.registrations, measure: {count: rows}, window: all}
  registered: {title: R, unit: count, from: ou.registrations, measure: {count: date_registration}, window: all}
  unregistered: {title: U, unit: count, from: ou.registrations, measure: {count: date_unregistration}, window: all}
  first_day: {title: F, unit: number, from: ou.registrations, measure: {min: date_registration}, window: all}
  mean_day: {title: M, unit: number, from: ou.registrations, measure: {average: date_registration}, window: all}
  early: {title: E, unit: count, from: models.early_leavers, measure: {count: rows}, window: all}
  stayed: {title: S, unit: number, from: models.early_leavers, measure: {average: stayed}, window: all}
"""
PLAIN = ("pass_rate", "students", "people", "disabled", "with_band", "credits", "registrations")
PLAIN += ("registered", "unregistered", "first_day", "mean_day", "early", "stayed")
WANTED = {
    **{m: (m, "") for m in PLAIN},
    **{p: ("pass_rate", f"{{code_presentation: {p}}}") for p in PUBLISHED},
    "both-b": ("pass_rate", "{code_presentation: [2013B, 2014B]}"),
    "ggg-2014j": ("pass_rate", "{code_module: GGG, code_presentation: 2014J}"),
    "credits-f": ("credits", "{gender: F}"),
}


def define(small: Small, source: Mapping[str, str]) -> None:
    """Write the definitions; `source` fills in what `SOURCE` leaves open."""
    small.write("okr_defs/sources/ou.yaml", SOURCE.format(**source))
    small.write("okr_defs/models/early_leavers.sql", EARLY)
    small.write("okr_defs/metrics/ou.yaml", METRICS)
    score_all(small, "2026", WANTED)


def from_files(root: Path, nulls: str) -> dict[str, str]:
    """The source as the CSV files of a folder, with the columns' `null_values`."""
    return {
        "connector": "files",
        "options": f'{{root: "{root}"}}',
        "students": '{glob: "studentInfo.csv"}',
        "registrations": '{glob: "studentRegistration.csv"}',
        "nulls": nulls,
    }
