"""Verifying the store: the ledger against itself, and every stage after it.

What belongs here: records, blocks, chain, and the order of the stages. What does not:
rows against records (verifying_rows), raw files and computing again (audit).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import SQLAlchemyError

from scoreline.core.records import digest, digest_of
from scoreline.store import dialect, guarded
from scoreline.store.bodies import SUBJECTS
from scoreline.store.rows import Finding
from scoreline.store.schema import HEAD, ledger_blocks, ledger_records
from scoreline.store.verifying_rows import verify_gate, verify_references

BATCH = 1000
"""Rows fetched at a time."""


def verify(connection: Connection) -> list[Finding]:
    """Everything that is wrong, stage by stage; a stage that cannot finish is a finding."""
    findings: list[Finding] = []
    for name, stage in _STAGES.items():
        try:
            findings.extend(stage(connection))
        except (SQLAlchemyError, ValueError, TypeError, KeyError, AttributeError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            findings.append(Finding(name, f"cannot be read to the end: {reason}"))
    return findings


def _verify_version(connection: Connection) -> Iterator[Finding]:
    found = list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    if found != [HEAD]:
        yield Finding("alembic_version", f"says {found}, which should be [{HEAD!r}]")


def _verify_records(connection: Connection) -> Iterator[Finding]:
    """Bytes against digests, columns against bytes, numbers without a gap."""
    expected = 0
    query = select(ledger_records).order_by(ledger_records.c.seq)
    for row in connection.execution_options(yield_per=BATCH).execute(query):
        expected += 1
        place = f"ledger record {row.seq}"
        if row.seq != expected:
            yield Finding(place, f"follows record {expected - 1}: records are missing")
            expected = row.seq
        if digest(row.body) != row.digest:
            yield Finding(place, "its bytes do not have its digest: it was changed")
        kind, subject = _identity(row.body)
        if (kind, subject) != (row.kind, row.subject):
            yield Finding(
                place, f"its bytes are a {kind} of {subject}, filed as {row.kind} of {row.subject}"
            )
        if (row.block is None) != (row.position is None):
            yield Finding(place, "has a block without a position, or the other way round")


def _identity(content: bytes) -> tuple[Any, Any]:
    try:
        body = json.loads(content)
        return body["record"], body[SUBJECTS[body["record"]]]
    except (ValueError, TypeError, KeyError):
        return "damaged record", None


def _verify_blocks(connection: Connection) -> Iterator[Finding]:
    """Each block against its records and the block before it."""
    sealed = _sealed(connection)
    height, prev = 0, None
    query = select(ledger_blocks).order_by(ledger_blocks.c.height)
    for row in connection.execute(query).mappings().all():
        place, height = f"ledger block {row['height']}", height + 1
        if row["height"] != height:
            yield Finding(place, f"follows block {height - 1}: blocks are missing")
            height = row["height"]
        if row["prev"] != prev:
            yield Finding(place, "does not continue the block before it")
        prev = row["digest"]
        if prev != digest_of({name: row[name] for name in _HEAD}):
            yield Finding(place, "its head does not have its digest: it was changed")
        digests, in_order = sealed.pop(row["height"], ([], True))
        if (row["root"], row["count"], in_order) != (digest_of(digests), len(digests), True):
            yield Finding(place, "its records are not those that it was sealed over")
    for orphan in sealed:
        yield Finding(f"ledger block {orphan}", "is missing, but records say they are in it")


_HEAD = ("height", "prev", "root", "count", "run", "recorded_at")


def _sealed(connection: Connection) -> dict[int, tuple[list[str], bool]]:
    """The record digests of each block by position, and whether positions run from 0."""
    query = (
        select(ledger_records.c.block, ledger_records.c.position, ledger_records.c.digest)
        .where(ledger_records.c.block.is_not(None))
        .order_by(ledger_records.c.block, ledger_records.c.position)
    )
    found: dict[int, tuple[list[str], bool]] = {}
    for row in connection.execute(query):
        digests, in_order = found.get(row.block, ([], True))
        in_order = in_order and row.position == len(digests)
        digests.append(row.digest)
        found[row.block] = digests, in_order
    return found


def _verify_database(connection: Connection) -> Iterator[Finding]:
    for line in dialect.damage(connection):
        yield Finding("database", line)


_STAGES: dict[str, Callable[[Connection], Iterator[Finding]]] = {
    "database": _verify_database,
    "alembic_version": _verify_version,
    "ledger_records": _verify_records,
    "ledger_blocks": _verify_blocks,
    "what records refer to": verify_references,
    "batches and streams": verify_gate,
    "row_tallies": guarded.check,
}
