"""The pulse: one cheap question whether anything was written.

What belongs here: the newest of everything that grows. What does not: what was written.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from scoreline.store.base import StoreBase
from scoreline.store.codec import optional_instant
from scoreline.store.rows import Pulse
from scoreline.store.schema import extractions, ledger_blocks, ledger_records, runs


class PulseBook(StoreBase):
    """The store's method for those who keep what they read until it changes."""

    def pulse(self) -> Pulse:
        """Where the store stands; a few look-ups in indexes, whatever its size."""
        with self._read() as connection:
            return _pulse(connection)


def _pulse(connection: Connection) -> Pulse:
    blocks, run = ledger_blocks.c, runs.c
    height = select(func.max(blocks.height)).scalar_subquery()
    newest = select(func.max(run.id)).scalar_subquery()
    row = connection.execute(
        select(
            select(func.max(ledger_records.c.seq)).scalar_subquery().label("records"),
            height.label("height"),
            select(blocks.digest).where(blocks.height == height).scalar_subquery().label("block"),
            select(blocks.recorded_at).where(blocks.height == height).scalar_subquery().label("at"),
            newest.label("run"),
            select(run.outcome).where(run.id == newest).scalar_subquery().label("outcome"),
            select(func.max(extractions.c.at)).scalar_subquery().label("extracted"),
        )
    ).one()
    return Pulse(
        records=row.records or 0,
        height=row.height,
        block=row.block,
        recorded_at=optional_instant(row.at),
        run=row.run,
        outcome=row.outcome,
        extracted=row.extracted,
    )
