"""Tables of streams by name, their keys, and questions about them in SQL.

What belongs here: what joining a batch to its stream asks again and again. What does not:
how batches are joined (loading, appending).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from scoreline.core.contracts import joining_digest
from scoreline.core.model import Stream
from scoreline.warehouse.database import quote


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a batch did, in rows.

    `rows = inserted + repeated + superseded + refused`: repeated rows equal one that is
    there, superseded ones lost against a newer version of their key, refused ones have a
    known key with other contents (append). `removed` rows left the table (replaced by
    another version, or gone from a new snapshot); `disappeared` is the number of keys
    that a new snapshot no longer has.
    """

    rows: int
    inserted: int
    repeated: int = 0
    superseded: int = 0
    refused: int = 0
    removed: int = 0
    disappeared: int = 0


def shape(stream: Stream) -> str:
    """What a stream's tables depend on: its contract, and how this release lays them out."""
    return f"{joining_digest(stream)}/2"


def columns_of(stream: Stream) -> list[str]:
    """The quoted columns of the stream's table that come from the contract."""
    return [quote(c.name) for c in stream.columns if c.personal != "drop"]


def rows_table(stream: Stream) -> str:
    """The quoted name of all rows of the stream: a table, of an `append` stream a view."""
    return f'"_rows".{quote(stream.full_name)}'


def own_table(stream: Stream) -> str:
    """The quoted name of the table that new rows of the stream are written to."""
    return f'"_own".{quote(stream.full_name)}' if stream.load == "append" else rows_table(stream)


def history_table(stream: Stream) -> str:
    """The quoted name of the table with the stream's versions."""
    return f'"_history".{quote(stream.full_name)}'


def has_repeats(
    connection: duckdb.DuckDBPyConnection, stream: Stream, relation: str = "_staged"
) -> bool:
    """Whether a key comes more than once in a relation."""
    if not stream.key:
        return False
    key = key_list(stream)
    bounds = _close_numbers(connection, stream, relation)
    if bounds is not None:  # a bit for each number takes a quarter of the time of grouping
        seen = f"bit_count(bitstring_agg({key}, {bounds[0]}, {bounds[1]}))"
        return bool(one(connection, f"SELECT count(*) > {seen} FROM {relation}")[0])
    found = connection.execute(
        f"SELECT 1 FROM {relation} GROUP BY {key} HAVING count(*) > 1 LIMIT 1"
    ).fetchall()
    return bool(found)


def _close_numbers(
    connection: duckdb.DuckDBPyConnection, stream: Stream, relation: str
) -> tuple[int, int] | None:
    """The bounds of a key that is one whole number, never missing, its values close together."""
    kinds = {c.name: c.type.kind for c in stream.columns}
    if len(stream.key) != 1 or kinds.get(stream.key[0]) != "integer":
        return None
    key = key_list(stream)
    rows, filled, low, high = one(
        connection, f"SELECT count(*), count({key}), min({key}), max({key}) FROM {relation}"
    )
    return (low, high) if rows and rows == filled and high - low < 16 * rows else None


def key_list(stream: Stream) -> str:
    """The columns of the stream's key, quoted, for an SQL list."""
    return ", ".join(quote(k) for k in stream.key)


def same_key(stream: Stream, left: str, right: str) -> str:
    """The condition that the rows `left` and `right` have the same key, nulls alike."""
    pairs = (f"{left}.{quote(k)} IS NOT DISTINCT FROM {right}.{quote(k)}" for k in stream.key)
    return " AND ".join(pairs)


def differs(stream: Stream, left: str, right: str) -> str:
    """The condition that two rows differ in a column besides the key."""
    names = [c.name for c in stream.columns if c.personal != "drop" and c.name not in stream.key]
    if not names:
        return "false"
    return " OR ".join(f"{left}.{quote(n)} IS DISTINCT FROM {right}.{quote(n)}" for n in names)


def is_empty(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a table has no row."""
    return not connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall()


def count_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many rows a table has."""
    return scalar(connection, f"SELECT count(*) FROM {table}")


def scalar(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """The whole number that a statement answers with: a count, or rows it changed."""
    return int(one(connection, query)[0])


def one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The first row of an answer."""
    row: tuple[Any, ...] = connection.execute(query).fetchall()[0]
    return row
