"""Tests of metrics: given rows, the real SQL, an expected value; in memory, without a project.

What belongs here: running tests and comparing. What does not: reading them (definitions),
printing.

The given rows are what a stream's contract makes of received ones. They join their stream as
a batch does, by its key and load mode, and the metric's own statement computes the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from scoreline.core.errors import ExpressionError, ScorelineError, UsageError, WarehouseError
from scoreline.core.exact import Exact, exact_text, shown
from scoreline.core.model import Filter, Plan, Stream
from scoreline.core.records import Batch
from scoreline.core.series import Series
from scoreline.definitions.metric_tests import Expected, MetricTest
from scoreline.measures.derived import value_function
from scoreline.measures.requests import (
    SeriesRequest,
    closure,
    models_read,
    parts,
    streams_read,
)
from scoreline.measures.rows import Asked, rows_queries
from scoreline.measures.series import compile_series
from scoreline.steps.change.effects import of_metrics
from scoreline.steps.measuring import ModelColumns, usable_plan
from scoreline.steps.previewing import cycle_of
from scoreline.warehouse import measuring as engine
from scoreline.warehouse.given import write_given
from scoreline.warehouse.rows_behind import RowsBehind, make_traceable
from scoreline.warehouse.warehouse import Warehouse

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Compared:
    """One expectation: of what, expected and found in words, and whether they agree."""

    label: str
    expected: str
    found: str
    ok: bool


@dataclass(frozen=True, slots=True)
class UsedRows:
    """The rows that counted for one part of a value, with what each adds."""

    metric: str
    relation: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    count: int


@dataclass(slots=True)
class Outcome:
    """What a test gave; `error` where it could not be run, `used` where it failed."""

    test: MetricTest
    compared: list[Compared] = field(default_factory=list)
    error: str | None = None
    used: list[UsedRows] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether everything is as expected."""
        return self.error is None and all(c.ok for c in self.compared)


def run_tests(plan: Plan, tests: Sequence[MetricTest]) -> list[Outcome]:
    """Run tests in the order given, in one database in memory."""
    if not tests:
        return []
    names = {part for t in tests for part in closure(plan, t.metric)}
    with TemporaryDirectory(prefix="scoreline-") as folder:
        bench = _Bench(of_metrics(plan, names), Path(folder))
        try:
            return [bench.outcome(test) for test in tests]
        finally:
            bench.warehouse.close()


class _Bench:
    """A warehouse in memory, filled anew for each test."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._folder = folder
        self.warehouse = Warehouse(None, plan.organisation.timezone, folder)
        streams = {s for m in plan.metrics for s in streams_read(plan, m)}
        self.warehouse.prepare([s for n, s in plan.streams.items() if n in streams])
        self._columns: ModelColumns
        self._plan, self._columns, self._errors = usable_plan(plan, self.warehouse)
        self._files = 0

    def outcome(self, test: MetricTest) -> Outcome:
        """Run one test."""
        found = Outcome(test)
        try:
            self._refuse_broken(test)
            batches = self._fill(test)
            values = self._values(test)
            for (dimension, segment), expected in test.expected.items():
                label = f"{dimension} {segment}: " if dimension else ""
                value = values[_narrowed(test.filter, dimension, segment)]
                found.compared += self._compare(test, label, expected, value)
            if not found.passed:
                found.used = self._used(test, batches)
        except (ScorelineError, ExpressionError) as error:
            found.error = str(error)
        return found

    def _refuse_broken(self, test: MetricTest) -> None:
        if test.metric not in self._plan.metrics:
            words = "; ".join(self._errors.values()) or "a definition it needs is in error"
            raise UsageError(f"metric {test.metric} cannot be computed: {words}")

    def _fill(self, test: MetricTest) -> dict[int, Batch]:
        """Make the streams hold the given rows and no others."""
        batches: dict[int, Batch] = {}
        for name in streams_read(self._plan, test.metric):
            stream = self._plan.streams[name]
            self.warehouse.reset(stream)
            rows = test.rows.get(name, ())
            if rows:
                batch = _batch(stream, len(batches) + 1, test, len(rows))
                self._load(stream, batch, rows)
                batches[batch.seq] = batch
        return batches

    def _load(self, stream: Stream, batch: Batch, rows: Sequence[Mapping[str, str | None]]) -> None:
        self._files += 1
        path = self._folder / f"given-{self._files}.parquet"
        refused = self._folder / f"refused-{self._files}.parquet"
        write_given(self.warehouse.connection, stream, rows, path)
        self.warehouse.load(stream, batch, batch.id, [path], refused, lambda _: None)
        if refused.exists():
            raise WarehouseError(
                f"rows of {stream.full_name} have one key and different contents, which an "
                "append stream refuses"
            )

    def _cycle(self, test: MetricTest) -> str | None:
        found = test.cycle or cycle_of(self._plan, test.as_of)
        return found if isinstance(found, str) or found is None else found.name

    def _values(self, test: MetricTest) -> dict[Filter, Exact | None]:
        """The value for every filter that is asked about."""
        plan, cycle = self._plan, self._cycle(test)
        filters = dict.fromkeys(_narrowed(test.filter, d, s) for d, s in test.expected)
        requests = {
            r.id: r
            for f in filters
            for part, of_cycle, offset in parts(plan, test.metric, cycle)
            for r in (SeriesRequest(part.name, f, of_cycle, offset, (test.as_of,)),)
        }
        compiled = compile_series(plan, requests.values(), self._columns)
        engine.prepare(self.warehouse.connection, compiled.tables)
        texts: dict[str, str] = {}
        for statement in compiled.statements:
            texts |= engine.run(self.warehouse.connection, statement)
        series = {name: Series.parse(text) for name, text in texts.items()}
        return {f: value_function(plan, series, test.metric, f, cycle)(test.as_of) for f in filters}

    def _compare(
        self, test: MetricTest, label: str, expected: Expected, value: Exact | None
    ) -> list[Compared]:
        factor = self._plan.metrics[test.metric].unit.factor
        fraction = value.fraction if value is not None else None
        number = None if fraction is None else fraction * factor
        if expected.no_value:
            return [Compared(f"{label}value", "no value", _text(number), number is None)]
        found = []
        if expected.value is not None:
            rounded = None if number is None else _rounded(number, expected.value)
            ok = rounded == expected.value
            words = _text(number) if rounded is None or not ok else str(rounded)
            found.append(Compared(f"{label}value", str(expected.value), words, ok))
        above = value.numerator if value is not None else None
        below = value.denominator if value is not None else None
        for name, wanted, part in (
            ("numerator", expected.numerator, above),
            ("denominator", expected.denominator, below),
        ):
            if wanted is not None:
                ok = part is not None and part == Fraction(wanted)
                found.append(Compared(f"{label}{name}", str(wanted), _text(part), ok))
        return found

    def _used(self, test: MetricTest, batches: Mapping[int, Batch]) -> list[UsedRows]:
        """The rows that counted, for people to see why."""
        plan, connection = self._plan, self.warehouse.connection
        models = models_read(plan, test.metric)
        streams = [plan.streams[n] for n in streams_read(plan, test.metric)]
        if models:
            make_traceable(connection, streams, models, self._columns)
        asked = Asked(plan, test.metric, test.filter, self._cycle(test), test.as_of, self._columns)
        found = []
        for query in rows_queries(asked):
            behind = RowsBehind(connection, query, batches)
            adds = ("adds above", "adds below") if query.has_denominator else ("adds",)
            rows = tuple(
                ((r.numerator, r.denominator)[: len(adds)] + r.values)
                for r in behind.page(1, _MOST_ROWS)
            )
            columns = (*adds, *query.columns)
            name = query.metric.name + "".join(f"@{n:+d}{u}" for n, u in query.offset)
            found.append(UsedRows(name, query.relation, columns, rows, behind.totals.rows))
        return found


def _narrowed(filter_: Filter, dimension: str, segment: str) -> Filter:
    """The test's filter with one segment of a dimension; the filter itself for the whole."""
    if not dimension:
        return filter_
    others = tuple((k, v) for k, v in filter_ if k != dimension)
    return tuple(sorted((*others, (dimension, (segment,)))))


def _batch(stream: Stream, seq: int, test: MetricTest, rows: int) -> Batch:
    return Batch(
        id=f"given-{seq}",
        stream=stream.full_name,
        object=test.place.file,
        object_digest="",
        signature="",
        contract="",
        received_at=_LONG_AGO,
        run="",
        state="passed",
        rows_received=rows,
        rows_typed=rows,
        rows_broken=0,
        receipt={},
        rows_kept=rows,
        seq=seq,
    )


def _rounded(number: Fraction, like: Decimal) -> Decimal:
    """The number, half-even, at as many decimals as another is written with."""
    exponent = like.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    scaled = round(number * 10**places)
    return Decimal(scaled).scaleb(-places)


def _text(number: Fraction | None) -> str:
    if number is None:
        return "no value"
    text = exact_text(number)
    return f"{shown(number)} ({text})" if "/" in text else text
