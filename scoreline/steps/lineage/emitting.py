"""Emit: hand the events of runs to wherever they are collected.

What belongs here: which runs, and what a failing endpoint means. What does not: what events
say (events), transports (wiring). A run is never lost for its lineage: what cannot be
delivered is a trouble beside the work, and `scoreline lineage --run` sends it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from scoreline.core.records import Batch

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

    from scoreline.steps.project import Project
    from scoreline.store.rows import RunRow


def run_events(project: Project, runs: Iterable[RunRow]) -> list[RunEvent]:
    """The events of runs that ended, in the order given.

    Raises:
        StoreError: the record of a run was made by a release that kept too little of it.
    """
    from scoreline.steps.lineage.events import events_of  # brings in OpenLineage's client
    from scoreline.steps.lineage.facts import facts_of

    ended = [run for run in runs if run.ended_at is not None]
    received: dict[str, list[Batch]] = {run.id: [] for run in ended}
    for batch in project.store.batches():
        if batch.run in received:
            received[batch.run].append(batch)
    found, space = [], namespace(project)
    for run in ended:
        facts = facts_of(project, run, received[run.id])
        if facts is not None:
            found += events_of(facts, space)
    return found


def namespace(project: Project) -> str:
    """The namespace of jobs and datasets: what is declared, else the organisation's name."""
    declared = project.plan.organisation.lineage
    if declared is not None and declared.namespace is not None:
        return declared.namespace
    return f"scoreline:{project.plan.organisation.name}"


def emit_run(project: Project, run: str) -> None:
    """Send the events of a run that has just ended, where a place for them is declared."""
    if project.lineage_sink is None:
        return
    found = project.store.find_run(run)
    try:
        project.lineage_sink().send(run_events(project, [found] if found else []))
    except Exception as error:  # whatever it is, the run is recorded and stands
        again = f"`scoreline lineage --run {run}` sends it again"
        project.trouble(f"the lineage of this run was not delivered: {error}; {again}")
