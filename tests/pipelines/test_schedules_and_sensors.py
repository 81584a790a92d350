"""When runs are asked for, and that each change asks once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pipeline_fakes import FakeSteps, definitions, execute

from pipelines.project import Look
from pipelines.sensors import change_key
from scoreline.core.errors import DefinitionError


def schedules(steps: FakeSteps) -> dict[str, Any]:
    found = definitions(steps).get_repository_def().schedule_defs
    return {s.name: s for s in found}


def test_schedules_are_in_the_organisations_zone(steps: FakeSteps) -> None:
    """Every schedule has the organisation's time zone and is on from the start."""
    found = schedules(steps)
    assert {n: s.cron_schedule for n, s in found.items()} == {
        "ingest_crm_schedule": "0 5 * * *",
        "score_schedule": "0 6 * * *",
    }
    assert {s.execution_timezone for s in found.values()} == {"Europe/Berlin"}
    assert {s.default_status for s in found.values()} == {dg.DefaultScheduleStatus.RUNNING}


def test_the_organisation_says_when_scores_are_made(project: Path, steps: FakeSteps) -> None:
    """`schedule` in organisation.yaml takes the place of six in the morning."""
    path = project / "okr_defs/organisation.yaml"
    path.write_text(path.read_text() + 'schedule: "30 7 * * 1-5"\n')
    assert schedules(steps)["score_schedule"].cron_schedule == "30 7 * * 1-5"


def tick(
    steps: FakeSteps, name: str, instance: dg.DagsterInstance, cursor: str | None = None
) -> Any:
    defs = definitions(steps)
    sensor = defs.get_repository_def().get_sensor_def(name)
    context = dg.build_sensor_context(
        instance=instance,
        cursor=cursor,
        repository_def=defs.get_repository_def(),
        resources={"scoreline": steps},
    )
    return sensor.evaluate_tick(context)


def test_new_files_ask_for_their_source_once(
    steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """The same new objects give the same run key, so Dagster starts one run for a change."""
    steps.looks["crm"] = Look(("crm.deals b.csv s1", "crm.deals a.csv s1"))
    [first] = tick(steps, "new_files", instance).run_requests
    assert first.job_name == "ingest_crm"
    steps.looks["crm"] = Look(("crm.deals a.csv s1", "crm.deals b.csv s1"))
    [again] = tick(steps, "new_files", instance).run_requests
    assert again.run_key == first.run_key
    steps.looks["crm"] = Look(("crm.deals a.csv s2", "crm.deals b.csv s1"))
    [changed] = tick(steps, "new_files", instance).run_requests
    assert changed.run_key != first.run_key


def test_nothing_new_asks_for_nothing(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """A quiet look gives no run and says how many sources it looked at."""
    found = tick(steps, "new_files", instance)
    assert not found.run_requests
    assert found.skip_message == "nothing new at 2 sources of files"


def test_a_source_that_cannot_be_looked_at_stops_no_other(
    steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """One unreachable source is logged; another's news still ask for its run."""
    steps.looks["crm"] = Look((), "data: no such folder")
    steps.looks["hr"] = Look(("hr.staff s.csv s1",))
    [request] = tick(steps, "new_files", instance).run_requests
    assert request.job_name == "ingest_hr"


def test_a_failed_look_is_not_called_quiet(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """Where a source cannot be looked at and the rest is quiet, the tick says which and why."""
    steps.looks["crm"] = Look((), "data: no such folder")
    found = tick(steps, "new_files", instance)
    assert found.skip_message == (
        "nothing new at 1 source of files; crm cannot be looked at: data: no such folder"
    )


def test_keys_of_two_sources_differ() -> None:
    """Equal names at two sources are two changes."""
    assert change_key("a", ["x"]) != change_key("b", ["x"])


def test_definitions_that_break_later_fail_the_tick(
    steps: FakeSteps, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sensor's failure is the product's words, not a silence."""

    def refuse(sources: object) -> dict[str, Look]:
        raise DefinitionError("okr_defs/organisation.yaml:2:1: error: no such zone")

    monkeypatch.setattr(steps, "look", refuse)
    with pytest.raises(dg.Failure, match="no such zone"):
        tick(steps, "new_files", instance)


def test_scoring_follows_ingestion_once(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """Two ended ingestions, one of them failed, ask for one scoring run, and not again."""
    assert tick(steps, "score_after_ingest", instance).run_requests == []
    execute(steps, "ingest_hr", instance)
    steps.errors["crm"] = DefinitionError("broken")
    execute(steps, "ingest_crm", instance)
    found = tick(steps, "score_after_ingest", instance)
    assert len(found.run_requests) == 1
    again = tick(steps, "score_after_ingest", instance, found.cursor)
    assert again.run_requests == []
    execute(steps, "ingest_hr", instance)
    assert len(tick(steps, "score_after_ingest", instance, found.cursor).run_requests) == 1


def test_scoring_alone_asks_for_no_scoring(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """A scoring run does not ask for the next one."""
    execute(steps, "score", instance)
    assert tick(steps, "score_after_ingest", instance).run_requests == []


def waiting(steps: FakeSteps, instance: dg.DagsterInstance, job: str) -> None:
    found = definitions(steps).resolve_job_def(job)
    instance.create_run_for_job(found, status=dg.DagsterRunStatus.NOT_STARTED, tags=found.tags)


def test_scoring_waits_for_ingestions_under_way(
    steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """While an ingestion is queued nothing is asked for, and nothing is forgotten."""
    execute(steps, "ingest_hr", instance)
    waiting(steps, instance, "ingest_crm")
    found = tick(steps, "score_after_ingest", instance)
    assert found.run_requests == []
    assert found.cursor is None


def test_a_queued_scoring_run_is_enough(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """While a scoring run waits in the queue, no second one joins it."""
    execute(steps, "ingest_hr", instance)
    waiting(steps, instance, "score")
    found = tick(steps, "score_after_ingest", instance)
    assert found.run_requests == []
    assert found.cursor is not None
