"""The example's definitions are legal, free of warnings, and show the whole language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoreline.core.model import Done, Keep, Milestones, Plan, Reach
from scoreline.definitions.lint import lint
from scoreline.definitions.project import load_project

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The example, resolved without an error."""
    loading = load_project(ROOT)
    errors = [str(problem) for problem in loading.problems if problem.severity == "error"]
    assert not errors, "\n".join(errors)
    assert loading.plan is not None
    return loading.plan


def test_lint_has_nothing_to_say(plan: Plan) -> None:
    """The example keeps every OKR practice that lint knows."""
    assert [str(problem) for problem in lint(plan)] == []


def test_every_kind_of_key_result_is_shown(plan: Plan) -> None:
    """The example has a key result of each kind, manual and withdrawn ones included."""
    kinds = [key.kind for key in plan.key_results.values()]
    assert {type(kind) for kind in kinds} == {Reach, Keep, Milestones, Done}
    assert any(isinstance(kind, Reach) and kind.curve for kind in kinds)
    assert any(key.manual for key in plan.key_results.values())
    assert any(key.withdrawn for key in plan.key_results.values())


def test_every_kind_of_measure_is_shown(plan: Plan) -> None:
    """Counts, sums, averages, ratios, distinct counts, a minimum and derived metrics occur."""
    kinds = {getattr(m.measure, "kind", "ratio") for m in plan.metrics.values() if m.measure}
    assert {"count", "count_distinct", "sum", "average", "min", "ratio"} <= kinds
    assert any("@-1y" in (m.derived or "") for m in plan.metrics.values())


def test_every_expected_curve_but_two_is_shown(plan: Plan) -> None:
    """Linear, working days, back-loaded and waypoints occur."""
    curves = {key.expected.kind for key in plan.key_results.values()}
    assert {"linear", "workdays", "back_loaded", "waypoints"} <= curves


def test_alignment_has_three_levels(plan: Plan) -> None:
    """An objective supports one that supports one of the company."""
    leaders = plan.objectives["2026-H2/academy/leaders"]
    assert leaders.supports is not None
    middle = plan.objectives[leaders.supports]
    assert middle.supports is not None
    assert middle.supports.split("/")[1] == "company"


def test_every_definition_is_used(plan: Plan) -> None:
    """No stream, model or metric stands idle."""
    texts = [model.sql for model in plan.models.values()]
    texts += [m.from_ or m.derived or "" for m in plan.metrics.values()]
    metrics = {key.metric for key in plan.key_results.values()}
    for key in plan.key_results.values():
        if isinstance(key.kind, Milestones):
            metrics |= {step.done_when.metric for step in key.kind.steps if step.done_when}
    for name in [*plan.streams, *plan.models]:
        assert any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts), name
    for name in plan.metrics:
        derived = any(re.search(rf"\b{name}\b", m.derived or "") for m in plan.metrics.values())
        assert derived or name in metrics, name


def test_editors_find_the_schema() -> None:
    """The first line of every YAML file names a JSON Schema that is there."""
    for path in sorted((ROOT / "okr_defs").rglob("*.yaml")):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        match = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert match, path
        assert (path.parent / match[1]).is_file(), f"{path}: {match[1]}"
