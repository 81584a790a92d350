"""Requests in, statements and the rows of their parameter tables out.

What belongs here: numbering requests, calendars and cells for the caller that runs the
statements. What does not: SQL text (statement), running it (warehouse).

The caller makes the parameter tables (`PARAMETER_TABLES`) with the given rows, runs each
statement and gets one row for each request: its id and the text of a `core.series.Series`.
The session's time zone must be the organisation's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import product

from scoreline.core.model import Plan, Window
from scoreline.measures import parts
from scoreline.measures.calendars import calendar_of
from scoreline.measures.conditions import MOST_KEYS, ModelColumns
from scoreline.measures.layout import Grouping, Layout, layouts
from scoreline.measures.parts import Part
from scoreline.measures.requests import Offset, SeriesRequest
from scoreline.measures.single import sql_of
from scoreline.measures.statement import statement_sql

__all__ = ["PARAMETER_TABLES", "Compiled", "Row", "Statement", "compile_series", "sql_of"]

PARAMETER_TABLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "_calendar": (
        ("calendar", "INTEGER"),
        ("segment", "INTEGER"),
        ("day", "DATE"),
        ("lo", "DATE"),
        ("hi", "DATE"),
        ("until", "TIMESTAMPTZ"),
    ),
    "_request": (
        ("statement", "VARCHAR"),
        ("request", "INTEGER"),
        ("id", "VARCHAR"),
        ("calendar", "INTEGER"),
        ("value_group", "INTEGER"),
    ),
    "_part": (
        ("statement", "VARCHAR"),
        ("request", "INTEGER"),
        ("role", "VARCHAR"),
        ("branch", "INTEGER"),
        ("cell", "INTEGER"),
    ),
    "_cell": (
        ("statement", "VARCHAR"),
        ("branch", "INTEGER"),
        ("cell", "INTEGER"),
        *((f"k{number}", "VARCHAR") for number in range(1, MOST_KEYS + 1)),
    ),
}
"""The columns of each parameter table with their DuckDB types."""

Row = tuple[object, ...]
_CalendarKey = tuple[Window, str | None, Offset, tuple[object, ...], bool]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; it yields a row for each of its requests.

    Attributes:
        name: readable and unique; the statement finds its parameter rows by it.
        relation: the full name of the stream or model it reads.
        sql: DuckDB's SQL.
        requests: the ids of the series it computes.
        parts: its queries over the rows by themselves, where those are only added to.
        over_parts: the statement over the relations that are named as those parts.
    """

    name: str
    relation: str
    sql: str
    requests: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    over_parts: str = ""


@dataclass(frozen=True, slots=True)
class Compiled:
    """Statements with the rows of their parameter tables, in the tables' column order."""

    statements: tuple[Statement, ...]
    tables: Mapping[str, list[Row]]


def compile_series(
    plan: Plan, requests: Iterable[SeriesRequest], model_columns: ModelColumns | None = None
) -> Compiled:
    """The statements that compute the requests' series.

    Args:
        plan: the resolved definitions, without what is in error (`prune`).
        requests: of metrics of the plan; each id once.
        model_columns: DuckDB's types of the models' columns. Without them a model's
            conditions are computed row by row instead of by shared groups, and nobody
            has made sure (`validate`) that no sum is over floating point.

    Returns:
        The same statements and rows for the same arguments, always.

    Raises:
        ExpressionError: a `where` that is not allowed.
    """
    calendars = _Calendars(plan)
    tables: dict[str, list[Row]] = {name: [] for name in PARAMETER_TABLES}
    tables["_calendar"] = calendars.rows
    statements: list[Statement] = []
    for layout in layouts(plan, requests, model_columns):
        name = layout.source.name
        used: set[int] = set()
        for number, (request, group, placed) in enumerate(layout.requests):
            calendar = calendars.number_of(request)
            used.add(calendar)
            tables["_request"].append((name, number, request.id, calendar, group))
            tables["_part"] += [
                (name, number, role, cell.branch, layout.cells[cell]) for role, cell in placed
            ]
        tables["_cell"] += _cell_rows(layout)
        layout.bounds = calendars.bounds(used)
        ids = tuple(request.id for request, _, _ in layout.requests)
        found = Statement(name, layout.source.relation, statement_sql(layout), ids)
        if parts.can_keep(plan, layout):
            over, used_parts = statement_sql(layout, parts), _parts(layout, tables, used)
            found = replace(found, parts=used_parts, over_parts=over)
        statements.append(found)
    return Compiled(tuple(statements), tables)


def _parts(
    layout: Layout, tables: Mapping[str, list[Row]], calendars: set[int]
) -> tuple[Part, ...]:
    """The parts of a statement whose parameters are in the tables by now."""

    def own(table: str) -> list[Row]:
        return [row for row in tables[table] if row[0] == layout.source.name]

    asked = [(request, calendar) for _, request, _, calendar, _ in own("_request")]
    days = [row for row in tables["_calendar"] if row[0] in calendars]
    return parts.parts_of(layout, own("_cell"), (own("_part"), asked, days))


class _Calendars:
    """Every calendar once, numbered from 1, with the days that its windows cover."""

    def __init__(self, plan: Plan) -> None:
        self.rows: list[Row] = []
        self._plan = plan
        self._numbers: dict[_CalendarKey, int] = {}
        self._covered: dict[int, tuple[date, date]] = {}

    def number_of(self, request: SeriesRequest) -> int:
        """The number of the request's calendar, whose rows are added if it is new."""
        window = self._plan.metrics[request.metric].window
        with_instants = window.kind == "latest"
        key = (window, request.cycle, request.offset, request.days, with_instants)
        if key not in self._numbers:
            number = self._numbers[key] = len(self._numbers) + 1
            place = (request.cycle, request.offset)
            days = calendar_of(self._plan, window, place, request.days, with_instants)
            self.rows += [(number, d.segment, d.day, d.lo, d.hi, d.until) for d in days]
            windows = [(d.lo or date.min, d.hi) for d in days if d.hi is not None]
            if windows:
                first, last = min(lo for lo, _ in windows), max(hi for _, hi in windows)
                self._covered[number] = first, last
        return self._numbers[key]

    def bounds(self, numbers: set[int]) -> tuple[date | None, date | None]:
        """The first and last day that any of those calendars covers; None: no such bound."""
        covered = [self._covered[number] for number in numbers if number in self._covered]
        if not covered:
            return None, None
        first = min(lo for lo, _ in covered)
        return None if first == date.min else first, max(hi for _, hi in covered)


def _cell_rows(layout: Layout) -> list[Row]:
    """One row for each combination of texts; a cell whose texts exclude each other has none."""
    homes: dict[int, Grouping] = {
        branch: grouping for grouping in layout.groupings() for branch in grouping.branches
    }
    branches = layout.by_number
    rows: list[Row] = []
    for cell, number in layout.cells.items():
        keys = branches[cell.branch].keys
        positions = [homes[cell.branch].keys.index(key) for key in keys]
        for texts in product(*(sorted(values) for values in cell.values)):
            columns: list[str | None] = [None] * MOST_KEYS
            for position, text in zip(positions, texts, strict=True):
                columns[position] = text
            rows.append((layout.source.name, cell.branch, number, *columns))
    return rows
