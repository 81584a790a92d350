"""Evidence: everything that scores rest on, as the control store has it.

What belongs here: the evidence itself, and what many key results ask of it, looked up once. What
does not: what it says of one key result (seen_values, withholding, observing).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from scoreline.core.model import Plan
from scoreline.core.moments import end_of_day
from scoreline.core.records import Baseline, Batch, CheckIn, CycleEvent, StreamState
from scoreline.core.series import Series
from scoreline.measures.requests import closure, streams_read
from scoreline.steps.freshness import newest_event, staleness
from scoreline.steps.gone import Gone


@dataclass(slots=True)
class Evidence:
    """Everything that scores rest on, as the control store has it.

    `blocked` has, for each stream with one, its first blocked batch. `last_good` are
    bodies of score records by key result. `extracted` is when each stream was last
    looked at with success. `failed` are metrics that could not be computed, with words.
    `unloaded` are streams that could not be loaded, with why.
    `closings` has the closing of each cycle that is closed.
    `gone` says what streams lost by age, `expired` the rule by which a series was removed.
    """

    plan: Plan
    now: datetime
    series: Mapping[str, Series]
    streams: Mapping[str, StreamState]
    blocked: Mapping[str, Batch]
    check_ins: Mapping[str, Sequence[CheckIn]]
    baselines: Mapping[str, Baseline]
    last_good: Mapping[str, Mapping[str, Any]]
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
        self.closure = cache(partial(closure, self.plan))
        self.streams_read = cache(partial(streams_read, self.plan))
        self.staleness = cache(self._staleness)
        self.newest_event = cache(self._newest_event)

    def _staleness(self, stream: str, day: date) -> str | None:
        return staleness(
            self.plan,
            self.plan.streams[stream],
            self.evidence.streams.get(stream),
            self.evidence.extracted.get(stream),
            day,
            self.evidence.now,
        )

    def _newest_event(self, stream: str, day: date) -> datetime | None:
        moment = min(self.evidence.now, end_of_day(day, self.evidence.zone))
        return newest_event(self.evidence.streams[stream], moment)
