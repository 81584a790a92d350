"""The datasets of a run's events: sources' streams, our streams, metrics, scores.

What belongs here: their names, and the facets of each. What does not: which job reads or writes
them (events), how a facet is made (facets).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.facet_v2 import output_statistics_output_dataset

from scoreline.core.digests import digest_of
from scoreline.core.model import KeyResult, Metric, Stream
from scoreline.measures.requests import streams_read
from scoreline.steps.lineage import facets
from scoreline.steps.lineage.facts import RunFacts, StreamFacts

_SCORE_FIELDS = (
    ("value", "decimal", "what the metric says, in its unit"),
    ("progress", "decimal", "the share of the way from baseline to target"),
    ("status", "text", "achieved, on_track, at_risk, off_track, …"),
)
_SCHEMES = {"postgresql": "postgres", "mariadb": "mysql"}


class Datasets:
    """Makes the datasets of one run.

    Attributes:
        origins: namespace and name of each stream's dataset, by the stream's full name.
    """

    def __init__(self, facts: RunFacts, namespace: str) -> None:
        self._facts, self._namespace = facts, namespace
        self.origins = {name: (namespace, name) for name in facts.plan.streams}

    def source_input(
        self, stream: Stream, done: StreamFacts, origin: tuple[str, str]
    ) -> InputDataset:
        """What a stream is read from, with what was received and checked."""
        source = self._facts.plan.sources[stream.source]
        about = {**facets.source_schema(stream), **facets.described(source.description)}
        received = {**facets.received(done.batches), **facets.assertions(done.checks)}
        return InputDataset(*origin, facets=about, inputFacets=received)

    def stream_output(
        self, stream: Stream, done: StreamFacts, origin: tuple[str, str]
    ) -> OutputDataset:
        """A stream that was brought up to date from its origin."""
        about = {**self._stream_facets(stream), **facets.stream_lineage(stream, origin)}
        name = self.origins[stream.full_name]
        return OutputDataset(*name, facets=about, outputFacets=_written(done.rows))

    def stream_input(self, name: str) -> InputDataset:
        """A stream that something is computed from."""
        facts = self._stream_facets(self._facts.plan.streams[name])
        return InputDataset(*self.origins[name], facets=facts)

    def of_metric(self, name: str) -> tuple[str, str]:
        """Namespace and name of a metric's values."""
        return self._namespace, f"metrics.{name}"

    def metric_input(self, name: str) -> InputDataset:
        """A metric that something is scored by."""
        facts = self._metric_facets(self._facts.plan.metrics[name])
        return InputDataset(*self.of_metric(name), facets=facts)

    def metric_output(self, metric: Metric, uses: Sequence[Any]) -> OutputDataset:
        """A metric's values, made of the given fields."""
        about = {**self._metric_facets(metric), **facets.lineage({"value": uses})}
        return OutputDataset(*self.of_metric(metric.name), facets=about)

    def _stream_facets(self, stream: Stream) -> dict[str, Any]:
        return {
            **facets.stream_schema(stream),
            **facets.described(stream.description),
            **facets.owned(self._facts.plan.sources[stream.source].owner),
            **facets.versioned(self._facts.digests.get(stream.full_name)),
        }

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

    def score_output(self, kr: KeyResult, acting: Sequence[Any]) -> OutputDataset:
        """A key result's score, on which the given fields act."""
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


def _written(rows: int | None) -> dict[str, Any]:
    if rows is None:
        return {}
    facet = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows)
    return {"outputStatistics": facet}


def origin_of(connector: str, stream: Stream, done: StreamFacts) -> tuple[str, str]:
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
