"""A run's OpenLineage events: for every job START, then COMPLETE or FAIL.

What belongs here: the jobs, their inputs and outputs, and the ids of their runs. What does
not: facets (facets), what the run did (facts), sending (emitting).

Jobs are the run as a whole (`run`, `score`, …), of which all others are children, `ingest
SOURCE.STREAM`, `measure METRIC` and `score CYCLE/TEAM`. The id of a run is made from the
project's own run id and the job's name alone: events that are sent twice are the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    set_producer,
)
from openlineage.client.facet_v2 import (
    error_message_run,
    job_type_job,
    nominal_time_run,
    output_statistics_output_dataset,
    ownership_job,
    parent_run,
    processing_engine_run,
    source_code_job,
    sql_job,
    tags_job,
    tags_run,
)
from openlineage.client.uuid import generate_static_uuid

from scoreline.core.model import KeyResult, Metric, Plan, Stream
from scoreline.core.records import canonical, digest_of
from scoreline.definitions.canonical import canonical as plain
from scoreline.definitions.canonical import metric_closure, relation_closure
from scoreline.measures.lineage import Lineage
from scoreline.measures.requests import asked_of, streams_read
from scoreline.measures.single import sql_of
from scoreline.steps.lineage import facets
from scoreline.steps.lineage.facts import RunFacts, StreamFacts

_SCORE_FIELDS = (
    ("value", "decimal", "what the metric says, in its unit"),
    ("progress", "decimal", "the share of the way from baseline to target"),
    ("status", "text", "achieved, on_track, at_risk, off_track, …"),
)


def events_of(facts: RunFacts, namespace: str) -> list[RunEvent]:
    """Every event of a run, in the order in which they happened to the whole.

    Args:
        facts: what the run did.
        namespace: of jobs and of the datasets that are Scoreline's own.
    """
    set_producer(f"urn:scoreline:{facts.run.version}")
    return list(_Events(facts, namespace).all())


class _Events:
    """Makes the events of one run."""

    def __init__(self, facts: RunFacts, namespace: str) -> None:
        self._facts, self._namespace = facts, namespace
        self._lineage = Lineage(facts.plan)
        self._origins = {name: (namespace, name) for name in facts.plan.streams}
        self._whole = facts.run.kind.replace(" ", ".")
        self._ended = facts.run.ended_at or facts.run.started_at

    def all(self) -> Iterator[RunEvent]:
        facts, run = self._facts, self._facts.run
        job = self._job(kind="DAG")
        whole = partial(self._event, self._whole, job, parent=False)
        yield whole(RunState.START, run.started_at)
        for name, stream in facts.streams.items():
            yield from self._ingest(facts.plan.streams[name], stream)
        if facts.scored:
            for metric in facts.plan.metrics.values():
                yield from self._measure(metric)
            yield from self._score()
        words = None if run.outcome == "finished" else f"the run {run.id} was cut short"
        yield whole(RunState.FAIL if words else RunState.COMPLETE, self._ended, error=words)

    # --- the three kinds of jobs ----------------------------------------------------------

    def _ingest(self, stream: Stream, done: StreamFacts) -> Iterator[RunEvent]:
        source, name = self._facts.plan.sources[stream.source], stream.full_name
        origin = _origin(source.connector, stream, done)
        about = {**facets.source_schema(stream), **facets.described(source.description)}
        received = {**facets.received(done.batches), **facets.assertions(done.checks)}
        inputs = [InputDataset(*origin, facets=about, inputFacets=received)]
        output = OutputDataset(
            *self._origins[name],
            facets={**self._stream_facets(stream), **facets.stream_lineage(stream, origin)},
            outputFacets=_written(done.rows),
        )
        job = self._job(owners=[source.owner], code=plain(stream), of=[f"stream {name}"])
        ends = (done.read_at or self._ended, done.error)
        used = inputs if done.batches else []
        yield from self._pair(f"ingest {name}", job, used, [output], ends)

    def _measure(self, metric: Metric) -> Iterator[RunEvent]:
        name, plan = metric.name, self._facts.plan
        job = self._job(
            owners=[metric.owner],
            code=plain(metric),
            of=[f"metric {name}"],
            sql=_with_models(plan, name),
        )
        inputs = [self._stream_input(stream) for stream in streams_read(plan, name)]
        uses = facets.input_fields(self._lineage.metric(name), self._origins)
        output = OutputDataset(
            *self._of_metric(name),
            facets={**self._metric_facets(metric), **facets.lineage({"value": uses})},
        )
        ends = (self._ended, self._facts.failed.get(name))
        yield from self._pair(f"measure {name}", job, inputs, [output], ends)

    def _score(self) -> Iterator[RunEvent]:
        by_team: dict[str, list[KeyResult]] = {}
        for kr in self._facts.plan.key_results.values():
            if kr.id in self._facts.scores:
                by_team.setdefault("/".join(kr.id.split("/")[:2]), []).append(kr)
        for team, key_results in by_team.items():
            code = {kr.id: plain(kr) for kr in key_results}
            owners = [kr.owner for kr in key_results]
            job = self._job(owners=owners, code=code, of=[f"key_result {kr}" for kr in code])
            inputs, outputs = self._score_datasets(key_results)
            yield from self._pair(f"score {team}", job, inputs, outputs, (self._ended, None))

    def _score_datasets(self, key_results: Iterable[KeyResult]) -> tuple[list[Any], list[Any]]:
        """The metrics and streams that scores are made of, and the scores."""
        plan, inputs, outputs = self._facts.plan, dict[str, Any](), list[Any]()
        for kr in key_results:
            metrics = [m for m, _ in asked_of(kr) if m in plan.metrics]
            known = {use for m in metrics for use in self._lineage.metric(m)}
            more = [use for use in self._lineage.key_result(kr) if use not in known]
            for name in metrics:
                facts = self._metric_facets(plan.metrics[name])
                inputs[f"metrics.{name}"] = InputDataset(*self._of_metric(name), facets=facts)
            for stream in dict.fromkeys(use.source.stream for use in more):
                inputs[stream] = self._stream_input(stream)
            acting = [
                facets.value_field(self._of_metric(m), "TRANSFORMATION")
                for m in dict.fromkeys(metrics)
            ]
            acting += facets.input_fields(more, self._origins)
            outputs.append(self._score_output(kr, acting))
        return list(inputs.values()), outputs

    def _score_output(self, kr: KeyResult, acting: Sequence[Any]) -> OutputDataset:
        return OutputDataset(
            self._namespace,
            f"scores.{kr.id}",
            facets={
                **facets.schema(_SCORE_FIELDS),
                **facets.described(kr.title),
                **facets.owned(kr.owner),
                **facets.versioned(self._facts.scores[kr.id].digest),
                **facets.lineage({field: acting for field, _, _ in _SCORE_FIELDS}),
            },
            outputFacets=_written(1),
        )

    # --- datasets ---------------------------------------------------------------------------

    def _stream_input(self, name: str) -> InputDataset:
        stream = self._facts.plan.streams[name]
        return InputDataset(*self._origins[name], facets=self._stream_facets(stream))

    def _stream_facets(self, stream: Stream) -> dict[str, Any]:
        return {
            **facets.stream_schema(stream),
            **facets.described(stream.description),
            **facets.owned(self._facts.plan.sources[stream.source].owner),
            **facets.versioned(self._facts.digests.get(stream.full_name)),
        }

    def _of_metric(self, name: str) -> tuple[str, str]:
        return self._namespace, f"metrics.{name}"

    def _metric_facets(self, metric: Metric) -> dict[str, Any]:
        """A metric's version is its definition with the contents of all that it reads."""
        digests, read = self._facts.digests, streams_read(self._facts.plan, metric.name)
        made_of = {
            "definition": self._facts.definitions.get(f"metric {metric.name}"),
            "streams": {name: digests.get(name) for name in read},
        }
        return {
            **facets.schema([("value", "decimal", f"{metric.title}, {metric.unit}")]),
            **facets.described(metric.description),
            **facets.owned(metric.owner),
            **facets.versioned(digest_of(made_of)),
        }

    # --- jobs, runs, events -------------------------------------------------------------------

    def _job(
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

    def _pair(
        self,
        name: str,
        job: dict[str, Any],
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        ends: tuple[datetime, str | None],
    ) -> Iterator[RunEvent]:
        """START, and how it ended: when, and why it failed if it did."""
        at, error = ends
        yield self._event(name, job, RunState.START, self._facts.run.started_at)
        state = RunState.COMPLETE if error is None else RunState.FAIL
        made = outputs if error is None else []
        yield self._event(name, job, state, at, error=error, inputs=inputs, outputs=made)

    def _event(
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
                parent_run.Run(self._run_id(self._whole)),
                parent_run.Job(self._namespace, self._whole),
            )
        return found

    def _run_id(self, job: str) -> str:
        run = self._facts.run
        return str(generate_static_uuid(run.started_at, f"{run.id}\n{job}".encode()))


def _with_models(plan: Plan, metric: str) -> str:
    """The SQL of a metric's value on a day, after that of the models that it reads."""
    used = metric_closure(plan, [metric]).values()
    read = relation_closure(plan, [m.from_ for m in used if m.from_ is not None])
    models = [plan.models[name] for name in read if name in plan.models]
    texts = [f"-- {model.full_name}\n{model.sql.rstrip().rstrip(';')};" for model in models]
    return "\n\n".join([*texts, sql_of(plan, metric)])


def _midnight(day: date, zone: str) -> str:
    return datetime.combine(day, time(), ZoneInfo(zone)).isoformat()


def _written(rows: int | None) -> dict[str, Any]:
    if rows is None:
        return {}
    facet = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows)
    return {"outputStatistics": facet}


def _origin(connector: str, stream: Stream, done: StreamFacts) -> tuple[str, str]:
    """Namespace and name of the dataset that a stream is read from.

    A database's relation is named as OpenLineage names it, so that what others say of it
    joins up: `postgres://host:port` and `database.schema.relation`. All else is the stream of
    that name at the server, or in files.
    """
    known = (str(b.receipt.get("source_identity", "")) for b in done.batches)
    scheme, mark, rest = next(known, "").partition("://")
    if not mark:
        return ("file" if connector == "files" else connector), stream.full_name
    host, _, path = rest.partition("/")
    if connector == "sql":
        database, _, relation = path.partition(", ")
        return f"{_SCHEMES.get(scheme, scheme)}://{host}", f"{database}.{relation}"
    return f"{scheme}://{host}", stream.full_name


_SCHEMES = {"postgresql": "postgres", "mariadb": "mysql"}
