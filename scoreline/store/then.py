"""The store as it was known at a moment: the same questions, answered from what was there.

What belongs here: reading methods with everything recorded later left out. What does not:
which definitions count (steps), and writing, which is refused.

Ledger blocks carry the time at which they were sealed; a record is known from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, and_, func, select

from scoreline.core.errors import StoreError
from scoreline.core.records import (
    Baseline,
    Batch,
    CheckIn,
    CheckResult,
    Quarantine,
    StreamState,
    ValueRecord,
)
from scoreline.store.codec import instant, instant_text, parsed
from scoreline.store.gate_rows import state_from
from scoreline.store.inforce import chosen, with_bodies
from scoreline.store.rows import (
    StoredCycle,
    StoredRemoval,
    StoredRestatement,
    StoredScore,
    StoredValue,
)
from scoreline.store.run_bodies import baseline_from, score_from
from scoreline.store.schema import (
    baselines,
    ledger_blocks,
    ledger_records,
    load_failures,
    runs,
    scores,
    series_values,
    stream_versions,
)
from scoreline.store.store import ControlStore


class StoreThen(ControlStore):
    """A control store as it was known at a moment; reading only.

    Attributes:
        at: the moment.
        measured: where set, the only values that there are, by request: computed for
            definitions that were never in force on what was known.
    """

    def __init__(self, engine: Engine, at: datetime) -> None:
        super().__init__(engine, read_only=True)
        self.at = at
        self.measured: Mapping[str, ValueRecord] | None = None
        self._batches: list[Batch] | None = None

    @classmethod
    def of(cls, store: ControlStore, at: datetime) -> StoreThen:
        """What a store knew at a moment; closing it leaves the other one open."""
        return cls(store._engine, at)  # noqa: SLF001  a store too

    def close(self) -> None:
        """Nothing: the engine is the other store's."""

    # --- values and definitions ----------------------------------------------------------

    def known_inputs(self) -> dict[str, str]:
        """The input digest of the newest value of every request, as known then."""
        query = select(series_values.c.request, series_values.c.input_digest)
        query = query.where(chosen(series_values, ("request",), self.at))
        with self._read() as connection:
            return {row.request: row.input_digest for row in connection.execute(query)}

    def values(
        self, requests: Iterable[str] | None = None, *, known_at: datetime | None = None
    ) -> dict[str, ValueRecord]:
        """The values of requests as known then, or as computed for other definitions."""
        if self.measured is None:
            return super().values(requests, known_at=self._until(known_at))
        wanted = self.measured if requests is None else requests
        return {r: self.measured[r] for r in wanted if r in self.measured}

    def stored_values(
        self, requests: Iterable[str], *, known_at: datetime | None = None
    ) -> dict[str, StoredValue]:
        """`values` with the digest, time and run of each one's record."""
        return super().stored_values(requests, known_at=self._until(known_at))

    def baselines(self) -> dict[str, Baseline]:
        """The frozen baseline of each key result that had one."""
        query = with_bodies(baselines).where(chosen(baselines, ("key_result",), self.at))
        with self._read() as connection:
            found = [baseline_from(parsed(row.body)) for row in connection.execute(query)]
        return {baseline.key_result: baseline for baseline in found}

    def _until(self, known_at: datetime | None) -> datetime:
        return self.at if known_at is None else min(known_at, self.at)

    # --- scores, people, cycles ------------------------------------------------------------

    def latest_scores(
        self, as_of: date, *, known_at: datetime | None = None
    ) -> dict[str, StoredScore]:
        """The score of every key result on a day, as recorded last until then."""
        return super().latest_scores(as_of, known_at=self._until(known_at))

    def score_history(self, key_result: str) -> list[StoredScore]:
        """Every score recorded of a key result until then."""
        return [s for s in super().score_history(key_result) if s.recorded_at <= self.at]

    def last_good(
        self, as_of: date, key_results: Iterable[str] | None = None
    ) -> dict[str, dict[str, Any]]:
        """The body of each key result's last good score up to a day.

        Recorded before the moment, not at it: what a run finds is what runs before it left.
        """
        before = (
            select(ledger_records.c.seq)
            .join(ledger_blocks, ledger_blocks.c.height == ledger_records.c.block)
            .where(ledger_records.c.kind == "score")
            .where(ledger_blocks.c.recorded_at < instant_text(self.at))
        )
        return self._last_good(as_of, key_results, scores.c.record.in_(before))

    def newest_scores(self, upto: date | None = None) -> dict[str, dict[str, Any]]:
        """The body of each key result's score on the newest day (up to a day) known then."""
        in_force = chosen(scores, ("as_of", "key_result"), self.at)
        days = select(scores.c.key_result, func.max(scores.c.as_of).label("day"))
        if upto is not None:
            days = days.where(scores.c.as_of <= upto.isoformat())
        newest = days.where(in_force).group_by(scores.c.key_result).subquery()
        same = and_(newest.c.key_result == scores.c.key_result, newest.c.day == scores.c.as_of)
        query = with_bodies(scores).where(in_force).join(newest, same)
        with self._read() as connection:
            bodies = [score_from(parsed(row.body)) for row in connection.execute(query)]
        return {body["key_result"]: body for body in bodies}

    def check_ins(self, kr: str | None = None, upto: date | None = None) -> list[CheckIn]:
        """Check-ins recorded until then."""
        found = super().check_ins(kr, upto)
        return [c for c in found if c.at is None or c.at <= self.at]

    def closings(self, *, known_at: datetime | None = None) -> dict[str, StoredCycle]:
        """The closing of every cycle that was closed then."""
        return super().closings(known_at=self._until(known_at))

    def restatements(self, *, known_at: datetime | None = None) -> dict[str, StoredRestatement]:
        """The newest restatement of each key result until then."""
        return super().restatements(known_at=self._until(known_at))

    # --- what was received ---------------------------------------------------------------------

    def removals(self, stream: str | None = None) -> list[StoredRemoval]:
        """What had been removed by then."""
        found = super().removals(stream)
        return [r for r in found if r.recorded_at is None or r.recorded_at <= self.at]

    def batches(
        self, stream: str | None = None, states: Iterable[str] | None = None
    ) -> list[Batch]:
        """Batches received until then, in the states that they had."""
        if self._batches is None:
            self._batches = self.batches_then(self.at)
        wanted = None if states is None else set(states)
        of_stream = (b for b in self._batches if stream is None or b.stream == stream)
        return [b for b in of_stream if wanted is None or b.state in wanted]

    def quarantines(self, stream: str | None = None, state: str | None = None) -> list[Quarantine]:
        """Rows set aside until then, in the states that they had."""
        of_stream = (
            q for q in self.quarantines_then(self.at) if stream is None or q.stream == stream
        )
        return [q for q in of_stream if state is None or q.state == state]

    def check_results(
        self, batch_id: str | None = None, stream: str | None = None
    ) -> list[CheckResult]:
        """The check results of batches that were there then."""
        known = {b.id for b in self.batches()}
        return [c for c in super().check_results(batch_id, stream) if c.batch in known]

    def stream_state(self, stream: str) -> StreamState | None:
        """A stream as loaded then."""
        return self.stream_states().get(stream)

    def stream_states(self) -> dict[str, StreamState]:
        """Every stream as loaded then.

        Raises:
            StoreError: a release that did not keep them recorded one of them.
        """
        block = ledger_blocks.c
        version = stream_versions.c
        newest = (
            select(func.max(ledger_records.c.seq))
            .join(ledger_blocks, block.height == ledger_records.c.block)
            .where(ledger_records.c.kind == "stream", block.recorded_at <= instant_text(self.at))
            .group_by(ledger_records.c.subject)
        )
        query = (
            select(ledger_records.c.subject.label("stream"), ledger_records.c.body)
            .add_columns(block.recorded_at.label("loaded_at"))
            .add_columns(version.batches, version.coding, version.events)
            .join(ledger_blocks, block.height == ledger_records.c.block)
            .outerjoin(stream_versions, version.record == ledger_records.c.seq)
            .where(ledger_records.c.seq.in_(newest))
            .order_by(ledger_records.c.subject)
        )
        with self._read() as connection:
            found = [_state(row) for row in connection.execute(query)]
        return {state.stream: state for state in found}

    def load_failures(self) -> dict[str, str]:
        """The streams that could not be joined then and were not since, and why."""
        query = select(load_failures).where(load_failures.c.at <= instant_text(self.at))
        with self._read() as connection:
            return {row.stream: row.reason for row in connection.execute(query)}

    def extractions(self) -> dict[str, datetime]:
        """When each stream's source was last read with success, until then."""
        wanted = set(super().extractions())
        found: dict[str, datetime] = {}
        query = select(runs.c.summary).where(runs.c.started_at <= instant_text(self.at))
        query = query.order_by(runs.c.started_at.desc(), runs.c.id.desc())
        with self._read() as connection:
            for content in connection.execute(query).scalars():
                read = (parsed(content) or {}).get("extracted", {})
                for stream, text in read.items():
                    if instant(text) <= self.at:
                        found.setdefault(stream, instant(text))
                if wanted <= found.keys():
                    break
        return found


def _state(row: Any) -> StreamState:
    if row.batches is None:
        raise StoreError(
            f"what {row.stream} consisted of on {row.loaded_at} was recorded by an older "
            "release, which did not keep its event days: ask for a later time"
        )
    return state_from(row)
