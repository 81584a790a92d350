"""What rows did to a value: two states of its streams, mixed in a warehouse in memory.

What belongs here: loading both states, computing values on mixtures of them, the rows that
did most. What does not: the SQL of mixtures (warehouse.mixing), the order of steps (why).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from types import TracebackType
from typing import Any

from scoreline.core.exact import parse_exact
from scoreline.core.records import Batch, StreamVersion, ValueRecord
from scoreline.measures.derived import request_ids
from scoreline.measures.rows import Asked, RowsQuery, rows_queries
from scoreline.steps.measuring import Due, Measured, fill, find_due, usable_plan
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions
from scoreline.steps.status import asked_of
from scoreline.warehouse.mixing import KINDS, Effect, TwoStates
from scoreline.warehouse.replaying import Replay
from scoreline.warehouse.rows_behind import RowsBehind

MOST = 20
"""How many single rows are named."""


@dataclass(frozen=True, slots=True)
class RowEffect:
    """One row and what it adds: to a numerator and a denominator, or simply to the number.

    `to_value` is what it adds to the metric's value; None where the metric is derived from
    others, or the value was missing.
    """

    metric: str
    kind: str
    key: Mapping[str, str | None]
    changes: Mapping[str, tuple[str | None, str | None]]
    numerator: Fraction
    denominator: Fraction | None
    to_value: Fraction | None
    stream: str
    batch: str
    object: str
    row: int


@dataclass(frozen=True, slots=True)
class Segment:
    """What the rows of one value of a dimension add, in all kinds of differences together."""

    metric: str
    dimension: str
    value: str | None
    numerator: Fraction
    denominator: Fraction | None


@dataclass(slots=True)
class RowsStep:
    """Rows of one kind of difference: how many in the streams, those that did most."""

    kind: str
    count: int
    rows: list[RowEffect] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    batches: list[tuple[str, str, str]] = field(default_factory=list)


class Mixture:
    """Streams before and after; open it, ask, close it."""

    def __init__(
        self,
        project: Project,
        kr: str,
        day: date,
        before: Mapping[str, StreamVersion],
        after: Mapping[str, StreamVersion],
    ) -> None:
        """Loads both states.

        Args:
            project: later data by the earlier definitions.
            kr: the key result's full name.
            day: the day of the value.
            before: the earlier version of each stream.
            after: the later version.

        Raises:
            WarehouseError: a stored file is missing or damaged.
        """
        self._project, self._plan, self._day = project, project.plan, day
        self._kr = project.plan.key_results[kr]
        self._cycle = kr.split("/", 1)[0]
        self._after, self._before = after, before
        self._replay = Replay(project.files, project.plan.organisation.timezone)
        try:
            self._states = self._loaded()
        except BaseException:
            self._replay.close()
            raise

    def _loaded(self) -> dict[str, TwoStates]:
        connection, streams = self._replay.warehouse.connection, self._plan.streams
        self._replay.warehouse.prepare(streams.values())
        states = {}
        for name in self._after:
            stream = streams[name]
            state = TwoStates(connection, stream)
            if name in self._before:
                self._replay.load(stream, self._before[name].parts)
            state.keep("before")
            self._replay.load(stream, self._after[name].parts)
            state.keep("after")
            states[name] = state
        return states

    def compare(self) -> dict[str, int]:
        """How many rows differ, by kind, in all streams together."""
        found = dict.fromkeys(KINDS, 0)
        for state in self._states.values():
            for kind, number in state.compare().items():
                found[kind] += number
        return found

    def values(self, kinds: Sequence[str]) -> dict[str, ValueRecord]:
        """The series of the key result on the earlier state, with these differences in it."""
        for state in self._states.values():
            state.take_over(kinds)
        warehouse = self._replay.warehouse
        plan, columns, errors = usable_plan(self._plan, warehouse)
        asked = [(m, f) for m, f in asked_of(self._kr) if m in plan.metrics]
        wanted = {r for m, f in asked for r in request_ids(plan, m, f, self._cycle)}
        definitions = Definitions(plan)
        due = find_due(self._project, plan, self._day, definitions.digests, wanted)
        every = [r for r in _requests(plan, self._day) if r.id in wanted]
        measured = Measured(plan, definitions, errors=errors)
        fill(self._project, warehouse, measured, columns, Due([], every, due.inputs))
        return measured.values

    def rows(self, kind: str, count: int) -> RowsStep:
        """The rows of one kind that did most, what they are by dimension, where they came from."""
        step = RowsStep(kind, count)
        for metric, filter_ in asked_of(self._kr):
            if metric not in self._plan.metrics:
                continue
            asked = Asked(
                self._plan, metric, filter_, self._cycle, self._day, received=self._received()
            )
            for query in rows_queries(asked):
                if not query.is_model and query.relation in self._states:
                    self._part(step, query, is_whole=query.metric.name == metric)
        step.rows = step.rows[:MOST]
        seen = {(r.stream, r.batch, r.object): None for r in step.rows}
        step.batches = list(seen)
        return step

    def _received(self) -> dict[str, Any]:
        return {
            name: (v.parts[0].batch.received_at, v.parts[-1].batch.received_at)
            for name, v in self._after.items()
            if v.parts
        }

    def _part(self, step: RowsStep, query: RowsQuery, *, is_whole: bool) -> None:
        """Add the rows of one simple part of the value."""
        state, connection = self._states[query.relation], self._replay.warehouse.connection
        batches = self._batches(query.relation)
        state.take_over(())
        before = RowsBehind(connection, query, batches)
        state.take_over(KINDS)
        after = RowsBehind(connection, query, batches)
        effects = state.effects(before.table, after.table, query.columns, 10 * MOST)
        for effect in effects:
            if effect.kind == step.kind:
                step.rows.append(_effect(query, batches, effect, before, after, is_whole=is_whole))
        for dimension in query.metric.dimensions[:3]:
            for value, above, below in state.by_column(
                before.table, after.table, query.columns, dimension
            ):
                denominator = parse_exact(below) if query.has_denominator else None
                step.segments.append(
                    Segment(query.metric.name, dimension, value, parse_exact(above), denominator)
                )

    def _batches(self, stream: str) -> dict[int, Batch]:
        versions = [v[stream] for v in (self._before, self._after) if stream in v]
        return {p.batch.seq: p.batch for version in versions for p in version.parts}

    def close(self) -> None:
        """Forget everything that was loaded."""
        self._replay.close()

    def __enter__(self) -> Mixture:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def _requests(plan: Any, day: date) -> Any:
    from scoreline.measures.requests import requests_for

    return requests_for(plan)


def _effect(
    query: RowsQuery,
    batches: Mapping[int, Batch],
    effect: Effect,
    before: RowsBehind,
    after: RowsBehind,
    *,
    is_whole: bool,
) -> RowEffect:
    batch, above = batches[effect.seq], parse_exact(effect.numerator)
    below = parse_exact(effect.denominator) if query.has_denominator else None
    return RowEffect(
        metric=query.metric.name,
        kind=effect.kind,
        key=effect.key,
        changes=effect.changes,
        numerator=above,
        denominator=below,
        to_value=_to_value(above, below, before, after) if is_whole else None,
        stream=query.relation,
        batch=batch.id,
        object=batch.object,
        row=effect.line,
    )


def _to_value(
    above: Fraction, below: Fraction | None, before: RowsBehind, after: RowsBehind
) -> Fraction | None:
    """What a row adds to a value; over all rows that is the difference of the two values.

    Of a quotient: n1/d1 - n0/d0 = sum of (dn - n0/d0 * dd) / d1 over the rows.
    """
    if below is None:
        return above
    old = before.totals.value.fraction if before.totals.value else None
    later = after.totals.denominator
    if old is None or later is None or parse_exact(later) == 0:
        return None
    return (above - old * below) / parse_exact(later)
