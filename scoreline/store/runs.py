"""Runs: what was started, by which release, and how it ended.

What belongs here: the store's methods on runs. What does not: what a run wrote (commit).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select

from scoreline.core.digests import canonical
from scoreline.core.errors import UsageError
from scoreline.store import guarded
from scoreline.store.base import StoreBase
from scoreline.store.codec import (
    day_text,
    instant,
    instant_text,
    optional_day,
    optional_instant,
    parsed,
)
from scoreline.store.rows import RunRow
from scoreline.store.schema import runs


class RunBook(StoreBase):
    """The store's methods on runs."""

    def begin_run(self, kind: str, as_of: date | None, version: str, now: datetime) -> str:
        """Note that a run begins.

        Returns:
            Its id, which sorts by time: `20261122T063900Z-` and 8 hexadecimal digits.
        """
        run = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        row = {
            "id": run,
            "kind": kind,
            "as_of": day_text(as_of),
            "version": version,
            "started_at": instant_text(now),
            "ended_at": None,
            "outcome": None,
            "summary": None,
        }
        with self._write() as connection:
            guarded.insert_rows(connection, runs, [row])
        return run

    def end_run(self, run: str, outcome: str, now: datetime, summary: Mapping[str, Any]) -> None:
        """Note how a run ended; the same end noted again changes nothing.

        Raises:
            UsageError: there is no such run, or it ended otherwise before.
        """
        content = canonical(dict(summary))
        with self._write() as connection:
            row = connection.execute(select(runs).where(runs.c.id == run)).mappings().first()
            if row is None:
                raise UsageError(f"there is no run {run!r}")
            if row["outcome"] is not None:
                if (row["outcome"], row["summary"]) != (outcome, content):
                    raise UsageError(f"run {run} ended {row['outcome']} already, not {outcome}")
                return
            new = {"ended_at": instant_text(now), "outcome": outcome, "summary": content}
            guarded.change_rows(connection, runs, [(row, new)])

    def runs(self, limit: int = 50) -> list[RunRow]:
        """The newest runs, newest first."""
        query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        with self._read() as connection:
            return [_run_from(row) for row in connection.execute(query)]

    def find_run(self, run: str) -> RunRow | None:
        """A run by its id; None if there is none."""
        with self._read() as connection:
            row = connection.execute(select(runs).where(runs.c.id == run)).first()
        return None if row is None else _run_from(row)

    def runs_since(self, moment: datetime) -> list[RunRow]:
        """The runs that started at a moment or later, oldest first."""
        query = select(runs).where(runs.c.started_at >= instant_text(moment))
        query = query.order_by(runs.c.started_at, runs.c.id)
        with self._read() as connection:
            return [_run_from(row) for row in connection.execute(query)]


def _run_from(row: Any) -> RunRow:
    return RunRow(
        id=row.id,
        kind=row.kind,
        as_of=optional_day(row.as_of),
        version=row.version,
        started_at=instant(row.started_at),
        ended_at=optional_instant(row.ended_at),
        outcome=row.outcome,
        summary=parsed(row.summary) or {},
    )
