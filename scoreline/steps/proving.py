"""Proofs: where in the ledger a record stands, and which signature covers it.

What belongs here: a record's block and place, the signed checkpoint over it. What does not:
checking hashes and signatures (`verify` does), printing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from scoreline.store.rows import LedgerBlock, LedgerRecord
from scoreline.store.store import ControlStore


@dataclass(frozen=True, slots=True)
class Proof:
    """A record's place in the ledger.

    `position` counts from 1 among the `count` records of its block. `signed_block` is the
    first signed block that stands on it: its chain of hashes ends in that signature, by the
    key `key`; `copied_to` is where that checkpoint was written a second time. What is not
    there yet is None.
    """

    record: str
    kind: str
    block: int | None = None
    position: int | None = None
    count: int | None = None
    block_digest: str | None = None
    recorded_at: str | None = None
    signed_block: int | None = None
    key: str | None = None
    copied_to: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values for programs."""
        return asdict(self)

    @property
    def place(self) -> str:
        """Where the record stands, in words."""
        if self.block is None:
            return f"{self.record[:12]} (waits for its block)"
        return f"{self.record[:12]} ({self.position} of {self.count} in block {self.block})"

    @property
    def seal(self) -> str:
        """What holds the record's block, in words."""
        if self.block is None:
            return "some records wait for their block: the next run seals it"
        block = f"block {self.block} of {self.recorded_at}, SHA-256 {self.block_digest}"
        if self.signed_block is None:
            return f"{block}: not signed yet"
        by = "" if self.signed_block == self.block else f" with block {self.signed_block}"
        copied = f"; copied to {self.copied_to}" if self.copied_to else ""
        return f"{block}: signed{by} by key {self.key}{copied}"


class Prover:
    """Finds records in one ledger; its blocks are read once."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store

    @cached_property
    def _blocks(self) -> dict[int, LedgerBlock]:
        return {b.height: b for b in self._store.blocks()}

    @cached_property
    def _signed(self) -> dict[int, LedgerBlock]:
        """For each block, the first signed one that is not before it."""
        found: dict[int, LedgerBlock] = {}
        newest: LedgerBlock | None = None
        for height in sorted(self._blocks, reverse=True):
            if self._blocks[height].signature:
                newest = self._blocks[height]
            if newest is not None:
                found[height] = newest
        return found

    def of(self, digest: str) -> Proof:
        """The proof of the newest record of that digest.

        Raises:
            UsageError: the ledger has no such record.
        """
        return self._proof(self._store.record(digest))

    def about(self, subject: str, kinds: Sequence[str]) -> list[Proof]:
        """The proofs of all records of some kinds about a subject (a batch's id, say)."""
        return [self._proof(r) for kind in kinds for r in self._store.history(kind, subject)]

    def _proof(self, record: LedgerRecord) -> Proof:
        if record.block is None or record.position is None:
            return Proof(record.digest, record.kind)
        block, signed = self._blocks[record.block], self._signed.get(record.block)
        return Proof(
            record=record.digest,
            kind=record.kind,
            block=block.height,
            position=record.position + 1,
            count=block.count,
            block_digest=block.digest,
            recorded_at=block.recorded_at,
            signed_block=signed.height if signed else None,
            key=signed.key_id if signed else None,
            copied_to=signed.copied_to if signed else None,
        )
