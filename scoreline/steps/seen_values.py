"""The values of a key result: its metrics' series, or what people said in their place.

What belongs here: where a value comes from on any day, as it is. What does not: whether it may
be used (withholding), the evidence itself.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property

from scoreline.core.exact import Exact, parse_exact
from scoreline.core.model import Filter, KeyResult, Metric, Milestones
from scoreline.core.observed import ValueOn
from scoreline.core.records import CheckIn
from scoreline.measures.derived import request_ids, value_function
from scoreline.measures.requests import asked_of
from scoreline.steps.evidence import LookedUp


class Values:
    """Where the values of one key result come from, up to a day."""

    def __init__(self, looked_up: LookedUp, kr: KeyResult, day: date) -> None:
        self.looked_up, self.evidence = looked_up, looked_up.evidence
        self.plan, self.kr, self.day = looked_up.plan, kr, day
        self.cycle = kr.id.split("/", 1)[0]

    @cached_property
    def asked(self) -> list[tuple[str, Filter]]:
        """The metrics read directly, each with its filter: the own one, those of steps."""
        return [(m, f) for m, f in asked_of(self.kr) if m in self.plan.metrics]

    @cached_property
    def metrics(self) -> list[str]:
        """Their names."""
        return [name for name, _ in self.asked]

    @cached_property
    def series(self) -> tuple[str, ...]:
        """The ids of the series that the key result needs."""
        ids = (r for m, f in self.asked for r in request_ids(self.plan, m, f, self.cycle))
        return tuple(dict.fromkeys(ids))

    @cached_property
    def streams(self) -> tuple[str, ...]:
        """The streams that they read, in the plan's order."""
        if len(self.metrics) == 1:
            return self.looked_up.streams_read(self.metrics[0])
        found = {s for m in self.metrics for s in self.looked_up.streams_read(m)}
        return tuple(s for s in self.plan.streams if s in found)

    @cached_property
    def metric(self) -> Metric | None:
        """The key result's own metric; None where people say its value, or it has none."""
        name = self.kr.metric
        return self.plan.metrics.get(name) if name and not self.kr.manual else None

    @property
    def factor(self) -> int:
        """From a raw value to one in the metric's unit."""
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
        if self.metric is None or self.uncomputed() is not None:
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

    def uncomputed(self) -> str | None:
        """Why the key result's metrics have no series; None if they have."""
        for name in self.metrics:
            for part in self.looked_up.closure(name):
                if part in self.evidence.failed:
                    return f"metric {part} could not be computed: {self.evidence.failed[part]}"
        missing = [r for r in self.series if r not in self.evidence.series]
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
            elif metric is None or self.uncomputed() is not None:
                functions.append(lambda _day: None)
            else:
                functions.append(
                    value_function(
                        self.plan, self.evidence.series, metric.name, when.filter, self.cycle
                    )
                )
        return tuple(functions), tuple(factors)

    def newest(self) -> datetime | None:
        """The newest event that the key result rests on: of the stream that lags most."""
        instants = [
            self.looked_up.newest_event(s, self.day)
            for s in self.streams
            if s in self.evidence.streams and self.plan.streams[s].event_time is not None
        ]
        known = [i for i in instants if i is not None]
        return min(known) if known else None


def exact_of(numerator: str, denominator: str | None) -> Exact:
    """A value from the texts that it is kept as."""
    return Exact(parse_exact(numerator), parse_exact(denominator) if denominator else None)
