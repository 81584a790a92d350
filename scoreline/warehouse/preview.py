"""A look into a stored file: a few rows, as text.

What belongs here: reading single rows for people. What does not: any data path.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from scoreline.warehouse.database import literal, quote


def first_rows(path: Path, limit: int) -> tuple[list[str], list[dict[str, str | None]]]:
    """The columns of a Parquet file and its first rows by `_row`, every value as text."""
    source = f"read_parquet({literal(str(path))})"
    with duckdb.connect(":memory:") as connection:
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        columns = [str(r[0]) for r in described]
        texts = ", ".join(f"CAST({quote(c)} AS VARCHAR)" for c in columns)
        order = "ORDER BY _row" if "_row" in columns else ""
        rows = connection.execute(
            f"SELECT {texts} FROM {source} {order} LIMIT {int(limit)}"
        ).fetchall()
    return columns, [dict(zip(columns, row, strict=True)) for row in rows]


def reasons_by_column(broken: Path, columns: Sequence[str]) -> frozenset[str]:
    """The columns for which any row of a file of broken rows was refused."""
    source = f"read_parquet({literal(str(broken))})"
    tests = [f"bool_or(contains('; ' || reason, {literal(f'; {c}: ')}))" for c in columns]
    with duckdb.connect(":memory:") as connection:
        row = connection.execute(f"SELECT {', '.join(tests)} FROM {source}").fetchall()[0]
    return frozenset(c for c, found in zip(columns, row, strict=True) if found)
