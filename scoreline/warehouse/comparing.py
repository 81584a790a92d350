"""Two files of typed rows against each other.

What belongs here: whether the rows of two Parquet files are the same, in whatever order and
however they are packed. What does not: which files ought to be.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from scoreline.core.errors import WarehouseError
from scoreline.warehouse.database import literal, quote
from scoreline.warehouse.files import sha256_of


def differing_rows(found: Path, stored: Path) -> int:
    """How many rows are in one of two files only; 0 at once where the bytes are the same.

    Raises:
        WarehouseError: a file cannot be read, or has other columns.
    """
    if sha256_of(found) == sha256_of(stored):
        return 0
    return _count(found, stored, both=True)


def rows_not_in(part: Path, whole: Path) -> int:
    """How many rows of a file are not in another one that ought to hold them.

    Raises:
        WarehouseError: a file cannot be read, or lacks columns of the other.
    """
    return _count(part, whole, both=False)


def pick_rows(rows: Path, numbers: Path, target: Path) -> None:
    """Write those rows of a file whose row number stands in another file.

    Raises:
        WarehouseError: a file cannot be read or written.
    """
    query = f"SELECT * FROM {_file(rows)} WHERE _row IN (SELECT _row FROM {_file(numbers)})"
    _run(f"COPY ({query}) TO {literal(str(target))} (FORMAT parquet)")


def _count(left: Path, right: Path, *, both: bool) -> int:
    columns = _run(f"DESCRIBE SELECT * FROM {_file(left)}")
    names = ", ".join(quote(str(row[0])) for row in columns)
    one, other = (f"SELECT {names} FROM {_file(path)}" for path in (left, right))
    query = f"({one} EXCEPT ALL {other})"
    if both:
        query = f"{query} UNION ALL ({other} EXCEPT ALL {one})"
    return int(str(_run(f"SELECT count(*) FROM ({query})")[0][0]))


def _run(query: str) -> list[tuple[object, ...]]:
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(query).fetchall()
    except duckdb.Error as error:
        raise WarehouseError(str(error)) from error


def _file(path: Path) -> str:
    return f"read_parquet({literal(str(path))})"
