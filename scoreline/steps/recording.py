"""Score records: what is written down of a score, and of the definitions behind it.

What belongs here: the content of records. What does not: storing or hashing them (store),
computing scores (core).

A score's body holds content only: no clock, no run. The same definitions and the same
received bytes give the same bytes here, in any run, on any machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scoreline.core.digests import canonical, canonical_object, digest
from scoreline.core.model import KeyResult, Plan
from scoreline.core.records import DefinitionVersion, ScoreRecord, StreamState
from scoreline.core.score_fields import score_fields
from scoreline.core.scoring import Score
from scoreline.definitions.canonical import object_bodies
from scoreline.definitions.recorded import Bodies
from scoreline.measures.requests import closure
from scoreline.steps.observing import Observed


class Definitions:
    """The canonical bodies of a plan's objects, and what each key result stands on.

    Attributes:
        digests: the digest of each object's body, by its name with its kind before it.
    """

    def __init__(self, plan: Plan, bodies: Bodies | None = None) -> None:
        """`bodies` are `object_bodies(plan)`, where the caller has them."""
        self._plan = plan
        self._uses: dict[str, dict[str, str]] = {}
        self._whole: dict[str, str] = {}
        self._names: dict[str, list[str]] = {}
        self._bodies = object_bodies(plan) if bodies is None else bodies
        self._written = {name: canonical(body) for name, (_, body) in self._bodies.items()}
        self.digests = {name: digest(written) for name, written in self._written.items()}

    def versions(self) -> list[DefinitionVersion]:
        """Every object as a version to record; metrics with the SQL that computes them."""
        return [
            DefinitionVersion(
                name, kind, body, sql=self._sql(name, kind), written=self._written[name]
            )
            for name, (kind, body) in self._bodies.items()
        ]

    def of(self, kr: KeyResult) -> dict[str, str]:
        """The digest of every object that a key result's score depends on."""
        if kr.id not in self._uses:
            self._uses[kr.id] = self._of(kr)
        return self._uses[kr.id]

    def _of(self, kr: KeyResult) -> dict[str, str]:
        names = ["organisation", f"key_result {kr.id}"]
        metrics = [kr.metric] if kr.metric else []
        steps = getattr(kr.kind, "steps", ())
        metrics += [s.done_when.metric for s in steps if s.done_when]
        for metric in metrics:
            if metric in self._plan.metrics:
                names += self._below(metric)
        return {n: self.digests[n] for n in dict.fromkeys(names) if n in self.digests}

    def digest(self, kr: KeyResult) -> str:
        """The one digest of everything that defines a key result's score."""
        if kr.id not in self._whole:
            members = {n: canonical(d) for n, d in self.of(kr).items()}
            self._whole[kr.id] = digest(canonical_object(members))
        return self._whole[kr.id]

    def _below(self, metric: str) -> list[str]:
        if metric not in self._names:
            self._names[metric] = self._found_below(metric)
        return self._names[metric]

    def _found_below(self, metric: str) -> list[str]:
        names = []
        for part in closure(self._plan, metric):
            names.append(f"metric {part}")
            names += self._relation(self._plan.metrics[part].from_)
        return names

    def _relation(self, name: str | None) -> list[str]:
        if name is None:
            return []
        model = self._plan.models.get(name)
        if model is None:
            return [f"stream {name}"]
        below = [n for read in model.reads for n in self._relation(read)]
        return [f"model {name}", *below]

    def _sql(self, name: str, kind: str) -> str | None:
        if kind != "metric":
            return None
        from scoreline.measures.single import sql_of  # parses SQL

        metric = self._plan.metrics[name.removeprefix("metric ")]
        return sql_of(self._plan, metric.name, (), None) if metric.measure else None


def score_record(
    kr: KeyResult,
    score: Score,
    observed: Observed,
    definitions: Definitions,
    streams: Mapping[str, StreamState],
    values: Mapping[str, str],
) -> ScoreRecord:
    """What is written down of one score.

    Args:
        kr: the key result.
        score: its score.
        observed: what it rests on.
        definitions: the plan's bodies.
        streams: the state of each loaded stream.
        values: the digest of each series, by request.
    """
    body: dict[str, Any] = {
        **score_fields(score),
        "definition": definitions.digest(kr),
        "definitions": definitions.of(kr),
        "inputs": {s: streams[s].digest for s in observed.streams if s in streams},
        "values": {r: values[r] for r in observed.values if r in values},
    }
    return ScoreRecord(kr.id, score.as_of, body)
