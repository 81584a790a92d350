"""Rows that carry a digest of themselves, and are counted: no change goes unnoticed.

What belongs here: writing guarded tables and checking them. What does not: what the rows
mean. Rows that a ledger record fully determines need none of this (see schema).

Each row's `row_digest` is the SHA-256 of its other columns, bytes by their own digest.
`row_tallies` keeps, for each table, the number of rows and the sum of their digests
modulo 2**256, so that a row removed or added is missed too. This finds damage and edits
by hand; whoever rewrites all of it is found by an older signed checkpoint only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from scoreline.core.digests import digest, digest_of
from scoreline.store.rows import Finding
from scoreline.store.schema import GUARDED, row_tallies

MODULUS = 2**256
ZERO = f"{0:064x}"

Row = Mapping[str, Any] | RowMapping


def row_digest(table: Table, row: Row) -> str:
    """The digest of a row's columns other than the digest itself."""
    columns = {
        c.name: digest(row[c.name]) if isinstance(row[c.name], bytes) else row[c.name]
        for c in table.columns
        if c.name != "row_digest"
    }
    return digest_of([table.name, columns])


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, each with its digest, and count them."""
    if not rows:
        return
    full = [{**row, "row_digest": row_digest(table, row)} for row in rows]
    connection.execute(insert(table), full)
    _tally(connection, table, [], full)


def change_rows(connection: Connection, table: Table, changes: Sequence[tuple[Row, Row]]) -> None:
    """Change rows: pairs of a whole row as it stands and its new columns."""
    pairs = [(old, {**old, **new}) for old, new in changes]
    pairs = [(old, new) for old, new in pairs if dict(old) != new]
    if not pairs:
        return
    full = [{**new, "row_digest": row_digest(table, new)} for _, new in pairs]
    keys = [c.name for c in table.primary_key]
    others = [c.name for c in table.columns if c.name not in keys]
    statement = (
        update(table)
        .where(and_(*(table.c[k] == bindparam(f"key_{k}") for k in keys)))
        .values({name: bindparam(f"new_{name}") for name in others})
    )
    connection.execute(
        statement,
        [
            {**{f"key_{k}": row[k] for k in keys}, **{f"new_{n}": row[n] for n in others}}
            for row in full
        ],
    )
    _tally(connection, table, [old for old, _ in pairs], full)


def delete_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Delete whole rows as they stand."""
    keys = [c.name for c in table.primary_key]
    for row in rows:
        connection.execute(delete(table).where(and_(*(table.c[k] == row[k] for k in keys))))
    if rows:
        _tally(connection, table, rows, [])


def _tally(connection: Connection, table: Table, gone: Sequence[Row], come: Sequence[Row]) -> None:
    mine = row_tallies.c.table_name == table.name
    rows, total = connection.execute(
        select(row_tallies.c.rows, row_tallies.c.total).where(mine)
    ).one()
    change = _sum(come) - _sum(gone)
    connection.execute(
        update(row_tallies)
        .where(mine)
        .values(
            rows=rows + len(come) - len(gone),
            total=f"{(int(total, 16) + change) % MODULUS:064x}",
        )
    )


def _sum(rows: Sequence[Row]) -> int:
    return sum(int(row["row_digest"], 16) for row in rows)


def check(connection: Connection) -> Iterator[Finding]:
    """Every guarded row that was changed, and every table that lost or gained rows."""
    tallies = {row.table_name: row for row in connection.execute(select(row_tallies))}
    for table in GUARDED:
        rows, total = 0, 0
        for row in connection.execute(select(table)).mappings():
            rows += 1
            made = _attempted(table, row)
            total += int(made, 16)
            if made != row["row_digest"]:
                key = " ".join(str(row[c.name]) for c in table.primary_key)
                yield Finding(f"{table.name} {key}", "the row was changed")
        tally = tallies.pop(table.name, None)
        if tally is None or tally.rows != rows or tally.total != f"{total % MODULUS:064x}":
            yield Finding(
                table.name,
                f"has {rows} rows that do not add up to its tally "
                f"({'none' if tally is None else tally.rows}): rows were added, lost or changed",
            )
    for name in tallies:
        yield Finding(f"row_tallies {name}", "there is no such table")


def _attempted(table: Table, row: Row) -> str:
    """The digest of a row, or of nothing where a column holds what it never may."""
    try:
        return row_digest(table, row)
    except (TypeError, ValueError):
        return ZERO
