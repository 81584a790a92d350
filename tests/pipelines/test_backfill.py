"""Scoring a range of days in one run."""

from __future__ import annotations

from datetime import date, timedelta

import dagster as dg
import pytest
from pipeline_fakes import DAY, FakeSteps, definitions, execute, why_failed

from pipelines.backfill import days_between
from scoreline.core.errors import WarehouseError


def config(first: str, last: str) -> dict[str, object]:
    return {"ops": {"score_range": {"config": {"from": first, "to": last}}}}


def test_the_job_scores_every_day_in_order(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """Both ends are included, each day is scored once, in order, in a single run."""
    result = execute(
        steps, "backfill_scores", instance, run_config=config("2026-11-17", "2026-11-20")
    )
    assert result.success
    days = [DAY - timedelta(days=n) for n in (3, 2, 1, 0)]
    assert steps.asked == [("score", d) for d in days]
    events = result.get_asset_materialization_events()
    assert [e.partition for e in events] == [d.isoformat() for d in days]


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-11-20", "2026-11-19", "lies before"),
        ("20. November", "2026-11-20", "write YYYY-MM-DD"),
        ("2026-11-20", "2026-11-21", "the newest day that can be scored"),
        ("1990-01-01", "2026-11-20", "at most 3,660"),
    ],
)
def test_an_illegal_range_is_refused(
    steps: FakeSteps, instance: dg.DagsterInstance, first: str, last: str, words: str
) -> None:
    """A range that is no range scores nothing, and the words say what is legal."""
    result = execute(steps, "backfill_scores", instance, run_config=config(first, last))
    assert not result.success
    assert words in why_failed(result)
    assert steps.asked == []


def test_one_day_is_a_range() -> None:
    """A range from a day to the same day has one day."""
    assert days_between("2026-11-20", "2026-11-20", DAY) == [date(2026, 11, 20)]


def test_a_range_of_partitions_is_one_run(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """A backfill of the asset takes its whole range in a single run, metadata by day."""
    asset = definitions(steps).get_assets_def("scores_by_day")
    assert asset.backfill_policy == dg.BackfillPolicy.single_run()
    tags = {
        "dagster/asset_partition_range_start": "2026-11-18",
        "dagster/asset_partition_range_end": "2026-11-20",
    }
    result = dg.materialize([asset], instance=instance, tags=tags, resources={"scoreline": steps})
    assert [d for _, d in steps.asked] == [DAY - timedelta(days=n) for n in (2, 1, 0)]
    events = result.get_asset_materialization_events()
    assert [e.partition for e in events] == ["2026-11-18", "2026-11-19", "2026-11-20"]
    for event in events:
        assert "key results" in event.step_materialization_data.materialization.metadata


def test_partitions_begin_with_the_first_cycle(steps: FakeSteps) -> None:
    """The first partition is the first cycle's first day, in the organisation's zone."""
    asset = definitions(steps).get_assets_def("scores_by_day")
    assert asset.partitions_def is not None
    assert asset.partitions_def.get_first_partition_key() == "2026-07-01"


def test_a_failing_day_ends_the_run(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """A day that cannot be scored fails the run in the product's words."""
    steps.errors["score"] = WarehouseError("disk full: free space and run again")
    result = execute(
        steps, "backfill_scores", instance, run_config=config("2026-11-19", "2026-11-20")
    )
    assert "disk full: free space and run again" in why_failed(result)
    assert len(steps.asked) == 1
