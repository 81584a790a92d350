"""Scores as recorded.

What belongs here: the store's methods that read scores. What does not: writing them
(commit), computing them (core).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, func, select

from scoreline.store.base import StoreBase
from scoreline.store.codec import instant, parsed
from scoreline.store.gate_rows import chunks
from scoreline.store.inforce import chosen, with_blocks, with_bodies
from scoreline.store.rows import StoredScore
from scoreline.store.run_bodies import score_from
from scoreline.store.schema import in_force, scores


class ScoreBook(StoreBase):
    """The store's methods that read scores."""

    def latest_scores(
        self, as_of: date, *, known_at: datetime | None = None
    ) -> dict[str, StoredScore]:
        """The score of every key result on a day, as recorded last (or until `known_at`)."""
        query = with_blocks(scores).where(
            scores.c.as_of == as_of.isoformat(),
            chosen(scores, ("as_of", "key_result"), known_at),
        )
        with self._read() as connection:
            found = [_score(row) for row in connection.execute(query)]
        return {score.key_result: score for score in found}

    def score_history(self, key_result: str) -> list[StoredScore]:
        """Every score ever recorded of a key result, by day, restatements in their order."""
        query = with_blocks(scores).where(scores.c.key_result == key_result)
        query = query.order_by(None).order_by(scores.c.as_of, scores.c.record)
        with self._read() as connection:
            return [_score(row) for row in connection.execute(query)]

    def newest_scored_day(self) -> date | None:
        """The newest day of which a score is recorded; None if none is."""
        query = select(func.max(scores.c.as_of)).where(in_force(scores))
        with self._read() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else date.fromisoformat(found)

    def newest_scores(self, upto: date | None = None) -> dict[str, dict[str, Any]]:
        """The body of each key result's score on its newest day (up to a day)."""
        return self._newest_bodies(_newest_day(upto))

    def last_good(
        self, as_of: date, key_results: Iterable[str] | None = None
    ) -> dict[str, dict[str, Any]]:
        """The body of each key result's last good score up to a day, replaced or not.

        Args:
            as_of: the last day that counts.
            key_results: only these (None: all).
        """
        return self._last_good(as_of, key_results)

    def _last_good(
        self, as_of: date, key_results: Iterable[str] | None, *conditions: Any
    ) -> dict[str, dict[str, Any]]:
        good = (scores.c.good == 1, scores.c.as_of <= as_of.isoformat(), *conditions)
        if key_results is None:
            return self._last(*good)
        found: dict[str, dict[str, Any]] = {}
        for names in chunks(dict.fromkeys(key_results)):
            found |= self._last(*good, scores.c.key_result.in_(names))
        return found

    def _last(self, *conditions: Any) -> dict[str, dict[str, Any]]:
        """By key result: of the scores that qualify, the newest day's newest record."""
        days = select(scores.c.key_result, func.max(scores.c.as_of).label("day"))
        last = days.where(*conditions).group_by(scores.c.key_result).subquery()
        same = and_(last.c.key_result == scores.c.key_result, last.c.day == scores.c.as_of)
        records = select(func.max(scores.c.record).label("record")).join(last, same)
        newest = records.where(*conditions).group_by(scores.c.key_result).subquery()
        query = with_bodies(scores).join(newest, newest.c.record == scores.c.record)
        with self._read() as connection:
            bodies = [score_from(parsed(row.body)) for row in connection.execute(query)]
        return {body["key_result"]: body for body in bodies}

    def _newest_bodies(self, days: Select[Any]) -> dict[str, dict[str, Any]]:
        newest = days.subquery()
        query = with_bodies(scores).where(in_force(scores))
        same = and_(newest.c.key_result == scores.c.key_result, newest.c.day == scores.c.as_of)
        with self._read() as connection:
            rows = connection.execute(query.join(newest, same))
            bodies = [score_from(parsed(row.body)) for row in rows]
        return {body["key_result"]: body for body in bodies}


def _newest_day(upto: date | None) -> Select[Any]:
    """Each key result's newest day (up to a day) among scores in force."""
    query = select(scores.c.key_result, func.max(scores.c.as_of).label("day"))
    if upto is not None:
        query = query.where(scores.c.as_of <= upto.isoformat())
    return query.where(in_force(scores)).group_by(scores.c.key_result)


def _score(row: Any) -> StoredScore:
    return StoredScore(row.digest, score_from(parsed(row.body)), instant(row.recorded_at), row.run)
