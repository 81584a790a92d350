"""Verifying the store: the ledger against itself, and every stage after it.

What belongs here: blocks, chain, and the order of the stages. What does not: each record
and its row (verifying_records), what rows are to one another (verifying_rows), raw files
and computing again (audit).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, groupby
from operator import itemgetter
from typing import TypeVar

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import SQLAlchemyError

from scoreline.core.digests import digest_of
from scoreline.store import dialect, guarded
from scoreline.store.rows import Finding
from scoreline.store.schema import HEAD, ledger_blocks, ledger_records
from scoreline.store.verifying_records import checked
from scoreline.store.verifying_rows import verify_gate, verify_references

T = TypeVar("T")

BATCH = 5000
"""Rows fetched at a time."""


def verify(connection: Connection, *, records: bool = True) -> list[Finding]:
    """Everything that is wrong, stage by stage; a stage that cannot finish is a finding.

    Args:
        connection: of one snapshot.
        records: look at each record; without, another process does that (`checked`).
    """
    findings: list[Finding] = []
    for name, stage in _STAGES.items():
        if records or stage is not _verify_records:
            findings += attempted(name, stage(connection))
    return findings


def attempted(name: str, stage: Iterator[T]) -> Iterator[T | Finding]:
    """What a stage finds; that it cannot finish is a finding more."""
    try:
        yield from stage
    except (SQLAlchemyError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        yield Finding(name, f"cannot be read to the end: {reason}")


def _verify_version(connection: Connection) -> Iterator[Finding]:
    found = list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    if found != [HEAD]:
        yield Finding("alembic_version", f"says {found}, which should be [{HEAD!r}]")


def _verify_records(connection: Connection) -> Iterator[Finding]:
    """Bytes against digests, columns, rows and series against bytes, numbers without a gap."""
    return (found for found in checked(connection) if isinstance(found, Finding))


def _verify_blocks(connection: Connection) -> Iterator[Finding]:
    """Each block against its records and the block before it."""
    sealed, nothing = _sealed(connection), (digest_of([]), 0, True)
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
        if (row["root"], row["count"], True) != sealed.pop(row["height"], nothing):
            yield Finding(place, "its records are not those that it was sealed over")
    for orphan in sealed:
        yield Finding(f"ledger block {orphan}", "is missing, but records say they are in it")


_HEAD = ("height", "prev", "root", "count", "run", "recorded_at")


def _sealed(connection: Connection) -> dict[int, tuple[str, int, bool]]:
    """Each block's digest over its records' digests, how many, whether they count from 0."""
    query = (
        select(ledger_records.c.block, ledger_records.c.position, ledger_records.c.digest)
        .where(ledger_records.c.block.is_not(None))
        .order_by(ledger_records.c.block, ledger_records.c.position)
    )
    result = connection.execution_options(yield_per=BATCH).execute(query)
    rows = chain.from_iterable(result.partitions())
    found: dict[int, tuple[str, int, bool]] = {}
    for block, members in groupby(rows, itemgetter(0)):
        placed = [(position, digest) for _, position, digest in members]
        in_order = all(position == n for n, (position, _) in enumerate(placed))
        found[block] = digest_of([digest for _, digest in placed]), len(placed), in_order
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
