"""What is computed together: requests taken apart into cells of shared groupings.

What belongs here: parts, branches, cells and groupings, as values. What does not: SQL text
(statement), the rows of parameter tables (series).

A request has one or two *parts* (numerator, denominator). A part's rows are a *cell*: the
rows whose keys have certain texts. Parts that differ only in those texts are one *branch*:
one join of the cells with rows grouped by the branch's keys. Branches over the same
relation and time column make one statement and share *groupings*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from scoreline.core.model import Aggregate, ColumnType, Metric, Plan, Ratio
from scoreline.measures.conditions import (
    MOST_KEYS,
    Condition,
    ModelColumns,
    columns_of,
    condition_of,
    relation_of,
)
from scoreline.measures.requests import SeriesRequest

Timing = Literal["event", "history", "standing"]
Role = Literal["numerator", "denominator"]
Values = tuple[frozenset[str], ...]

_MOST_RESTS = 16
_WIDEST_MERGE = 3


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of a statement and what makes them count.

    Attributes:
        relation: a stream's or model's full name.
        timing: `event`: on the day of the time column; `history`: while the version was
            the newest received; `standing`: always, as the stream stands.
        time: the time column of `event`.
    """

    relation: str
    timing: Timing
    time: str | None = None

    @property
    def name(self) -> str:
        """A readable name, unique among the statements of a plan."""
        return f"{self.relation} by {self.time if self.timing == 'event' else self.timing}"


@dataclass(frozen=True, slots=True)
class Branch:
    """Parts that differ only in the texts of their keys.

    Attributes:
        kind: count, count_distinct, sum, min or max.
        column: what is counted or added; None for whole rows.
        keys: key expressions, sorted.
        rest: the condition besides the keys.
    """

    kind: str
    column: str | None
    keys: tuple[str, ...]
    rest: str | None

    @property
    def value_class(self) -> str:
        """Branches of one class have values of one type and are added up in one place."""
        if self.kind in ("count", "count_distinct"):
            return "rows"
        return f"{self.kind} {self.column}"

    @property
    def is_extreme(self) -> bool:
        """Whether its values do not add up: a minimum or maximum."""
        return self.kind in ("min", "max")


@dataclass(slots=True)
class Grouping:
    """Rows grouped once for several branches; `rests` become flags of each group."""

    keys: tuple[str, ...]
    rests: tuple[str, ...]
    is_distinct: bool
    branches: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cell:
    """A branch's rows whose keys have one of the given texts each."""

    branch: int
    values: Values


@dataclass(slots=True)
class Layout:
    """Everything that one statement computes.

    Attributes:
        source: the rows.
        columns: their types, if known.
        branches: numbered from 1 in this order.
        cells: each with its number, from 0.
        requests: with the numbers of their value group and cells.
        groups: the value groups: classes of numerator and denominator.
        overlapping: branches in which one row's days can begin inside another's.
        bounds: the first and last day that any window covers; None without such a bound.
        rows: the SQL name of what is read instead of the source's relation, if anything is.
    """

    source: Source
    columns: Mapping[str, ColumnType] | None
    branches: dict[Branch, int] = field(default_factory=dict)
    cells: dict[Cell, int] = field(default_factory=dict)
    requests: list[tuple[SeriesRequest, int, tuple[tuple[Role, Cell], ...]]] = field(
        default_factory=list
    )
    groups: dict[tuple[str, str | None], int] = field(default_factory=dict)
    overlapping: set[int] = field(default_factory=set)
    bounds: tuple[date | None, date | None] = (None, None)
    rows: str | None = None

    @property
    def by_number(self) -> dict[int, Branch]:
        """The branches by their numbers."""
        return {number: branch for branch, number in self.branches.items()}

    def texts_of(self, key: str, grouping: Grouping) -> list[str] | None:
        """The texts of a key that the grouping's cells ask for; None if one asks for any."""
        positions: dict[int, int] = {}
        for branch, number in self.branches.items():
            if number in grouping.branches:
                if key not in branch.keys:
                    return None
                positions[number] = branch.keys.index(key)
        found: set[str] = set()
        for cell in self.cells:
            if cell.branch in positions:
                found |= cell.values[positions[cell.branch]]
        return sorted(found)

    def groupings(self) -> list[Grouping]:
        """The branches' groupings; each count_distinct branch stands alone.

        Branches share one where the keys of one are among those of the other, or where
        both have a key in common and at most three together.
        """
        found: list[Grouping] = []
        order = sorted(
            self.branches.items(),
            key=lambda item: (item[0].kind == "count_distinct", -len(item[0].keys), item[1]),
        )
        for branch, number in order:
            rests = (branch.rest,) if branch.rest is not None else ()
            home = None
            if branch.kind != "count_distinct":
                home = next((g for g in found if _fits(g, branch)), None)
            if home is None:
                home = Grouping(branch.keys, rests, branch.kind == "count_distinct")
                found.append(home)
            home.keys = tuple(sorted({*home.keys, *branch.keys}))
            home.rests = tuple(sorted({*home.rests, *rests}))
            home.branches.append(number)
        return found


def source_of(plan: Plan, metric: Metric) -> Source:
    """Which rows a simple metric reads, and how their time counts."""
    relation = relation_of(metric)
    if metric.window.kind == "latest":
        stream = plan.streams.get(relation)
        kept = stream is not None and stream.history
        return Source(relation, "history" if kept else "standing")
    if metric.time is None:
        return Source(relation, "standing")
    return Source(relation, "event", metric.time)


def parts_of(metric: Metric) -> list[tuple[Role, Aggregate, tuple[str | None, ...]]]:
    """A simple metric's parts: role, aggregate and the `where` texts that narrow it."""
    measure = metric.measure
    if isinstance(measure, Ratio):
        return [
            ("numerator", measure.numerator, (measure.numerator.where, measure.where)),
            ("denominator", measure.denominator, (measure.denominator.where, measure.where)),
        ]
    if measure is None:
        return []
    if measure.kind == "average":
        return [
            ("numerator", Aggregate("sum", measure.column), (measure.where,)),
            ("denominator", Aggregate("count", measure.column), (measure.where,)),
        ]
    return [("numerator", measure, (measure.where,))]


def layouts(
    plan: Plan, requests: Iterable[SeriesRequest], model_columns: ModelColumns | None
) -> list[Layout]:
    """The statements that the requests need, in the order in which they first appear.

    Raises:
        ExpressionError: a `where` that is not allowed.
    """
    found: dict[Source, Layout] = {}
    conditions: dict[tuple[str, tuple[str | None, ...]], Condition] = {}
    for request in requests:
        metric = plan.metrics[request.metric]
        source = source_of(plan, metric)
        if source not in found:
            found[source] = Layout(source, columns_of(plan, source.relation, model_columns))
        layout = found[source]
        cells: list[tuple[Role, Cell]] = []
        for role, aggregate, wheres in parts_of(metric):
            key = (source.relation, wheres)
            if key not in conditions:
                conditions[key] = condition_of(wheres, layout.columns)
            condition = conditions[key].narrowed(request.filter, layout.columns)
            cells.append((role, _cell(layout, aggregate, condition)))
        _add(layout, request, tuple(cells), overlaps=_overlaps(metric, source))
    return list(found.values())


def _cell(layout: Layout, aggregate: Aggregate, condition: Condition) -> Cell:
    column = None if aggregate.kind == "count" and not aggregate.column else aggregate.column
    branch = Branch(aggregate.kind, column, condition.key_names, condition.rest)
    number = layout.branches.setdefault(branch, len(layout.branches) + 1)
    cell = Cell(number, tuple(values for _, values in condition.keys))
    layout.cells.setdefault(cell, len(layout.cells))
    return cell


def _add(
    layout: Layout,
    request: SeriesRequest,
    cells: tuple[tuple[Role, Cell], ...],
    *,
    overlaps: bool,
) -> None:
    by_number = layout.by_number
    classes = [by_number[cell.branch].value_class for _, cell in cells]
    group = (classes[0], classes[1] if len(classes) > 1 else None)
    number = layout.groups.setdefault(group, len(layout.groups) + 1)
    layout.requests.append((request, number, cells))
    if overlaps:
        layout.overlapping.update(cell.branch for _, cell in cells)


def _overlaps(metric: Metric, source: Source) -> bool:
    return source.timing == "history" or metric.window.kind == "trailing"


def _fits(grouping: Grouping, branch: Branch) -> bool:
    keys = {*grouping.keys, *branch.keys}
    if grouping.is_distinct:
        return False
    rests = {*grouping.rests, *([branch.rest] if branch.rest is not None else [])}
    if len(rests) > _MOST_RESTS or len(keys) > MOST_KEYS:
        return False
    if len(keys) == max(len(grouping.keys), len(branch.keys)):
        return True
    return len(keys) <= _WIDEST_MERGE and bool(set(grouping.keys) & set(branch.keys))
