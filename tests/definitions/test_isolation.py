"""One broken object never takes down what does not depend on it."""

from __future__ import annotations

import os
from pathlib import Path

import definition_samples as samples
import pytest
from definition_samples import BEST, LEARNING, LEARNING_GOALS, LMS, ORGANISATION, SALES

from scoreline.core.model import Plan
from scoreline.definitions.project import Loading, load_project, problems_as_json

PREFIX = "2026-H2/learning/crm-fluency"


def _plan(loading: Loading) -> Plan:
    assert loading.plan is not None, samples.shown(loading.problems)
    return loading.plan


def test_a_broken_metric_breaks_only_its_key_results(tmp_path: Path) -> None:
    """The metric is left out, its key result says why, derived metrics over others stay."""
    loading = samples.load(tmp_path, samples.edited(SALES, "sum: close_value", "sum: nothing"))
    plan = _plan(loading)
    assert "won_revenue" not in plan.metrics
    assert "revenue_growth" not in plan.metrics
    assert "win_rate" in plan.metrics
    broken = plan.key_results[f"{PREFIX}/growth"].broken
    assert broken == "the definition of metric won_revenue is in error"
    assert plan.key_results[f"{PREFIX}/steady"].broken is None
    assert {p.scope for p in loading.problems} == {"metric won_revenue", "metric revenue_growth"}


def test_a_broken_stream_takes_out_what_reads_it(tmp_path: Path) -> None:
    """Its metrics and models go, the other stream of its source and other sources stay."""
    change = samples.edited(LMS, "load: merge", "load: mrege")
    plan = _plan(samples.load(tmp_path, change))
    assert list(plan.streams) == ["crm.opportunities", "lms.roster"]
    assert set(plan.metrics) == {"active_staff", "won_revenue", "revenue_growth", "win_rate"}
    assert plan.models == {}
    assert plan.key_results[f"{PREFIX}/proficiency"].broken
    assert plan.key_results[f"{PREFIX}/old-idea"].broken


def test_an_unreadable_source_is_in_error_not_unknown(tmp_path: Path) -> None:
    """What an unreadable file may declare is never reported as a wrong name."""
    loading = samples.load(tmp_path, {LMS: "source: [lms\n"})
    assert list(_plan(loading).sources) == ["crm"]
    codes = {p.code for p in loading.problems}
    assert codes == {"yaml-syntax", "depends-on-error"}


def test_an_unreadable_metrics_file_loses_its_metrics_only(tmp_path: Path) -> None:
    """Key results on its metrics stay and say which file cannot be read."""
    loading = samples.load(tmp_path, {SALES: "metrics: {a: b: c}\n"})
    plan = _plan(loading)
    assert "proficiency_rate" in plan.metrics
    assert SALES in str(plan.key_results[f"{PREFIX}/growth"].broken)
    assert [p.place.file for p in loading.problems] == [SALES]
    assert [f.path for f in loading.files if not f.ok] == [SALES]


@pytest.mark.parametrize(("name", "key"), [(SALES, "metrics"), (LMS, "streams")])
def test_a_misspelt_top_key_is_one_mistake(tmp_path: Path, name: str, key: str) -> None:
    """What the file was to declare is in error, not unknown; the key is named."""
    loading = samples.load(tmp_path, samples.edited(name, f"{key}:", f"{key[::-1]}{key}:"))
    codes = {p.code for p in loading.problems}
    assert codes <= {"missing-key", "unknown-key", "depends-on-error"}
    (unknown,) = [p for p in loading.problems if p.code == "unknown-key"]
    assert key in unknown.legal


def test_a_wrong_key_result_is_left_out_alone(tmp_path: Path) -> None:
    """Its siblings stay, in their order."""
    change = samples.edited(LEARNING_GOALS, "target: 90", "target: ninety")
    loading = samples.load(tmp_path, change)
    names = [name.rsplit("/", 1)[1] for name in _plan(loading).key_results]
    assert names[:2] == ["team-proficiency", "growth"]
    assert [p.scope for p in loading.problems] == [f"{PREFIX}/proficiency"]


def test_an_unknown_metric_keeps_the_key_result(tmp_path: Path) -> None:
    """The key result stays with the reason, so that it shows without a value."""
    change = samples.edited(LEARNING_GOALS, "metric: win_rate", "metric: win_rat")
    plan = _plan(samples.load(tmp_path, change))
    assert plan.key_results[f"{PREFIX}/steady"].broken == "there is no metric win_rat"


def test_a_milestone_on_a_broken_metric_is_broken(tmp_path: Path) -> None:
    """`done_when` counts among the metrics of a key result."""
    change = samples.edited(LEARNING, "measure: {count: rows", "measure: {count: raws")
    plan = _plan(samples.load(tmp_path, change))
    assert "active_staff" in str(plan.key_results[f"{PREFIX}/rollout"].broken)


def test_a_wrong_support_keeps_the_objective(tmp_path: Path) -> None:
    """The objective and its key results stay and support nothing."""
    change = samples.edited(LEARNING_GOALS, "supports: company/digital", "supports: company/analog")
    loading = samples.load(tmp_path, change)
    objective = _plan(loading).objectives[PREFIX]
    assert objective.supports is None
    assert len(objective.key_results) == 8
    assert len(loading.problems) == 1


def test_a_repeated_key_breaks_the_object_it_stands_in(tmp_path: Path) -> None:
    """Which of two values is meant is not guessed; the neighbours stay."""
    change = samples.edited(SALES, "    unit: percent", "    unit: percent\n    unit: share")
    loading = samples.load(tmp_path, change)
    assert set(_plan(loading).metrics) >= {"won_revenue", "win_rate"}
    assert "revenue_growth" not in _plan(loading).metrics
    (problem,) = loading.problems
    assert (problem.code, problem.scope) == ("duplicate-key", "metric revenue_growth")


def test_a_metric_name_in_two_files_is_refused_in_both(tmp_path: Path) -> None:
    """Neither wins silently; both places are named."""
    text = samples.FILES[SALES].replace("win_rate:", "active_staff:")
    loading = samples.load(tmp_path, {SALES: text})
    problems = [p for p in loading.problems if p.code == "duplicate-name"]
    assert [p.place.file for p in problems] == [LEARNING, SALES]
    assert "active_staff" not in _plan(loading).metrics


@pytest.mark.parametrize("text", [None, "organisation: [\n", "organisation: Acme\n"])
def test_without_an_organisation_there_is_no_plan(tmp_path: Path, text: str | None) -> None:
    """Missing, unreadable or broken: no plan, and other files' errors are still reported."""
    change: dict[str, str | bytes | None] = {ORGANISATION: text}
    change |= samples.edited(SALES, "sum: close_value", "sum: nothing")
    loading = samples.load(tmp_path, change)
    assert loading.plan is None
    files = {p.place.file for p in loading.problems}
    assert {ORGANISATION, SALES} <= files


def test_a_folder_without_definitions_says_so(tmp_path: Path) -> None:
    """No files, no plan, one problem that says what to do."""
    loading = load_project(tmp_path)
    assert (loading.plan, loading.files) == (None, ())
    assert [p.code for p in loading.problems] == ["no-definitions"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("okr_defs/metrcis/a.yaml", "did you mean metrics?"),
        ("okr_defs/metrics/a.yml", "files end in .yaml"),
        ("okr_defs/objectives/a.yaml", "wrong depth"),
        ("okr_defs/models/a.yaml", "wrong depth or has the wrong ending"),
    ],
)
def test_a_misplaced_file_is_not_silently_ignored(tmp_path: Path, name: str, hint: str) -> None:
    """A file that nobody would read is an error, and everything else loads."""
    loading = samples.load(tmp_path, {name: "a: 1\n"})
    (problem,) = loading.problems
    assert (problem.code, problem.place.file) == ("misplaced-file", name)
    assert hint in problem.hint
    assert loading.plan is not None


def test_files_outside_the_project_and_pipes_are_refused(tmp_path: Path) -> None:
    """A link that leaves the folder and a pipe are errors, and reading never hangs."""
    outside = tmp_path / "outside.yaml"
    outside.write_text("metrics: {}\n", encoding="utf-8")
    root = tmp_path / "project"
    samples.write(root, samples.FILES)
    (root / "okr_defs/metrics/link.yaml").symlink_to(outside)
    os.mkfifo(root / "okr_defs/metrics/pipe.yaml")
    loading = load_project(root)
    assert [p.code for p in loading.problems] == ["not-a-file", "not-a-file"]
    assert [f.digest for f in loading.files if not f.ok] == ["", ""]


def test_models_in_a_circle_are_left_out_with_their_path(tmp_path: Path) -> None:
    """Both models of a circle go, each with the path; the third stays."""
    change: dict[str, str | bytes | None] = {
        "okr_defs/models/a.sql": "SELECT 1 AS x FROM models.b",
        "okr_defs/models/b.sql": "SELECT 1 AS x FROM models.a",
    }
    loading = samples.load(tmp_path, change)
    assert list(_plan(loading).models) == ["models.best_scores"]
    messages = [p.message for p in loading.problems]
    assert "models read each other in a circle: models.a > models.b > models.a" in messages


@pytest.mark.parametrize(
    "sql",
    ["", "SELECT * FROM", "SELECT 1; SELECT 2", "SELECT (" * 400, "DROP", "\x00",
     "SELECT 1 FROM a.b.c.d", "x" * 300_000, "SELECT 'é' FROM 'x.csv'", b"SELECT '\xff'"],
)  # fmt: skip
def test_hostile_sql_is_a_problem_never_a_crash(tmp_path: Path, sql: str | bytes) -> None:
    """Whatever stands in a model, the rest loads."""
    loading = samples.load(tmp_path, {BEST: sql})
    assert any(p.place.file == BEST for p in loading.problems)
    assert set(_plan(loading).metrics) >= {"won_revenue", "proficiency_rate"}


def test_problems_become_plain_values(tmp_path: Path) -> None:
    """The JSON form carries the place and every text."""
    loading = samples.load(tmp_path, samples.edited(SALES, "sum: close_value", "sum: deal_stage"))
    first = next(
        p for p in problems_as_json(loading.problems) if p["scope"] == "metric won_revenue"
    )
    assert (first["file"], first["line"], first["severity"]) == (SALES, 7, "error")
    assert {"code", "column", "message", "found", "legal", "hint"} <= set(first)
