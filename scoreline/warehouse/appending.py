"""Append: new keys join their stream, known ones are ignored or refused.

What belongs here: the one kind of loading that never changes a row. What does not: merge
and replace (loading).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from scoreline.core.model import Stream
from scoreline.warehouse import in_place
from scoreline.warehouse.database import literal, quote
from scoreline.warehouse.keys import (
    Loaded,
    count_rows,
    differs,
    has_repeats,
    is_empty,
    key_list,
    one,
    own_table,
    rows_table,
    same_key,
    scalar,
)


def append(
    connection: duckdb.DuckDBPyConnection,
    stream: Stream,
    incoming: str,
    refused_to: Path,
    seq: int,
    whole: Path | None,
    in_place_from: int,
) -> Loaded:
    """Join the rows of a query to the stream; known keys are ignored, or refused if they differ.

    Args:
        connection: inside a transaction.
        stream: what they join.
        incoming: the query, with the columns of the stream's table.
        refused_to: gets the rows that are refused, with a `_check` text, if there are any.
        seq: the batch's place in the order of reception.
        whole: the one file with just the query's rows, if there is one.
        in_place_from: from how many rows on such a file is not copied if all rows are new.

    Raises:
        duckdb.Error: the query fails.
    """
    if not _any_known(connection, stream, incoming):
        if whole and in_place.fits(connection, stream, whole):
            rows = count_rows(connection, f"({incoming})")
            if rows >= in_place_from:
                in_place.add(connection, stream, seq, whole)
                return Loaded(rows, rows)
        rows = scalar(connection, f"INSERT INTO {own_table(stream)} {incoming}")
        return Loaded(rows, rows)
    connection.execute(f"CREATE TEMP TABLE _staged AS {incoming}")
    try:
        return _append_new(connection, stream, refused_to)
    finally:
        connection.execute("DROP TABLE IF EXISTS _staged")
        connection.execute("DROP TABLE IF EXISTS _refused")


def _append_new(connection: duckdb.DuckDBPyConnection, stream: Stream, refused_to: Path) -> Loaded:
    rows = count_rows(connection, "_staged")
    connection.execute("CREATE TEMP TABLE _refused AS SELECT * FROM _staged LIMIT 0")
    table = rows_table(stream)
    if not is_empty(connection, table):
        _refuse(connection, stream, table, "")
        connection.execute(
            f"DELETE FROM _staged s USING {table} t WHERE {same_key(stream, 's', 't')}"
        )
    if has_repeats(connection, stream):
        # inside the batch the first row of a key stands
        connection.execute(
            "CREATE TEMP TABLE _first AS SELECT * FROM _staged "
            f"QUALIFY row_number() OVER (PARTITION BY {key_list(stream)} ORDER BY _row) = 1"
        )
        _refuse(connection, stream, "_first", "AND s._row <> t._row")
        connection.execute("DROP TABLE _staged")
        connection.execute("ALTER TABLE _first RENAME TO _staged")
    inserted, refused = count_rows(connection, "_staged"), count_rows(connection, "_refused")
    connection.execute(f"INSERT INTO {own_table(stream)} SELECT * FROM _staged")
    if refused:
        check = literal(f"key ({', '.join(stream.key)}) is known with other contents")
        connection.execute(
            f"COPY (SELECT *, {check} AS _check FROM _refused ORDER BY _row) "
            f"TO {literal(str(refused_to))} (FORMAT parquet, COMPRESSION zstd)"
        )
    return Loaded(rows, inserted, repeated=rows - inserted - refused, refused=refused)


def _refuse(
    connection: duckdb.DuckDBPyConnection, stream: Stream, known: str, condition: str
) -> None:
    """Set aside the staged rows whose key stands in `known` with other contents."""
    connection.execute(
        f"INSERT INTO _refused SELECT s.* FROM _staged s JOIN {known} t "
        f"ON {same_key(stream, 's', 't')} {condition} WHERE {differs(stream, 's', 't')}"
    )


def _any_known(connection: duckdb.DuckDBPyConnection, stream: Stream, incoming: str) -> bool:
    """Whether a key of the incoming rows stands in the table or comes twice.

    Where all keys lie above or below those of the table, as numbers and dates of an
    export do, nothing has to be compared.
    """
    rows = f"({incoming})"
    if has_repeats(connection, stream, rows):
        return True
    table = rows_table(stream)
    if is_empty(connection, table) or _apart(connection, stream, rows, table):
        return False
    same = same_key(stream, "s", "t")
    return bool(
        connection.execute(
            f"SELECT 1 FROM {rows} s SEMI JOIN {table} t ON {same} LIMIT 1"
        ).fetchall()
    )


def _apart(connection: duckdb.DuckDBPyConnection, stream: Stream, rows: str, table: str) -> bool:
    """Whether the lowest and highest values of a single key column prove that none is shared."""
    if len(stream.key) != 1:
        return False
    key = quote(stream.key[0])
    bounds = f"SELECT min({key}) AS low, max({key}) AS high, count(*) - count({key}) AS nulls FROM"
    found = one(
        connection,
        f"SELECT s.nulls = 0 AND (s.low > t.high OR s.high < t.low) "
        f"FROM ({bounds} {rows}) AS s, ({bounds} {table}) AS t",
    )
    return bool(found[0])
