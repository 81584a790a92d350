"""Recorded bodies read back: the plan that they describe."""

from __future__ import annotations

import json
from pathlib import Path

import definition_samples as samples
import pytest

from scoreline.core.errors import DefinitionError
from scoreline.core.model import Plan, Reach
from scoreline.definitions.canonical import definition_bodies, object_bodies
from scoreline.definitions.project import load_project
from scoreline.definitions.recorded import Bodies, plan_from

ROOT = Path(__file__).resolve().parents[2]


def _recorded(plan: Plan) -> Bodies:
    found: Bodies = json.loads(json.dumps(object_bodies(plan)))
    return {name: (kind, body) for name, (kind, body) in found.items()}


@pytest.mark.parametrize("where", ["sample", "example"])
def test_bodies_read_back_have_the_same_bodies(where: str, tmp_path: Path) -> None:
    """Nothing that takes part in a score is lost between a plan, its bodies and the plan again."""
    plan = samples.load(tmp_path).plan if where == "sample" else load_project(ROOT).plan
    assert plan is not None
    again = plan_from(_recorded(plan))
    assert object_bodies(again) == object_bodies(plan)
    assert definition_bodies(again) == definition_bodies(plan)
    assert again.key_results.keys() == plan.key_results.keys()
    for name, kr in again.key_results.items():
        assert kr.kind == plan.key_results[name].kind
        assert (kr.filter, kr.start, kr.due) == (
            plan.key_results[name].filter,
            plan.key_results[name].start,
            plan.key_results[name].due,
        )
    assert again.metrics.keys() == plan.metrics.keys()
    for name, metric in again.metrics.items():
        assert metric.measure == plan.metrics[name].measure
        assert metric.window == plan.metrics[name].window


def test_a_removed_object_is_not_in_the_plan(tmp_path: Path) -> None:
    """A body that says `removed` takes its object out; what used it is broken, and says so."""
    plan = samples.load(tmp_path).plan
    assert plan is not None
    bodies = dict(_recorded(plan))
    name = next(kr.metric for kr in plan.key_results.values() if isinstance(kr.kind, Reach))
    bodies[f"metric {name}"] = ("metric", {"removed": True})
    again = plan_from(bodies)
    assert name not in again.metrics
    users = [k for k in again.key_results.values() if k.metric == name]
    assert users
    assert all(k.broken == f"metric {name} is not defined" for k in users)


def test_a_body_of_another_release_is_refused_with_its_field(tmp_path: Path) -> None:
    """A field that this release does not know is named; nothing is guessed."""
    plan = samples.load(tmp_path).plan
    assert plan is not None
    bodies = dict(_recorded(plan))
    kind, body = bodies["organisation"]
    bodies["organisation"] = (kind, {**body, "moon_phase": "full"})
    with pytest.raises(DefinitionError, match="moon_phase is not known"):
        plan_from(bodies)
