"""A small organisation with every aggregate and window, and an oracle in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from scoreline.core.exact import Exact
from scoreline.core.model import (
    Aggregate,
    Column,
    ColumnType,
    Cycle,
    Filter,
    Metric,
    Organisation,
    Plan,
    Ratio,
    Source,
    Stream,
    Unit,
    Window,
)
from scoreline.core.moments import end_of_day
from scoreline.core.periods import cycle_for, shift, window_bounds
from scoreline.core.series import Series
from scoreline.measures.requests import SeriesRequest
from scoreline.measures.series import PARAMETER_TABLES, compile_series

TEXT = ColumnType("text")
CYCLES = {
    "2026-H1": Cycle("2026-H1", date(2026, 1, 1), date(2026, 6, 30)),
    "2026-H2": Cycle("2026-H2", date(2026, 7, 1), date(2026, 12, 31)),
}
COLUMNS = (
    Column("id", ColumnType("integer")),
    Column("learner", TEXT),
    Column("team", TEXT),
    Column("level", ColumnType("integer")),
    Column("course", TEXT),
    Column("score", ColumnType("decimal", 5, 2)),
    Column("done_at", ColumnType("timestamp")),
    Column("due_on", ColumnType("date")),
)
CYCLE = Window("cycle")
WINDOWS = (
    CYCLE,
    Window("day"),
    Window("week"),
    Window("month"),
    Window("quarter"),
    Window("year"),
    Window("last", period="day"),
    Window("last", period="week"),
    Window("last", period="month"),
    Window("last", period="quarter"),
    Window("last", period="year"),
    Window("trailing", days=1),
    Window("trailing", days=3),
    Window("trailing", days=10),
    Window("all"),
    Window("latest"),
)
IS_A = "course = 'A'"
HIGH = "score >= 50 and course in ('A', 'B')"
MEASURES: dict[str, Aggregate | Ratio] = {
    "rows": Aggregate("count"),
    "scored": Aggregate("count", "score", HIGH),
    "learners": Aggregate("count_distinct", "learner", IS_A),
    "total": Aggregate("sum", "score", "course is not null or level > 1"),
    "levels": Aggregate("sum", "level"),
    "least": Aggregate("min", "score", IS_A),
    "most": Aggregate("max", "level"),
    "mean": Aggregate("average", "score", HIGH),
    "share": Ratio(Aggregate("count", None, HIGH), Aggregate("count_distinct", "learner"), IS_A),
    "reach": Ratio(Aggregate("max", "score"), Aggregate("sum", "level", IS_A)),
}
FILTERS: tuple[Filter, ...] = (
    (),
    (("team", ("red",)),),
    (("level", ("1", "2")), ("team", ("blue", "red"))),
)
Record = dict[str, Any]
CONDITIONS: dict[str, Callable[[Record], bool]] = {
    IS_A: lambda r: r["course"] == "A",
    HIGH: lambda r: r["score"] is not None and r["score"] >= 50 and r["course"] in ("A", "B"),
    "course is not null or level > 1": lambda r: (
        r["course"] is not None or (r["level"] is not None and r["level"] > 1)
    ),
}


def world(
    timezone: str = "Europe/Berlin",
    metrics: Iterable[Metric] = (),
    *,
    history: bool = False,
    fiscal: tuple[int, int] = (1, 1),
    **rest: Any,
) -> Plan:
    """A plan with the stream `lms.results` and the given metrics."""
    stream = Stream("results", "lms", COLUMNS, ("id",), "merge", history=history)
    organisation = Organisation("Acme", timezone, CYCLES, {}, fiscal_year_starts=fiscal)
    source = Source("lms", "files", (stream,))
    return Plan(organisation, {"lms": source}, metrics={m.name: m for m in metrics}, **rest)


def metric(
    name: str,
    measure: Aggregate | Ratio | None = None,
    window: Window = CYCLE,
    *,
    time: str | None = "done_at",
    **rest: Any,
) -> Metric:
    """A metric over `lms.results`; derived if there is no measure."""
    return Metric(
        name,
        name.capitalize(),
        Unit("number"),
        "okr_defs/metrics/x.yaml",
        from_="lms.results" if measure is not None else None,
        measure=measure,
        time=time if measure is not None else None,
        window=window,
        dimensions=("team", "level"),
        **rest,
    )


def every_metric(time: str | None = "done_at") -> list[Metric]:
    """Every measure in every window that its time column allows."""
    windows = (
        WINDOWS if time is not None else tuple(w for w in WINDOWS if w.kind in ("all", "latest"))
    )
    return [
        metric(f"{name}_{window}".replace(" ", "_"), measure, window, time=time)
        for window in windows
        for name, measure in MEASURES.items()
    ]


def request(
    plan: Plan,
    name: str,
    days: Iterable[date],
    filter_: Filter = (),
    cycle: str | None = "2026-H2",
    offset: tuple[tuple[int, Any], ...] = (),
) -> SeriesRequest:
    """A request for those days; the cycle only where the window depends on it."""
    own = cycle if plan.metrics[name].window.kind == "cycle" else None
    return SeriesRequest(name, filter_, own, offset, tuple(sorted(set(days))))


def span(first: date, last: date) -> list[date]:
    """Every day from the first to the last."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


# --- running ------------------------------------------------------------------------------


@dataclass
class Database:
    """DuckDB in memory with `lms.results` and, for history, all its versions."""

    connection: duckdb.DuckDBPyConnection

    @staticmethod
    def open(timezone: str) -> Database:
        connection = duckdb.connect(":memory:", config={"threads": 1})
        connection.execute(f"SET TimeZone = '{timezone}'")
        columns = ", ".join(f'"{c.name}" {duckdb_type(c.type)}' for c in COLUMNS)
        connection.execute("CREATE SCHEMA lms; CREATE SCHEMA models")
        connection.execute(f"CREATE TABLE lms.results ({columns})")
        versions = '"_valid_from" TIMESTAMPTZ, "_valid_to" TIMESTAMPTZ'
        connection.execute(f"CREATE TABLE lms.results__history ({columns}, {versions})")
        return Database(connection)

    def fill(self, rows: list[Record]) -> None:
        """Replace the rows; those with a validity become versions."""
        self.connection.execute("DELETE FROM lms.results; DELETE FROM lms.results__history")
        names = [c.name for c in COLUMNS]
        current = [tuple(r[n] for n in names) for r in rows if r.get("_valid_to") is None]
        self._insert("lms.results", current)
        versions = [
            tuple(r[n] for n in (*names, "_valid_from", "_valid_to"))
            for r in rows
            if "_valid_from" in r
        ]
        self._insert("lms.results__history", versions)

    def run(self, compiled: Any) -> dict[str, Series]:
        """Every series of the compiled statements."""
        for name, columns in PARAMETER_TABLES.items():
            declared = ", ".join(f"{c} {kind}" for c, kind in columns)
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({declared})")
            self._insert(name, compiled.tables[name])
        return self.again(compiled)

    def again(self, compiled: Any) -> dict[str, Series]:
        """The series once more, over the rows as they are now."""
        found: dict[str, Series] = {}
        for statement in compiled.statements:
            rows = self.connection.execute(statement.sql).fetchall()
            assert sorted(i for i, _ in rows) == sorted(statement.requests)
            found.update({i: Series.parse(text) for i, text in rows})
        return found

    def _insert(self, table: str, rows: list[tuple[object, ...]]) -> None:
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            for start in range(0, len(rows), 500):
                part = rows[start : start + 500]
                values = ", ".join(f"({marks})" for _ in part)
                self.connection.execute(
                    f"INSERT INTO {table} VALUES {values}", [v for row in part for v in row]
                )


def duckdb_type(kind: ColumnType) -> str:
    """DuckDB's name of a declared type."""
    names = {"text": "VARCHAR", "integer": "BIGINT", "timestamp": "TIMESTAMPTZ"}
    return names.get(kind.kind, str(kind).upper())


def series_of(plan: Plan, requests: list[SeriesRequest], rows: list[Record]) -> dict[str, Series]:
    """The series of the requests over the rows, by DuckDB."""
    database = Database.open(plan.organisation.timezone)
    database.fill(rows)
    return database.run(compile_series(plan, requests))


def row(**values: Any) -> Record:
    """A row; columns that are not given are null."""
    return {**{c.name: None for c in COLUMNS}, **values}


# --- the oracle ---------------------------------------------------------------------------


def expected(plan: Plan, wanted: SeriesRequest, rows: list[Record], day: date) -> Exact | None:
    """The value on one day, by the definitions, one row at a time."""
    found = plan.metrics[wanted.metric]
    for amount, unit in wanted.offset:
        day = shift(day, amount, unit)
    cycles: Mapping[str, Cycle] = plan.organisation.cycles
    own = cycles[wanted.cycle] if wanted.cycle else None
    offset = wanted.offset[0] if len(wanted.offset) == 1 else None
    bounds = window_bounds(
        found.window,
        day,
        cycle=cycle_for(day, own, cycles, offset=offset),
        fiscal_year_starts=plan.organisation.fiscal_year_starts,
    )
    if bounds is None:
        return None
    counted = [
        r
        for r in rows
        if _counts(plan, found, r, bounds, day)
        and all(r[k] is not None and str(r[k]) in values for k, values in wanted.filter)
    ]
    return _value(found.measure, counted)


def _counts(
    plan: Plan, found: Metric, r: Record, bounds: tuple[date | None, date], day: date
) -> bool:
    zone = ZoneInfo(plan.organisation.timezone)
    if found.window.kind == "latest" and plan.streams["lms.results"].history:
        until = end_of_day(day, zone)
        ended = r["_valid_to"]
        return bool(r["_valid_from"] < until and (ended is None or ended >= until))
    if found.window.kind == "latest" or found.time is None:
        return True
    moment = r[found.time]
    if moment is None:
        return False
    local = moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
    return (bounds[0] is None or bounds[0] <= local) and local <= bounds[1]


def _value(measure: Aggregate | Ratio | None, rows: list[Record]) -> Exact | None:
    assert measure is not None
    if isinstance(measure, Ratio):
        kept = [r for r in rows if measure.where is None or CONDITIONS[measure.where](r)]
        above = _aggregate(measure.numerator, kept)
        below = _aggregate(measure.denominator, kept)
        return None if above is None or not below else Exact(above, below)
    if measure.kind == "average":
        kept = [r for r in rows if measure.where is None or CONDITIONS[measure.where](r)]
        values = [Fraction(r[measure.column]) for r in kept if r[measure.column] is not None]
        return Exact(sum(values, Fraction(0)), Fraction(len(values))) if values else None
    value = _aggregate(measure, rows)
    return None if value is None else Exact(value)


def _aggregate(aggregate: Aggregate, rows: list[Record]) -> Fraction | None:
    kept = [r for r in rows if aggregate.where is None or CONDITIONS[aggregate.where](r)]
    if aggregate.column is None:
        return Fraction(len(kept))
    values = [r[aggregate.column] for r in kept if r[aggregate.column] is not None]
    if aggregate.kind == "count":
        return Fraction(len(values))
    if aggregate.kind == "count_distinct":
        return Fraction(len(set(values)))
    if aggregate.kind == "sum":
        return sum((Fraction(v) for v in values), Fraction(0))
    if not values:
        return None
    return Fraction(min(values) if aggregate.kind == "min" else max(values))


def instant(text: str) -> datetime:
    """An instant in UTC, from ISO text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def decimal(text: str) -> Decimal:
    """A decimal, exactly as written."""
    return Decimal(text)
