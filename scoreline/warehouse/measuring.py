"""Running compiled measures: parameter tables in, series texts out.

What belongs here: handing parameters to DuckDB and fetching results. What does not: what
the statements say (measures), which of them are due (steps).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from scoreline.core.errors import WarehouseError
from scoreline.measures.series import PARAMETER_TABLES, Row, Statement


def prepare(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Sequence[Row]]) -> None:
    """Make the parameter tables and fill them."""
    for name, columns in PARAMETER_TABLES.items():
        declared = ", ".join(f"{column} {kind}" for column, kind in columns)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({declared})")
        rows = tables.get(name, ())
        if not rows:
            continue
        lists = ", ".join(f"unnest(${n}::{kind}[])" for n, (_, kind) in enumerate(columns, 1))
        values = [list(column) for column in zip(*rows, strict=True)]
        connection.execute(f"INSERT INTO {name} SELECT {lists}", values)


def run(connection: duckdb.DuckDBPyConnection, statement: Statement) -> dict[str, str]:
    """The series text of each of the statement's requests, after `prepare`.

    Raises:
        WarehouseError: DuckDB cannot compute it (an overflow, a cast that fails).
    """
    try:
        rows = connection.execute(statement.sql).fetchall()
    except duckdb.Error as error:
        raise WarehouseError(f"{statement.name}: {error}") from error
    return {str(request): str(text or "") for request, text in rows}
