"""Batches, rows set aside and streams between their rows and `transitions.World`.

What belongs here: reading what a record touches, applying it, writing what changed; and
making records of core from rows. What does not: which records there are to write.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Select, func, select

from scoreline.core.records import Batch, Quarantine, StreamState
from scoreline.store import guarded, ledger, transitions
from scoreline.store.bodies import draft, plain
from scoreline.store.codec import file_from, instant, parsed, unpacked
from scoreline.store.schema import (
    batches,
    ledger_records,
    quarantines,
    stream_states,
    stream_versions,
)

CHUNK = 500
"""How many values one statement's IN list holds."""

Row = guarded.Row


def chunks(values: Iterable[str]) -> Iterable[list[str]]:
    """Values in lists short enough for one statement."""
    every = list(values)
    return (every[n : n + CHUNK] for n in range(0, len(every), CHUNK))


def apply(
    connection: Connection,
    touched: Sequence[str],
    body: dict[str, Any],
    new_batch: Mapping[str, Any] | None = None,
    new_stream: Mapping[str, Any] | None = None,
) -> int:
    """Write one record of the gate and what it does to rows, as one.

    Args:
        connection: a writing transaction.
        touched: the ids of the batches that the record is about.
        body: the record's body.
        new_batch: columns of a new batch that no record holds: signature, clock, run.
        new_stream: such columns of the stream: its batches, events and clock.

    Returns:
        The record's sequence number.

    Raises:
        IllegalStep: the record cannot follow what came before.
    """
    before = _rows(connection, touched)
    world = copy.deepcopy(before)
    seq = ledger.append(connection, [draft(body)])[0]
    transitions.apply(world, seq, plain(body))
    _write_batches(connection, before.batches, world.batches, new_batch or {})
    _write(connection, quarantines, before.quarantines, world.quarantines)
    for stream, columns in world.streams.items():
        row = {"stream": stream, "record": columns["record"], **(new_stream or {})}
        _write_stream(connection, row)
    return seq


def _rows(connection: Connection, touched: Sequence[str]) -> transitions.World:
    world = transitions.World()
    for ids in chunks(touched):
        query = select(batches).where(batches.c.id.in_(ids))
        for row in connection.execute(query).mappings():
            world.batches[row["id"]] = dict(row)
        query = select(quarantines).where(quarantines.c.batch.in_(ids))
        for row in connection.execute(query).mappings():
            world.quarantines[row["id"]] = dict(row)
    return world


def _write_batches(
    connection: Connection,
    before: Mapping[str, Row],
    after: Mapping[str, Row],
    new_batch: Mapping[str, Any],
) -> None:
    new = [b for key, b in after.items() if key not in before]
    if new:
        last = connection.execute(select(func.max(batches.c.seq))).scalar() or 0
        rows = [{**b, **new_batch, "seq": last + n} for n, b in enumerate(new, start=1)]
        guarded.insert_rows(connection, batches, rows)
    changes = [(before[key], b) for key, b in after.items() if key in before]
    guarded.change_rows(connection, batches, changes)


def _write(
    connection: Connection, table: Any, before: Mapping[str, Row], after: Mapping[str, Row]
) -> None:
    gone = [row for key, row in before.items() if key not in after]
    guarded.delete_rows(connection, table, gone)
    guarded.insert_rows(connection, table, [r for key, r in after.items() if key not in before])
    changes = [(before[key], row) for key, row in after.items() if key in before]
    guarded.change_rows(connection, table, changes)


def _write_stream(connection: Connection, row: Row) -> None:
    query = select(stream_states).where(stream_states.c.stream == row["stream"])
    known = connection.execute(query).mappings().first()
    if known is None:
        guarded.insert_rows(connection, stream_states, [row])
    else:
        guarded.change_rows(connection, stream_states, [(known, row)])
    version = {c.name: row[c.name] for c in stream_versions.columns if c.name != "row_digest"}
    guarded.insert_rows(connection, stream_versions, [version])


def with_receipts() -> Select[Any]:
    """Batches with the record that says how they were last read, in order of reception."""
    query = select(batches, ledger_records.c.body).order_by(batches.c.seq)
    return query.join(ledger_records, ledger_records.c.seq == batches.c.record)


def batch_from(row: Any) -> Batch:
    """The batch of a row of `with_receipts`."""
    body = parsed(row.body)
    return Batch(
        id=row.id,
        stream=row.stream,
        object=row.object,
        object_digest=row.object_digest,
        signature=row.signature,
        contract=row.contract,
        received_at=instant(row.received_at),
        run=row.run,
        state=row.state,
        rows_received=body["rows_received"],
        rows_typed=body["rows_typed"],
        rows_broken=body["rows_broken"],
        receipt=body["receipt"],
        received=file_from(body["received"]),
        typed=file_from(body["typed"]),
        broken=file_from(body["broken"]),
        kept=file_from(parsed(row.kept)),
        rows_kept=row.rows_kept,
        rows_quarantined=row.rows_quarantined,
        reason=row.reason,
        released=bool(row.released),
        cursor=body["cursor"],
        rows_forgotten=body.get("rows_forgotten", 0),
        gone=body.get("gone", {}),
        seq=row.seq,
    )


def quarantine_from(row: Any) -> Quarantine:
    """The rows set aside of a row of `quarantines`."""
    return Quarantine(
        id=row.id,
        batch=row.batch,
        stream=row.stream,
        check=row.check,
        reason=row.reason,
        rows=row.rows,
        file=file_from(parsed(row.file)),
        releasable=bool(row.releasable),
        state=row.state,
    )


def state_from(row: Any) -> StreamState:
    """What a stream consists of, of a row with its record's body and its event days."""
    body = parsed(row.body)
    return StreamState(
        stream=row.stream,
        digest=body["digest"],
        rows=body["rows"],
        batches=tuple(parsed(row.batches)),
        events=unpacked(row.coding, row.events),
        loaded_at=instant(row.loaded_at),
    )


def record_of(connection: Connection, column: Column[Any], batch_id: str) -> bytes | None:
    """The body of the record that a column of a batch's row names; None where there is none."""
    query = (
        select(ledger_records.c.body)
        .join(batches, column == ledger_records.c.seq)
        .where(batches.c.id == batch_id)
    )
    found: bytes | None = connection.execute(query).scalar()
    return found
