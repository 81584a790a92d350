"""What rows did to a value: two states of its streams, mixed in a warehouse in memory.

What belongs here: loading both states, computing values on mixtures of them, the rows that
did most. What does not: the SQL of mixtures (warehouse.mixing), the order of steps (why).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from scoreline.core.records import Batch, StreamVersion, ValueRecord
from scoreline.measures.derived import request_ids
from scoreline.measures.requests import asked_of, models_read, requests_for, streams_read
from scoreline.measures.rows import Asked, RowsQuery, rows_queries
from scoreline.steps.measuring import Due, Measured, fill, find_due, usable_plan
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions
from scoreline.steps.row_effects import RowsStep, effect_of, model_effect_of, segments_of
from scoreline.warehouse.contents import Contents
from scoreline.warehouse.mixing import KINDS, TwoStates
from scoreline.warehouse.replaying import Replay
from scoreline.warehouse.rows_behind import RowsBehind

MOST = 20
"""How many single rows are named."""


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
        every = [r for r in requests_for(plan) if r.id in wanted]
        measured = Measured(plan, definitions, errors=errors)
        fill(self._project, warehouse, measured, columns, Due([], every, due.inputs))
        return measured.values

    def rows(self, earlier: Sequence[str], kind: str, count: int) -> RowsStep:
        """The rows of one kind that did most, what they are by dimension, where they came from.

        Args:
            earlier: the kinds of differences that were taken over before.
            kind: the one that is asked for.
            count: how many of it there are in the streams.
        """
        step = RowsStep(kind, count)
        received = {name: v.received for name, v in self._after.items() if v.received}
        for metric, filter_ in asked_of(self._kr):
            if metric not in self._plan.metrics:
                continue
            columns, lost = self._models(metric)
            asked = Asked(self._plan, metric, filter_, self._cycle, self._day, columns, received)
            for query in rows_queries(asked):
                is_whole = query.metric.name == metric
                if query.is_model:
                    traced = query.relation not in lost
                    self._model_part(step, query, earlier, is_whole=is_whole, traced=traced)
                elif query.relation in self._states:
                    self._part(step, query, is_whole=is_whole)
        step.rows = step.rows[:MOST]
        seen = {(o.stream, o.batch, o.object): None for r in step.rows for o in r.origins}
        step.batches = list(seen)
        return step

    def _models(self, metric: str) -> tuple[dict[str, dict[str, str]], set[str]]:
        """The columns of the models that a metric reads, and those that cannot be followed."""
        streams = [self._plan.streams[s] for s in streams_read(self._plan, metric)]
        return self._replay.traced(models_read(self._plan, metric), streams)

    def _model_part(
        self,
        step: RowsStep,
        query: RowsQuery,
        earlier: Sequence[str],
        *,
        is_whole: bool,
        traced: bool,
    ) -> None:
        """Add the rows of a model that came and went when this kind was taken over."""
        connection = self._replay.warehouse.connection
        batches = {n: b for name in self._states for n, b in self._batches(name).items()}
        sides = []
        for kinds in (earlier, [*earlier, step.kind]):
            for state in self._states.values():
                state.take_over(kinds)
            sides.append(RowsBehind(connection, query, batches, traced))
        contents = Contents(connection, *sides)
        for effect in contents.largest(MOST):
            step.rows.append(model_effect_of(query, effect, *sides, is_whole=is_whole))
        for dimension in query.metric.dimensions[:3]:
            step.segments += segments_of(query, dimension, contents.by_column(dimension))

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
                step.rows.append(
                    effect_of(query, batches, effect, before, after, is_whole=is_whole)
                )
        for dimension in query.metric.dimensions[:3]:
            found = state.by_column(before.table, after.table, query.columns, dimension)
            step.segments += segments_of(query, dimension, found)

    def _batches(self, stream: str) -> dict[int, Batch]:
        versions = [v[stream] for v in (self._before, self._after) if stream in v]
        return {p.batch.seq: p.batch for version in versions for p in version.parts}

    def close(self) -> None:
        """Forget everything that was loaded."""
        self._replay.close()

    def __enter__(self) -> Mixture:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
