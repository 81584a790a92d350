"""Students of the Open University (OULAD): pass rates, `?` for null, joins, assessments."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import pytest
from flow_builders import Small
from real_oulad import DAY, PUBLISHED, ROWS, define, from_files
from real_world import Exact, exact, over, plain, project, score_all, streams, table, write_table

from scoreline.quality.gx import GxValidator

OVERALL = "47.20"
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def export(shared: Path) -> Path:
    """The folder of the export."""
    return shared / "data" / "oulad"


def oulad(folder: Path, gx: GxValidator, root: Path, nulls: str) -> Small:
    """The two large tables, run once."""
    made = project(folder, gx, "2026", "2026-01-01", "2026-12-31", "Europe/London")
    define(made, from_files(root, nulls))
    report = made.run(DAY)
    assert not report.failed, report
    found = {n: (s.rows_in_stream, s.rows_quarantined) for n, s in streams(report).items()}
    assert found == {"ou.students": (ROWS, 0), "ou.registrations": (ROWS, 0)}
    return made


@pytest.fixture(scope="module")
def small(export: Path, gx: GxValidator, tmp_path_factory: pytest.TempPathFactory) -> Small:
    """The export whose nulls are `?`."""
    return oulad(tmp_path_factory.mktemp("oulad"), gx, export, ', null_values: ["?"]')


def pass_rate(students: Iterable[dict[str, str]]) -> Exact:
    """Passed or with distinction, over all."""
    results = [s["final_result"] for s in students]
    return over(sum(r in ("Pass", "Distinction") for r in results), len(results), 100)


def mean(numbers: list[str]) -> Exact:
    """Their sum over their number."""
    return over(sum(map(int, numbers)), len(numbers))


def answers(students: Rows, registrations: Rows, null: str) -> dict[str, Exact]:
    """Every key result from the rows, where `null` is how a missing cell is written."""
    known = [r["date_registration"] for r in registrations if r["date_registration"] != null]
    left = {(r["code_module"], r["code_presentation"], r["id_student"]): r for r in registrations}
    early = []
    for s in students:
        r = left[s["code_module"], s["code_presentation"], s["id_student"]]
        gone = r["date_unregistration"]
        if s["final_result"] == "Withdrawn" and gone != null and int(gone) < 0:
            early.append((int(gone), r["date_registration"]))
    stays = [gone - int(since) for gone, since in early if since != null]
    ours = {p: [s for s in students if s["code_presentation"] == p] for p in PUBLISHED}
    return {
        "pass_rate": pass_rate(students),
        **{p: pass_rate(of) for p, of in ours.items()},
        "both-b": pass_rate([*ours["2013B"], *ours["2014B"]]),
        "ggg-2014j": pass_rate(s for s in ours["2014J"] if s["code_module"] == "GGG"),
        "students": plain(len(students)),
        "people": plain(len({s["id_student"] for s in students})),
        "disabled": plain(len({s["id_student"] for s in students if s["disability"] == "Y"})),
        "with_band": plain(sum(s["imd_band"] != null for s in students)),
        "credits": mean([s["studied_credits"] for s in students]),
        "credits-f": mean([s["studied_credits"] for s in students if s["gender"] == "F"]),
        "registrations": plain(len(registrations)),
        "registered": plain(len(known)),
        "unregistered": plain(sum(r["date_unregistration"] != null for r in registrations)),
        "first_day": plain(min(map(int, known))),
        "mean_day": mean(known),
        "early": plain(len(early)),
        "stayed": over(sum(stays), len(stays)),
    }


def test_every_number_of_the_export(small: Small, export: Path) -> None:
    """Rates by presentation and module, means, joins and nulls are those of plain Python."""
    wanted = answers(
        table(export / "studentInfo.csv"), table(export / "studentRegistration.csv"), "?"
    )
    assert exact(small, DAY) == wanted


def test_the_published_pass_rates(small: Small) -> None:
    """47.20 % passed; 44.73, 50.59, 43.03 and 48.46 % by presentation."""
    found = exact(small, DAY)
    rates = {p: found[p][0] or Fraction(0) for p in PUBLISHED}
    assert {p: f"{float(rate):.2f}" for p, rate in rates.items()} == PUBLISHED
    assert f"{float(found['pass_rate'][0] or 0):.2f}" == OVERALL


def test_a_question_mark_is_null_and_nothing_else_is(small: Small) -> None:
    """1,111 students have no band, 45 no day of registration and 22,521 never left."""
    found = exact(small, DAY)
    counted = [found[n][0] for n in ("with_band", "registered", "unregistered")]
    assert counted == [ROWS - 1_111, ROWS - 45, ROWS - 22_521]


def test_empty_cells_for_nulls_give_the_same_numbers(
    export: Path, small: Small, gx: GxValidator, tmp_path: Path
) -> None:
    """The export whose nulls are empty cells gives every number of the one with `?`."""
    root = export / "variant_empty_nulls"
    if not root.is_dir():
        root = tmp_path / "data"
        for name in ("studentInfo.csv", "studentRegistration.csv"):
            rows = table(export / name)
            write_table(
                root / name,
                [{k: "" if v == "?" else v for k, v in row.items()} for row in rows],
                list(rows[0]),
            )
    assert exact(oulad(tmp_path, gx, root, ""), DAY) == exact(small, DAY)


SUBSET = """\
source: ou
connector: files
options: {{root: "{root}"}}
streams:
  results:
    options: {{glob: studentAssessment.csv}}
    columns:
      id_assessment: integer
      id_student: integer
      date_submitted: integer
      is_banked: boolean
      score: "decimal(5,2)"
    key: [id_assessment, id_student]
    load: append
    expect:
      - {{type: expect_column_values_to_be_between, column: score, min_value: 0, max_value: 100}}
  assessments:
    options: {{glob: assessments.csv}}
    columns:
      code_module: text
      code_presentation: text
      id_assessment: integer
      assessment_type: {{type: text, one_of: [TMA, CMA, Exam]}}
      date: integer
      weight: "decimal(5,2)"
    key: id_assessment
    load: replace
"""
GRADED = """\
select r.id_student, r.score, r.is_banked, a.assessment_type, a.code_module,
  r.score * a.weight as points, a.weight,
  r.date_submitted <= a.date as in_time
from ou.results as r
join ou.assessments as a on a.id_assessment = r.id_assessment
where r.score is not null
"""
SUBSET_METRICS = """\
metrics:
  results: {title: R, unit: count, from: ou.results, measure: {count: rows}, window: all}
  scored: {title: R, unit: count, from: ou.results, measure: {count: score}, window: all}
  score: {title: S, unit: score, from: ou.results, measure: {average: score}, window: all}
  students: {title: S, unit: count, from: ou.results, measure: {count_distinct: id_student}, window: all}
  best: {title: B, unit: count, from: ou.results, measure: {count_distinct: id_student, where: "score >= 90 and not is_banked"}, window: all}
  score_by: {title: S, unit: score, from: models.graded, measure: {average: score}, window: all, dimensions: [assessment_type, code_module]}
  points: {title: P, unit: number, from: models.graded, measure: {sum: points}, window: all}
  weights: {title: P, unit: number, from: models.graded, measure: {sum: weight}, window: all}
  weighted: {title: P, unit: score, derived: points / weights}
  in_time: {title: I, unit: share, from: models.graded, measure: {ratio: {numerator: {count: rows, where: in_time}, denominator: {count: rows}}}, window: all}
"""


def test_scores_of_assessments(export: Path, gx: GxValidator, tmp_path: Path) -> None:
    """Averages, distinct students, a weighted mean over a join and a rate are exact."""
    root = export / "subset_tlam89"
    made = project(tmp_path, gx, "2026", "2026-01-01", "2026-12-31", "Europe/London")
    made.write("okr_defs/sources/ou.yaml", SUBSET.format(root=root))
    made.write("okr_defs/models/graded.sql", GRADED)
    made.write("okr_defs/metrics/ou.yaml", SUBSET_METRICS)
    plains = ("results", "scored", "score", "students", "best", "weighted", "in_time")
    score_all(
        made,
        "2026",
        {
            **{m: (m, "") for m in plains},
            "tma": ("score_by", "{assessment_type: TMA}"),
            "cma": ("score_by", "{assessment_type: CMA}"),
            "bbb": ("score_by", "{code_module: [AAA, BBB]}"),
        },
    )
    report = made.run(DAY)
    assert not report.failed, report
    results = table(root / "studentAssessment.csv")
    tasks = {a["id_assessment"]: a for a in table(root / "assessments.csv")}
    graded = [(r, tasks[r["id_assessment"]]) for r in results if r["score"]]
    good = {r["id_student"] for r, _ in graded if int(r["score"]) >= 90 and r["is_banked"] == "0"}
    wanted = {
        "results": plain(36_184),
        "scored": plain(len(graded)),
        "score": mean([r["score"] for r, _ in graded]),
        "students": plain(len({r["id_student"] for r in results})),
        "best": plain(len(good)),
        "weighted": over(
            sum(int(r["score"]) * Fraction(a["weight"]) for r, a in graded),
            sum(Fraction(a["weight"]) for _, a in graded),
        ),
        "in_time": over(
            sum(int(r["date_submitted"]) <= int(a["date"]) for r, a in graded if a["date"]),
            len(graded),
            100,
        ),
        "tma": mean([r["score"] for r, a in graded if a["assessment_type"] == "TMA"]),
        "cma": mean([r["score"] for r, a in graded if a["assessment_type"] == "CMA"]),
        "bbb": mean([r["score"] for r, a in graded if a["code_module"] in ("AAA", "BBB")]),
    }
    assert exact(made, DAY) == wanted
