"""The assets on the product itself: files in, scores out, through Dagster."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from fakes import PassingValidator
from pipeline_fakes import DATA, materialised, why_failed, write_data

from pipelines.definitions import build_definitions
from pipelines.project import ProjectSteps
from pipelines.run_all import run_all

NOW = datetime(2099, 1, 1, 8, 0, tzinfo=UTC)  # every file has rested by then
SALES = "objectives/2026-H2/sales"


@pytest.fixture
def steps(project: Path) -> Iterator[ProjectSteps]:
    """The product's steps on the test project, with a validator in this process."""
    write_data(project)
    found = ProjectSteps(project, validator=PassingValidator(), clock=lambda: NOW, keep_open=True)
    yield found
    found.close()


def execute(
    project: Path, steps: ProjectSteps, job: str, instance: dg.DagsterInstance, **more: Any
) -> dg.ExecuteInProcessResult:
    defs = build_definitions(project, resource_overrides={"scoreline": steps})
    found = defs.resolve_job_def(job)
    return found.execute_in_process(instance=instance, raise_on_error=False, **more)


def metadata_of(result: dg.ExecuteInProcessResult, key: str) -> dict[str, Any]:
    found = {
        e.asset_key.to_user_string(): e.step_materialization_data.materialization.metadata
        for e in result.get_asset_materialization_events()
        if e.asset_key is not None
    }
    return {name: value.value for name, value in found[key].items()}


def test_files_become_scores(
    project: Path, steps: ProjectSteps, instance: dg.DagsterInstance
) -> None:
    """Ingesting and scoring through Dagster gives the value of the files, with its formula."""
    ingested = execute(project, steps, "ingest_crm", instance)
    assert ingested.success, why_failed(ingested)
    deals = metadata_of(ingested, "crm/deals")
    assert (deals["state"], deals["dagster/row_count"], deals["rows inserted"]) == ("loaded", 2, 2)
    [batch] = deals["batches"].records
    assert (batch.data["object"], batch.data["state"]) == ("deals_1.csv", "loaded")
    assert all(c.passed for c in ingested.get_asset_check_evaluations())
    assert execute(project, steps, "ingest_hr", instance).success
    scored = execute(project, steps, "score", instance)
    assert scored.success, why_failed(scored)
    assert metadata_of(scored, "metrics/sales")["value: won_revenue"] == 400.0
    found = metadata_of(scored, SALES)
    assert found["progress: 2026-H2/sales/sell/revenue"] == pytest.approx(0.4)
    [row] = found["key results"].records
    assert row.data["value"] == "400.000000"
    assert "(400 - 0) / (1000 - 0)" in found["how each was computed"]


def test_a_second_run_changes_nothing(
    project: Path, steps: ProjectSteps, instance: dg.DagsterInstance
) -> None:
    """With nothing new, checks keep their last result and the scores are the same."""
    assert run_all(project, instance, steps) == 0
    again = execute(project, steps, "ingest_crm", instance)
    assert metadata_of(again, "crm/deals")["state"] == "unchanged"
    names = {e.check_name for e in again.get_asset_check_evaluations()}
    assert names == {"fresh", "not_held"}
    scored = execute(project, steps, "score", instance)
    assert metadata_of(scored, SALES)["progress: 2026-H2/sales/sell/revenue"] == pytest.approx(0.4)


def test_a_blocked_batch_does_not_skip_scoring(
    project: Path, steps: ProjectSteps, instance: dg.DagsterInstance
) -> None:
    """A batch that a check blocks fails its checks, no run; its key result is held."""
    assert run_all(project, instance, steps) == 0
    write_data(project, deals_2="deal,stage,amount,closed_on\nd3,Won,5000,2026-11-20\n")
    ingested = execute(project, steps, "ingest_crm", instance)
    assert ingested.success
    failed = {e.check_name: e for e in ingested.get_asset_check_evaluations() if not e.passed}
    assert set(failed) == {"between__amount", "not_held"}
    assert {e.severity for e in failed.values()} == {dg.AssetCheckSeverity.ERROR}
    scored = execute(project, steps, "score", instance)
    assert scored.success
    [row] = metadata_of(scored, SALES)["key results"].records
    assert (row.data["status"], row.data["value"]) == ("held", "400.000000")


def test_a_source_that_is_gone_leaves_the_others(
    project: Path, steps: ProjectSteps, instance: dg.DagsterInstance
) -> None:
    """One source without its folder fails its own run; the rest is ingested and scored."""
    path = project / "okr_defs/sources/hr.yaml"
    path.write_text(path.read_text().replace("root: data", "root: nowhere"))
    assert run_all(project, instance, steps) == 3
    states = {r.job_name: r.status for r in instance.get_runs()}
    assert states == {
        "ingest_crm": dg.DagsterRunStatus.SUCCESS,
        "ingest_hr": dg.DagsterRunStatus.FAILURE,
        "score": dg.DagsterRunStatus.SUCCESS,
    }


def test_the_look_finds_new_files_only(project: Path, steps: ProjectSteps) -> None:
    """Before ingestion every file is news, afterwards none, then one that changed."""
    first = steps.look(["crm", "hr"])
    assert len(first["crm"].news) == 2
    assert steps.look(["crm", "hr"]) == first
    with dg.DagsterInstance.ephemeral() as instance:
        run_all(project, instance, steps)
    assert {n: look.news for n, look in steps.look(["crm", "hr"]).items()} == {"crm": (), "hr": ()}
    write_data(project, deals_1=DATA["deals_1.csv"] + "d4,Won,1,2026-11-20\n")
    assert len(steps.look(["crm"])["crm"].news) == 1


def test_the_look_holds_no_lock(project: Path, steps: ProjectSteps) -> None:
    """A look succeeds while a run holds the project, and leaves no DuckDB file behind."""
    other = ProjectSteps(project, validator=PassingValidator(), clock=lambda: NOW)
    from scoreline.wiring import open_project

    holder = open_project(project, validator=PassingValidator(), clock=lambda: NOW)
    with holder.working("a test"):
        assert other.look(["crm"])["crm"].error is None
    holder.close()
    assert not (project / ".scoreline/warehouse.duckdb").exists()


def test_a_backfill_scores_each_day(
    project: Path, steps: ProjectSteps, instance: dg.DagsterInstance
) -> None:
    """Each day of the range has the value of that day, in one run."""
    run_all(project, instance, steps)
    config = {"ops": {"score_range": {"config": {"from": "2026-11-17", "to": "2026-11-18"}}}}
    result = execute(project, steps, "backfill_scores", instance, run_config=config)
    assert result.success, why_failed(result)
    assert materialised(result) == {"scores_by_day"}
    events = result.get_asset_materialization_events()
    assert [e.partition for e in events] == ["2026-11-17", "2026-11-18"]


def test_no_host_is_asked(
    project: Path, steps: ProjectSteps, instance: dg.DagsterInstance, monkeypatch: Any
) -> None:
    """Running everything opens no connection to any host."""

    def refuse(*args: object, **named: object) -> None:
        raise AssertionError(f"a connection was opened: {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert run_all(project, instance, steps) == 0
