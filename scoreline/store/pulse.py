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
    newest = select(blocks.height, blocks.digest, blocks.recorded_at)
    block = connection.execute(newest.order_by(blocks.height.desc()).limit(1)).first()
    last = connection.execute(select(run.id, run.outcome).order_by(run.id.desc()).limit(1)).first()
    return Pulse(
        records=connection.execute(select(func.max(ledger_records.c.seq))).scalar() or 0,
        height=block.height if block else None,
        block=block.digest if block else None,
        recorded_at=optional_instant(block.recorded_at) if block else None,
        run=last.id if last else None,
        outcome=last.outcome if last else None,
        extracted=connection.execute(select(func.max(extractions.c.at))).scalar(),
    )
