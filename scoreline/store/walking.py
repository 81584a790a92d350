"""One walk through what was measured and scored, in the order in which it was recorded.

What belongs here: the store's method that hands these records out one by one. What does
not: what is done with them (audit).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, starmap

from sqlalchemy import ColumnElement, Connection, case, func, select

from scoreline.store.base import StoreBase
from scoreline.store.schema import ledger_blocks, ledger_records, series_values

BATCH = 2000
"""Rows fetched at a time."""

record, value = ledger_records.c, series_values.c

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
    """The store's methods for one pass over its history, as a whole or in parts."""

    def walk(self, after: int = 0, upto: int | None = None) -> Iterator[Walked]:
        """Definitions, values, baselines, check-ins, closings and scores, oldest first.

        Args:
            after: begin behind this record. What was known by then comes first, oldest
                first, as far as it bears on later scores: no scores, and of values the
                newest of each request.
            upto: end with this record (None: with the newest).
        """
        with self._read() as connection:
            reader = connection.execution_options(yield_per=BATCH)
            if after:
                yield from _walked(reader, _known_by(after))
            wanted = record.kind.in_(WALKED) & (record.seq > after)
            yield from _walked(reader, wanted if upto is None else wanted & (record.seq <= upto))

    def walk_parts(self, scores: int) -> list[tuple[int, int]]:
        """Where to cut the history for walks that hold so many scores each.

        Returns:
            `after` and `upto` of each part, up to the newest score there is now.
        """
        number = func.row_number().over(order_by=record.seq).label("number")
        counted = select(record.seq, number).where(record.kind == "score").subquery()
        last = select(func.max(counted.c.seq)).scalar_subquery()
        cut = (counted.c.number % scores == 0) | (counted.c.seq == last)
        query = select(counted.c.seq).where(cut).order_by(counted.c.seq)
        with self._read() as connection:
            return list(pairwise([0, *connection.execute(query).scalars()]))

    def count_scores(self) -> int:
        """How many scores are recorded, restatements among them."""
        query = select(func.count()).where(ledger_records.c.kind == "score")
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())


def _walked(connection: Connection, wanted: ColumnElement[bool]) -> Iterator[Walked]:
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
        .where(wanted)
        .order_by(record.seq)
    )
    for rows in connection.execute(query).partitions():
        yield from starmap(Walked, rows)


def _known_by(seq: int) -> ColumnElement[bool]:
    """The records up to one that later scores may rest on."""
    newest = select(func.max(value.record)).where(value.record <= seq).group_by(value.request)
    others = record.kind.in_([kind for kind in WALKED if kind not in ("value", "score")])
    return (record.seq <= seq) & (others | record.seq.in_(newest))
