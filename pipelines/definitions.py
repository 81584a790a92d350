"""The code location: everything that Dagster knows of a project.

What belongs here: putting assets, jobs, schedules and sensors together for one project.
What does not: any of them. Loading it reads the definitions and nothing else; importing
this module reads nothing.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from pipelines.assets import RESOURCE, build_assets
from pipelines.backfill import backfill_job, by_day_asset
from pipelines.catalogue import read_catalogue
from pipelines.jobs import broken_job, ingest_jobs, score_job
from pipelines.project import ProjectSteps
from pipelines.schedules import build_schedules
from pipelines.sensors import build_sensors

VARIABLE = "SCORELINE_PROJECT"


def project_root() -> Path:
    """The project's folder: `SCORELINE_PROJECT`, else the current folder if it holds
    `okr_defs`, else the folder that this package stands in.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser().resolve()
    here = Path.cwd()
    return here if (here / "okr_defs").is_dir() else Path(__file__).resolve().parents[1]


def build_definitions(
    root: Path, *, resource_overrides: Mapping[str, object] | None = None
) -> dg.Definitions:
    """What Dagster knows of the project in a folder.

    A definition that is wrong never keeps the location from loading: its own asset fails.

    Args:
        root: the folder that holds `okr_defs/`.
        resource_overrides: replacements for resources; `scoreline` is a
            `pipelines.project.Steps`.
    """
    with warnings.catch_warnings():
        for kind in (dg.BetaWarning, dg.PreviewWarning):
            warnings.simplefilter("ignore", kind)
        return _definitions(root, {RESOURCE: ProjectSteps(root), **(resource_overrides or {})})


def _definitions(root: Path, resources: Mapping[str, object]) -> dg.Definitions:
    catalogue = read_catalogue(root)
    assets = build_assets(catalogue)
    if catalogue.plan is None:
        return dg.Definitions(
            assets=assets,
            jobs=[broken_job()],
            executor=dg.in_process_executor,
            resources=resources,
        )
    ingest, score = ingest_jobs(catalogue), score_job(catalogue)
    return dg.Definitions(
        assets=[*assets, by_day_asset(catalogue.plan)],
        jobs=[*ingest.values(), *([score] if score else []), backfill_job()],
        schedules=build_schedules(catalogue, ingest, score),
        sensors=build_sensors(catalogue, ingest, score),
        executor=dg.in_process_executor,
        resources=resources,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The code location that `dagster dev` loads."""
    return build_definitions(project_root())
