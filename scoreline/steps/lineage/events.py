"""A run's OpenLineage events: for every job START, then COMPLETE or FAIL.

What belongs here: which jobs there are, what they read and write, in which order. What does
not: how an event or a dataset is made (jobs, datasets), what the run did (facts), sending
(emitting).

Jobs are the run as a whole (`run`, `score`, …), of which all others are children, `ingest
SOURCE.STREAM`, `measure METRIC` and `score CYCLE/TEAM`. The id of a run is made from the
project's own run id and the job's name alone: events that are sent twice are the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from openlineage.client.event_v2 import RunEvent, RunState, set_producer

from scoreline.core.model import KeyResult, Metric, Plan, Stream
from scoreline.definitions.canonical import canonical as plain
from scoreline.definitions.canonical import metric_closure, relation_closure
from scoreline.measures.lineage import Lineage
from scoreline.measures.requests import asked_of, streams_read
from scoreline.measures.single import sql_of
from scoreline.steps.lineage import facets
from scoreline.steps.lineage.datasets import Datasets, origin_of
from scoreline.steps.lineage.facts import RunFacts, StreamFacts
from scoreline.steps.lineage.jobs import Jobs


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
        self._facts, self._lineage = facts, Lineage(facts.plan)
        self._jobs, self._datasets = Jobs(facts, namespace), Datasets(facts, namespace)
        self._ended = facts.run.ended_at or facts.run.started_at

    def all(self) -> Iterator[RunEvent]:
        facts, run = self._facts, self._facts.run
        job = self._jobs.facets(kind="DAG")
        whole = partial(self._jobs.event, self._jobs.whole, job, parent=False)
        yield whole(RunState.START, run.started_at)
        for name, stream in facts.streams.items():
            yield from self._ingest(facts.plan.streams[name], stream)
        if facts.scored:
            for metric in facts.plan.metrics.values():
                yield from self._measure(metric)
            yield from self._score()
        words = None if run.outcome == "finished" else f"the run {run.id} was cut short"
        yield whole(RunState.FAIL if words else RunState.COMPLETE, self._ended, error=words)

    def _ingest(self, stream: Stream, done: StreamFacts) -> Iterator[RunEvent]:
        source, name = self._facts.plan.sources[stream.source], stream.full_name
        origin = origin_of(source.connector, stream, done)
        inputs = [self._datasets.source_input(stream, done, origin)] if done.batches else []
        outputs = [self._datasets.stream_output(stream, done, origin)]
        job = self._jobs.facets(owners=[source.owner], code=plain(stream), of=[f"stream {name}"])
        ends = (done.read_at or self._ended, done.error)
        yield from self._jobs.pair(f"ingest {name}", job, inputs, outputs, ends)

    def _measure(self, metric: Metric) -> Iterator[RunEvent]:
        name, plan = metric.name, self._facts.plan
        job = self._jobs.facets(
            owners=[metric.owner],
            code=plain(metric),
            of=[f"metric {name}"],
            sql=_with_models(plan, name),
        )
        inputs = [self._datasets.stream_input(stream) for stream in streams_read(plan, name)]
        uses = facets.input_fields(self._lineage.metric(name), self._datasets.origins)
        outputs = [self._datasets.metric_output(metric, uses)]
        ends = (self._ended, self._facts.failed.get(name))
        yield from self._jobs.pair(f"measure {name}", job, inputs, outputs, ends)

    def _score(self) -> Iterator[RunEvent]:
        by_team: dict[str, list[KeyResult]] = {}
        for kr in self._facts.plan.key_results.values():
            if kr.id in self._facts.scores:
                by_team.setdefault("/".join(kr.id.split("/")[:2]), []).append(kr)
        for team, key_results in by_team.items():
            code = {kr.id: plain(kr) for kr in key_results}
            owners = [kr.owner for kr in key_results]
            of = [f"key_result {kr}" for kr in code]
            job = self._jobs.facets(owners=owners, code=code, of=of)
            inputs, outputs = self._score_datasets(key_results)
            yield from self._jobs.pair(f"score {team}", job, inputs, outputs, (self._ended, None))

    def _score_datasets(self, key_results: Iterable[KeyResult]) -> tuple[list[Any], list[Any]]:
        """The metrics and streams that scores are made of, and the scores."""
        plan, inputs, outputs = self._facts.plan, dict[str, Any](), list[Any]()
        for kr in key_results:
            metrics = [m for m, _ in asked_of(kr) if m in plan.metrics]
            known = {use for m in metrics for use in self._lineage.metric(m)}
            more = [use for use in self._lineage.key_result(kr) if use not in known]
            for name in metrics:
                inputs[f"metrics.{name}"] = self._datasets.metric_input(name)
            for stream in dict.fromkeys(use.source.stream for use in more):
                inputs[stream] = self._datasets.stream_input(stream)
            acting = [
                facets.value_field(self._datasets.of_metric(m), "TRANSFORMATION")
                for m in dict.fromkeys(metrics)
            ]
            acting += facets.input_fields(more, self._datasets.origins)
            outputs.append(self._datasets.score_output(kr, acting))
        return list(inputs.values()), outputs


def _with_models(plan: Plan, metric: str) -> str:
    """The SQL of a metric's value on a day, after that of the models that it reads."""
    used = metric_closure(plan, [metric]).values()
    read = relation_closure(plan, [m.from_ for m in used if m.from_ is not None])
    models = [plan.models[name] for name in read if name in plan.models]
    texts = [f"-- {model.full_name}\n{model.sql.rstrip().rstrip(';')};" for model in models]
    return "\n\n".join([*texts, sql_of(plan, metric)])
