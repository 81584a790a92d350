"""Choosing the rows in force: now, or as they were known at a moment in the past.

What belongs here: conditions on the tables that refer to the ledger. What does not: the
queries that use them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, func, select

from scoreline.store.codec import instant_text
from scoreline.store.schema import in_force, ledger_blocks, ledger_records


def chosen(
    table: Table, subject: tuple[str, ...], known_at: datetime | None
) -> ColumnElement[bool]:
    """The newest row of each subject; with `known_at`, of those recorded until then.

    Args:
        table: one whose key is a ledger record.
        subject: the columns that name what a row is about.
        known_at: an aware instant, or None for now.
    """
    if known_at is None:
        return in_force(table)
    newest = (
        select(func.max(table.c.record))
        .join(ledger_records, ledger_records.c.seq == table.c.record)
        .join(ledger_blocks, ledger_blocks.c.height == ledger_records.c.block)
        .where(ledger_blocks.c.recorded_at <= instant_text(known_at))
        .group_by(*(table.c[name] for name in subject))
    )
    return table.c.record.in_(newest)


def with_bodies(table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
    """Rows' ledger bodies and these columns, in the order of the ledger."""
    query = select(ledger_records.c.body, *columns).select_from(table)
    query = query.join(ledger_records, ledger_records.c.seq == table.c.record)
    return query.order_by(table.c.record)


def with_blocks(table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
    """Rows' ledger bodies, digests, blocks' times and runs, and these columns."""
    block = ledger_blocks.c
    query = with_bodies(table, ledger_records.c.digest, block.recorded_at, block.run, *columns)
    return query.join(ledger_blocks, block.height == ledger_records.c.block)
