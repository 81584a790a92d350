"""The jobs: one for each source, one for scoring, one for a range of days.

What belongs here: which assets run together. There is no step dependency from ingestion to
scoring: they are different jobs, so a source that fails or is held never keeps the other
key results from being scored. What does not: when they run (schedules, sensors).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import dagster as dg

from pipelines.catalogue import Catalogue
from pipelines.naming import name_of

Job: TypeAlias = Any
"""What `define_asset_job` gives; Dagster does not export its type."""

INGEST, SCORE = "ingest", "score"
STEP_TAG = "scoreline/step"
_LIMIT = {"dagster/max_runtime": "3600"}
"""Seconds after which run monitoring ends a run and frees its place in the queue."""


def ingest_job_name(source: str) -> str:
    """The name of a source's job."""
    return name_of(f"{INGEST}_{source}")


def ingest_jobs(catalogue: Catalogue) -> dict[str, Job]:
    """The job of each source, by the source's name."""
    found = {}
    for source in catalogue.plan.sources.values() if catalogue.plan else ():
        keys = [k for n, k in catalogue.streams.items() if n.split(".", 1)[0] == source.name]
        if keys:
            found[source.name] = dg.define_asset_job(
                ingest_job_name(source.name),
                selection=dg.AssetSelection.assets(*keys),
                description=f"Extract, land, validate, gate and load {source.name}.",
                tags={STEP_TAG: INGEST, "scoreline/source": source.name, **_LIMIT},
            )
    return found


def score_job(catalogue: Catalogue) -> Job | None:
    """The job that measures and scores; None where there is no file to score."""
    if catalogue.plan is None or not catalogue.files:
        return None
    return dg.define_asset_job(
        SCORE,
        selection=dg.AssetSelection.assets(*catalogue.files.values()).without_checks(),
        description="Measure what changed and score every key result.",
        tags={STEP_TAG: SCORE, **_LIMIT},
    )


def broken_job() -> Job:
    """The job that says what is wrong with definitions that cannot be used at all."""
    return dg.define_asset_job(
        SCORE,
        selection=dg.AssetSelection.assets(dg.AssetKey("definitions")),
        description="The definitions cannot be used; this job says why.",
        tags={STEP_TAG: SCORE, **_LIMIT},
    )
