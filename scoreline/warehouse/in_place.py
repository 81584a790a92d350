"""Files of an `append` stream that are read where they lie, without being copied.

What belongs here: which files those are, and the view that puts them together with the
rows that were copied. What does not: which rows join the stream (appending).

A stored file never changes and an appended row never does, so a large file whose rows are
all new says already what a copy of it would. A small one is copied: every file that a
view reads costs a little at each look.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from scoreline.core.model import Stream
from scoreline.warehouse.cells import sql_type
from scoreline.warehouse.database import literal
from scoreline.warehouse.keys import columns_of, count_rows, own_table, rows_table, scalar

TABLE = "CREATE TABLE IF NOT EXISTS _in_place (stream VARCHAR, seq BIGINT, path VARCHAR)"


def fits(connection: duckdb.DuckDBPyConnection, stream: Stream, path: Path) -> bool:
    """Whether a file has every column of the stream in its declared type."""
    found = connection.execute(
        f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))})"
    ).fetchall()
    types = {str(r[0]): str(r[1]) for r in found}
    kept = {c.name: sql_type(c.type) for c in stream.columns if c.personal != "drop"}
    return all(types.get(name) == kind for name, kind in kept.items()) and "_row" in types


def add(connection: duckdb.DuckDBPyConnection, stream: Stream, seq: int, path: Path) -> None:
    """Have the stream read a file that fits; inside a transaction."""
    connection.execute(
        "INSERT INTO _in_place VALUES ($1, $2, $3)", [stream.full_name, seq, str(path)]
    )
    show(connection, stream)


def files(
    connection: duckdb.DuckDBPyConnection, stream: str, database: str | None = None
) -> list[Path]:
    """The files that a stream reads, in the order of their batches.

    `database` is the attached one that the stream is in; the connection's own if None.
    """
    return [Path(path) for _, path in _known(connection, stream, database)]


def forget(connection: duckdb.DuckDBPyConnection, stream: str) -> None:
    """Have the stream read no file."""
    connection.execute("DELETE FROM _in_place WHERE stream = $1", [stream])


def show(connection: duckdb.DuckDBPyConnection, stream: Stream) -> None:
    """Make the view of all rows."""
    connection.execute(
        f"CREATE OR REPLACE VIEW {rows_table(stream)} AS {all_rows(connection, stream)}"
    )


def all_rows(
    connection: duckdb.DuckDBPyConnection, stream: Stream, database: str | None = None
) -> str:
    """The query for a stream's rows with `_seq` and `_row`: the table's, then the files'."""
    columns = ", ".join(columns_of(stream))
    table = f"{database}.{own_table(stream)}" if database else own_table(stream)
    query = f"SELECT {columns}, _seq, _row FROM {table}"
    known = _known(connection, stream.full_name, database)
    if not known:
        return query
    paths = ", ".join(literal(path) for _, path in known)
    seqs = ", ".join(str(seq) for seq, _ in known)
    return (
        f"{query} UNION ALL SELECT {columns}, "
        f"CAST(map([{paths}], [{seqs}])[_file] AS BIGINT) AS _seq, _row "
        f"FROM read_parquet([{paths}], filename = '_file')"
    )


def count(connection: duckdb.DuckDBPyConnection, stream: Stream) -> int:
    """How many rows an `append` stream has; of its files only their ends are read."""
    rows = count_rows(connection, own_table(stream))
    paths = [literal(path) for _, path in _known(connection, stream.full_name)]
    if not paths:
        return rows
    listed = ", ".join(paths)
    return rows + scalar(connection, f"SELECT sum(num_rows) FROM parquet_file_metadata([{listed}])")


def rows_after(connection: duckdb.DuckDBPyConnection, stream: Stream, seq: int) -> str:
    """The query for a stream's rows of later batches than `seq`; no earlier file is opened."""
    columns = ", ".join(columns_of(stream))
    query = f"SELECT {columns} FROM {own_table(stream)} WHERE _seq > {seq}"
    paths = [literal(path) for of, path in _known(connection, stream.full_name) if of > seq]
    if not paths:
        return query
    return f"{query} UNION ALL SELECT {columns} FROM read_parquet([{', '.join(paths)}])"


def _known(
    connection: duckdb.DuckDBPyConnection, stream: str, database: str | None = None
) -> list[tuple[int, str]]:
    table = f"{database}._in_place" if database else "_in_place"
    return connection.execute(
        f"SELECT seq, path FROM {table} WHERE stream = $1 ORDER BY seq", [stream]
    ).fetchall()
