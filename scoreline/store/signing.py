"""Signatures of the ledger: the keys that sign, and the signed checkpoints of blocks.

What belongs here: the store's methods on keys and signatures. What does not: signing and
checking (audit.signing); no private key is ever in the store.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from scoreline.core.errors import UsageError
from scoreline.core.records import SigningKey
from scoreline.store import guarded, ledger
from scoreline.store.base import StoreBase
from scoreline.store.bodies import draft, key_body, key_from
from scoreline.store.codec import instant, parsed
from scoreline.store.rows import LedgerBlock, StoredKey
from scoreline.store.schema import ledger_blocks, ledger_records

_COLUMNS = [ledger_blocks.c[name] for name in LedgerBlock.__slots__]


class SigningBook(StoreBase):
    """The store's methods on keys and checkpoints."""

    def add_key(self, key: SigningKey, now: datetime) -> str:
        """Record a key that signs from now on, in a block of its own.

        Returns:
            The digest of its ledger record.

        Raises:
            UsageError: the key was recorded before.
        """
        record = draft(key_body(key))
        with self._write() as connection:
            query = select(ledger_records.c.seq).where(
                ledger_records.c.kind == "key", ledger_records.c.subject == key.key
            )
            if connection.execute(query).first() is not None:
                raise UsageError(
                    f"the key {key.key} signed before: a key is used once, make another"
                )
            ledger.seal(connection, [record], None, now, waiting=False)
        return record.digest

    def signing_keys(self) -> list[StoredKey]:
        """Every key that ever signed, oldest first; the last one signs now."""
        with self._read() as connection:
            found = ledger.sealed_records(connection, "key")
        return [
            StoredKey(key_from(parsed(r.body)), r.digest, r.height, instant(r.recorded_at))
            for r in found
        ]

    def newest_block(self) -> LedgerBlock | None:
        """The newest block; None before the first."""
        query = select(*_COLUMNS).order_by(ledger_blocks.c.height.desc()).limit(1)
        with self._read() as connection:
            row = connection.execute(query).first()
        return None if row is None else LedgerBlock(*row)

    def first_block(self) -> str | None:
        """The digest of block 1, which names the ledger; None before it."""
        query = select(ledger_blocks.c.digest).where(ledger_blocks.c.height == 1)
        with self._read() as connection:
            found: str | None = connection.execute(query).scalar()
        return found

    def note_checkpoint(
        self, height: int, *, signature: str, key_id: str, copied_to: str | None = None
    ) -> None:
        """Keep the signature of a block's checkpoint, and where a copy of it went.

        Raises:
            UsageError: there is no such block.
        """
        with self._write() as connection:
            query = select(ledger_blocks).where(ledger_blocks.c.height == height)
            found = connection.execute(query).mappings().first()
            if found is None:
                raise UsageError(f"the ledger has no block {height}")
            new = {"signature": signature, "key_id": key_id, "copied_to": copied_to}
            guarded.change_rows(connection, ledger_blocks, [(found, new)])


def _key(row: Any) -> StoredKey:
    return StoredKey(key_from(parsed(row.body)), row.digest, row.height, instant(row.recorded_at))
