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
    import pyarrow as pa  # dear, and a run without anything to measure does without

    for name, columns in PARAMETER_TABLES.items():
        declared = ", ".join(f"{column} {kind}" for column, kind in columns)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({declared})")
        rows = tables.get(name, ())
        if not rows:
            continue
        names = [column for column, _ in columns]
        values = dict(zip(names, (list(c) for c in zip(*rows, strict=True)), strict=True))
        connection.register("_parameters", pa.table(values))
        casts = ", ".join(f"CAST({column} AS {kind})" for column, kind in columns)
        connection.execute(f"INSERT INTO {name} SELECT {casts} FROM _parameters")
        connection.unregister("_parameters")


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
