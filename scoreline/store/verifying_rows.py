"""Verifying rows against the ledger: each says what its records say, and nothing more.

What belongs here: tables whose contents the ledger determines. What does not: the ledger
itself (verifying), rows' own digests (guarded).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, and_, func, or_, select

from scoreline.core.records import digest, digest_of
from scoreline.store import transitions
from scoreline.store.codec import parsed, text_digest, unpacked
from scoreline.store.rows import Finding
from scoreline.store.schema import (
    baselines,
    batches,
    check_ins,
    cycles,
    definitions,
    ledger_records,
    quarantines,
    restatements,
    scores,
    seen_objects,
    series_values,
    stream_states,
)

Columns = dict[str, Any]


def _definition(body: Mapping[str, Any]) -> Columns:
    sql = body["sql"]
    return {
        "name": body["name"],
        "digest": digest_of(body["definition"]),
        "sql_digest": None if sql is None else text_digest(sql),
    }


def _value(body: Mapping[str, Any]) -> Columns:
    return {key: body[key] for key in ("request", "input_digest", "series_digest")}


def _dated(body: Mapping[str, Any]) -> Columns:
    return {key: body[key] for key in ("key_result", "day")}


def _score(body: Mapping[str, Any]) -> Columns:
    columns = {key: body[key] for key in ("key_result", "as_of", "status", "replaces")}
    return {**columns, "good": int(body.get("good") is True)}


def _cycle(body: Mapping[str, Any]) -> Columns:
    return {key: body[key] for key in ("cycle", "state")}


def _restatement(body: Mapping[str, Any]) -> Columns:
    return {"key_result": body["key_result"]}


_REFERENCES: tuple[
    tuple[str, Table, Callable[[Mapping[str, Any]], Columns], tuple[str, ...]], ...
] = (
    ("definition", definitions, _definition, ("name",)),
    ("value", series_values, _value, ("request",)),
    ("baseline", baselines, _dated, ("key_result",)),
    ("score", scores, _score, ("key_result", "as_of")),
    ("check_in", check_ins, _dated, ()),
    ("cycle", cycles, _cycle, ("cycle",)),
    ("restatement", restatements, _restatement, ("key_result",)),
)
"""For each kind of record: its table, the columns its body gives, what `newest` is of."""

_TABLES = {kind: (table, expected) for kind, table, expected, _ in _REFERENCES}


RowsOfRecords = Mapping[str, Mapping[int, RowMapping]]
"""Rows by the kind and the number of the record that is their key."""


def rows_of_records(connection: Connection, first: int, last: int) -> RowsOfRecords:
    """The rows whose key is one of these ledger records, without the texts of series."""
    found = {}
    for kind, table, _, _ in _REFERENCES:
        query = select(*(c for c in table.columns if c.name != "series"))
        rows = connection.execute(query.where(table.c.record.between(first, last))).mappings()
        found[kind] = {row["record"]: row for row in rows}
    return found


def verify_row(rows: RowsOfRecords, kind: str, seq: int, body: Any) -> Iterator[Finding]:
    """The row of a record against the record's body, where it has one."""
    row = rows[kind].get(seq) if kind in rows else None
    if row is None:
        return
    table, expected = _TABLES[kind]
    try:
        said = expected(body)
    except (ValueError, KeyError, TypeError, AttributeError):
        yield Finding(f"{table.name} {seq}", "its ledger record cannot be read")
        return
    for name, value in said.items():
        if row[name] != value:
            words = f"{name} is {row[name]!r}, the ledger says {value!r}"
            yield Finding(f"{table.name} {seq}", words)


def verify_references(connection: Connection) -> Iterator[Finding]:
    """Rows whose key is no ledger record of their kind; records without their row."""
    for kind, table, _, subject in _REFERENCES:
        yield from _without_record(connection, kind, table)
        yield from _without_row(connection, kind, table)
        if subject:
            yield from _newest(connection, table, subject)
    yield from _series(connection)
    yield from _replacements(connection)


def _without_record(connection: Connection, kind: str, table: Table) -> Iterator[Finding]:
    query = (
        select(table.c.record)
        .outerjoin(ledger_records, ledger_records.c.seq == table.c.record)
        .where(ledger_records.c.kind.is_distinct_from(kind))
        .order_by(table.c.record)
    )
    for record in connection.execute(query).scalars():
        yield Finding(f"{table.name} {record}", f"refers to no {kind} in the ledger")


def _without_row(connection: Connection, kind: str, table: Table) -> Iterator[Finding]:
    query = (
        select(ledger_records.c.seq)
        .outerjoin(table, table.c.record == ledger_records.c.seq)
        .where(ledger_records.c.kind == kind, table.c.record.is_(None))
    )
    for seq in connection.execute(query).scalars():
        yield Finding(f"ledger record {seq}", f"has no row in {table.name}")


def _newest(connection: Connection, table: Table, subject: tuple[str, ...]) -> Iterator[Finding]:
    """The newest row of each subject, and no other, is marked so."""
    by = [table.c[name] for name in subject]
    last = select(table.c.record, func.max(table.c.record).over(partition_by=by).label("last"))
    ranked = last.subquery()
    query = (
        select(table.c.record)
        .join(ranked, ranked.c.record == table.c.record)
        .where(
            or_(
                and_(ranked.c.last == table.c.record, table.c.newest != 1),
                and_(ranked.c.last != table.c.record, table.c.newest != 0),
            )
        )
    )
    for record in connection.execute(query).scalars():
        yield Finding(f"{table.name} {record}", f"is wrong about being the newest of its {subject}")


def _series(connection: Connection) -> Iterator[Finding]:
    """The texts of series against their digests."""
    table = series_values
    columns = [table.c[n] for n in ("record", "series_digest", "coding", "stored_digest", "series")]
    query = select(*columns, ledger_records.c.digest).order_by(table.c.record)
    query = query.join(ledger_records, ledger_records.c.seq == table.c.record)
    expired = expired_values(connection)
    for row in connection.execute(query):
        if row.digest in expired and row.series == b"" and row.stored_digest == digest(b""):
            continue
        try:
            same = text_digest(unpacked(row.coding, row.series)) == row.series_digest
        except (ValueError, zlib.error):
            same = False
        if not same or digest(row.series) != row.stored_digest:
            yield Finding(f"series_values {row.record}", "its series does not have its digest")


def expired_values(connection: Connection) -> frozenset[str]:
    """The digests of the value records whose series were removed."""
    query = select(ledger_records.c.body).where(ledger_records.c.kind == "expiry")
    bodies = map(parsed, connection.execute(query).scalars())
    return frozenset(value for body in bodies for value in body["values"])


def _replacements(connection: Connection) -> Iterator[Finding]:
    """Each score names the one before it of its key result and day."""
    before = func.lag(ledger_records.c.digest).over(
        partition_by=[scores.c.key_result, scores.c.as_of], order_by=scores.c.record
    )
    query = select(scores.c.record, scores.c.replaces, before.label("before")).join(
        ledger_records, ledger_records.c.seq == scores.c.record
    )
    named = query.subquery().c
    wrong = select(named.record).where(named.replaces.is_distinct_from(named.before))
    for record in connection.execute(wrong.order_by(named.record)).scalars():
        yield Finding(f"scores {record}", "does not name the record that it replaces")


def verify_gate(connection: Connection) -> Iterator[Finding]:
    """Batches, rows set aside and streams against everything the ledger says of them."""
    world = transitions.World()
    query = (
        select(ledger_records.c.seq, ledger_records.c.body)
        .where(ledger_records.c.kind.in_(transitions.GATE_KINDS))
        .order_by(ledger_records.c.seq)
    )
    for seq, content in connection.execute(query):
        try:
            transitions.apply(world, seq, json.loads(content))
        except transitions.IllegalStep as error:
            yield Finding(f"ledger record {seq}", f"cannot follow what came before: {error}")
        except (ValueError, KeyError, TypeError) as error:
            yield Finding(f"ledger record {seq}", f"cannot be read: {error}")
    numbers = {name: {"seq": n} for n, name in enumerate(world.batches, start=1)}
    received = {name: {**columns, **numbers[name]} for name, columns in world.batches.items()}
    yield from _same_rows(connection, batches, received)
    yield from _same_rows(connection, quarantines, world.quarantines)
    yield from _seen(connection, world)
    yield from _streams(connection, world)


def _same_rows(
    connection: Connection, table: Table, expected: Mapping[str, Columns]
) -> Iterator[Finding]:
    """Rows by id against the columns that the ledger gives them."""
    missing = dict(expected)
    for row in connection.execute(select(table)).mappings():
        place, said = f"{table.name} {row['id']}", missing.pop(row["id"], None)
        if said is None:
            yield Finding(place, "is not in the ledger")
            continue
        for name, value in said.items():
            if row[name] != value:
                yield Finding(place, f"{name} is {row[name]!r}, the ledger says {value!r}")
    for name in missing:
        yield Finding(f"{table.name} {name}", "is missing, but the ledger has it")


def _seen(connection: Connection, world: transitions.World) -> Iterator[Finding]:
    """Each object was last seen as its newest batch has it."""
    newest = {(b["stream"], b["object"]): b["object_digest"] for b in world.batches.values()}
    for row in connection.execute(select(seen_objects)):
        said = newest.pop((row.stream, row.object), None)
        if said != row.digest:
            place = f"seen_objects {row.stream} {row.object}"
            yield Finding(place, f"digest is {row.digest}, its newest batch has {said}")
    for stream, name in newest:
        yield Finding(f"seen_objects {stream} {name}", "is missing, but a batch of it is there")


def _streams(connection: Connection, world: transitions.World) -> Iterator[Finding]:
    """Each stream's row against the record of its last change."""
    missing = dict(world.streams)
    for row in connection.execute(select(stream_states)):
        place, said = f"stream_states {row.stream}", missing.pop(row.stream, None)
        if said is None:
            yield Finding(place, "is not in the ledger")
            continue
        try:
            found = digest_of(parsed(row.batches)), text_digest(unpacked(row.coding, row.events))
        except (ValueError, TypeError, zlib.error):
            yield Finding(place, "its batches or events cannot be read")
            continue
        content = said["content"]
        if (row.record, *found) != (said["record"], content["batches"], content["events"]):
            yield Finding(place, "is not what the ledger says of it")
    for stream in missing:
        yield Finding(f"stream_states {stream}", "is missing, but the ledger has it")
