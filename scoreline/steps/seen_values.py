"""The values of a key result: its metrics' series, or what people said in their place.

What belongs here: where a value comes from on any day, as it is. What does not: whether it may
be used (withholding), which check-in counts (said), the evidence itself.
"""

from __future__ import annotations

from datetime import date, datetime

from scoreline.core.exact import Exact, parse_exact
from scoreline.core.model import Filter, KeyResult, Milestones
from scoreline.core.observed import ValueOn, no_value
from scoreline.measures.derived import request_ids, value_function
from scoreline.measures.requests import asked_of
from scoreline.steps.evidence import LookedUp
from scoreline.steps.said import NOTHING, Said


class Values:
    """Where the values of one key result come from, up to a day.

    Attributes:
        metric: the key result's own metric; None where people say its value, or it has none.
        factor: from a raw value to one in the metric's unit.
        metrics: the metrics read directly: the own one, those of steps.
        series: the ids of the series that the key result needs.
        streams: those that the metrics read, in the plan's order.
        said: what people said.
        uncomputed: why the metrics have no series; None if they have.
        data_value: the data's raw value on a day.
        on_day: the data's raw value on the day.
        number: that as one number, in the metric's unit; None where there is none.
    """

    __slots__ = (
        "cycle",
        "data_value",
        "day",
        "evidence",
        "factor",
        "kr",
        "looked_up",
        "metric",
        "metrics",
        "number",
        "on_day",
        "plan",
        "said",
        "series",
        "streams",
        "uncomputed",
    )

    def __init__(self, looked_up: LookedUp, kr: KeyResult, day: date) -> None:
        self.looked_up, self.evidence, self.plan = looked_up, looked_up.evidence, looked_up.plan
        self.kr, self.day = kr, day
        self.cycle = kr.id.split("/", 1)[0]
        said = self.evidence.check_ins.get(kr.id)
        self.said = Said(said) if said else NOTHING
        name = kr.metric
        self.metric = self.plan.metrics.get(name) if name and not kr.manual else None
        self.factor = self.metric.unit.factor if self.metric else 1
        asked = [(m, f) for m, f in asked_of(kr) if m in self.plan.metrics]
        self.metrics = tuple([name for name, _ in asked])
        self.series = self._series(asked)
        self.streams = looked_up.streams(self.metrics)
        self.uncomputed = self._uncomputed()
        self.data_value = self._data_value()
        self.on_day = self.data_value(day)
        number = None if self.on_day is None else self.on_day.fraction
        self.number = number if number is None or self.factor == 1 else number * self.factor

    def _series(self, asked: list[tuple[str, Filter]]) -> tuple[str, ...]:
        if len(asked) == 1:
            return request_ids(self.plan, *asked[0], self.cycle)
        ids = (r for m, f in asked for r in request_ids(self.plan, m, f, self.cycle))
        return tuple(dict.fromkeys(ids))

    def _uncomputed(self) -> str | None:
        failed = self.looked_up.failed(self.metrics)
        if failed is not None:
            return failed
        missing = [r for r in self.series if r not in self.evidence.series]
        return "not measured yet: `scoreline run` measures it" if missing else None

    def _data_value(self) -> ValueOn:
        if self.kr.manual:
            return self.said.value_on
        if self.metric is None or self.uncomputed is not None:
            return no_value
        return value_function(
            self.plan, self.evidence.series, self.metric.name, self.kr.filter, self.cycle
        )

    def value_on(self, day: date) -> Exact | None:
        """The raw value on a day, a person's in place of the data's where one is in force."""
        override = self.said.override_on(day)
        if override is not None and override.value is not None:
            return Exact(parse_exact(override.value) / self.factor)
        return self.on_day if day == self.day else self.data_value(day)

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
            elif metric is None or self.uncomputed is not None:
                functions.append(no_value)
            else:
                of = (metric.name, when.filter, self.cycle)
                functions.append(value_function(self.plan, self.evidence.series, *of))
        return tuple(functions), tuple(factors)

    def newest(self) -> datetime | None:
        """The newest event that the key result rests on: of the stream that lags most."""
        return self.looked_up.newest(self.streams, self.day)
