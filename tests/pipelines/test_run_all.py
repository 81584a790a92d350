"""`python -m pipelines.run_all`: every job once, whatever fails."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from pipeline_fakes import FakeSteps

from pipelines.run_all import run_all
from scoreline.core.errors import LockedError
from scoreline.core.records import CheckResult
from scoreline.steps.reports import StreamReport


def test_each_source_then_the_scores(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance, capsys: pytest.CaptureFixture
) -> None:
    """One line for each job, scoring last, recorded with Dagster; status 0."""
    steps.streams["crm.deals"] = StreamReport(
        "crm.deals", landed=2, rows_inserted=1200, rows_quarantined=3, blocked=("b1",)
    )
    assert run_all(project, instance, steps) == 0
    assert [a for a, _ in steps.asked] == ["crm", "hr", "score"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(maxsplit=1) == [
        "crm",
        "2 new batches, 1,200 rows loaded, 3 rows quarantined, 1 blocked",
    ]
    assert [line.split()[0] for line in lines] == ["crm", "hr", "score"]
    assert {r.job_name for r in instance.get_runs()} == {"ingest_crm", "ingest_hr", "score"}


def test_a_failed_source_stops_nothing(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance, capsys: pytest.CaptureFixture
) -> None:
    """Everything after a failed source still runs; its words are printed; status 3."""
    steps.errors["crm"] = LockedError("another process works here")
    assert run_all(project, instance, steps) == 3
    assert [a for a, _ in steps.asked] == ["crm", "hr", "score"]
    printed = capsys.readouterr()
    assert "ingest_crm: another process works here" in printed.err
    assert "Traceback" not in printed.err + printed.out


def test_a_broken_definition_is_status_3(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """A definition file in error fails its own part, and the status says so."""
    (project / "okr_defs/metrics/people.yaml").write_text("metrics: 7\n")
    assert run_all(project, instance, steps) == 3


def test_a_check_that_could_not_be_evaluated_is_status_3(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """A check in error is reported by the status although no run failed."""
    check = CheckResult(
        "b1", 0, "expect_column_values_to_not_be_null", {}, "key", "error", "block", "blocked", "x"
    )
    steps.streams["crm.deals"] = StreamReport("crm.deals", checks=[check])
    assert run_all(project, instance, steps) == 3
    assert all(r.is_success for r in instance.get_runs())


def test_no_organisation_is_status_2(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance, capsys: pytest.CaptureFixture
) -> None:
    """Where nothing can run at all, every error is printed and nothing is tried."""
    (project / "okr_defs/organisation.yaml").unlink()
    assert run_all(project, instance, steps) == 2
    assert steps.asked == []
    assert "organisation.yaml is missing" in capsys.readouterr().err
