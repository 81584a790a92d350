"""Loading: which batches make up a stream, what joining did, what was seen in columns.

What belongs here: the store's methods on streams as loaded. What does not: joining rows
(warehouse), what came before (landing, gate).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from scoreline.core.digests import canonical
from scoreline.core.errors import UsageError
from scoreline.core.records import Quarantine, StreamState
from scoreline.store import gate_rows, guarded
from scoreline.store.base import StoreBase
from scoreline.store.batch_bodies import load_body, stream_body
from scoreline.store.codec import instant, instant_text, packed, parsed
from scoreline.store.gate_rows import chunks, record_of, state_from
from scoreline.store.schema import (
    batches,
    dimension_values,
    extractions,
    ledger_records,
    load_failures,
    stream_states,
)
from scoreline.store.transitions import IllegalStep


class LoadingBook(StoreBase):
    """The store's methods on streams as loaded."""

    def record_load(
        self,
        batch_id: str,
        counts: Mapping[str, int],
        refused: Quarantine | None,
        now: datetime,
    ) -> None:
        """Note what joining its stream did with a batch's rows; the same again is no news.

        Args:
            batch_id: a batch that passed.
            counts: rows by what became of them.
            refused: rows that the stream could not take, set aside.
            now: when; the record's block will say so.

        Raises:
            UsageError: the batch is unknown or may not be loaded.
        """
        body = load_body(batch_id, counts, refused)
        with self._write() as connection:
            if record_of(connection, batches.c.load, batch_id) == canonical(body):
                return
            try:
                gate_rows.apply(connection, [batch_id], body)
            except IllegalStep as error:
                raise UsageError(str(error)) from error

    def load_counts(self, batch_id: str) -> dict[str, int] | None:
        """What joining its stream last did with a batch's rows; None if it never joined."""
        with self._read() as connection:
            body = record_of(connection, batches.c.load, batch_id)
        return None if body is None else parsed(body)["rows"]

    def mark_loaded(self, batch_ids: Sequence[str], state: StreamState) -> None:
        """Commit a stream's contents, and its batches as loaded, in one transaction.

        Batches that are loaded already, with contents that are recorded already, change
        nothing.

        Raises:
            UsageError: a batch is unknown, of another stream, or has not passed.
        """
        with self._write() as connection:
            new = [b for b in batch_ids if b not in _loaded(connection, batch_ids)]
            known = _state(connection, state.stream)
            if not new and known is not None and _same(known, state):
                return
            coding, events = packed(state.events)
            own = {
                "batches": canonical(list(state.batches)),
                "events": events,
                "coding": coding,
                "loaded_at": instant_text(state.loaded_at),
            }
            try:
                gate_rows.apply(connection, new, stream_body(state, new), new_stream=own)
            except IllegalStep as error:
                raise UsageError(f"stream {state.stream} cannot be recorded: {error}") from error

    def stream_state(self, stream: str) -> StreamState | None:
        """A stream as last loaded; None if it never was."""
        with self._read() as connection:
            return _state(connection, stream)

    def stream_states(self) -> dict[str, StreamState]:
        """Every stream that was ever loaded, as last loaded, by full name."""
        with self._read() as connection:
            rows = connection.execute(_states().order_by(stream_states.c.stream))
            return {row.stream: state_from(row) for row in rows}

    def note_extraction(self, stream: str, at: datetime) -> None:
        """Note that a stream's source was read with success, even if nothing was new."""
        row = {"stream": stream, "at": instant_text(at)}
        with self._write() as connection:
            query = select(extractions).where(extractions.c.stream == stream)
            known = connection.execute(query).mappings().first()
            if known is None:
                guarded.insert_rows(connection, extractions, [row])
            else:
                guarded.change_rows(connection, extractions, [(known, row)])

    def extracted_at(self, stream: str) -> datetime | None:
        """When a stream's source was last read with success; None if never."""
        return self.extractions().get(stream)

    def extractions(self) -> dict[str, datetime]:
        """When each stream's source was last read with success."""
        with self._read() as connection:
            rows = connection.execute(select(extractions))
            return {row.stream: instant(row.at) for row in rows}

    def note_load_failure(self, stream: str, reason: str | None, at: datetime) -> None:
        """Note why a stream's rows could not be joined; None once they are.

        The time is that of the first failure since the stream was last whole.
        """
        query = select(load_failures).where(load_failures.c.stream == stream)
        with self._read() as connection:
            known = connection.execute(query).mappings().first()
        if (known["reason"] if known else None) == reason:
            return
        with self._write() as connection:
            if known is None:
                row = {"stream": stream, "reason": reason, "at": instant_text(at)}
                guarded.insert_rows(connection, load_failures, [row])
            elif reason is None:
                guarded.delete_rows(connection, load_failures, [known])
            else:
                guarded.change_rows(connection, load_failures, [(known, {"reason": reason})])

    def load_failures(self) -> dict[str, str]:
        """The streams that could not be joined when last tried, and why."""
        with self._read() as connection:
            rows = connection.execute(select(load_failures).order_by(load_failures.c.stream))
            return {row.stream: row.reason for row in rows}

    def note_dimension(self, relation: str, column: str, values: Iterable[str]) -> None:
        """Note the values that a dimension of a stream or model was seen with."""
        table = dimension_values
        query = select(table.c.value).where(table.c.relation == relation, table.c.column == column)
        with self._write() as connection:
            known = set(connection.execute(query).scalars())
            new = sorted(set(values) - known)
            rows = [{"relation": relation, "column": column, "value": v} for v in new]
            guarded.insert_rows(connection, table, rows)

    def dimension_values(self) -> dict[tuple[str, str], frozenset[str]]:
        """Every value that a dimension was ever seen with, by (relation, column)."""
        found: dict[tuple[str, str], set[str]] = {}
        with self._read() as connection:
            for row in connection.execute(select(dimension_values)):
                found.setdefault((row.relation, row.column), set()).add(row.value)
        return {key: frozenset(values) for key, values in found.items()}


def _loaded(connection: Connection, batch_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for ids in chunks(batch_ids):
        query = select(batches.c.id).where(batches.c.id.in_(ids), batches.c.state == "loaded")
        found |= set(connection.execute(query).scalars())
    return found


def _states() -> Select[Any]:
    query = select(stream_states, ledger_records.c.body)
    return query.join(ledger_records, ledger_records.c.seq == stream_states.c.record)


def _state(connection: Connection, stream: str) -> StreamState | None:
    row = connection.execute(_states().where(stream_states.c.stream == stream)).first()
    return None if row is None else state_from(row)


def _same(known: StreamState, state: StreamState) -> bool:
    """Whether two states differ in nothing but the clock."""
    left = (known.digest, known.rows, known.batches, known.events)
    return left == (state.digest, state.rows, tuple(state.batches), state.events)
