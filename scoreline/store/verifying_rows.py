"""Verifying rows against the ledger: each says what its records say, and nothing more.

What belongs here: tables whose contents the ledger determines. What does not: one record and
its row (verifying_records), the ledger itself (verifying), rows' own digests (guarded).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, and_, func, select, union

from scoreline.core.digests import digest_of
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
Said = tuple[Any, ...]
Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reference:
    """A table whose key is a ledger record of one kind.

    Attributes:
        table: the table.
        columns: those that the record's body determines.
        said: what a body says they hold.
        subject: what `newest` is of; empty where the table has none.
    """

    table: Table
    columns: tuple[str, ...]
    said: Callable[[Content], Said]
    subject: tuple[str, ...]


def _definition(body: Content) -> Said:
    sql = body["sql"]
    sql_digest = None if sql is None else text_digest(sql)
    return body["name"], digest_of(body["definition"]), sql_digest


def _value(body: Content) -> Said:
    return body["request"], body["input_digest"], body["series_digest"]


def _dated(body: Content) -> Said:
    return body["key_result"], body["day"]


def _score(body: Content) -> Said:
    good = int(body.get("good") is True)
    return body["key_result"], body["as_of"], body["status"], good, body["replaces"]


REFERENCES: Mapping[str, Reference] = {
    "definition": Reference(definitions, ("name", "digest", "sql_digest"), _definition, ("name",)),
    "value": Reference(
        series_values, ("request", "input_digest", "series_digest"), _value, ("request",)
    ),
    "baseline": Reference(baselines, ("key_result", "day"), _dated, ("key_result",)),
    "score": Reference(
        scores,
        ("key_result", "as_of", "status", "good", "replaces"),
        _score,
        ("key_result", "as_of"),
    ),
    "check_in": Reference(check_ins, ("key_result", "day"), _dated, ()),
    "cycle": Reference(
        cycles, ("cycle", "state"), lambda body: (body["cycle"], body["state"]), ("cycle",)
    ),
    "restatement": Reference(
        restatements, ("key_result",), lambda body: (body["key_result"],), ("key_result",)
    ),
}
"""By the kind of their records."""


def verify_references(connection: Connection) -> Iterator[Finding]:
    """What rows of records are to one another: the newest of each subject, replacements."""
    for of in REFERENCES.values():
        if of.subject:
            yield from _newest(connection, of.table, of.subject)
    yield from _replacements(connection)


def _newest(connection: Connection, table: Table, subject: tuple[str, ...]) -> Iterator[Finding]:
    """The newest row of each subject, and no other, is marked so."""
    last = select(func.max(table.c.record)).group_by(*(table.c[name] for name in subject))
    said = select(table.c.record).where(table.c.newest == 1)
    of_none = table.c.newest.is_(None) | table.c.newest.not_in((0, 1))
    queries = last.except_(said), said.except_(last), select(table.c.record).where(of_none)
    wrong = {record for query in queries for record in connection.execute(query).scalars()}
    for record in sorted(wrong):
        yield Finding(f"{table.name} {record}", f"is wrong about being the newest of its {subject}")


def expired_values(connection: Connection, *, lenient: bool = False) -> frozenset[str]:
    """The digests of the value records whose series were removed.

    Args:
        connection: of one snapshot.
        lenient: pass over records that cannot be read: their digests tell that they are damaged.
    """
    query = select(ledger_records.c.body).where(ledger_records.c.kind == "expiry")
    found: set[str] = set()
    for content in connection.execute(query).scalars():
        try:
            found.update(parsed(content)["values"])
        except (ValueError, KeyError, TypeError):
            if not lenient:
                raise
    return frozenset(found)


def _replacements(connection: Connection) -> Iterator[Finding]:
    """Each score names the one before it of its key result and day; a first one names none."""
    of = scores.c
    many = select(of.key_result, of.as_of).group_by(of.key_result, of.as_of)
    many = many.having(func.count() > 1)
    told = select(of.key_result, of.as_of).where(of.replaces.is_not(None))
    looked_at = union(many, told).subquery()
    before = func.lag(ledger_records.c.digest).over(
        partition_by=[of.key_result, of.as_of], order_by=of.record
    )
    named = looked_at.c
    same = and_(of.key_result == named.key_result, of.as_of == named.as_of)
    query = (
        select(of.record, of.replaces, before.label("before"))
        .join(ledger_records, ledger_records.c.seq == of.record)
        .join(looked_at, same)
    )
    placed = query.subquery().c
    wrong = select(placed.record).where(placed.replaces.is_distinct_from(placed.before))
    for record in connection.execute(wrong.order_by(placed.record)).scalars():
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
