"""What people say: check-ins and overrides.

What belongs here: the store's methods on them. What does not: decisions (gate).
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection, insert, select

from scoreline.core.records import CheckIn
from scoreline.store import ledger
from scoreline.store.base import StoreBase
from scoreline.store.bodies import check_in_body, check_in_from, draft
from scoreline.store.codec import parsed
from scoreline.store.inforce import with_blocks
from scoreline.store.schema import check_ins, ledger_records


class PeopleBook(StoreBase):
    """The store's methods on check-ins."""

    def add_check_in(self, check_in: CheckIn, now: datetime) -> str:
        """Record what a person said, in its own block.

        The same said again right after, of the same day, is no news.

        Args:
            check_in: what was said; its `at` is not used.
            now: the time of its block.

        Returns:
            The digest of its ledger record.
        """
        record = draft(check_in_body(check_in))
        day = check_in.day.isoformat()
        with self._write() as connection:
            if _newest(connection, check_in.key_result, day) != record.digest:
                seqs, _ = ledger.seal(connection, [record], None, now, waiting=False)
                row = {"record": seqs[0], "key_result": check_in.key_result, "day": day}
                connection.execute(insert(check_ins), [row])
        return record.digest

    def check_ins(self, kr: str | None = None, upto: date | None = None) -> list[CheckIn]:
        """Check-ins in the order they were recorded, those corrected later among them.

        Args:
            kr: only this key result's.
            upto: only those of this day and before.
        """
        query = with_blocks(check_ins)
        if kr is not None:
            query = query.where(check_ins.c.key_result == kr)
        if upto is not None:
            query = query.where(check_ins.c.day <= upto.isoformat())
        with self._read() as connection:
            rows = connection.execute(query)
            return [check_in_from(parsed(row.body), row.recorded_at) for row in rows]


def _newest(connection: Connection, key_result: str, day: str) -> str | None:
    """The digest of what was said last of a key result's day."""
    query = (
        select(ledger_records.c.digest)
        .join(check_ins, check_ins.c.record == ledger_records.c.seq)
        .where(check_ins.c.key_result == key_result, check_ins.c.day == day)
        .order_by(check_ins.c.record.desc())
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar()
    return found
