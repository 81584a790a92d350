"""Rows that a test gives: written as a typed file, as if they had been received.

What belongs here: a handful of rows as text to a Parquet file of a stream's types. What
does not: typing what sources deliver (typing), joining it (loading).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from scoreline.core.errors import WarehouseError
from scoreline.core.model import Column, Stream
from scoreline.warehouse.cells import sql_type
from scoreline.warehouse.database import literal, quote

Row = Mapping[str, str | None]


def write_given(
    connection: duckdb.DuckDBPyConnection, stream: Stream, rows: Sequence[Row], path: Path
) -> None:
    """Write rows as a typed Parquet file with `_row` (the first one is 1).

    Args:
        connection: its time zone is that of times without one.
        stream: whose columns and types count; a column that a row lacks is null.
        rows: cells as text, days and times in ISO 8601.
        path: the file.

    Raises:
        WarehouseError: a cell is none of its column's type; the text names it.
    """
    columns = [c for c in stream.columns if c.personal != "drop"]
    names = ", ".join(f"{quote(c.name)} VARCHAR" for c in columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _given (_row BIGINT, {names})")
    marks = ", ".join("?" for _ in range(len(columns) + 1))
    cells = [[n, *(row.get(c.name) for c in columns)] for n, row in enumerate(rows, 1)]
    if cells:
        connection.executemany(f"INSERT INTO _given VALUES ({marks})", cells)
    for column in columns:
        _refuse_misfits(connection, stream, column)
    typed = ", ".join(
        f"CAST({quote(c.name)} AS {sql_type(c.type)}) AS {quote(c.name)}" for c in columns
    )
    connection.execute(
        f"COPY (SELECT {typed}, _row FROM _given ORDER BY _row) TO {literal(str(path))} "
        "(FORMAT parquet)"
    )


def _refuse_misfits(connection: duckdb.DuckDBPyConnection, stream: Stream, column: Column) -> None:
    """Refuse a cell that is not of its type, or has more decimals than are declared."""
    name, kind = quote(column.name), sql_type(column.type)
    misfit = f"TRY_CAST({name} AS {kind}) IS NULL"
    if column.type.kind in ("decimal", "integer"):
        exact = f"TRY_CAST({name} AS DECIMAL(38, 12))"
        misfit += f" OR TRY_CAST({name} AS {kind}) IS DISTINCT FROM {exact}"
    found = connection.execute(
        f"SELECT _row, {name} FROM _given WHERE {name} IS NOT NULL AND ({misfit}) "
        "ORDER BY _row LIMIT 1"
    ).fetchone()
    if found is not None:
        raise WarehouseError(
            f"row {found[0]} of {stream.full_name}: {column.name} is {found[1]!r}, "
            f"which is no {column.type}"
        )
