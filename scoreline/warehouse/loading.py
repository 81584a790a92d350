"""Stream tables: how a batch joins its stream.

What belongs here: merge and replace, the versions of `history: true`, and the digest of a
table. What does not: append (appending), which batches may be loaded, and in which order.

Each stream has a table in the schema `_rows` with the contract's columns, `_seq` (the
order of reception of the row's batch) and `_row` (its data row in the received object),
and a view `"<source>"."<stream>"` of the contract's columns. With `history: true` a
table in the schema `_history` keeps every version with `_valid_from` and `_valid_to`.
For an `append` stream `_rows` has a view of the same columns over a table in the schema
`_own` and the files that are read where they lie (in_place).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from scoreline.core.model import Stream
from scoreline.warehouse import in_place
from scoreline.warehouse.appending import append
from scoreline.warehouse.cells import sql_type
from scoreline.warehouse.database import literal, quote
from scoreline.warehouse.keys import (
    Loaded,
    columns_of,
    count_rows,
    differs,
    has_repeats,
    history_table,
    is_empty,
    key_list,
    one,
    own_table,
    rows_table,
    same_key,
    scalar,
)


def create(connection: duckdb.DuckDBPyConnection, stream: Stream) -> None:
    """Make the stream's tables and views where they are missing."""
    typed = [f"{quote(c.name)} {sql_type(c.type)}" for c in stream.columns if c.personal != "drop"]
    body = ", ".join([*typed, "_seq BIGINT NOT NULL", "_row BIGINT NOT NULL"])
    source, names = quote(stream.source), ", ".join(columns_of(stream))
    for schema in ('"_rows"', '"_own"', source):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    connection.execute(f"CREATE TABLE IF NOT EXISTS {own_table(stream)} ({body})")
    if stream.load == "append":
        in_place.show(connection, stream)
    view = f"{source}.{quote(stream.name)}"
    connection.execute(
        f"CREATE VIEW IF NOT EXISTS {view} AS SELECT {names} FROM {rows_table(stream)}"
    )
    if stream.history:
        span = "_valid_from TIMESTAMPTZ NOT NULL, _valid_to TIMESTAMPTZ"
        connection.execute('CREATE SCHEMA IF NOT EXISTS "_history"')
        connection.execute(f"CREATE TABLE IF NOT EXISTS {history_table(stream)} ({body}, {span})")
        connection.execute(
            f"CREATE VIEW IF NOT EXISTS {source}.{quote(stream.name + '__history')} AS "
            f"SELECT {names}, _valid_from, _valid_to FROM {history_table(stream)}"
        )


def drop(connection: duckdb.DuckDBPyConnection, source: str, name: str) -> None:
    """Remove a stream's tables and views."""
    full = quote(f"{source}.{name}")
    for view in (name, f"{name}__history"):
        connection.execute(f"DROP VIEW IF EXISTS {quote(source)}.{quote(view)}")
    kinds = connection.execute(
        "SELECT table_schema, table_type FROM information_schema.tables WHERE table_name = $1 "
        "AND table_schema IN ('_rows', '_own', '_history')",
        [f"{source}.{name}"],
    ).fetchall()
    for schema, kind in kinds:
        connection.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {quote(schema)}.{full}")
    in_place.forget(connection, f"{source}.{name}")


def load(
    connection: duckdb.DuckDBPyConnection,
    stream: Stream,
    files: list[Path],
    seq: int,
    received_at: datetime,
    refused: Path,
    in_place_from: int,
) -> Loaded:
    """Join the rows of Parquet files (one batch) to the stream; inside a transaction.

    `refused` gets the rows that `append` refuses, with a `_check` text, if there are any.
    A single file of `in_place_from` rows or more that `append` takes whole is not copied.

    Raises:
        duckdb.Error: the files do not fit the table.
    """
    incoming = incoming_rows(connection, stream, files, seq)
    if stream.load == "append":
        whole = files[0] if len(files) == 1 else None
        return append(connection, stream, incoming, refused, seq, whole, in_place_from)
    connection.execute(f"CREATE TEMP TABLE _staged AS {incoming}")
    try:
        if stream.load == "merge":
            return _merge(connection, stream, received_at)
        return _replace(connection, stream, received_at)
    finally:
        connection.execute("DROP TABLE IF EXISTS _staged")


def table_digest(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, str]:
    """Row count and a digest of a table's rows that does not depend on their order.

    It is the sum of the rows' MD5 halves as whole numbers: equal multisets of rows give
    equal digests. It serves to compare rebuilt tables, not to withstand an attacker.
    """
    text = f"(SELECT md5(CAST(to_json(r) AS VARCHAR)) AS h FROM {table} r)"
    rows, low, high = one(
        connection,
        "SELECT count(*), coalesce(sum(CAST(('0x' || h[1:15]) AS HUGEINT)), 0), "
        f"coalesce(sum(CAST(('0x' || h[16:30]) AS HUGEINT)), 0) FROM {text}",
    )
    return int(rows), f"{int(low):x}-{int(high):x}"


def incoming_rows(
    connection: duckdb.DuckDBPyConnection, stream: Stream, files: list[Path], seq: int
) -> str:
    """The query for the rows of the files, with the columns of the stream's table."""
    names = ", ".join(literal(str(f)) for f in files)
    present = {
        r[0]
        for r in connection.execute(
            f"DESCRIBE SELECT * FROM read_parquet([{names}], union_by_name=true)"
        ).fetchall()
    }
    picked = [
        f"{quote(c.name) if c.name in present else 'NULL'}::{sql_type(c.type)} AS {quote(c.name)}"
        for c in stream.columns
        if c.personal != "drop"
    ]
    return (
        f"SELECT {', '.join(picked)}, {seq}::BIGINT AS _seq, _row "
        f"FROM read_parquet([{names}], union_by_name=true)"
    )


def _merge(connection: duckdb.DuckDBPyConnection, stream: Stream, received_at: datetime) -> Loaded:
    """For each key the highest `version_by` stays; equal or absent: the one received last."""
    rows = count_rows(connection, "_staged")
    version = quote(stream.version_by) if stream.version_by else None
    if has_repeats(connection, stream):
        order = f"{version} DESC NULLS LAST, _row DESC" if version else "_row DESC"
        connection.execute(
            "CREATE TEMP TABLE _last AS SELECT * FROM _staged "
            f"QUALIFY row_number() OVER (PARTITION BY {key_list(stream)} ORDER BY {order}) = 1"
        )
        connection.execute("DROP TABLE _staged")
        connection.execute("ALTER TABLE _last RENAME TO _staged")
    table, same = rows_table(stream), same_key(stream, "s", "t")
    repeated = removed = 0
    if not is_empty(connection, table):
        repeated, removed = _replace_known(connection, stream)
    inserted = count_rows(connection, "_staged")
    connection.execute(f"INSERT INTO {table} SELECT * FROM _staged")
    if stream.history:
        _close(connection, stream, f"EXISTS (SELECT 1 FROM _staged s WHERE {same})", received_at)
        _open(connection, stream, "_staged", received_at)
    return Loaded(
        rows,
        inserted,
        repeated=repeated,
        superseded=rows - inserted - repeated,
        removed=removed,
    )


def _replace_known(connection: duckdb.DuckDBPyConnection, stream: Stream) -> tuple[int, int]:
    """Take staged rows out that say nothing new, and table rows that others supersede.

    The table is looked through once.

    Returns:
        How many staged rows the table has already, and how many rows left the table.
    """
    table, older = rows_table(stream), "false"
    if stream.version_by:
        version = quote(stream.version_by)
        older = f"t.{version} > s.{version} OR (t.{version} IS NOT NULL AND s.{version} IS NULL)"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _met AS SELECT s.rowid AS staged, t.rowid AS known, "
        f"coalesce({older}, false) AS is_older, NOT ({differs(stream, 's', 't')}) AS is_same "
        f"FROM _staged AS s JOIN {table} AS t ON {same_key(stream, 's', 't')}"
    )
    repeated = scalar(connection, "SELECT count(*) FROM _met WHERE is_same AND NOT is_older")
    idle = "SELECT staged FROM _met WHERE is_same OR is_older"
    connection.execute(f"DELETE FROM _staged WHERE rowid IN ({idle})")
    superseded = "SELECT known FROM _met WHERE NOT is_same AND NOT is_older"
    removed = scalar(connection, f"DELETE FROM {table} WHERE rowid IN ({superseded})")
    connection.execute("DROP TABLE _met")
    return repeated, removed


def _replace(
    connection: duckdb.DuckDBPyConnection, stream: Stream, received_at: datetime
) -> Loaded:
    """The new batch is the whole stream; what is gone is counted."""
    table, rows = rows_table(stream), count_rows(connection, "_staged")
    before = count_rows(connection, table)
    disappeared = 0
    if stream.key:
        same = same_key(stream, "s", "t")
        disappeared = scalar(
            connection,
            f"SELECT count(*) FROM {table} t WHERE NOT EXISTS "
            f"(SELECT 1 FROM _staged s WHERE {same})",
        )
    if stream.history:
        _replace_history(connection, stream, received_at)
    connection.execute(f"DELETE FROM {table}")
    connection.execute(f"INSERT INTO {table} SELECT * FROM _staged")
    return Loaded(rows, rows, removed=before, disappeared=disappeared)


def _replace_history(
    connection: duckdb.DuckDBPyConnection, stream: Stream, received_at: datetime
) -> None:
    """Versions that the snapshot repeats stay open, others are closed, new ones opened."""
    names = columns_of(stream)
    equal = " AND ".join(f"s.{n} IS NOT DISTINCT FROM t.{n}" for n in names)
    same = f"EXISTS (SELECT 1 FROM _staged s WHERE {equal})"
    _close(connection, stream, f"NOT {same}", received_at)
    current = f"(SELECT * FROM {history_table(stream)} WHERE _valid_to IS NULL)"
    new = f"(SELECT s.* FROM _staged s WHERE NOT EXISTS (SELECT 1 FROM {current} t WHERE {equal}))"
    _open(connection, stream, new, received_at)


def _close(
    connection: duckdb.DuckDBPyConnection, stream: Stream, condition: str, at: datetime
) -> None:
    connection.execute(
        f"UPDATE {history_table(stream)} t SET _valid_to = $1 "
        f"WHERE _valid_to IS NULL AND {condition}",
        [at],
    )


def _open(connection: duckdb.DuckDBPyConnection, stream: Stream, rows: str, at: datetime) -> None:
    connection.execute(
        f"INSERT INTO {history_table(stream)} SELECT n.*, $1::TIMESTAMPTZ, NULL FROM {rows} n",
        [at],
    )
