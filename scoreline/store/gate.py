"""The gate: what validation found, rows set aside, and people's decisions.

What belongs here: the store's methods from validation to a decision. What does not:
evaluating a check (quality), loading (loading).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from scoreline.core.digests import canonical
from scoreline.core.errors import StoreError, UsageError
from scoreline.core.records import Batch, BatchState, CheckResult, Decision, Quarantine, StoredFile
from scoreline.store import gate_rows, ledger
from scoreline.store.base import StoreBase
from scoreline.store.batch_bodies import checks_body, decision_body, decision_from, results_from
from scoreline.store.codec import file_body, instant, parsed
from scoreline.store.gate_rows import batch_from, quarantine_from, record_of, with_receipts
from scoreline.store.landing import resolved
from scoreline.store.rows import StoredDecision
from scoreline.store.schema import batches, ledger_records, quarantines


class GateBook(StoreBase):
    """The store's methods on validation and decisions."""

    def record_validation(
        self,
        batch_id: str,
        results: Sequence[CheckResult],
        aside: Sequence[Quarantine],
        state: BatchState,
        reason: str | None,
        kept: StoredFile | None,
        rows_kept: int,
        rows_quarantined: int,
    ) -> Batch:
        """Commit a landed batch's checks, the rows set aside and its next state, in one.

        The same outcome recorded again changes nothing.

        Raises:
            UsageError: `state` is neither passed nor blocked, or the batch is not landed.
            StoreError: rows kept and set aside are not the rows that were typed.
        """
        if state not in ("passed", "blocked"):
            raise UsageError(f"validation ends passed or blocked, not {state}")
        outcome = {
            "state": state,
            "reason": reason,
            "kept": file_body(kept),
            "rows_kept": rows_kept,
            "rows_quarantined": rows_quarantined,
        }
        body = checks_body(batch_id, results, aside, outcome)
        with self._write() as connection:
            batch = _batch(connection, batch_id)
            if batch.state == "landed":
                _refuse_lost_rows(batch, rows_kept, rows_quarantined)
                gate_rows.apply(connection, [batch_id], body)
            elif record_of(connection, batches.c.checks, batch_id) != canonical(body):
                raise UsageError(
                    f"batch {batch_id} is {batch.state}: it was validated before, with another "
                    "outcome"
                )
            return _batch(connection, batch_id)

    def check_results(
        self, batch_id: str | None = None, stream: str | None = None
    ) -> list[CheckResult]:
        """The newest check results of a batch, of a stream or of all, in order."""
        query = (
            select(ledger_records.c.body)
            .join(batches, batches.c.checks == ledger_records.c.seq)
            .order_by(batches.c.seq)
        )
        if batch_id is not None:
            query = query.where(batches.c.id == batch_id)
        if stream is not None:
            query = query.where(batches.c.stream == stream)
        with self._read() as connection:
            bodies = [parsed(body) for body in connection.execute(query).scalars()]
        return [result for body in bodies for result in results_from(body)]

    def quarantines(self, stream: str | None = None, state: str | None = None) -> list[Quarantine]:
        """Rows set aside, in the order of their batches, of one stream or all."""
        query = select(quarantines).join(batches, batches.c.id == quarantines.c.batch)
        query = query.order_by(batches.c.seq, quarantines.c.id)
        if stream is not None:
            query = query.where(quarantines.c.stream == stream)
        if state is not None:
            query = query.where(quarantines.c.state == state)
        with self._read() as connection:
            return [quarantine_from(row) for row in connection.execute(query)]

    def quarantine(self, name: str) -> Quarantine:
        """The rows set aside whose id is, or begins with, `name` (4 characters or more).

        Raises:
            UsageError: there are none, or more than one.
        """
        with self._read() as connection:
            return _quarantine(connection, resolved(connection, quarantines, name, "quarantine"))

    def decide(self, decision: Decision, now: datetime) -> Batch | Quarantine:
        """Release or reject a blocked batch, or rows set aside; recorded in its own block.

        Args:
            decision: `subject` is an id or the first 4 or more characters of one.
            now: the time of its block.

        Raises:
            UsageError: the subject is unknown or decided already, cannot be released, or
                the decision lacks a reason or a name.
        """
        if not (decision.reason.strip() and decision.who.strip()):
            raise UsageError("a decision needs a reason and who made it: an auditor reads it")
        with self._write() as connection:
            if decision.subject[:1].lower() == "q":
                return _decide_rows(connection, decision, now)
            return _decide_batch(connection, decision, now)

    def decisions(self, subject: str | None = None) -> list[StoredDecision]:
        """Every decision, or those on one batch or quarantine, in their order."""
        with self._read() as connection:
            found = ledger.sealed_records(connection, "decision", subject)
        return [
            StoredDecision(decision_from(parsed(r.body)), r.digest, instant(r.recorded_at))
            for r in found
        ]


def _decide_batch(connection: Connection, decision: Decision, now: datetime) -> Batch:
    batch = _batch(connection, resolved(connection, batches, decision.subject, "batch"))
    if batch.state != "blocked":
        raise UsageError(
            f"batch {batch.id} is {batch.state}: only a blocked batch can be released or "
            "rejected (`scoreline batches list --state blocked` shows them)"
        )
    if decision.decision == "release" and batch.typed is None:
        raise UsageError(
            f"batch {batch.id} cannot be released: it has no rows to load ({batch.reason}); "
            "mend the export and run again, or reject it"
        )
    _record(connection, decision, batch.id, [batch.id], now)
    return _batch(connection, batch.id)


def _decide_rows(connection: Connection, decision: Decision, now: datetime) -> Quarantine:
    name = resolved(connection, quarantines, decision.subject, "quarantine")
    rows = _quarantine(connection, name)
    if rows.state != "held":
        raise UsageError(f"the rows {rows.id} are {rows.state} already: nothing is to decide")
    if decision.decision == "release" and not rows.releasable:
        raise UsageError(
            f"the rows {rows.id} cannot be released: {rows.reason}; mend the export or the "
            "contract and run again, or reject them"
        )
    _record(connection, decision, rows.id, [rows.batch], now)
    return _quarantine(connection, rows.id)


def _record(
    connection: Connection, decision: Decision, subject: str, touched: Sequence[str], now: datetime
) -> None:
    seq = gate_rows.apply(connection, touched, decision_body(decision, subject))
    ledger.seal_one(connection, seq, now)


def _batch(connection: Connection, batch_id: str) -> Batch:
    row = connection.execute(with_receipts().where(batches.c.id == batch_id)).first()
    if row is None:
        raise UsageError(f"there is no batch {batch_id}")
    return batch_from(row)


def _quarantine(connection: Connection, name: str) -> Quarantine:
    query = select(quarantines).where(quarantines.c.id == name)
    return quarantine_from(connection.execute(query).one())


def _refuse_lost_rows(batch: Batch, kept: int, aside: int) -> None:
    if kept + aside != batch.rows_typed:
        raise StoreError(
            f"batch {batch.id}: {kept} rows kept and {aside} set aside are not the "
            f"{batch.rows_typed} rows typed: rows would be lost"
        )
