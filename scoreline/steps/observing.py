"""Observations: what is known of each key result on a day, from the control store alone.

What belongs here: values from series and check-ins, and why a value cannot be used (held,
stale, none). What does not: scoring them (core), DuckDB, or the clock (passed in).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache, cached_property, partial
from typing import Any
from zoneinfo import ZoneInfo

from scoreline.core.exact import Exact, exact_text, parse_exact
from scoreline.core.frozen import frozen_from
from scoreline.core.model import BaselineAt, Filter, KeyResult, Metric, Milestones, Plan, Reach
from scoreline.core.moments import end_of_day
from scoreline.core.observed import FrozenScore, Observations, Override, ValueOn
from scoreline.core.periods import shift
from scoreline.core.records import Baseline, Batch, CheckIn, CycleEvent, StreamState
from scoreline.core.scoring import outside_unit, resolve_target
from scoreline.core.series import Series
from scoreline.measures.derived import request_ids, value_function
from scoreline.measures.requests import closure, streams_read
from scoreline.steps.freshness import newest_event, staleness
from scoreline.steps.gone import Gone

_ROUNDS = {
    "weekly": (7, "d"),
    "biweekly": (14, "d"),
    "monthly": (1, "m"),
    "quarterly": (1, "q"),
}


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


@dataclass(frozen=True, slots=True)
class Observed:
    """One key result's observations, and what is shown beside the score.

    `new_baseline` is a baseline that was taken from the data just now.
    """

    seen: Observations
    streams: tuple[str, ...]
    values: tuple[str, ...]
    observed_at: str | None
    provisional: bool
    new_baseline: Baseline | None = None


class Observer:
    """Observes one key result after another on the same evidence."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._looked_up = _LookedUp(evidence)

    def observe(self, kr: KeyResult, as_of: date) -> Observed:
        """What is known of a key result as of a day."""
        found = _One(self._looked_up, kr, min(as_of, kr.due)).observed()
        frozen = self._frozen(kr, as_of)
        if frozen is None:
            return found
        return replace(found, seen=replace(found.seen, frozen=frozen))

    def _frozen(self, kr: KeyResult, as_of: date) -> FrozenScore | None:
        """What the closing of the cycle fixed, on its day and later ones."""
        closing = self._evidence.closings.get(kr.id.split("/", 1)[0])
        if closing is None or closing.as_of is None or as_of < closing.as_of:
            return None
        body = closing.key_results.get(kr.id)
        return None if body is None else frozen_from(body["frozen"])


class _LookedUp:
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


class _One:
    def __init__(self, looked_up: _LookedUp, kr: KeyResult, day: date) -> None:
        self.looked_up, self.evidence = looked_up, looked_up.evidence
        self.plan, self.kr, self.day = looked_up.plan, kr, day
        self.cycle = kr.id.split("/", 1)[0]

    # --- where values come from ----------------------------------------------------------

    @cached_property
    def asked(self) -> list[tuple[str, Filter]]:
        """The metrics read directly, each with its filter: the own one, those of steps."""
        found: list[tuple[str, Filter]] = []
        if self.kr.metric and not self.kr.manual:
            found.append((self.kr.metric, self.kr.filter))
        if isinstance(self.kr.kind, Milestones):
            steps = (s.done_when for s in self.kr.kind.steps if s.done_when)
            found += [(w.metric, w.filter) for w in steps]
        return [(m, f) for m, f in found if m in self.plan.metrics]

    @cached_property
    def metrics(self) -> list[str]:
        return [name for name, _ in self.asked]

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The ids of the series that the key result needs."""
        ids = (r for m, f in self.asked for r in request_ids(self.plan, m, f, self.cycle))
        return tuple(dict.fromkeys(ids))

    @cached_property
    def streams(self) -> tuple[str, ...]:
        if len(self.metrics) == 1:
            return self.looked_up.streams_read(self.metrics[0])
        found = {s for m in self.metrics for s in self.looked_up.streams_read(m)}
        return tuple(s for s in self.plan.streams if s in found)

    @cached_property
    def metric(self) -> Metric | None:
        name = self.kr.metric
        return self.plan.metrics.get(name) if name and not self.kr.manual else None

    @property
    def factor(self) -> int:
        return self.metric.unit.factor if self.metric else 1

    @cached_property
    def check_ins(self) -> list[CheckIn]:
        """Check-ins with a value, oldest first."""
        found = self.evidence.check_ins.get(self.kr.id, ())
        return [c for c in found if c.value is not None]

    def override_on(self, day: date) -> CheckIn | None:
        """The override in force on a day: the newest of those that cover it."""
        covering = (c for c in reversed(self.check_ins) if c.until is not None)
        return next((c for c in covering if c.day <= day <= (c.until or day)), None)

    def checked_in(self, day: date) -> CheckIn | None:
        """The plain check-in of the newest day up to a day; of one day, the one said last."""
        plain = [c for c in reversed(self.check_ins) if c.until is None and c.day <= day]
        return max(plain, key=lambda c: c.day, default=None)

    @cached_property
    def data_value(self) -> ValueOn:
        """The data's raw value on a day."""
        if self.kr.manual:
            return self._manual
        if self.metric is None or self._uncomputed() is not None:
            return lambda _day: None
        return value_function(
            self.plan, self.evidence.series, self.metric.name, self.kr.filter, self.cycle
        )

    def _manual(self, day: date) -> Exact | None:
        found = self.checked_in(day)
        return Exact(parse_exact(found.value)) if found and found.value else None

    def value_on(self, day: date) -> Exact | None:
        """The raw value on a day, a person's in place of the data's where one is in force."""
        override = self.override_on(day)
        if override is not None and override.value is not None:
            return Exact(parse_exact(override.value) / self.factor)
        return self.data_value(day)

    def _uncomputed(self) -> str | None:
        """Why the key result's metrics have no series; None if they have."""
        for name in self.metrics:
            for part in self.looked_up.closure(name):
                if part in self.evidence.failed:
                    return f"metric {part} could not be computed: {self.evidence.failed[part]}"
        missing = [r for r in self.values if r not in self.evidence.series]
        return "not measured yet: `scoreline run` measures it" if missing else None

    def steps(self) -> tuple[tuple[ValueOn | None, ...], tuple[int, ...]]:
        """For milestones: each step's value function and unit factor."""
        if not isinstance(self.kr.kind, Milestones):
            return (), ()
        functions: list[ValueOn | None] = []
        factors = []
        for step in self.kr.kind.steps:
            when = step.done_when
            metric = self.plan.metrics.get(when.metric) if when else None
            factors.append(metric.unit.factor if metric else 1)
            if when is None:
                functions.append(None)
            elif metric is None or self._uncomputed() is not None:
                functions.append(lambda _day: None)
            else:
                functions.append(
                    value_function(
                        self.plan, self.evidence.series, metric.name, when.filter, self.cycle
                    )
                )
        return tuple(functions), tuple(factors)

    # --- why a value cannot be used --------------------------------------------------------

    def held(self) -> str | None:
        """Why the data cannot be used: blocked, not loaded whole, a value outside its unit."""
        for name in self.streams:
            batch = self.evidence.blocked.get(name)
            if batch is not None:
                return (
                    f"batch {batch.id} of {name} ({batch.object}) is blocked: {batch.reason}; "
                    "`scoreline batches release` or `reject` decides"
                )
            if name in self.evidence.unloaded:
                return f"{name} could not be loaded: {self.evidence.unloaded[name]}"
        if self.metric is None:
            return None
        value = self.data_value(self.day)
        number = value.fraction if value else None
        if number is None:
            return None
        return outside_unit(number * self.factor, self.metric.unit)

    def stale(self) -> str | None:
        """Why the data is too old."""
        if self.kr.manual:
            return self._stale_check_in()
        for name in self.streams:
            words = self.looked_up.staleness(name, self.day)
            if words is not None:
                return words
        return None

    def _stale_check_in(self) -> str | None:
        found = self.checked_in(self.day)
        if found is None:
            return None
        cadence = self.plan.organisation.check_ins
        amount, unit = _ROUNDS[cadence]
        today = self.evidence.now.astimezone(self.evidence.zone).date()
        if found.day >= shift(min(self.day, today), -2 * amount, unit):  # type: ignore[arg-type]
            return None
        return f"the newest check-in is of {found.day}, older than two rounds ({cadence})"

    def no_data(self) -> str | None:
        """The words for a key result without a value."""
        if self.kr.broken is not None:
            return self.kr.broken
        if self.kr.manual:
            return "no check-in yet: `scoreline checkin` takes one"
        for name in self.streams:
            if name not in self.evidence.streams:
                return f"{name} was never loaded"
        return self._uncomputed() or self._removed() or f"the metric has no value on {self.day}"

    def _removed(self) -> str | None:
        """What is gone that a value may have rested on; None where nothing is."""
        for request in self.values:
            if request in self.evidence.expired:
                return f"its series was removed ({self.evidence.expired[request]})"
        gone = [self.evidence.gone[s].words for s in self.streams if s in self.evidence.gone]
        return f"the metric has no value on {self.day}: {'; '.join(gone)}" if gone else None

    def last_good(self, held: str | None) -> tuple[Exact | None, date] | None:
        """The last good value: as recorded, else on the newest day that has one."""
        if held is None:
            return None
        body = self.evidence.last_good.get(self.kr.id)
        if body is not None and body.get("value_day"):
            return _recorded(body), date.fromisoformat(str(body["value_day"]))
        if self.metric is None:
            return None
        day = self._newest_day() or self.day
        while day >= self.kr.start:
            value = self.data_value(day)
            number = value.fraction if value else None
            if number is not None and not outside_unit(number * self.factor, self.metric.unit):
                return value, day
            day -= timedelta(days=1)
        return None

    def _newest_day(self) -> date | None:
        """The day of the newest event loaded, where that is before the evaluated day."""
        found = self.newest()
        return min(found.astimezone(self.evidence.zone).date(), self.day) if found else None

    def newest(self) -> datetime | None:
        """The newest event that the key result rests on: of the stream that lags most."""
        instants = [
            self.looked_up.newest_event(s, self.day)
            for s in self.streams
            if s in self.evidence.streams and self.plan.streams[s].event_time is not None
        ]
        known = [i for i in instants if i is not None]
        return min(known) if known else None

    # --- together ----------------------------------------------------------------------------

    def baseline(self) -> tuple[Fraction | None, Baseline | None]:
        """The baseline in shown units, and a record where it was taken just now."""
        kind = self.kr.kind
        if not isinstance(kind, Reach):
            return None, None
        if not isinstance(kind.baseline, BaselineAt):
            return Fraction(kind.baseline), None
        frozen = self.evidence.baselines.get(self.kr.id)
        if frozen is not None and frozen.day == kind.baseline.date:
            number = _exact(frozen.numerator, frozen.denominator).fraction
            return None if number is None else number * self.factor, None
        value = self.data_value(kind.baseline.date)
        if value is None or value.fraction is None:
            return None, None
        below = value.denominator
        taken = Baseline(
            key_result=self.kr.id,
            day=kind.baseline.date,
            numerator=exact_text(value.numerator),
            denominator=None if below is None else exact_text(below),
            source={
                s: self.evidence.streams[s].digest
                for s in self.streams
                if s in self.evidence.streams
            },
        )
        return value.fraction * self.factor, taken

    def observed(self) -> Observed:
        baseline, taken = self.baseline()
        kind = self.kr.kind
        target = resolve_target(kind.target, baseline) if isinstance(kind, Reach) else None
        override = self.override_on(self.day)
        held = None if override else self.held()
        functions, factors = self.steps()
        no_data = self.no_data()
        if isinstance(kind, Reach) and baseline is None and isinstance(kind.baseline, BaselineAt):
            no_data = f"the baseline has no value on {kind.baseline.date}"
        good = self.last_good(held)
        seen = Observations(
            value_on=self.value_on,
            factor=self.factor,
            baseline=baseline,
            target=target,
            held=held,
            last_good=good,
            stale=None if override else self.stale(),
            no_data=no_data,
            step_value_on=functions,
            step_factors=factors,
            override=_mark(override),
        )
        return Observed(
            seen=seen,
            streams=self.streams,
            values=self.values,
            observed_at=self._observed_at(good),
            provisional=self._provisional(),
            new_baseline=taken,
        )

    def _observed_at(self, good: tuple[Exact | None, date] | None) -> str | None:
        if self.kr.manual:
            found = self.checked_in(self.day)
            return found.day.isoformat() if found else None
        if good is not None:
            return good[1].isoformat()
        newest = self.newest()
        return newest.strftime("%Y-%m-%dT%H:%M:%SZ") if newest else None

    def _provisional(self) -> bool:
        """Whether the evaluated day is younger than the longest `settle` of its metrics."""
        names = {part for n in self.metrics for part in self.looked_up.closure(n)}
        days = max((self.plan.metrics[n].settle_days for n in names), default=0)
        if not days:
            return False
        settled = end_of_day(self.day + timedelta(days=days), self.evidence.zone)
        return self.evidence.now < settled


def _mark(check_in: CheckIn | None) -> Override | None:
    if check_in is None:
        return None
    return Override(check_in.who, check_in.reason or "", check_in.until)


def _recorded(body: Mapping[str, Any]) -> Exact | None:
    return _exact(body["numerator"], body.get("denominator")) if body.get("numerator") else None


def _exact(numerator: str, denominator: str | None) -> Exact:
    return Exact(parse_exact(numerator), parse_exact(denominator) if denominator else None)
