"""Column lineage: the source columns that a metric or key result depends on, and how.

What belongs here: from streams through measures and formulas to metrics and key results.
What does not: taking a model's SQL apart (model_lineage), writing events (OpenLineage).

A use is DIRECT where the column's contents go into the number, INDIRECT where they decide
which rows count, how they are grouped, or which of two values is taken. The words of
`how` are those of OpenLineage's column lineage facet.

Every column of a stream's contract has one more influence that is not listed, because it
would name them all: a cell that cannot be read as its declared type sets its row aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from sqlglot import exp

from scoreline.core.errors import ExpressionError
from scoreline.core.model import Expectation, Filter, KeyResult, Metric, Plan, Stream
from scoreline.measures.allowlist import check_where
from scoreline.measures.layout import parts_of
from scoreline.measures.requests import asked_of, closure, streams_read

UseKind = Literal["DIRECT", "INDIRECT"]
How = Literal[
    "IDENTITY",
    "TRANSFORMATION",
    "AGGREGATION",
    "FILTER",
    "JOIN",
    "GROUP_BY",
    "SORT",
    "WINDOW",
    "CONDITIONAL",
]
"""OpenLineage's subtypes: the first three are DIRECT, the others INDIRECT."""

_STRENGTH: dict[How, int] = {"IDENTITY": 0, "TRANSFORMATION": 1, "AGGREGATION": 2}
_CONDITIONS = ("row_condition", "condition", "unexpected_rows_query")


@dataclass(frozen=True, slots=True, order=True)
class SourceColumn:
    """A column of a stream, by the stream's full name and the column's declared name."""

    stream: str
    column: str

    def __str__(self) -> str:
        return f"{self.stream}.{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """One way in which a source column acts on something.

    Attributes:
        source: the column.
        kind: whether its contents go into the number (DIRECT) or decide about it.
        how: OpenLineage's subtype.
        place: where, for people: `metric won_revenue: where`, `models.deals: JOIN`.
    """

    source: SourceColumn
    kind: UseKind
    how: How
    place: str


Uses = frozenset[Use]
NONE: Uses = frozenset()


@dataclass(frozen=True, slots=True)
class Relation:
    """What the columns and the rows of a stream, model or subquery depend on.

    Attributes:
        columns: uses by the column's name in lower case (SQL does not tell cases apart).
        rows: what decides which rows there are; each is INDIRECT.
    """

    columns: Mapping[str, Uses]
    rows: Uses = NONE

    def column(self, name: str) -> Uses:
        """The uses of a column; none for a name that the relation does not have."""
        return self.columns.get(name.lower(), NONE)

    def everything(self) -> Uses:
        """The uses of all its columns together."""
        return NONE.union(*self.columns.values()) if self.columns else NONE


def direct(uses: Iterable[Use], how: How) -> Uses:
    """The uses of something that is computed from what has these uses."""
    return frozenset(
        replace(use, how=how)
        if use.kind == "DIRECT" and _STRENGTH[how] > _STRENGTH[use.how]
        else use
        for use in uses
    )


def indirect(uses: Iterable[Use], how: How, place: str) -> Uses:
    """The uses of something that is decided by what has these uses."""
    return frozenset(
        Use(use.source, "INDIRECT", how, place) if use.kind == "DIRECT" else use for use in uses
    )


@dataclass(slots=True)
class Lineage:
    """The lineage of a plan's models, metrics and key results; each model is read once.

    Attributes:
        plan: the resolved definitions, without what is in error (`prune`).
    """

    plan: Plan
    _relations: dict[str, Relation] = field(default_factory=dict)

    def relation(self, name: str) -> Relation:
        """A stream or model by its full name; an unknown name has no columns."""
        if name not in self._relations:
            self._relations[name] = self._read(name)
        return self._relations[name]

    def _read(self, name: str) -> Relation:
        streams = self.plan.streams
        if name in streams:
            return stream_relation(streams[name])
        model = self.plan.models.get(name)
        if model is None:
            return Relation({})
        from scoreline.measures.model_lineage import model_relation  # sqlglot's optimizer is slow

        return model_relation(model, {read: self.relation(read) for read in model.reads})

    def metric(self, name: str, filter_: Filter = ()) -> tuple[Use, ...]:
        """Every use of a source column by a metric, through its formula and models.

        Args:
            name: a metric of the plan.
            filter_: a key result's filter.

        Returns:
            Each use once, by stream, column, kind.
        """
        found: set[Use] = set()
        for part in closure(self.plan, name):
            found.update(self._simple(self.plan.metrics[part], filter_))
        return tuple(sorted(found))

    def key_result(self, kr: KeyResult) -> tuple[Use, ...]:
        """Every use of a source column by a key result's score: its metrics, and freshness.

        A key result without data of its own (manual, done, milestones by date) has none.
        """
        found: set[Use] = set()
        for metric, filter_ in asked_of(kr):
            if metric in self.plan.metrics:
                found.update(self.metric(metric, filter_))
                found.update(self._freshness(metric))
        return tuple(sorted(found))

    def _freshness(self, metric: str) -> Iterator[Use]:
        for name in streams_read(self.plan, metric):
            stream = self.plan.streams[name]
            timed = stream.fresh_within is not None and stream.fresh_by == "event"
            if timed and stream.event_time is not None:
                column = SourceColumn(name, stream.event_time)
                yield Use(column, "INDIRECT", "FILTER", f"{name}: fresh_within")

    def _simple(self, metric: Metric, filter_: Filter) -> Uses:
        """The uses by a metric over rows; a derived one has those of its parts only."""
        if metric.from_ is None:
            return NONE
        relation, place = self.relation(metric.from_), f"metric {metric.name}"
        found = set(relation.rows)
        for _, aggregate, wheres in parts_of(metric):
            if aggregate.column is not None:
                found |= direct(relation.column(aggregate.column), "AGGREGATION")
            for where in filter(None, wheres):
                for column in _columns_of(where):
                    uses = relation.column(column)
                    found |= indirect(uses, "FILTER", f"{place}: where")
        if metric.time is not None and metric.window.kind != "latest":
            found |= indirect(relation.column(metric.time), "FILTER", f"{place}: window")
        for dimension, _ in filter_:
            found |= indirect(relation.column(dimension), "FILTER", f"{place}: filter")
        return frozenset(found)


def _columns_of(where: str) -> list[str]:
    try:
        return [column.name for column in check_where(where, None).find_all(exp.Column)]
    except ExpressionError:
        return []


def stream_relation(stream: Stream) -> Relation:
    """A stream's own columns, and those that decide which of its rows count.

    Under `merge` and `append` these are the key and `version_by`; under every `load` those
    that a check can block or set aside for. A dropped column is not there to be used.
    """
    name = stream.full_name
    kept = [c for c in stream.columns if c.personal != "drop"]
    columns = {
        c.name.lower(): frozenset({Use(SourceColumn(name, c.name), "DIRECT", "IDENTITY", name)})
        for c in kept
    }
    rows: set[Use] = set()

    def note(names: Iterable[str], how: How, what: str) -> None:
        known = {c.name for c in kept}
        rows.update(
            Use(SourceColumn(name, n), "INDIRECT", how, f"{name}: {what}")
            for n in names
            if n in known
        )

    note(stream.key, "GROUP_BY", "key")
    if stream.version_by is not None and stream.load == "merge":
        note([stream.version_by], "SORT", "version_by")
    note([c.name for c in kept if c.one_of], "FILTER", "one_of")
    for expectation in stream.expect:
        if expectation.on_failure != "warn":
            note(_checked(expectation, [c.name for c in kept]), "FILTER", "expect")
    return Relation(columns, frozenset(rows))


def _checked(expectation: Expectation, columns: Iterable[str]) -> set[str]:
    """The columns that a check names, by argument or inside its condition."""
    found: set[str] = set()
    for argument, value in expectation.arguments.items():
        if argument.startswith("column"):
            found.update([value] if isinstance(value, str) else _texts(value))
        elif argument in _CONDITIONS:
            words = set(re.findall(r"\w+", str(value).lower()))
            found.update(c for c in columns if c.lower() in words)
    return found


def _texts(value: object) -> list[str]:
    items = value if isinstance(value, list | tuple) else []
    return [item for item in items if isinstance(item, str)]
