"""Reading another warehouse's tables from one in memory, without touching it.

What belongs here: attaching a warehouse's file for reading, and views of its streams. What
does not: which of its streams are as they should be (steps).

The file is attached read-only: DuckDB replays its log in memory and writes nothing. While it
is attached no other process can write it, so it is done under the project's lock.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from scoreline.core.errors import WarehouseError
from scoreline.core.model import Stream
from scoreline.warehouse import in_place
from scoreline.warehouse.database import literal, quote
from scoreline.warehouse.keys import columns_of, shape

_STORED = "_stored"


class Lender:
    """The tables of a warehouse's file, lent to a warehouse in memory."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        """Attaches the file.

        Raises:
            WarehouseError: it is missing, damaged, of another DuckDB, or another process
                writes it.
        """
        self._connection = connection
        try:
            connection.execute(f"ATTACH {literal(str(path))} AS {_STORED} (READ_ONLY)")
            rows = connection.execute(f"SELECT stream, contract FROM {_STORED}._streams")
            self._contracts = {str(stream): str(contract) for stream, contract in rows.fetchall()}
        except duckdb.Error as error:
            raise WarehouseError(f"{path} cannot be read: {error}") from error

    def close(self) -> None:
        """Let go of the file; what was lent is gone with it."""
        self._connection.execute(f"DETACH {_STORED}")

    def has(self, stream: Stream, tokens: list[str]) -> bool:
        """Whether the stream's table follows its contract and holds exactly these batches."""
        if self._contracts.get(stream.full_name) != shape(stream):
            return False
        rows = self._connection.execute(
            f"SELECT token FROM {_STORED}._loaded WHERE stream = $1 ORDER BY seq",
            [stream.full_name],
        )
        held = [str(row[0]) for row in rows.fetchall()] == tokens
        files = in_place.files(self._connection, stream.full_name, _STORED)
        return held and all(path.exists() for path in files)

    def lend(self, stream: Stream) -> None:
        """Put views of the stream's rows in the place of its empty ones."""
        source, names = quote(stream.source), ", ".join(columns_of(stream))
        table = quote(stream.full_name)
        rows = in_place.all_rows(self._connection, stream, _STORED)
        self._connection.execute(
            f"CREATE OR REPLACE VIEW {source}.{quote(stream.name)} AS SELECT {names} FROM ({rows})"
        )
        if stream.history:
            self._connection.execute(
                f"CREATE OR REPLACE VIEW {source}.{quote(stream.name + '__history')} AS "
                f'SELECT {names}, _valid_from, _valid_to FROM {_STORED}."_history".{table}'
            )
