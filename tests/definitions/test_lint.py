"""Warnings from OKR practice, and key results that vanished."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import definition_samples as samples
import pytest
from definition_samples import COMPANY_GOALS, CRM, LEARNING, LEARNING_GOALS, ORGANISATION, SALES

from scoreline.core.errors import Problem
from scoreline.core.model import Plan
from scoreline.definitions.lint import lint
from scoreline.definitions.lint_data import Facts
from scoreline.definitions.vanished import vanished

PREFIX = "2026-H2/learning/crm-fluency"
MANY = "".join(f"  o{i}:\n    title: O{i}\n    owner: x\n    key_results: {{}}\n" for i in range(6))


def _plan(root: Path, change: dict[str, str | bytes | None] | None = None) -> Plan:
    loading = samples.load(root, change)
    assert loading.plan is not None
    assert loading.problems == (), samples.shown(loading.problems)
    return loading.plan


def _found(problems: list[Problem]) -> set[tuple[str, str]]:
    return {(p.code, p.scope) for p in problems}


@pytest.mark.parametrize(
    ("name", "old", "new", "code", "scope"),
    [
        (SALES, "    owner: tom.ruiz@acme.example\n    unit: percent", "    unit: percent",
         "no-owner", "metric revenue_growth"),
        (COMPANY_GOALS, "    owner: ceo@acme.example\n", "", "no-owner",
         "objective 2026-H2/company/digital-operations"),
        (COMPANY_GOALS, "objectives:\n", "objectives:\n" + MANY, "many-objectives",
         "2026-H2/company"),
        (COMPANY_GOALS, "    roll_up: children\n", "", "few-key-results",
         "objective 2026-H2/company/digital-operations"),
        (SALES, 'sum: close_value, where: "deal_stage = \'Won\'"', "count: rows", "activity",
         f"{PREFIX}/growth"),
        (LEARNING_GOALS, "title: People feel prepared", "title: Run 12 workshops", "activity",
         f"{PREFIX}/mood"),
        (LEARNING_GOALS, "filter: {team: [learning, company]}\n        ", "", "double-counting",
         f"{PREFIX}/team-proficiency"),
        (LEARNING_GOALS, "    supports: company/digital-operations\n", "", "orphan-objective",
         f"objective {PREFIX}"),
        (SALES, "window: trailing 90d", "window: quarter", "restarting-window",
         f"{PREFIX}/growth"),
        (LEARNING_GOALS, "target: 90", "target: 120", "target-outside-unit",
         f"{PREFIX}/proficiency"),
        (ORGANISATION, "holidays: [2026-10-03, 2026-12-25]\n", "", "no-holidays",
         f"{PREFIX}/proficiency"),
    ],
)  # fmt: skip
def test_each_warning_appears_where_it_is_due(
    tmp_path: Path, name: str, old: str, new: str, code: str, scope: str
) -> None:
    """The change makes this warning, with a reason, and the sample had it not."""
    change = samples.edited(name, old, new)
    base: dict[str, str | bytes | None] = {}
    if code == "no-holidays":
        waypoints = "expected: {waypoints: [{date: 2026-09-30, progress: 0.4}]}"
        base = samples.edited(LEARNING_GOALS, waypoints, "expected: workdays")
    before = _found(lint(_plan(tmp_path / "a", base)))
    problems = lint(_plan(tmp_path / "b", base | change))
    assert (code, scope) not in before
    assert (code, scope) in _found(problems)
    warning = next(p for p in problems if (p.code, p.scope) == (code, scope))
    assert warning.severity == "warning"
    assert warning.place.line > 0
    assert len(warning.message) > 20


def test_the_sample_has_just_its_known_warnings(tmp_path: Path) -> None:
    """Nothing is warned of that is good practice."""
    assert _found(lint(_plan(tmp_path))) == {
        ("many-key-results", f"objective {PREFIX}"),
        ("unused-metric", "metric revenue_growth"),
    }


def test_unused_streams_and_models_are_named(tmp_path: Path) -> None:
    """A stream that only an unused model reads is unused as well."""
    text = samples.FILES[LEARNING].split("  best_average:")[0]
    goals = samples.FILES[LEARNING_GOALS].split("      old-idea:")[0]
    change: dict[str, str | bytes | None] = {
        LEARNING: text,
        LEARNING_GOALS: goals,
        CRM: samples.FILES[CRM] + "  leads:\n    columns: {id: text}\n    key: id\n",
    }
    found = _found(lint(_plan(tmp_path, change)))
    assert {("unused-model", "model best_scores"), ("unused-stream", "stream crm.leads")} <= found


def test_a_restart_is_judged_by_the_fiscal_year(tmp_path: Path) -> None:
    """A year window that starts with the key result never restarts inside it."""
    year = samples.edited(SALES, "window: trailing 90d", "window: year")
    fiscal = samples.edited(ORGANISATION, "starts: 01-01", "starts: 10-01")
    codes = {p.code for p in lint(_plan(tmp_path / "a", year))}
    assert "restarting-window" not in codes
    codes = {p.code for p in lint(_plan(tmp_path / "b", year | fiscal))}
    assert "restarting-window" in codes


def test_facts_add_warnings(tmp_path: Path) -> None:
    """A value never seen and a target already reached; without facts neither."""
    plan = _plan(tmp_path)
    values = {
        ("lms.completions", "team"): frozenset({"learning", "compny"}),
        ("lms.roster", "team"): frozenset({"learning"}),
    }
    newest = {f"{PREFIX}/proficiency": Fraction(91), f"{PREFIX}/mood": Fraction(4)}
    extra = _found(lint(plan, Facts(values, newest))) - _found(lint(plan))
    assert extra == {
        ("unseen-filter-value", f"{PREFIX}/team-proficiency"),
        ("already-reached", f"{PREFIX}/proficiency"),
    }
    assert lint(plan, Facts()) == lint(plan)


def test_a_vanished_key_result_is_an_error(tmp_path: Path) -> None:
    """Recorded, gone, and neither withdrawn nor moved: an error that says what to write."""
    plan = _plan(tmp_path)
    recorded = [*plan.key_results, f"{PREFIX}/moods"]
    (problem,) = vanished(plan, [], recorded)
    assert (problem.severity, problem.scope) == ("error", f"{PREFIX}/moods")
    assert f"moved_from: {PREFIX}/moods" in problem.hint
    assert problem.place.file == LEARNING_GOALS


def test_moved_and_withdrawn_key_results_have_not_vanished(tmp_path: Path) -> None:
    """`moved_from` names the heir; a withdrawn one still stands."""
    change = samples.edited(
        LEARNING_GOALS, "manual: true", f"manual: true\n        moved_from: {PREFIX}/moods"
    )
    plan = _plan(tmp_path, change)
    assert vanished(plan, [], [f"{PREFIX}/moods", f"{PREFIX}/old-idea"]) == []


def test_key_results_of_a_file_in_error_have_not_vanished(tmp_path: Path) -> None:
    """An unreadable file is reported once, not once for each of its key results."""
    loading = samples.load(tmp_path, {LEARNING_GOALS: "cycle: [\n"})
    assert loading.plan is not None
    assert vanished(loading.plan, loading.problems, [f"{PREFIX}/mood"]) == []
