"""Checks as Dagster sees them: reported, never deciding."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import dagster as dg
from pipeline_fakes import FakeSteps, definitions, execute, materialised

from pipelines.checks import named_checks
from scoreline.core.records import CheckResult
from scoreline.definitions.project import load_project
from scoreline.steps.reports import StreamReport

NAMES = ["not_null__deal", "in_set__stage", "between__amount"]


def result_of(
    project: Path,
    position: int,
    outcome: Literal["pass", "fail", "error"],
    batch: str = "b1",
    message: str = "",
) -> CheckResult:
    plan = load_project(project).plan
    assert plan is not None
    spec = list(named_checks(plan.streams["crm.deals"]).values())[position]
    return CheckResult(
        batch=batch,
        position=position,
        type=spec.type,
        arguments={},
        origin=spec.origin,
        outcome=outcome,
        policy=spec.on_failure,
        took="none" if outcome == "pass" else "blocked",
        message=message or outcome,
        evaluated=10,
        unexpected=2 if outcome == "fail" else 0,
        failing_rows=(4, 7) if outcome == "fail" else (),
    )


def evaluations(
    steps: FakeSteps, instance: dg.DagsterInstance
) -> dict[str, dg.AssetCheckEvaluation]:
    result = execute(steps, "ingest_crm", instance)
    assert result.success
    found = result.get_asset_check_evaluations()
    return {e.check_name: e for e in found if e.asset_key.path[-1] == "deals"}


def test_a_check_for_each_expectation_and_contract(steps: FakeSteps) -> None:
    """Key, `one_of` and `expect` each give a check, with two on the stream as a whole."""
    keys = definitions(steps).resolve_asset_graph().asset_check_keys
    names = {k.name for k in keys if k.asset_key.path[-1] == "deals"}
    assert names == {*NAMES, "fresh", "not_held"}
    assert {k.name for k in keys if k.asset_key.path[-1] == "staff"} == {
        "not_null__person",
        "unique__person",
        "not_held",
    }


def test_no_check_blocks(steps: FakeSteps) -> None:
    """Every check is declared as not blocking: the gate decides, so nothing is skipped."""
    graph = definitions(steps).resolve_asset_graph()
    assert graph.asset_check_keys
    for key in graph.asset_check_keys:
        assert not graph.get_check_spec(key).blocking, key


def test_a_failed_check_is_reported_and_skips_nothing(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """A failure has severity error and its counts, and the asset is materialised all the same."""
    report = StreamReport("crm.deals", landed=1)
    report.checks = [result_of(project, n, o) for n, o in enumerate(["pass", "pass", "fail"])]  # type: ignore[arg-type]
    steps.streams["crm.deals"] = report
    found = evaluations(steps, instance)["between__amount"]
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.ERROR
    assert (found.metadata["evaluated"].value, found.metadata["unexpected"].value) == (10, 2)
    [row] = found.metadata["by batch"].value.records  # type: ignore[union-attr]
    assert row.data["failing_rows"] == "4, 7"
    assert "crm/deals" in materialised(execute(steps, "ingest_crm", instance))


def test_an_error_is_neither_pass_nor_fail(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """A check that could not be evaluated is not passed, and says that it was not evaluated."""
    report = StreamReport("crm.deals", landed=2)
    report.checks = [
        result_of(project, 2, "fail"),
        result_of(project, 2, "error", "b2", "no column `amont`"),
    ]
    steps.streams["crm.deals"] = report
    found = evaluations(steps, instance)["between__amount"]
    assert not found.passed
    assert found.metadata["outcome"].value == "error"
    assert found.description is not None
    assert "could not be evaluated" in found.description
    assert "no column" in found.description


def test_several_batches_give_one_result(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """The worst outcome of a run's batches is the check's, and the counts add up."""
    report = StreamReport("crm.deals", landed=2)
    report.checks = [result_of(project, 1, "fail"), result_of(project, 1, "pass", "b2")]
    steps.streams["crm.deals"] = report
    found = evaluations(steps, instance)["in_set__stage"]
    assert not found.passed
    assert (found.metadata["evaluated"].value, found.metadata["unexpected"].value) == (20, 2)


def test_nothing_validated_leaves_the_last_result(
    steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """Without a new batch only the checks on the stream as a whole report."""
    steps.stale["crm.deals"] = None
    assert set(evaluations(steps, instance)) == {"fresh", "not_held"}


def test_a_stale_stream_fails_its_freshness(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """Staleness by the newest event, working days included, is a failed check with its words."""
    steps.stale["crm.deals"] = "crm.deals has its newest event on 2026-11-02"
    found = evaluations(steps, instance)["fresh"]
    assert not found.passed
    assert found.description == "crm.deals has its newest event on 2026-11-02"


def test_a_blocked_stream_says_what_to_do(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """A blocked batch fails `not_held` with the reason and the commands that end it."""
    steps.streams["crm.deals"] = StreamReport(
        "crm.deals", blocked=("b123",), block_reasons=("missing column amount",)
    )
    found = evaluations(steps, instance)["not_held"]
    assert not found.passed
    assert found.description == "b123: missing column amount"
    assert "scoreline batches release" in str(found.metadata["why"].value)
