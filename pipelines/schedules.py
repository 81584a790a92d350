"""When jobs run: each source by its own cron line, scoring once a day.

What belongs here: schedules in the organisation's time zone. What does not: runs that
something else asks for (sensors). They are on from the start: every step is idempotent,
waits for the project's lock, and runs one at a time.
"""

from __future__ import annotations

import dagster as dg

from pipelines.catalogue import Catalogue
from pipelines.jobs import SCORE, Job
from pipelines.naming import name_of

DEFAULT_SCORE = "0 6 * * *"


def build_schedules(
    catalogue: Catalogue, ingest: dict[str, Job], score: Job | None
) -> list[dg.ScheduleDefinition]:
    """A schedule for each source that has one, and the one for scoring."""
    plan = catalogue.plan
    if plan is None:
        return []
    zone = plan.organisation.timezone
    lines = {f"ingest_{n}": (plan.sources[n].schedule, job) for n, job in ingest.items()}
    if score is not None:
        lines[SCORE] = (plan.organisation.schedule or DEFAULT_SCORE, score)
    return [_schedule(n, cron, job, zone) for n, (cron, job) in lines.items() if cron]


def _schedule(name: str, cron: str, job: Job, zone: str) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=name_of(f"{name}_schedule"),
        job=job,
        cron_schedule=cron,
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"{cron} in {zone}",
    )
