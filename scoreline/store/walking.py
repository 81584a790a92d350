"""One walk through what was measured and scored, in the order in which it was recorded.

What belongs here: the store's method that hands these records out one by one. What does
not: what is done with them (audit).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import case, func, select

from scoreline.store.base import StoreBase
from scoreline.store.schema import ledger_blocks, ledger_records, series_values

BATCH = 2000
"""Rows fetched at a time."""

WALKED = ("definition", "value", "baseline", "check_in", "cycle", "score")


@dataclass(frozen=True, slots=True)
class Walked:
    """One record, with the time of its block (None while it waits for one).

    Of a value there is no body, but its request, the digest of its series and the series
    as it is packed (`codec.unpacked`; empty bytes where it was removed by its age).
    """

    seq: int
    kind: str
    digest: str
    recorded_at: str | None
    body: bytes | None
    request: str | None = None
    series_digest: str | None = None
    coding: str | None = None
    series: bytes | None = None


class WalkBook(StoreBase):
    """The store's method for one pass over its history."""

    def walk(self) -> Iterator[Walked]:
        """Definitions, values, baselines, check-ins, closings and scores, oldest first."""
        record, value = ledger_records.c, series_values.c
        query = (
            select(
                record.seq,
                record.kind,
                record.digest,
                ledger_blocks.c.recorded_at,
                case((record.kind != "value", record.body)),
                value.request,
                value.series_digest,
                value.coding,
                value.series,
            )
            .outerjoin(series_values, value.record == record.seq)
            .outerjoin(ledger_blocks, ledger_blocks.c.height == record.block)
            .where(record.kind.in_(WALKED))
            .order_by(record.seq)
        )
        with self._read() as connection:
            for row in connection.execution_options(yield_per=BATCH).execute(query):
                yield Walked(*row)

    def count_scores(self) -> int:
        """How many scores are recorded, restatements among them."""
        query = select(func.count()).where(ledger_records.c.kind == "score")
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())
