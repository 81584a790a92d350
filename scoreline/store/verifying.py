"""Verifying the store: the ledger against itself, and every stage after it.

What belongs here: records, blocks, chain, and the order of the stages. What does not:
rows against records (verifying_rows), raw files and computing again (audit).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, select, text
from sqlalchemy.exc import SQLAlchemyError

from scoreline.core.records import digest, digest_of
from scoreline.store import dialect, guarded
from scoreline.store.bodies import SUBJECTS
from scoreline.store.codec import parsed
from scoreline.store.rows import Finding
from scoreline.store.schema import HEAD, ledger_blocks, ledger_records
from scoreline.store.verifying_rows import (
    RowsOfRecords,
    rows_of_records,
    verify_gate,
    verify_references,
    verify_row,
)

BATCH = 5000
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
    """Bytes against digests, columns and rows against bytes, numbers without a gap."""
    expected = 0
    for page in _pages(connection):
        rows = rows_of_records(connection, page[0].seq, page[-1].seq)
        for record in page:
            expected += 1
            if record.seq != expected:
                place = f"ledger record {record.seq}"
                yield Finding(place, f"follows record {expected - 1}: records are missing")
                expected = record.seq
            yield from _verify_record(record, rows)


def _pages(connection: Connection) -> Iterator[Sequence[Row[Any]]]:
    query = select(ledger_records).order_by(ledger_records.c.seq).limit(BATCH)
    page = connection.execute(query).all()
    while page:
        yield page
        page = connection.execute(query.where(ledger_records.c.seq > page[-1].seq)).all()


def _verify_record(record: Row[Any], rows: RowsOfRecords) -> Iterator[Finding]:
    place = f"ledger record {record.seq}"
    if digest(record.body) != record.digest:
        yield Finding(place, "its bytes do not have its digest: it was changed")
    body = _body(record.body)
    kind, subject = _identity(body)
    if (kind, subject) != (record.kind, record.subject):
        yield Finding(
            place,
            f"its bytes are a {kind} of {subject}, filed as {record.kind} of {record.subject}",
        )
    if (record.block is None) != (record.position is None):
        yield Finding(place, "has a block without a position, or the other way round")
    yield from verify_row(rows, record.kind, record.seq, body)


def _body(content: bytes) -> Any:
    try:
        return parsed(content)
    except ValueError:
        return None


def _identity(body: Any) -> tuple[Any, Any]:
    try:
        return body["record"], body[SUBJECTS[body["record"]]]
    except (TypeError, KeyError):
        return "damaged record", None


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
