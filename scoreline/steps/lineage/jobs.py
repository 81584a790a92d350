"""The jobs of a run's events, and the events themselves.

What belongs here: a job's name and facets, the id of its run, START and how it ended. What does
not: which jobs there are, and what they read and write (events).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    error_message_run,
    job_type_job,
    nominal_time_run,
    ownership_job,
    parent_run,
    processing_engine_run,
    source_code_job,
    sql_job,
    tags_job,
    tags_run,
)
from openlineage.client.uuid import generate_static_uuid

from scoreline.core.digests import canonical
from scoreline.steps.lineage.facts import RunFacts


class Jobs:
    """Makes the events of one run's jobs.

    Attributes:
        whole: the name of the run as a whole, of which all other jobs are children.
    """

    def __init__(self, facts: RunFacts, namespace: str) -> None:
        self._facts, self._namespace = facts, namespace
        self.whole = facts.run.kind.replace(" ", ".")

    def facets(
        self,
        *,
        kind: str = "JOB",
        owners: Iterable[str | None] = (),
        code: Any = None,
        of: Iterable[str] = (),
        sql: str | None = None,
    ) -> dict[str, Any]:
        """A job's facets; the tags are the digests of the definitions that it follows."""
        found: dict[str, Any] = {
            "jobType": job_type_job.JobTypeJobFacet(
                processingType="BATCH", integration="SCORELINE", jobType=kind
            )
        }
        named = [ownership_job.Owner(name=o, type="OWNER") for o in dict.fromkeys(owners) if o]
        if named:
            found["ownership"] = ownership_job.OwnershipJobFacet(owners=named)
        if code is not None:
            text = canonical(code).decode()
            found["sourceCode"] = source_code_job.SourceCodeJobFacet("JSON", text)
        if sql is not None:
            found["sql"] = sql_job.SQLJobFacet(query=sql, dialect="duckdb")
        digests = {name: self._facts.definitions.get(name) for name in of}
        tags = [tags_job.TagsJobFacetFields(n, d, "SCORELINE") for n, d in digests.items() if d]
        if tags:
            found["tags"] = tags_job.TagsJobFacet(tags=tags)
        return found

    def pair(
        self,
        name: str,
        job: dict[str, Any],
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        ends: tuple[datetime, str | None],
    ) -> Iterator[RunEvent]:
        """START, and how it ended: when, and why it failed if it did."""
        at, error = ends
        yield self.event(name, job, RunState.START, self._facts.run.started_at)
        state = RunState.COMPLETE if error is None else RunState.FAIL
        made = outputs if error is None else []
        yield self.event(name, job, state, at, error=error, inputs=inputs, outputs=made)

    def event(
        self,
        name: str,
        job: dict[str, Any],
        state: RunState,
        at: datetime,
        *,
        error: str | None = None,
        parent: bool = True,
        inputs: Sequence[Any] = (),
        outputs: Sequence[Any] = (),
    ) -> RunEvent:
        """One event of a job; all but the run as a whole have that as their parent."""
        found = self._run_facets(parent)
        if error is not None:
            found["errorMessage"] = error_message_run.ErrorMessageRunFacet(error, "PYTHON")
        return RunEvent(
            eventTime=at.astimezone(UTC).isoformat(),
            run=Run(self._run_id(name), found),
            job=Job(self._namespace, name, job),
            eventType=state,
            inputs=list(inputs),
            outputs=list(outputs),
        )

    def _run_facets(self, parent: bool) -> dict[str, Any]:
        run, plan = self._facts.run, self._facts.plan
        engine = processing_engine_run.ProcessingEngineRunFacet(
            version=run.version, name="Scoreline"
        )
        tag = tags_run.TagsRunFacetFields("scoreline_run", run.id, "SCORELINE")
        found: dict[str, Any] = {
            "processing_engine": engine,
            "tags": tags_run.TagsRunFacet(tags=[tag]),
        }
        if run.as_of is not None:
            start = _midnight(run.as_of, plan.organisation.timezone)
            found["nominalTime"] = nominal_time_run.NominalTimeRunFacet(nominalStartTime=start)
        if parent:
            found["parent"] = parent_run.ParentRunFacet(
                parent_run.Run(self._run_id(self.whole)),
                parent_run.Job(self._namespace, self.whole),
            )
        return found

    def _run_id(self, job: str) -> str:
        run = self._facts.run
        return str(generate_static_uuid(run.started_at, f"{run.id}\n{job}".encode()))


def _midnight(day: date, zone: str) -> str:
    return datetime.combine(day, time(), ZoneInfo(zone)).isoformat()
