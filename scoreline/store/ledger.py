"""The ledger: canonical records, sealed into blocks, the blocks chained.

What belongs here: appending, sealing, reading. What does not: what a record says (bodies)
and whether the ledger is intact (verifying).

    record digest = SHA-256 of the record's canonical bytes
    block root    = SHA-256 of the canonical list of its record digests
    block digest  = SHA-256 of the canonical {height, prev, root, count, run, recorded_at}

A record's content knows no clock; when it was recorded is the time of its block. Records
of landing and validation wait without a block until their run, or the next one, seals.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from scoreline.core.digests import digest_of
from scoreline.core.errors import UsageError
from scoreline.store import guarded
from scoreline.store.base import StoreBase
from scoreline.store.bodies import Draft
from scoreline.store.bulk import insert_many
from scoreline.store.codec import instant_text
from scoreline.store.rows import LedgerBlock, LedgerRecord
from scoreline.store.schema import ledger_blocks, ledger_records

_COLUMNS = ("seq", "block", "position", "kind", "subject", "digest", "body")


def append(connection: Connection, drafts: Sequence[Draft]) -> list[int]:
    """Write records that no block holds yet; returns their sequence numbers."""
    return _write(connection, drafts, None, 0)


def _write(
    connection: Connection, drafts: Sequence[Draft], block: int | None, first_position: int
) -> list[int]:
    if not drafts:
        return []
    last = connection.execute(select(func.max(ledger_records.c.seq))).scalar() or 0
    first = last + 1
    rows = [
        (
            first + n,
            block,
            None if block is None else first_position + n,
            draft.kind,
            draft.subject,
            draft.digest,
            draft.content,
        )
        for n, draft in enumerate(drafts)
    ]
    insert_many(connection, ledger_records, _COLUMNS, rows)
    return list(range(first, first + len(drafts)))


def seal(
    connection: Connection,
    drafts: Sequence[Draft],
    run: str | None,
    now: datetime,
    *,
    waiting: bool = True,
) -> tuple[list[int], str | None]:
    """Make a block of the records that wait for one (unless told not to) and new ones.

    Returns:
        The new records' sequence numbers, and the block's digest: None if it would be empty.
    """
    pending = _waiting(connection) if waiting else []
    digests = [digest for _, digest in pending] + [draft.digest for draft in drafts]
    if not digests:
        return [], None
    height, digest = _block(connection, digests, run, now)
    _place(connection, height, [seq for seq, _ in pending])
    return _write(connection, drafts, height, len(pending)), digest


def seal_one(connection: Connection, seq: int, now: datetime) -> None:
    """Make a block of one waiting record that a person caused; a run's go on waiting."""
    query = select(ledger_records.c.digest).where(ledger_records.c.seq == seq)
    height, _ = _block(connection, [connection.execute(query).scalar_one()], None, now)
    _place(connection, height, [seq])


def _block(
    connection: Connection, digests: Sequence[str], run: str | None, now: datetime
) -> tuple[int, str]:
    """Chain a new block over these record digests; its height and digest."""
    height, prev = _tip(connection)
    head = {
        "height": height + 1,
        "prev": prev,
        "root": digest_of(list(digests)),
        "count": len(digests),
        "run": run,
        "recorded_at": instant_text(now),
    }
    digest = digest_of(head)
    unsigned = {"signature": None, "key_id": None, "copied_to": None}
    guarded.insert_rows(connection, ledger_blocks, [{**head, "digest": digest, **unsigned}])
    return height + 1, digest


def _waiting(connection: Connection) -> list[tuple[int, str]]:
    query = select(ledger_records.c.seq, ledger_records.c.digest)
    query = query.where(ledger_records.c.block.is_(None)).order_by(ledger_records.c.seq)
    return [(row.seq, row.digest) for row in connection.execute(query)]


def _tip(connection: Connection) -> tuple[int, str | None]:
    query = select(ledger_blocks.c.height, ledger_blocks.c.digest)
    row = connection.execute(query.order_by(ledger_blocks.c.height.desc()).limit(1)).first()
    return (0, None) if row is None else (row.height, row.digest)


def _place(connection: Connection, height: int, seqs: Sequence[int]) -> None:
    if not seqs:
        return
    statement = (
        update(ledger_records)
        .where(ledger_records.c.seq == bindparam("at"))
        .values(block=height, position=bindparam("place"))
    )
    connection.execute(statement, [{"at": seq, "place": n} for n, seq in enumerate(seqs)])


def sealed_records(connection: Connection, kind: str, subject: str | None = None) -> list[Any]:
    """Rows of body, digest, height and recorded_at of a kind's records in blocks, oldest first.

    Args:
        connection: the open transaction.
        kind: of the records.
        subject: only those about it, where it is given.
    """
    block, record = ledger_blocks.c, ledger_records.c
    query = (
        select(record.body, record.digest, block.height, block.recorded_at)
        .join(ledger_blocks, block.height == record.block)
        .where(record.kind == kind)
        .order_by(record.seq)
    )
    if subject is not None:
        query = query.where(record.subject == subject)
    return list(connection.execute(query))


def record_from(row: Any) -> LedgerRecord:
    """A record from a row that has its columns."""
    return LedgerRecord(
        row.seq, row.block, row.position, row.kind, row.subject, row.digest, row.body
    )


class LedgerBook(StoreBase):
    """The store's methods on the ledger itself."""

    def seal(self, run: str | None, now: datetime) -> str | None:
        """Make a block of every record that waits for one.

        Returns:
            The block's digest; None, and no block, where none waits.
        """
        with self._write() as connection:
            return seal(connection, [], run, now)[1]

    def blocks(self) -> list[LedgerBlock]:
        """Every block, by height."""
        columns = [ledger_blocks.c[name] for name in LedgerBlock.__slots__]
        with self._read() as connection:
            rows = connection.execute(select(*columns).order_by(ledger_blocks.c.height))
            return [LedgerBlock(*row) for row in rows]

    def records(self, block: int | None) -> list[LedgerRecord]:
        """The records of the block of that height, by position; None: those that wait."""
        of_block = ledger_records.c.block
        query = select(ledger_records).order_by(ledger_records.c.position, ledger_records.c.seq)
        query = query.where(of_block.is_(None) if block is None else of_block == block)
        with self._read() as connection:
            return [record_from(row) for row in connection.execute(query)]

    def record(self, digest: str) -> LedgerRecord:
        """The newest record whose digest is, or begins with, `digest` (8 digits or more).

        Raises:
            UsageError: there is none, or records of different content begin so.
        """
        if len(digest) < 8:
            raise UsageError(f"record {digest!r}: give at least 8 digits of its digest")
        column = ledger_records.c.digest
        whole = len(digest) == 64
        same = column == digest if whole else column.startswith(digest, autoescape=True)
        query = select(ledger_records).where(same).order_by(ledger_records.c.seq.desc()).limit(50)
        with self._read() as connection:
            found = connection.execute(query).all()
        if not found:
            raise UsageError(f"the ledger has no record {digest!r}")
        if len({row.digest for row in found}) > 1:
            raise UsageError(f"more than one record begins with {digest!r}: give more digits")
        return record_from(found[0])

    def history(self, kind: str, subject: str) -> list[LedgerRecord]:
        """Every record of one kind about one subject, oldest first."""
        query = select(ledger_records).where(
            ledger_records.c.kind == kind, ledger_records.c.subject == subject
        )
        with self._read() as connection:
            rows = connection.execute(query.order_by(ledger_records.c.seq))
            return [record_from(row) for row in rows]
