"""One walk through what was measured and scored, in the order in which it was recorded.

What belongs here: the store's method that hands these records out one by one. What does
not: what is done with them (audit).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, starmap
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from scoreline.store.base import StoreBase
from scoreline.store.schema import ledger_records, series_values

BATCH = 2000
"""Rows fetched at a time."""

record, value = ledger_records.c, series_values.c

WALKED = ("definition", "value", "baseline", "check_in", "cycle", "score")


@dataclass(slots=True)
class Walked:
    """One record.

    Of a value there is no body, but its request, the digest of its series and the series
    as it is packed (`codec.unpacked`; empty bytes where it was removed by its age).

    Where the record was checked on the way, what was read for that is handed on: the body
    as `parsed`, the series as `text`.
    """

    seq: int
    kind: str
    digest: str
    body: bytes | None
    request: str | None = None
    series_digest: str | None = None
    coding: str | None = None
    series: bytes | None = None
    text: str | None = None
    parsed: Any = None


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
            if after:
                yield from _walked(connection, _known_by(after))
            wanted = record.kind.in_(WALKED) & (record.seq > after)
            yield from _walked(
                connection, wanted if upto is None else wanted & (record.seq <= upto)
            )

    def known_by(self, after: int, since: int = 0) -> Iterator[Walked]:
        """What was known once a record was written, as far as it bears on later scores.

        Args:
            after: that record.
            since: only what was not known yet once this record was written.
        """
        with self._read() as connection:
            yield from _walked(connection, _known_by(after, since))

    def walk_parts(self, scores: int) -> list[tuple[int, int]]:
        """Where to cut the history for walks that hold about so many scores each.

        Returns:
            `after` and `upto` of each part, up to the newest record there is now.
        """
        with self._read() as connection:
            newest = connection.execute(select(func.max(record.seq))).scalar() or 0
        parts = min(ceil(self.count_scores() / scores), newest)
        return list(pairwise(newest * n // parts for n in range(parts + 1))) if parts else []

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
            case((record.kind != "value", record.body)),
            value.request,
            value.series_digest,
            value.coding,
            value.series,
        )
        .outerjoin(series_values, value.record == record.seq)
        .where(wanted)
        .order_by(record.seq)
    )
    reader = connection.execution_options(yield_per=BATCH)
    for rows in reader.execute(query).partitions():
        yield from starmap(Walked, rows)


def _known_by(seq: int, since: int = 0) -> ColumnElement[bool]:
    """The records up to one that later scores may rest on."""
    newest = select(func.max(value.record)).where(value.record.between(since + 1, seq))
    others = record.kind.in_([kind for kind in WALKED if kind not in ("value", "score")])
    known = others | record.seq.in_(newest.group_by(value.request))
    return record.seq.between(since + 1, seq) & known
