"""The graph, what a run materialises, and what a failure isolates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
from pipeline_fakes import FakeSteps, definitions, execute, materialised, why_failed

from scoreline.core.errors import LockedError
from scoreline.steps.reports import StreamReport

STREAMS = {"crm/deals", "crm/visits", "hr/staff"}
FILES = {
    "metrics/people",
    "metrics/sales",
    "objectives/2026-H2/company",
    "objectives/2026-H2/sales",
}


def keys(steps: FakeSteps) -> set[str]:
    graph = definitions(steps).resolve_asset_graph()
    return {k.to_user_string() for k in graph.get_all_asset_keys()}


def parents(steps: FakeSteps, *key: str) -> set[str]:
    node = definitions(steps).resolve_asset_graph().get(dg.AssetKey(list(key)))
    return {k.to_user_string() for k in node.parent_keys}


def test_one_asset_for_each_stream_and_file(steps: FakeSteps) -> None:
    """Streams, metrics files and objectives files are the assets, and one for backfills."""
    assert keys(steps) == STREAMS | FILES | {"scores_by_day"}


def test_the_graph_follows_what_is_read(steps: FakeSteps) -> None:
    """A metrics file depends on streams through models, objectives on their metrics files."""
    assert parents(steps, "metrics", "sales") == {"crm/deals"}
    assert parents(steps, "metrics", "people") == {"hr/staff"}
    assert parents(steps, "objectives", "2026-H2", "sales") == {"metrics/sales"}
    assert parents(steps, "crm", "deals") == set()


def test_no_job_makes_scoring_wait_for_ingestion(steps: FakeSteps) -> None:
    """No job holds both a stream and a file, so a failed source cannot skip scoring."""
    for job in definitions(steps).resolve_all_job_defs():
        if not job.name.startswith("__"):
            selected = {k.to_user_string() for k in job.asset_layer.executable_asset_keys}
            assert not (selected & STREAMS and selected & FILES), job.name


def test_a_source_ingests_its_streams_once(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """The job of a source asks for that source once and materialises each of its streams."""
    result = execute(steps, "ingest_crm", instance)
    assert result.success
    assert materialised(result) == {"crm/deals", "crm/visits"}
    assert steps.asked == [("crm", ("crm.deals", "crm.visits"))]


def test_a_subset_ingests_only_that(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """Selecting one stream in the page ingests that stream only."""
    chosen = [dg.AssetKey(["crm", "visits"])]
    result = execute(steps, "ingest_crm", instance, asset_selection=chosen)
    assert materialised(result) == {"crm/visits"}
    assert steps.asked == [("crm", ("crm.visits",))]


def test_a_broken_stream_fails_alone(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """The healthy stream of a source is materialised; the failure names the broken one."""
    steps.streams["crm.deals"] = StreamReport("crm.deals", error="data: no such folder")
    result = execute(steps, "ingest_crm", instance)
    assert not result.success
    assert materialised(result) == {"crm/visits"}
    assert "crm.deals\ndata: no such folder" in why_failed(result)
    assert "crm.visits" not in why_failed(result)
    assert len(steps.asked) == 1, "a permanent failure must not be tried again"


def test_a_transient_failure_is_tried_again(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """Only the failed stream is tried again, after the source's own wish, at most 3 times."""
    steps.streams["crm.deals"] = StreamReport(
        "crm.deals", error="busy", transient=True, retry_after=0
    )
    result = execute(steps, "ingest_crm", instance)
    assert not result.success
    assert materialised(result) == {"crm/visits"}
    assert [a for _, a in steps.asked] == [("crm.deals", "crm.visits"), *[("crm.deals",)] * 3]


def test_a_long_wait_is_left_to_the_schedule(
    steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """A source that asks for an hour does not hold the queue: the run ends and says so."""
    steps.streams["crm.deals"] = StreamReport(
        "crm.deals", error="busy", transient=True, retry_after=3600
    )
    result = execute(steps, "ingest_crm", instance)
    assert len(steps.asked) == 1
    assert "asks to wait 3,600 s" in why_failed(result)


def test_a_blocked_batch_is_no_failure(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """A blocked stream is materialised with why it is blocked, and scoring runs after it."""
    steps.streams["crm.deals"] = StreamReport(
        "crm.deals", blocked=("b1",), block_reasons=("`amount` <b>too high</b>",), waiting=2
    )
    result = execute(steps, "ingest_crm", instance)
    assert result.success
    [event] = [
        e for e in result.get_asset_materialization_events() if e.asset_key.path[-1] == "deals"
    ]
    found = event.step_materialization_data.materialization.metadata
    assert found["state"].value == "blocked"
    assert "`'amount' <b>too high</b>`" in str(found["why blocked"].value), "markup stays text"
    assert execute(steps, "score", instance).success


def test_scoring_is_one_call(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """All files are materialised from one call that scores the default day."""
    result = execute(steps, "score", instance)
    assert result.success
    assert materialised(result) == FILES
    assert steps.asked == [("score", None)]


def test_values_are_plotted(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """A metrics file carries each unfiltered value as a number and all values as a table."""
    result = execute(steps, "score", instance)
    found = {
        e.asset_key.to_user_string(): e.step_materialization_data.materialization.metadata
        for e in result.get_asset_materialization_events()
    }["metrics/sales"]
    assert found["value: won_revenue"].value == 1.5
    [row] = found["values"].value.records
    assert (row.data["metric"], row.data["numerator"]) == ("won_revenue", "3")


def test_a_broken_file_fails_alone(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """A file in error still has its asset; it fails with place, found and legal, others not."""
    path = project / "okr_defs/objectives/2026-H2/sales.yaml"
    path.write_text(path.read_text().replace("target: 1000", "taget: 1000"))
    assert "objectives/2026-H2/sales" in keys(steps)
    result = execute(steps, "score", instance)
    assert not result.success
    assert materialised(result) == FILES - {"objectives/2026-H2/sales"}
    words = why_failed(result)
    assert "okr_defs/objectives/2026-H2/sales.yaml:8:" in words
    assert "taget" in words
    assert "target" in words


def test_unreadable_yaml_fails_alone(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """A file that is no YAML at all keeps its asset, and the others are materialised."""
    (project / "okr_defs/metrics/people.yaml").write_text("metrics: [\n")
    result = execute(steps, "score", instance)
    assert "metrics/people" not in materialised(result)
    assert {"metrics/sales", "objectives/2026-H2/sales"} <= materialised(result)
    assert "okr_defs/metrics/people.yaml" in why_failed(result)


def test_a_broken_model_has_an_asset_of_its_own(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """A model in error fails as `definitions/models/<name>`, and with it the file that reads it."""
    (project / "okr_defs/models/won.sql").write_text("SELECT * FROM crm.nowhere\n")
    assert "definitions/models/won" in keys(steps)
    result = execute(steps, "score", instance)
    assert not result.success
    assert {"metrics/people", "objectives/2026-H2/company"} <= materialised(result)
    assert {"metrics/sales", "definitions/models/won"}.isdisjoint(materialised(result))
    assert "okr_defs/models/won.sql" in why_failed(result)


def test_a_broken_source_leaves_the_others(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """A source file in error fails as an asset of the scoring job; other sources ingest."""
    (project / "okr_defs/sources/hr.yaml").write_text("source: hr\nconnector: files\n")
    assert "definitions/sources/hr" in keys(steps)
    assert execute(steps, "ingest_crm", instance).success
    assert "okr_defs/sources/hr.yaml" in why_failed(execute(steps, "score", instance))


def test_a_broken_stream_definition_fails_alone(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """A stream in error keeps its asset beside its healthy sibling, and only it fails."""
    path = project / "okr_defs/sources/crm.yaml"
    path.write_text(path.read_text().replace("load: append", "load: upend"))
    result = execute(steps, "ingest_crm", instance)
    assert not result.success
    assert materialised(result) == {"crm/deals"}
    assert "okr_defs/sources/crm.yaml:25:11" in why_failed(result)
    assert "upend" in why_failed(result)


def test_a_metric_that_cannot_be_computed_fails_its_file(
    steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """An error while measuring fails the metric's file with its words, and nothing else."""
    steps.metric_errors["won_revenue"] = "the sum needs more than 38 digits"
    result = execute(steps, "score", instance)
    assert materialised(result) == FILES - {"metrics/sales"}
    assert "metric won_revenue: the sum needs more than 38 digits" in why_failed(result)


def test_a_broken_organisation_still_loads(
    project: Path, steps: FakeSteps, instance: dg.DagsterInstance
) -> None:
    """Without a usable organisation there is one asset, and it fails with every error."""
    (project / "okr_defs/organisation.yaml").write_text("organisation: Test\ntimezone: Mars/X\n")
    assert keys(steps) == {"definitions"}
    result = execute(steps, "score", instance)
    assert not result.success
    assert "Mars/X" in why_failed(result)
    assert "cycles" in why_failed(result)


def test_no_folder_still_loads(tmp_path: Path) -> None:
    """A folder without `okr_defs` loads as well, with the one asset that says so."""
    assert keys(FakeSteps(tmp_path)) == {"definitions"}


def test_product_errors_are_shown_as_worded(steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """An error of the product reaches Dagster in its own words, control characters removed."""
    steps.errors["crm"] = LockedError("process 7 works here \x1b[31msince 6:00")
    words = why_failed(execute(steps, "ingest_crm", instance))
    assert "process 7 works here \ufffd[31msince 6:00" in words


def spec_of(steps: FakeSteps, *key: str) -> Any:
    return definitions(steps).resolve_asset_graph().get(dg.AssetKey(list(key)))


def test_a_stream_shows_its_contract(steps: FakeSteps, project: Path) -> None:
    """Column schema, owner, group, kinds and the definition's file and line are on the asset."""
    node = spec_of(steps, "crm", "deals")
    schema = node.metadata["dagster/column_schema"]
    assert [(c.name, c.type) for c in schema.columns][:3] == [
        ("deal", "text"),
        ("stage", "text"),
        ("amount", "decimal(12,2)"),
    ]
    assert list(node.owners) == ["tom@test.example"]
    assert node.group_name == "crm"
    assert {"files", "duckdb"} <= node.kinds
    [reference] = node.metadata["dagster/code_references"].code_references
    assert reference.file_path == str(project / "okr_defs/sources/crm.yaml")
    assert reference.line_number == 8


def test_freshness_policy_only_for_fixed_lengths(steps: FakeSteps) -> None:
    """Hours become Dagster's policy; working days, which have no fixed length, do not."""
    visits, deals = spec_of(steps, "crm", "visits"), spec_of(steps, "crm", "deals")
    assert visits.freshness_policy.fail_window.to_timedelta().total_seconds() == 36 * 3600
    assert deals.freshness_policy is None
