"""Opening DuckDB the one way it is opened here.

What belongs here: connection settings, quoting, and the mapping of DuckDB's errors.
What does not: SQL with a meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from scoreline.core.errors import WarehouseError

ENGINE = f"duckdb {duckdb.__version__}"

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "preserve_insertion_order": "true",
    # a checkpoint at every close rewrites what has not changed; DuckDB still makes one
    # when its log is large
    "checkpoint_threshold": "256MB",
}


def quote(name: str) -> str:
    """An identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text, as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def connect(path: Path | None, timezone: str, temp: Path) -> duckdb.DuckDBPyConnection:
    """A connection to a database file (None: in memory) with the session's zone pinned.

    Raises:
        WarehouseError: the file is damaged, of a newer DuckDB, or cannot be opened.
    """
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(str(path) if path else ":memory:", config=_SETTINGS)
    except duckdb.Error as error:
        raise WarehouseError(
            f"{path} cannot be opened: {error}; it holds nothing that cannot be made again: "
            "`scoreline rebuild` does it from the stored files"
        ) from error
    # it goes to standard output wherever DuckDB takes the program for an interactive one
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"SET TimeZone = {literal(timezone)}")
    connection.execute("SET Calendar = 'gregorian'")
    connection.execute(f"SET temp_directory = {literal(str(temp))}")
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    return connection


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing: commit at the end of the block, roll back on any exception."""
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
