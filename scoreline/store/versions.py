"""What streams consisted of at any time: the gate's records applied again, one by one.

What belongs here: the store's method that gives every version of a stream. What does not:
what a record does (transitions), loading the files again (warehouse).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, select

from scoreline.core.digests import digest_of
from scoreline.core.errors import StoreError
from scoreline.core.records import Batch, Part, Quarantine, StreamVersion
from scoreline.store import transitions
from scoreline.store.base import StoreBase
from scoreline.store.codec import instant_text, optional_instant
from scoreline.store.gate_rows import batch_from, quarantine_from
from scoreline.store.schema import batches, ledger_blocks, ledger_records


class VersionBook(StoreBase):
    """The store's methods on streams as they were."""

    def stream_versions(self, streams: Iterable[str] | None = None) -> list[StreamVersion]:
        """Every version that streams (None: all) ever had, in the order of the ledger.

        Raises:
            StoreError: the ledger contradicts itself; `scoreline verify` says where.
        """
        wanted = None if streams is None else set(streams)
        with self._read() as connection:
            return _Replay(connection, wanted).versions()

    def batches_then(self, at: datetime) -> list[Batch]:
        """Every batch received until a moment, as its records until then leave it.

        Raises:
            StoreError: the ledger contradicts itself; `scoreline verify` says where.
        """
        with self._read() as connection:
            return _Replay(connection, set()).batches(instant_text(at))

    def quarantines_then(self, at: datetime) -> list[Quarantine]:
        """Rows set aside until a moment, in the states that they had, in the order of batches.

        Raises:
            StoreError: the ledger contradicts itself; `scoreline verify` says where.
        """
        with self._read() as connection:
            return _Replay(connection, set()).quarantines(instant_text(at))

    def streams_then(self, digests: Mapping[str, str]) -> dict[str, StreamVersion]:
        """The version of each stream that has the given content digest, the newest such.

        A stream without a version of that digest is left out.
        """
        found = {}
        for version in self.stream_versions(digests):
            if digests[version.stream] == version.digest:
                found[version.stream] = version
        return found


class _Replay:
    """One pass over the records of the gate."""

    def __init__(self, connection: Connection, wanted: set[str] | None) -> None:
        self._connection, self._wanted = connection, wanted
        self._world = transitions.World()
        self._bodies: dict[int, bytes] = {}
        self._orders: dict[str, list[str]] = {}
        self._parts: dict[tuple[object, ...], Part] = {}
        self._landed = {
            row.id: row for row in connection.execute(select(batches).order_by(batches.c.seq))
        }

    def versions(self) -> list[StreamVersion]:
        query = (
            select(ledger_records.c.seq, ledger_records.c.body, ledger_blocks.c.recorded_at)
            .outerjoin(ledger_blocks, ledger_blocks.c.height == ledger_records.c.block)
            .where(ledger_records.c.kind.in_(transitions.GATE_KINDS))
            .order_by(ledger_records.c.seq)
        )
        found = []
        for seq, content, recorded_at in self._connection.execute(query):
            body = json.loads(content)
            self._apply(seq, body, content)
            of = body.get("stream")
            if body["record"] == "stream" and (self._wanted is None or of in self._wanted):
                found.append(self._version(seq, body, recorded_at))
        return found

    def batches(self, until: str) -> list[Batch]:
        self._until(until)
        found = [self._part(columns, ()).batch for columns in self._world.batches.values()]
        return sorted(found, key=lambda batch: batch.seq)

    def quarantines(self, until: str) -> list[Quarantine]:
        self._until(until)
        found = [quarantine_from(SimpleNamespace(**q)) for q in self._world.quarantines.values()]
        order = {name: n for n, name in enumerate(self._landed)}
        return sorted(found, key=lambda q: (order[q.batch], q.id))

    def _until(self, until: str) -> None:
        """Apply every record that was sealed until then."""
        query = (
            select(ledger_records.c.seq, ledger_records.c.body)
            .join(ledger_blocks, ledger_blocks.c.height == ledger_records.c.block)
            .where(ledger_records.c.kind.in_(transitions.GATE_KINDS))
            .where(ledger_blocks.c.recorded_at <= until)
            .order_by(ledger_records.c.seq)
        )
        for seq, content in self._connection.execute(query):
            self._apply(seq, json.loads(content), content)

    def _apply(self, seq: int, body: Mapping[str, Any], content: bytes) -> None:
        try:
            transitions.apply(self._world, seq, body)
        except transitions.IllegalStep as error:
            raise StoreError(
                f"ledger record {seq} cannot follow what came before: {error}; "
                "`scoreline verify` lists everything that is wrong"
            ) from error
        if body["record"] in ("receipt", "reread", "removal"):
            self._bodies[seq] = content
            if body["record"] == "receipt":
                self._orders.setdefault(body["stream"], []).append(body["batch"])

    def _version(self, seq: int, body: Mapping[str, Any], recorded_at: str | None) -> StreamVersion:
        parts, released = [], self._released(body["stream"])
        for batch_id in self._orders.get(body["stream"], ()):
            columns = self._world.batches[batch_id]
            if columns["state"] in ("blocked", "landed"):
                break
            part = self._part(columns, released.get(batch_id, ()))
            if columns["state"] != "rejected" and not part.batch.expired:
                parts.append(part)
        if digest_of([p.batch.id for p in parts]) != body["batches"]:
            raise StoreError(
                f"ledger record {seq}: {body['stream']} did not consist of the batches that the "
                "records before it leave; `scoreline verify` lists everything that is wrong"
            )
        return StreamVersion(
            stream=body["stream"],
            digest=body["digest"],
            rows=body["rows"],
            record=seq,
            recorded_at=optional_instant(recorded_at),
            parts=tuple(parts),
        )

    def _released(self, stream: str) -> dict[str, list[transitions.Columns]]:
        """The rows released by now, by batch."""
        found: dict[str, list[transitions.Columns]] = {}
        for _, columns in sorted(self._world.quarantines.items()):
            if columns["stream"] == stream and columns["state"] == "released":
                found.setdefault(columns["batch"], []).append(columns)
        return found

    def _part(self, columns: transitions.Columns, released: Sequence[transitions.Columns]) -> Part:
        """A batch as it was read and checked last; the same one while nothing changed."""
        ids = tuple(q["id"] for q in released)
        key = (columns["id"], columns["record"], columns["checks"], ids)
        if key not in self._parts:
            row = self._landed[columns["id"]]
            own = {name: getattr(row, name) for name in ("signature", "received_at", "run", "seq")}
            body = self._bodies[columns["record"]]
            batch = batch_from(SimpleNamespace(**{**columns, **own}, body=body))
            kept = tuple(quarantine_from(SimpleNamespace(**q)) for q in released)
            self._parts[key] = Part(batch, kept)
        return self._parts[key]
