"""Cycles closed and reopened, and what later data would have made of their scores.

What belongs here: the store's methods on them. What does not: what a closing freezes
(steps), scores (scores).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from scoreline.core.errors import UsageError
from scoreline.core.records import CycleEvent
from scoreline.store import ledger
from scoreline.store.base import StoreBase
from scoreline.store.bodies import cycle_body, cycle_from, draft
from scoreline.store.codec import instant, parsed
from scoreline.store.inforce import chosen, with_blocks
from scoreline.store.rows import StoredCycle, StoredRestatement
from scoreline.store.run_bodies import restatement_from
from scoreline.store.schema import cycles, in_force, ledger_records, restatements


class ClosingBook(StoreBase):
    """The store's methods on cycles."""

    def record_cycle(self, event: CycleEvent, now: datetime) -> str:
        """Record that a cycle was closed or reopened, in a block of its own.

        Args:
            event: what happened; a reopening names the closing that it takes back.
            now: the time of its block.

        Returns:
            The digest of its ledger record.

        Raises:
            UsageError: it lacks a reason or a name, the cycle is closed already, or a
                reopening finds it open or names another closing than the one in force.
        """
        if not (event.reason.strip() and event.who.strip()):
            raise UsageError("closing and reopening need a reason and who did it")
        record = draft(cycle_body(event))
        with self._write() as connection:
            old = _in_force(connection, event.cycle)
            _refuse(event, old)
            seqs, _ = ledger.seal(connection, [record], None, now, waiting=False)
            if old is not None:
                statement = update(cycles).where(cycles.c.record == bindparam("old"))
                connection.execute(statement.values(newest=0), {"old": old.record})
            row = {"record": seqs[0], "cycle": event.cycle, "state": event.state, "newest": 1}
            connection.execute(insert(cycles), [row])
        return record.digest

    def closings(self, *, known_at: datetime | None = None) -> dict[str, StoredCycle]:
        """The closing of every cycle that is closed; with `known_at`, that was then."""
        query = with_blocks(cycles).where(chosen(cycles, ("cycle",), known_at))
        with self._read() as connection:
            found = [_cycle(row) for row in connection.execute(query)]
        return {c.event.cycle: c for c in found if c.event.state == "closed"}

    def cycle_history(self, cycle: str) -> list[StoredCycle]:
        """Every closing and reopening of a cycle, oldest first."""
        with self._read() as connection:
            rows = connection.execute(with_blocks(cycles).where(cycles.c.cycle == cycle))
            return [_cycle(row) for row in rows]

    def restatements(self, *, known_at: datetime | None = None) -> dict[str, StoredRestatement]:
        """The newest restatement of each key result, of whatever closing."""
        query = with_blocks(restatements)
        query = query.where(chosen(restatements, ("key_result",), known_at))
        with self._read() as connection:
            found = [_restatement(row) for row in connection.execute(query)]
        return {r.restatement.key_result: r for r in found}

    def restatement_history(self, key_result: str) -> list[StoredRestatement]:
        """Every restatement of a key result, oldest first."""
        query = with_blocks(restatements).where(restatements.c.key_result == key_result)
        with self._read() as connection:
            return [_restatement(row) for row in connection.execute(query)]


def _in_force(connection: Connection, cycle: str) -> Any:
    query = (
        select(cycles, ledger_records.c.digest)
        .join(ledger_records, ledger_records.c.seq == cycles.c.record)
        .where(in_force(cycles), cycles.c.cycle == cycle)
    )
    return connection.execute(query).first()


def _refuse(event: CycleEvent, old: Any) -> None:
    closed = old is not None and old.state == "closed"
    if event.state == "closed" and closed:
        raise UsageError(
            f"the cycle {event.cycle} is closed already: `scoreline reopen {event.cycle}` takes "
            "that back, with a reason"
        )
    if event.state == "reopened" and not closed:
        raise UsageError(f"the cycle {event.cycle} is not closed: there is nothing to reopen")
    if event.state == "reopened" and event.closing != old.digest:
        raise UsageError(f"the cycle {event.cycle} was closed anew meanwhile: look at it first")


def _cycle(row: Any) -> StoredCycle:
    return StoredCycle(cycle_from(parsed(row.body)), row.digest, instant(row.recorded_at))


def _restatement(row: Any) -> StoredRestatement:
    found = restatement_from(parsed(row.body))
    return StoredRestatement(found, row.digest, instant(row.recorded_at), row.run)
