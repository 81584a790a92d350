"""Evidence: everything that scores rest on, as the control store has it.

What belongs here: the evidence itself, and what many key results ask of it, looked up once. What
does not: what it says of one key result (seen_values, withholding, observing).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from typing import Any
from zoneinfo import ZoneInfo

from scoreline.core.model import Plan
from scoreline.core.moments import end_of_day
from scoreline.core.records import Baseline, Batch, CheckIn, CycleEvent, StreamState
from scoreline.measures.derived import Daily
from scoreline.measures.requests import closure, streams_read
from scoreline.steps.freshness import newest_event, staleness
from scoreline.steps.gone import Gone

Names = tuple[str, ...]


@dataclass(slots=True)
class Evidence:
    """Everything that scores rest on, as the control store has it.

    `blocked` has, for each stream with one, its first blocked batch. `last_good` reads
    bodies of score records by key result, which are needed only where a value is held.
    `extracted` is when each stream was last looked at with success. `failed` are metrics
    that could not be computed, with words. `unloaded` are streams that could not be loaded,
    with why.
    `closings` has the closing of each cycle that is closed.
    `gone` says what streams lost by age, `expired` the rule by which a series was removed.
    """

    plan: Plan
    now: datetime
    series: Mapping[str, Daily]
    streams: Mapping[str, StreamState]
    blocked: Mapping[str, Batch]
    check_ins: Mapping[str, Sequence[CheckIn]]
    baselines: Mapping[str, Baseline]
    last_good: Callable[[], Mapping[str, Mapping[str, Any]]]
    extracted: Mapping[str, datetime]
    failed: Mapping[str, str] = field(default_factory=dict)
    unloaded: Mapping[str, str] = field(default_factory=dict)
    closings: Mapping[str, CycleEvent] = field(default_factory=dict)
    gone: Mapping[str, Gone] = field(default_factory=dict)
    expired: Mapping[str, str] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's time zone."""
        return ZoneInfo(self.plan.organisation.timezone)


class LookedUp:
    """What many key results ask of the same evidence, looked up once."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence, self.plan = evidence, evidence.plan
        self.zone = evidence.zone
        self.streams = cache(self._streams)
        self.held = cache(self._held)
        self.stale = cache(self._stale)
        self.newest = cache(self._newest)
        self.newest_text = cache(self._newest_text)
        self.failed = cache(self._failed)
        self.provisional = cache(self._provisional)

    @cached_property
    def today(self) -> date:
        """The local day of the evidence's moment."""
        return self.evidence.now.astimezone(self.zone).date()

    def _streams(self, metrics: Names) -> Names:
        """The streams that metrics read, in the order of the definitions."""
        found = {s for m in metrics for s in streams_read(self.plan, m)}
        return tuple(s for s in self.plan.streams if s in found)

    def _held(self, streams: Names) -> str | None:
        """Why the data of streams cannot be used: blocked, or not loaded whole."""
        for name in streams:
            batch = self.evidence.blocked.get(name)
            if batch is not None:
                return (
                    f"batch {batch.id} of {name} ({batch.object}) is blocked: {batch.reason}; "
                    "`scoreline batches release` or `reject` decides"
                )
            if name in self.evidence.unloaded:
                return f"{name} could not be loaded: {self.evidence.unloaded[name]}"
        return None

    def _stale(self, streams: Names, day: date) -> str | None:
        """Why the data of streams is too old on a day."""
        evidence = self.evidence
        for name in streams:
            state, extracted = evidence.streams.get(name), evidence.extracted.get(name)
            stream = self.plan.streams[name]
            words = staleness(self.plan, stream, state, extracted, day, evidence.now)
            if words is not None:
                return words
        return None

    def _newest(self, streams: Names, day: date) -> datetime | None:
        """The newest event up to a day: of the stream that lags most."""
        moment = min(self.evidence.now, end_of_day(day, self.zone))
        instants = [
            newest_event(self.evidence.streams[s], moment)
            for s in streams
            if s in self.evidence.streams and self.plan.streams[s].event_time is not None
        ]
        return min((i for i in instants if i is not None), default=None)

    def _newest_text(self, streams: Names, day: date) -> str | None:
        newest = self.newest(streams, day)
        return newest.strftime("%Y-%m-%dT%H:%M:%SZ") if newest else None

    def _failed(self, metrics: Names) -> str | None:
        """Which of the metrics, or of those they are derived from, could not be computed."""
        for name in metrics:
            for part in closure(self.plan, name):
                if part in self.evidence.failed:
                    return f"metric {part} could not be computed: {self.evidence.failed[part]}"
        return None

    def _provisional(self, metrics: Names, day: date) -> bool:
        """Whether a day is younger than the longest `settle` of the metrics."""
        names = {part for n in metrics for part in closure(self.plan, n)}
        days = max((self.plan.metrics[n].settle_days for n in names), default=0)
        if not days:
            return False
        return self.evidence.now < end_of_day(day + timedelta(days=days), self.zone)
