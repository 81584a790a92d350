"""Many rows of one table by one statement, as fast as the database's driver takes them.

What belongs here: statements that go to the driver as they are, with rows as tuples. What
does not: which rows, and in what order. SQLAlchemy binds each row by itself, which took
longer than SQLite takes to write it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table


def insert_many(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows of whole numbers, texts, bytes and None.

    Args:
        connection: in a writing transaction.
        table: where to.
        columns: the names of its columns that the rows have, in their order.
        rows: the values.
    """
    if not rows:
        return
    names = ", ".join(_quoted(connection, name) for name in columns)
    marks = ", ".join([_mark(connection)] * len(columns))
    statement = f"INSERT INTO {_quoted(connection, table.name)} ({names}) VALUES ({marks})"
    connection.exec_driver_sql(statement, list(rows))


def no_longer_newest(connection: Connection, table: Table, records: Iterable[int]) -> None:
    """Take the mark of the newest from the rows of these records."""
    rows = [(record,) for record in records]
    if rows:
        statement = f"UPDATE {_quoted(connection, table.name)} SET newest = 0 "
        connection.exec_driver_sql(f"{statement}WHERE record = {_mark(connection)}", rows)


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)


def _mark(connection: Connection) -> str:
    """How the driver's statements write a value's place."""
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"
