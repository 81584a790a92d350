"""SQLAlchemy on DuckDB in the way that Great Expectations uses it.

What belongs here: what has to differ from duckdb-engine. What does not: queries.

Three things differ. Rows are read as soon as a statement has run, because Great
Expectations reads results after it has given the connection back (its issue 11579).
Columns are reflected through information_schema, because SQLAlchemy 2.1 asks PostgreSQL's
catalogue for collations, which DuckDB lacks. And numbers of a definition that Great
Expectations turned into floats are bound as the exact numbers that they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from duckdb_engine import ConnectionWrapper
from duckdb_engine import Dialect as DuckDBDialect
from sqlalchemy.engine import cursor, default

URL = "duckdb+scoreline://"

_TYPES: Mapping[str, sa.types.TypeEngine[Any]] = {
    "VARCHAR": sa.types.VARCHAR(),
    "BOOLEAN": sa.types.BOOLEAN(),
    "DATE": sa.types.DATE(),
    "BIGINT": sa.types.BIGINT(),
    "TIMESTAMP WITH TIME ZONE": sa.types.TIMESTAMP(timezone=True),
}


class _BufferedContext(default.DefaultExecutionContext):
    def post_exec(self) -> None:
        if self.cursor.description is not None:
            self.cursor_fetch_strategy = cursor.FullyBufferedCursorFetchStrategy(
                self.cursor, self.cursor.description, self.cursor.fetchall()
            )


class BufferedDialect(DuckDBDialect):
    """duckdb-engine's dialect with buffered rows, plain reflection and exact numbers."""

    execution_ctx_cls: Any = _BufferedContext
    supports_statement_cache = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exact: dict[float, int | Decimal] = {}

    def do_execute(
        self, cursor: Any, statement: str, parameters: Any, context: Any | None = None
    ) -> None:
        """Run a statement, floats that stand for an exact number bound as that number."""
        bound = tuple(
            self.exact.get(value, value) if isinstance(value, float) else value
            for value in parameters or ()
        )
        cursor.execute(statement, bound)

    def do_close(self, dbapi_connection: Any) -> None:
        """Leave the connection open: it is the batch's, and engines come and go over it."""

    def get_columns(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> Any:
        """The columns of a table or view, in order (SQLAlchemy's reflection interface)."""
        rows = connection.exec_driver_sql(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_name = $1 ORDER BY ordinal_position",
            (str(table_name),),
        )
        return [
            {
                "name": name,
                "type": _TYPES.get(kind, sa.types.NUMERIC()),
                "nullable": True,
                "default": None,
            }
            for name, kind in rows
        ]

    def get_pk_constraint(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> Any:
        """No primary key: the batch is a view."""
        return {"constrained_columns": [], "name": None}


def connect(readable: Path, writable: Path) -> ConnectionWrapper:
    """A new in-memory DuckDB that can reach that file and that folder and nothing else.

    No extension is loaded, the time zone is UTC, and the settings are locked, so that a
    query written into a definition can neither read other files nor use the network.
    """
    settings = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    connection: ConnectionWrapper = BufferedDialect().connect(":memory:", config=settings)
    for statement in (
        "SET TimeZone = 'UTC'",
        "SET enable_progress_bar = false",
        f"SET temp_directory = {_text(writable / '.spill')}",
        f"SET allowed_paths = [{_text(readable)}]",
        f"SET allowed_directories = [{_text(writable)}]",
        "SET enable_external_access = false",
        "SET lock_configuration = true",
    ):
        connection.execute(statement)
    return connection


def sqlalchemy_engine(connection: ConnectionWrapper) -> sa.Engine:
    """A SQLAlchemy engine that uses just that connection."""
    sa.dialects.registry.register("duckdb.scoreline", __name__, BufferedDialect.__name__)
    return sa.create_engine(URL, creator=lambda: connection, poolclass=sa.pool.StaticPool)


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
