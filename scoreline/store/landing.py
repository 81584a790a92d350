"""Receiving: what was seen at a source, and batches with their receipts.

What belongs here: the store's methods from extraction to landing. What does not:
validation and decisions (gate), loading (loading).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Connection, select, union

from scoreline.core.digests import digest_of
from scoreline.core.errors import StoreError, UsageError
from scoreline.core.records import Batch, BatchState
from scoreline.store import gate_rows, guarded
from scoreline.store.base import StoreBase
from scoreline.store.batch_bodies import receipt_body, supersede_body
from scoreline.store.codec import instant_text, parsed
from scoreline.store.gate_rows import batch_from, with_receipts
from scoreline.store.rows import SeenRow
from scoreline.store.schema import batches, ledger_records, seen_objects
from scoreline.store.transitions import IllegalStep


class LandingBook(StoreBase):
    """The store's methods on what was received."""

    def stream_objects(self, stream: str) -> list[SeenRow]:
        """Each object of a stream as it was last read, by name."""
        columns = (seen_objects.c.object, seen_objects.c.digest, seen_objects.c.signature)
        query = select(*columns).where(seen_objects.c.stream == stream)
        with self._read() as connection:
            rows = connection.execute(query.order_by(seen_objects.c.object))
            return [SeenRow(*row) for row in rows]

    def digests(self, stream: str) -> frozenset[str]:
        """SHA-256 of everything that the stream ever received."""
        query = union(
            select(batches.c.object_digest).where(batches.c.stream == stream),
            select(seen_objects.c.digest).where(seen_objects.c.stream == stream),
        )
        with self._read() as connection:
            return frozenset(connection.execute(query).scalars())

    def cursor(self, stream: str) -> dict[str, Any] | None:
        """Where the newest batch that has a cursor ended; None without one.

        A rejected batch does not count: its rows are to be read again, corrected.
        """
        query = (
            select(ledger_records.c.body)
            .join(batches, batches.c.record == ledger_records.c.seq)
            .where(
                batches.c.stream == stream,
                batches.c.has_cursor == 1,
                batches.c.state != "rejected",
            )
            .order_by(batches.c.seq.desc())
            .limit(1)
        )
        with self._read() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else parsed(body)["cursor"]

    def refresh_signatures(self, stream: str, signatures: Mapping[str, str]) -> None:
        """Note new signatures of known objects whose contents did not change.

        Names that were never read are passed over.
        """
        with self._write() as connection:
            query = select(seen_objects).where(seen_objects.c.stream == stream)
            changes = [
                (row, {"signature": signatures[row["object"]]})
                for row in connection.execute(query).mappings().all()
                if row["object"] in signatures
            ]
            guarded.change_rows(connection, seen_objects, changes)

    def batch_id(self, stream: str, name: str, object_digest: str, contract: str) -> str:
        """The id of a batch about to land: `b` and 11 digits that depend on content only.

        The same bytes received again under the same name (A, B, then A) get another.
        """
        with self._read() as connection:
            for occurrence in range(1, 1_000_000):
                content = [stream, name, object_digest, contract, occurrence]
                found = "b" + digest_of(content)[:11]
                known = select(batches.c.id).where(batches.c.id == found)
                if connection.execute(known).first() is None:
                    return found
        raise StoreError(f"{stream}: {name} was received more than a million times")

    def land(self, batch: Batch, supersedes: str | None = None) -> Batch:
        """Commit a batch: manifest, cursor, what was seen and the receipt, in one.

        Args:
            batch: `landed`, or `blocked` with the reason where nothing could be read.
            supersedes: a blocked batch that this one takes the place of.

        Returns:
            The batch with its `seq`; the stored one if its id is there already.

        Raises:
            UsageError: the superseded batch is not blocked, or of another stream.
            StoreError: the row counts do not add up.
        """
        _refuse_lost_rows(batch)
        if batch.state not in ("landed", "blocked"):
            raise UsageError(f"batch {batch.id} cannot land {batch.state}: landed or blocked")
        with self._write() as connection:
            known = self._stored(connection, batch.id)
            if known is not None:
                return known
            own = {
                "signature": batch.signature,
                "received_at": instant_text(batch.received_at),
                "run": batch.run,
            }
            body = receipt_body(batch, "receipt", supersedes)
            gate_rows.apply(connection, [], body, new_batch=own)
            _see(connection, batch)
            if supersedes is not None:
                _supersede(connection, supersedes, batch)
            landed = self._stored(connection, batch.id)
        if landed is None:
            raise StoreError(f"batch {batch.id} is not there after it was written")
        return landed

    def reland(self, batch: Batch) -> Batch:
        """Store a batch that was read again by a changed contract: it is `landed` anew.

        Its rows that waited for a decision are dropped; those decided stay decided. What
        is stored under the same contract already is left as it is.

        Raises:
            UsageError: there is no such batch, or it is rejected.
            StoreError: the row counts do not add up.
        """
        _refuse_lost_rows(batch)
        with self._write() as connection:
            known = self._stored(connection, batch.id)
            if known is None:
                raise UsageError(f"there is no batch {batch.id}")
            if known.contract == batch.contract:
                return known
            body = {**receipt_body(batch, "reread"), "state": "landed"}
            try:
                gate_rows.apply(connection, [batch.id], body)
            except IllegalStep as error:
                raise UsageError(f"{error}: it is not read again") from error
            landed = self._stored(connection, batch.id)
        if landed is None:
            raise StoreError(f"batch {batch.id} is not there after it was written")
        return landed

    def batches(
        self, stream: str | None = None, states: Iterable[BatchState | str] | None = None
    ) -> list[Batch]:
        """Batches in the order of reception, of one stream or all, in some states or any."""
        query = with_receipts()
        if stream is not None:
            query = query.where(batches.c.stream == stream)
        if states is not None:
            query = query.where(batches.c.state.in_(list(states)))
        with self._read() as connection:
            return [batch_from(row) for row in connection.execute(query)]

    def newest_batches(self, stream: str, limit: int) -> list[Batch]:
        """The batches of a stream that were received last, newest first."""
        query = with_receipts().where(batches.c.stream == stream)
        query = query.order_by(None).order_by(batches.c.seq.desc()).limit(limit)
        with self._read() as connection:
            return [batch_from(row) for row in connection.execute(query)]

    def batch(self, name: str) -> Batch:
        """The batch whose id is, or begins with, `name` (4 characters or more).

        Raises:
            UsageError: there is none, or more than one.
        """
        with self._read() as connection:
            found = resolved(connection, batches, name, "batch")
            return batch_from(
                connection.execute(with_receipts().where(batches.c.id == found)).one()
            )

    def _stored(self, connection: Connection, batch_id: str) -> Batch | None:
        row = connection.execute(with_receipts().where(batches.c.id == batch_id)).first()
        return None if row is None else batch_from(row)


def resolved(connection: Connection, table: Any, name: str, what: str) -> str:
    """The full id in a table that is, or alone begins with, `name`.

    Raises:
        UsageError: there is none, or more than one.
    """
    ids = table.c.id
    query = select(ids).where(ids.startswith(name, autoescape=True)).order_by(ids).limit(6)
    found = list(connection.execute(query).scalars())
    if name in found:
        return name
    if len(found) > 1 and len(name) >= 4:
        raise UsageError(f"{what} {name!r} is not clear: {', '.join(found)}")
    if not found or len(name) < 4:
        every = list(connection.execute(select(ids)).scalars())
        near = get_close_matches(name, every, n=1, cutoff=0.5)
        hint = f"; the nearest is {near[0]}" if near else ""
        raise UsageError(
            f"there is no {what} {name!r} (an id, or at least its first 4 characters){hint}; "
            "`scoreline batches list` shows them"
        )
    return str(found[0])


def _refuse_lost_rows(batch: Batch) -> None:
    if batch.rows_received != batch.rows_typed + batch.rows_broken + batch.rows_forgotten:
        raise StoreError(
            f"batch {batch.id} of {batch.object}: {batch.rows_received} rows received are not "
            f"{batch.rows_typed} typed, {batch.rows_broken} broken and {batch.rows_forgotten} of "
            "forgotten people: rows would be lost"
        )


def _see(connection: Connection, batch: Batch) -> None:
    row = {
        "stream": batch.stream,
        "object": batch.object,
        "digest": batch.object_digest,
        "signature": batch.signature,
    }
    query = select(seen_objects).where(
        seen_objects.c.stream == batch.stream, seen_objects.c.object == batch.object
    )
    known = connection.execute(query).mappings().first()
    if known is None:
        guarded.insert_rows(connection, seen_objects, [row])
    else:
        guarded.change_rows(connection, seen_objects, [(known, row)])


def _supersede(connection: Connection, old: str, batch: Batch) -> None:
    query = select(batches.c.stream).where(batches.c.id == old)
    stream = connection.execute(query).scalar()
    if stream != batch.stream:
        found = "missing" if stream is None else f"of stream {stream}"
        raise UsageError(f"batch {old} cannot be superseded by {batch.id}: it is {found}")
    try:
        gate_rows.apply(connection, [old], supersede_body(old, batch.id))
    except IllegalStep as error:
        raise UsageError(f"{error}: it cannot be superseded by {batch.id}") from error
