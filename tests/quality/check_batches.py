"""A small typed batch with one column of every type, nulls included."""

from __future__ import annotations

from pathlib import Path

import duckdb

ROWS = """
    (1, 'ann',   'ann@x.example', 10, 2,  1.50::DECIMAL(9,2), 1.50::DECIMAL(9,2), DATE '2026-07-01',
     TIMESTAMPTZ '2026-07-01 08:00:00+00', true),
    (2, 'bob',   'bob',           20, 20, 99.99,              99.99,              DATE '2026-07-02',
     TIMESTAMPTZ '2026-07-02 08:00:00+00', false),
    (3, NULL,    NULL,            NULL, NULL, NULL,           NULL,               NULL, NULL, NULL),
    (4, 'bob',   'c@x.example',   30, 20, -1.00,              5.00,               DATE '2026-07-04',
     TIMESTAMPTZ '2026-07-04 08:00:00+00', true),
    (5, 'dorothea', 'd_d@x.example', 40, NULL, 7.00,          NULL,               DATE '2026-07-05',
     TIMESTAMPTZ '2026-07-05 08:00:00+00', true)
"""
COLUMNS = "_row, name, mail, n, m, d, e, day, seen, flag"


def write(path: Path, query: str) -> Path:
    """The rows of a DuckDB query as a Parquet file."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        target = str(path).replace("'", "''")
        connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet)")
    return path


def small(folder: Path) -> Path:
    """The batch of five rows."""
    integers = "n::BIGINT AS n, m::BIGINT AS m, _row::BIGINT AS _row"
    query = f"SELECT * REPLACE ({integers}) FROM (VALUES {ROWS}) AS t({COLUMNS})"
    return write(folder / "typed.parquet", query)


def rows(path: Path | None, what: str = "_row") -> list[tuple[object, ...]]:
    """Some columns of a Parquet file, in its order."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        source = str(path).replace("'", "''")
        return connection.execute(f"SELECT {what} FROM read_parquet('{source}')").fetchall()


def query(sql: str) -> list[tuple[object, ...]]:
    """The rows of a DuckDB query."""
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()
