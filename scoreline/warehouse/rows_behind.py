"""The rows behind a value, read from a warehouse: totals, pages, a file.

What belongs here: running the SELECT of `measures.rows` and the views that models' rows are
followed through. What does not: which version of a stream is meant, and what people see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from scoreline.core.cells import FORMULA_STARTS, safe_cell
from scoreline.core.errors import WarehouseError
from scoreline.core.exact import Exact, exact_text, parse_exact
from scoreline.core.model import Model, Stream
from scoreline.core.records import Batch
from scoreline.measures.provenance import (
    FROM,
    NOTHING,
    SCHEMA,
    Untraceable,
    traced_model,
    traced_name,
    traced_stream,
)
from scoreline.measures.rows import RowsQuery
from scoreline.warehouse.database import literal, quote
from scoreline.warehouse.keys import rows_table

MOST_ROWS = 1_000_000
"""A file for people has at most so many rows: spreadsheets end at 1,048,576."""

_BLOCK = 10_000
_DIGEST = """
WITH hashed AS (
  SELECT n, sha256(CAST(to_json(r) AS VARCHAR)) AS h FROM {rows} AS r
),
blocks AS (
  SELECT n // {block} AS b, sha256(string_agg(h, '' ORDER BY n)) AS h FROM hashed GROUP BY ALL
)
SELECT coalesce(sha256(string_agg(h, '' ORDER BY b)), sha256('')) FROM blocks"""
_UNSAFE = ", ".join(literal(start) for start in FORMULA_STARTS)


@dataclass(frozen=True, slots=True)
class Totals:
    """How many rows there are, and what they add up to; texts are exact decimals."""

    rows: int
    numerator: str
    denominator: str | None
    value: Exact | None


@dataclass(frozen=True, slots=True)
class Origin:
    """One received row: its stream, batch, object and data row (the first one is 1)."""

    stream: str
    batch: str
    object: str
    row: int

    def __str__(self) -> str:
        return f"{self.object} row {self.row}"


@dataclass(frozen=True, slots=True)
class RowBehind:
    """One row, what it adds, and where it comes from; values as text, None for null."""

    n: int
    origins: tuple[Origin, ...]
    numerator: str | None
    denominator: str | None
    values: tuple[str | None, ...]


_numbers = count(1)


class RowsBehind:
    """The rows of one part of a value, computed once and kept for pages."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        query: RowsQuery,
        batches: Mapping[int, Batch],
        traced: bool = True,
    ) -> None:
        """Runs the query.

        Args:
            connection: of a warehouse that holds the streams.
            query: one part of a value.
            batches: by order of reception.
            traced: whether a model's rows could be followed to their sources.

        Raises:
            WarehouseError: DuckDB refuses it.
        """
        self.query, self.traced = query, traced or not query.is_model
        self._connection, self._batches = connection, batches
        self._table = f"_behind_{next(_numbers)}"
        try:
            connection.execute(
                f"CREATE TEMP TABLE {self._table} AS {query.sql}", dict(query.parameters)
            )
        except duckdb.Error as error:
            raise WarehouseError(f"the rows of {query.metric.name}: {error}") from error
        self.totals = self._totals()

    @property
    def table(self) -> str:
        """The temporary table with the rows, in the warehouse that was given."""
        return self._table

    def _totals(self) -> Totals:
        texts = ", ".join(
            f"CAST(coalesce(sum({name}), 0) AS VARCHAR)" for name in ("numerator", "denominator")
        )
        rows, above, below, counted = self._all(
            f"SELECT count(*), {texts}, count(numerator) FROM {self._table}"
        )[0]
        numerator = parse_exact(_plain(above))
        denominator = parse_exact(_plain(below)) if self.query.has_denominator else None
        value: Exact | None = Exact(numerator, denominator)
        no_window = self.query.last is None
        if no_window or denominator == 0 or (self.query.is_extreme and not counted):
            value = None
        return Totals(rows, exact_text(numerator), _text(denominator), value)

    def page(self, number: int, size: int) -> list[RowBehind]:
        """The rows of a page, the first being page 1."""
        first = (number - 1) * size
        texts = ", ".join(f"CAST({name} AS VARCHAR)" for name in self._columns())
        rows = self._all(
            f"SELECT n, seq, line, origins, CAST(numerator AS VARCHAR), "
            f"CAST(denominator AS VARCHAR){', ' + texts if texts else ''} "
            f"FROM {self._table} WHERE n > {first} AND n <= {first + size} ORDER BY n"
        )
        return [self._row(*row) for row in rows]

    def _row(
        self, n: int, seq: Any, line: Any, origins: Any, above: Any, below: Any, *values: Any
    ) -> RowBehind:
        own = [{"s": self.query.relation, "b": seq, "r": line}] if seq is not None else origins
        return RowBehind(
            n=n,
            origins=tuple(o for o in map(self.origin, own or ()) if o is not None),
            numerator=_plain(above),
            denominator=_plain(below),
            values=values,
        )

    def origin(self, origin: Mapping[str, Any]) -> Origin | None:
        """A source row as the SELECT names it (`s`, `b`, `r`); None where it is not known."""
        batch = self._batches.get(origin["b"])
        if batch is None:
            return None
        return Origin(str(origin["s"]), batch.id, batch.object, int(origin["r"]))

    def digest(self) -> str:
        """SHA-256 over all rows in their order, in blocks of 10,000 rows as JSON."""
        found = self._all(_DIGEST.format(rows=self._table, block=_BLOCK))
        return str(found[0][0])

    def write_csv(self, path: Path, limit: int = MOST_ROWS) -> int:
        """Write the rows, at most `limit`, as CSV; texts are safe against formulas.

        Returns:
            How many rows were written.

        Raises:
            WarehouseError: the file cannot be written.
        """
        objects = (
            "MAP {"
            + ", ".join(f"{seq}: {literal(batch.object)}" for seq, batch in self._batches.items())
            + "}"
        )
        one = "CASE WHEN seq IS NULL THEN NULL ELSE {0} END"
        many = (
            f"array_to_string(list_transform(origins, lambda o: o.s || ' ' || {objects}[o.b] || "
            "' row ' || o.r), '; ')"
        )
        source = f"coalesce({one.format(f'{objects}[seq]')}, {many})"
        picked = [
            f"n AS {quote('row')}",
            f"{_safe(source)} AS {quote('file')}",
            f"line AS {quote('row in file')}",
            f"numerator AS {quote('adds to numerator' if self.query.has_denominator else 'adds')}",
        ]
        if self.query.has_denominator:
            picked.append(f"denominator AS {quote('adds to denominator')}")
        pairs = zip(self.query.columns, self._columns(), strict=True)
        picked += [f"{self._cell(name)} AS {quote(safe_cell(title))}" for title, name in pairs]
        aside = path.with_name(path.name + ".part")
        try:
            self._connection.execute(
                f"COPY (SELECT {', '.join(picked)} FROM {self._table} ORDER BY n LIMIT {limit}) "
                f"TO {literal(str(aside))} (FORMAT csv, HEADER)"
            )
            aside.replace(path)
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(f"{path} cannot be written: {error}") from error
        return min(self.totals.rows, limit)

    def _cell(self, name: str) -> str:
        kind = self._kinds()[name]
        return _safe(f"CAST({name} AS VARCHAR)") if kind in ("VARCHAR", "JSON") else name

    def _kinds(self) -> dict[str, str]:
        return {str(r[0]): str(r[1]) for r in self._all(f"DESCRIBE {self._table}")}

    def _columns(self) -> Iterator[str]:
        return (f"c{n}" for n in range(1, len(self.query.columns) + 1))

    def _all(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()


def make_traceable(
    connection: duckdb.DuckDBPyConnection,
    streams: Iterable[Stream],
    models: Sequence[Model],
    model_columns: Mapping[str, Mapping[str, str]],
) -> set[str]:
    """Make the views that models' rows are followed through.

    Args:
        connection: of a warehouse that holds the streams and the models' views.
        streams: those that the models read.
        models: each after those that it reads.
        model_columns: DuckDB's types of their columns.

    Returns:
        The models that could not be followed, or whose rows came out otherwise that way:
        their rows are listed without sources.
    """
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(SCHEMA)}")
    columns: dict[str, list[str]] = {}
    for stream in streams:
        name = stream.full_name
        columns[name] = [c.name for c in stream.columns if c.personal != "drop"]
        select = traced_stream(name, columns[name], rows_table(stream))
        connection.execute(f"CREATE OR REPLACE VIEW {traced_name(name)} AS {select}")
    lost: set[str] = set()
    for model in models:
        columns[model.full_name] = list(model_columns[model.full_name])
        if not _trace(connection, model, columns, lost):
            lost.add(model.full_name)
            plain = f"SELECT *, {NOTHING} AS {quote(FROM)} FROM {_view(model)}"
            connection.execute(f"CREATE OR REPLACE VIEW {traced_name(model.full_name)} AS {plain}")
    return lost


def _trace(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    columns: Mapping[str, Sequence[str]],
    lost: set[str],
) -> bool:
    """Whether the model's rows can be followed, and are the same rows that way."""
    if lost.intersection(model.reads):
        return False
    view = traced_name(model.full_name)
    names = ", ".join(quote(c) for c in columns[model.full_name])
    plain, traced = f"SELECT {names} FROM {_view(model)}", f"SELECT {names} FROM {view}"
    try:
        select = traced_model(model, {name: columns[name] for name in model.reads})
        connection.execute(f"CREATE OR REPLACE VIEW {view} AS {select}")
        other = connection.execute(
            f"SELECT count(*) FROM (({plain} EXCEPT ALL {traced}) UNION ALL "
            f"({traced} EXCEPT ALL {plain}))"
        ).fetchall()
    except (Untraceable, duckdb.Error):
        return False
    return bool(other[0][0] == 0)


def _view(model: Model) -> str:
    return f'"models".{quote(model.name)}'


def _safe(text: str) -> str:
    """`core.cells.safe_cell` as SQL."""
    return f"CASE WHEN left({text}, 1) IN ({_UNSAFE}) THEN '''' || {text} ELSE {text} END"


def _plain(text: Any) -> Any:
    """A decimal text without zeros that say nothing; None stays None."""
    return None if text is None else exact_text(parse_exact(str(text)))


def _text(number: Fraction | None) -> str | None:
    return None if number is None else exact_text(number)
