"""Canonical bodies: what a score depends on, and what changed."""

from __future__ import annotations

import json
from pathlib import Path

import definition_samples as samples
import pytest
from definition_samples import BEST, CRM, LEARNING, LEARNING_GOALS, LMS, ORGANISATION, SALES

from scoreline.core.model import Plan
from scoreline.definitions.canonical import definition_bodies, definition_body, object_bodies
from scoreline.definitions.diff import Change, semantic_diff

PREFIX = "2026-H2/learning/crm-fluency"
PROFICIENCY = f"{PREFIX}/proficiency"


def _plan(root: Path, change: dict[str, str | bytes | None] | None = None) -> Plan:
    plan = samples.load(root, change).plan
    assert plan is not None
    return plan


def test_bodies_are_plain_and_numbers_are_text(tmp_path: Path) -> None:
    """A body goes through JSON unchanged, and holds no number and no place."""
    plan = _plan(tmp_path)
    for name in plan.key_results:
        body = definition_body(plan, name)
        assert json.loads(json.dumps(body)) == body
        text = json.dumps(body)
        assert "okr_defs" not in text
        assert _numbers(body) == []


def _numbers(value: object) -> list[object]:
    if isinstance(value, dict):
        return [n for item in value.values() for n in _numbers(item)]
    if isinstance(value, list):
        return [n for item in value for n in _numbers(item)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_the_closure_holds_what_the_score_depends_on(tmp_path: Path) -> None:
    """Derived parts, their streams and models, and nothing of other metrics."""
    plan = _plan(tmp_path)
    body = definition_body(plan, PROFICIENCY)
    assert set(body["metrics"]) == {"proficiency_rate", "proficient_staff", "active_staff"}
    assert set(body["streams"]) == {"lms.completions", "lms.roster"}
    assert body["models"] == {}
    assert [c["name"] for c in body["organisation"]["cycles"]] == ["2026-H2"]
    over_model = definition_body(plan, f"{PREFIX}/old-idea")
    assert set(over_model["models"]) == {"models.best_scores"}
    assert set(over_model["streams"]) == {"lms.completions", "lms.roster"}


CHANGES_THE_SCORE = [
    (LEARNING_GOALS, "baseline: 35", "baseline: 36"),
    (LEARNING_GOALS, "commitment: committed", None),
    (LEARNING, "score >= 85", "score >= 84"),
    (LMS, 'null_values: ["", "?"]', 'null_values: [""]'),
    (LMS, 'null_values: ["", "?"]', 'null_values: ["", "?"], decimal: ","'),
    (LMS, "root: data/lms", "root: data/other"),
    (ORGANISATION, "timezone: Europe/Berlin", "timezone: Europe/Paris"),
    (ORGANISATION, "at_risk: 0.70", "at_risk: 0.71"),
    (ORGANISATION, "[2026-10-03, 2026-12-25]", "[2026-10-03]"),
    (ORGANISATION, "end: 2026-12-31", "end: 2026-12-30"),
]


@pytest.mark.parametrize(("name", "old", "new"), CHANGES_THE_SCORE)
def test_what_matters_changes_the_body(
    tmp_path: Path, name: str, old: str, new: str | None
) -> None:
    """A change to anything that the score depends on shows in its definition."""
    before = definition_body(_plan(tmp_path / "a"), PROFICIENCY)
    if new is None:
        old, new = "    weight: 1\n    key", "    weight: 1\n    commitment: committed\n    key"
    after = definition_body(_plan(tmp_path / "b", samples.edited(name, old, new)), PROFICIENCY)
    assert before != after
    assert semantic_diff(before, after)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (LEARNING_GOALS, "title: 90 % of staff reach", "title: Ninety % of staff reach"),
        (LEARNING_GOALS, "baseline: 35", "baseline: 35.00"),
        (LEARNING_GOALS, "    supports: company/digital-operations\n", "# moved a line\n\n\n"),
        (LEARNING, "title: Active staff", "title: Staff\n    description: Who works here"),
        (SALES, "window: trailing 90d", "window: trailing 91d"),
        (CRM, "root: data/crm", "root: elsewhere"),
        (BEST, "-- the best", "-- our best"),
        (ORGANISATION, "lead: ceo@acme.example", "lead: boss@acme.example"),
        (ORGANISATION, "2025-H2: {start: 2025-07-01", "2025-H2: {start: 2025-07-02"),
        (LMS, "key: learner_id", "key: [learner_id]"),
        (LMS, 'null_values: ["", "?"]', 'null_values: ["", "?"], decimal: "."'),
    ],
)
def test_what_does_not_matter_leaves_the_body(
    tmp_path: Path, name: str, old: str, new: str
) -> None:
    """Titles, owners, spelling of numbers, lines and other metrics change no definition."""
    before = definition_body(_plan(tmp_path / "a"), PROFICIENCY)
    after = definition_body(_plan(tmp_path / "b", samples.edited(name, old, new)), PROFICIENCY)
    assert before == after


def test_a_look_back_takes_all_cycles_in(tmp_path: Path) -> None:
    """A formula with an offset depends on which cycle contains the earlier day."""
    change = samples.edited(LEARNING_GOALS, "metric: won_revenue", "metric: revenue_growth")
    body = definition_body(_plan(tmp_path, change), f"{PREFIX}/growth")
    assert [c["name"] for c in body["organisation"]["cycles"]] == ["2025-H2", "2026-H2"]


def test_many_bodies_are_the_single_ones(tmp_path: Path) -> None:
    """Asking for all at once gives what asking one by one gives; an unknown name is refused."""
    plan = _plan(tmp_path)
    every = definition_bodies(plan)
    assert every == {name: definition_body(plan, name) for name in plan.key_results}
    with pytest.raises(KeyError):
        definition_body(plan, "2026-H2/learning/crm-fluency/none")


def test_every_object_has_a_body(tmp_path: Path) -> None:
    """Names say the kind, and titles are part of an object's own history."""
    bodies = object_bodies(_plan(tmp_path))
    assert bodies["organisation"][0] == "organisation"
    assert bodies["metric won_revenue"][1]["title"] == "Won revenue"
    assert bodies[f"key_result {PROFICIENCY}"][0] == "key_result"
    assert {kind for kind, _ in bodies.values()} == {
        "organisation", "stream", "model", "metric", "objective", "key_result",
    }  # fmt: skip
    assert json.loads(json.dumps(bodies)) == {k: list(v) for k, v in bodies.items()}


def test_a_diff_names_what_changed(tmp_path: Path) -> None:
    """One change each, with the path and both values; columns go by name."""
    old = object_bodies(_plan(tmp_path / "a"))["stream lms.completions"][1]
    text = samples.FILES[LMS].replace("decimal(5,2)", "decimal(6,2)")
    text = text.replace("      course: text\n", "      course: text\n      unit: text\n")
    new = object_bodies(_plan(tmp_path / "b", {LMS: text}))["stream lms.completions"][1]
    changes = {c.path: c for c in semantic_diff(old, new)}
    assert set(changes) == {"columns[score].type.precision", "columns[unit]"}
    assert changes["columns[score].type.precision"].before == "5"
    assert changes["columns[unit]"].before is None
    assert str(changes["columns[score].type.precision"]) == "columns[score].type.precision: 5 -> 6"


def test_diffs_of_plain_values() -> None:
    """Additions, removals, order, lists without names and booleans against text."""
    assert semantic_diff(None, {"a": "1"}) == [Change("a", None, "1")]
    assert semantic_diff({"a": "1"}, {}) == [Change("a", "1", None)]
    assert semantic_diff({"a": ["x", "y"]}, {"a": ["y", "x"]}) == [
        Change("a", ["x", "y"], ["y", "x"])
    ]
    named = {"a": [{"name": "x"}, {"name": "y"}]}
    swapped = {"a": [{"name": "y"}, {"name": "x"}]}
    assert semantic_diff(named, swapped) == [Change("a[order]", ["x", "y"], ["y", "x"])]
    assert semantic_diff({"a": [{"b": "1"}]}, {"a": [{"b": "2"}]}) == [Change("a[0].b", "1", "2")]
    assert semantic_diff(named, named) == []
