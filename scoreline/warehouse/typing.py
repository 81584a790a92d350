"""From what a connector delivered to typed rows, and to rows that break the contract.

What belongs here: running the statement that reads every cell by its declared type, and
the Parquet files it writes. What does not: that statement (statement), where the files are
kept, checks on values (quality), tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from scoreline.core.errors import WarehouseError
from scoreline.core.model import Column, Stream
from scoreline.warehouse import cells
from scoreline.warehouse.arrow import ArrowStream, Layout
from scoreline.warehouse.database import connect, literal, quote
from scoreline.warehouse.personal import MARKS, UNPROTECTED, Hashes, Protection
from scoreline.warehouse.statement import Incoming, statement

# the second version's encodings, and a dictionary only for columns of few values, take a
# quarter less than the first's and a third less space; a tenth larger than with zstd's own
# level 3, for a third less of the time
_PARQUET = (
    "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION v2, "
    "DICTIONARY_SIZE_LIMIT 4096)"
)


@dataclass(frozen=True, slots=True)
class TypedRows:
    """What became of the rows of one object.

    `typed` has the contract's columns, kept extra columns as text, and `_row` (1-based
    data row of the object). `broken`, None where no row is, has `_row`, `reason` and the
    cells as JSON. `blocking` is the reason of the first row that breaks a column declared
    `on_error: block`. `totals` are control totals as text. `rows_forgotten` of the rows
    are of people who were forgotten, and in neither file; `rows_ragged` of the broken ones
    could not be cut into cells.
    """

    typed: Path
    broken: Path | None
    rows: int
    rows_broken: int
    blocking: str | None
    totals: dict[str, str]
    rows_forgotten: int = 0
    rows_ragged: int = 0


class RowReader:
    """Types the rows of one object after another in a database of its own, in memory.

    `timezone` is the organisation's; `temp` is where DuckDB may spill to.
    """

    def __init__(self, timezone: str, temp: Path) -> None:
        self._timezone, self._temp = timezone, temp
        self._connection: duckdb.DuckDBPyConnection | None = None

    def read(
        self,
        stream: Stream,
        reader: ArrowStream,
        layout: Layout,
        work: Path,
        protection: Protection = UNPROTECTED,
        ragged: Callable[[], ArrowStream] | None = None,
    ) -> TypedRows:
        """See `type_rows`.

        Raises:
            WarehouseError: DuckDB cannot go on; also where the reader raised.
        """
        try:
            if self._connection is None:
                self._connection = connect(None, self._timezone, self._temp)
            return type_rows(self._connection, stream, reader, layout, work, protection, ragged)
        except duckdb.Error as error:
            self.close()
            raise WarehouseError(str(error)) from error

    def close(self) -> None:
        """Give the memory back; the reader may be used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def type_rows(
    connection: duckdb.DuckDBPyConnection,
    stream: Stream,
    reader: ArrowStream,
    layout: Layout,
    work: Path,
    protection: Protection = UNPROTECTED,
    ragged: Callable[[], ArrowStream] | None = None,
) -> TypedRows:
    """Read every row of `reader` once by the stream's contract.

    `ragged` gives, once the reader is exhausted, the rows that could not be cut into
    cells (columns row, text, reason); they are broken rows like the others.

    Raises:
        duckdb.Error: the disk is full or the reader raised (its own error is the cause).
    """
    kept = [c for c in stream.columns if c.personal != "drop"]
    forgotten = any(c.name in protection.forgotten for c in kept)
    _note_clock_changes(connection, kept)
    _note_marks(connection, protection)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE _ragged (_row BIGINT, reason VARCHAR, cells VARCHAR)"
    )
    connection.register("_incoming", reader)
    try:
        found = {
            str(r[0]): str(r[1])
            for r in connection.execute("DESCRIBE SELECT * FROM _incoming").fetchall()
        }
        extra = [] if layout == "json_lines" else _extra_columns(stream, found)
        everything = work / "everything.parquet"
        hashes = Hashes(protection, stream.full_name)
        query = statement(kept, extra, Incoming(found, layout, hashes))
        _copy(connection, query, everything, hashes.sql.parameters)
    finally:
        connection.unregister("_incoming")
    if ragged is not None:
        _keep_ragged(connection, stream, ragged(), forgotten)
    return _split(connection, stream, kept, everything, work, forgotten)


def _note_clock_changes(connection: duckdb.DuckDBPyConnection, columns: list[Column]) -> None:
    """Have the days on which the columns' zones change their clocks in the table."""
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {cells.CHANGES} (zone VARCHAR, day DATE)")
    known = {
        str(r[0])
        for r in connection.execute(f"SELECT DISTINCT zone FROM {cells.CHANGES}").fetchall()
    }
    for zone in {c.timezone for c in columns if c.timezone} - known:
        connection.execute(cells.CLOCK_CHANGES, [zone])


def _note_marks(connection: duckdb.DuckDBPyConnection, protection: Protection) -> None:
    """Have the marks of the people who were forgotten in the table."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {MARKS} (name VARCHAR, mark VARCHAR)")
    for name, marks in protection.forgotten.items():
        connection.execute(f"INSERT INTO {MARKS} SELECT $1, unnest($2)", [name, sorted(marks)])


def _keep_ragged(
    connection: duckdb.DuckDBPyConnection, stream: Stream, ragged: ArrowStream, forgotten: bool
) -> None:
    """The refused rows as broken ones; their text is left out where it may be personal.

    Whether such a text is of somebody `forgotten` nobody can say.
    """
    personal = forgotten or any(c.personal != "keep" for c in stream.columns)
    text = "NULL" if personal else "to_json(text)"
    connection.register("_ragged_in", ragged)
    try:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE _ragged AS "
            f"SELECT row AS _row, reason, {text}::VARCHAR AS cells FROM _ragged_in"
        )
    finally:
        connection.unregister("_ragged_in")


def _split(
    connection: duckdb.DuckDBPyConnection,
    stream: Stream,
    kept: list[Column],
    everything: Path,
    work: Path,
    forgotten: bool,
) -> TypedRows:
    source, flags, rows_forgotten = f"read_parquet({literal(str(everything))})", "", 0
    if forgotten:
        rows_forgotten = _one(connection, f"SELECT count_if(_forgotten) FROM {source}")[0]
        source, flags = f"(SELECT * FROM {source} WHERE NOT _forgotten)", ", _forgotten"
    rows, rows_broken, blocking = _one(
        connection,
        f"SELECT count(*), count(_broken), min_by(_broken, _row) FILTER (_blocks) FROM {source}",
    )
    ragged = _one(connection, "SELECT count(*) FROM _ragged")[0]
    typed, broken = everything, None
    if rows_broken or forgotten:
        typed = work / "typed.parquet"
        _copy(
            connection,
            f"SELECT * EXCLUDE (_broken, _blocks, _cells{flags}) FROM {source} "
            "WHERE _broken IS NULL",
            typed,
        )
    if rows_broken or ragged:
        broken = work / "broken.parquet"
        _copy(
            connection,
            f"SELECT _row, _broken AS reason, CAST(_cells AS VARCHAR) AS cells FROM {source} "
            "WHERE _broken IS NOT NULL UNION ALL SELECT _row, reason, cells FROM _ragged",
            broken,
        )
    totals = _totals(connection, stream, kept, typed)
    return TypedRows(
        typed=typed,
        broken=broken,
        rows=int(rows + ragged + rows_forgotten),
        rows_broken=int(rows_broken + ragged),
        blocking=blocking,
        totals=totals,
        rows_forgotten=int(rows_forgotten),
        rows_ragged=int(ragged),
    )


def _extra_columns(stream: Stream, found: dict[str, str]) -> list[str]:
    """Undeclared columns to keep; none where the stream has personal data to protect."""
    if any(c.personal != "keep" for c in stream.columns):
        return []
    declared = {c.name for c in stream.columns}
    return [n for n in found if n not in declared and not n.startswith("_")]


def _totals(
    connection: duckdb.DuckDBPyConnection, stream: Stream, kept: list[Column], typed: Path
) -> dict[str, str]:
    """Row count, exact sums of numeric columns, first and last of the ordering columns."""
    parts = ["count(*)"]
    labels = ["rows"]
    ordering = {stream.event_time, stream.version_by, stream.cursor} - {None}
    for column in kept:
        name = quote(column.name)
        if column.type.kind in ("integer", "decimal"):
            labels.append(f"sum of {column.name}")
            parts.append(f"sum({name})")
        if column.name in ordering:
            labels += [f"lowest {column.name}", f"highest {column.name}"]
            parts += [f"min({name})", f"max({name})"]
    texts = ", ".join(f"CAST({p} AS VARCHAR)" for p in parts)
    row = _one(connection, f"SELECT {texts} FROM read_parquet({literal(str(typed))})")
    return {k: v for k, v in zip(labels, row, strict=True) if v is not None}


def _copy(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    target: Path,
    parameters: list[str] | None = None,
) -> None:
    connection.execute(
        f"COPY ({query}) TO {literal(str(target))} {_PARQUET}",
        parameters or [],
    )


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] = connection.execute(query).fetchall()[0]
    return row
