"""Which series the key results need: simple metrics, filters, cycles, offsets, days.

What belongs here: from key results to requests, and which streams a metric reads. What
does not: windows (calendars), SQL (series), putting derived values together (derived).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache

from scoreline.core.formula import parse, references
from scoreline.core.model import (
    BaselineAt,
    Cycle,
    Filter,
    KeyResult,
    Metric,
    Milestones,
    Model,
    Plan,
    Reach,
)
from scoreline.core.periods import ShiftUnit

Offset = tuple[tuple[int, ShiftUnit], ...]
"""Shifts of the day, applied in this order; empty for the day itself.

`a@-1y` where `a` is `b@-1q` reads `b` at ((-1, "y"), (-1, "q")). They are not added up:
a month before 31 May is 30 April, so the order and the steps matter.
"""

_Span = tuple[date, date]
_Key = tuple[str, Filter, str | None, Offset]


@dataclass(frozen=True, slots=True)
class SeriesRequest:
    """The values of a simple metric on some days.

    Attributes:
        metric: the name of a metric with a measure of its own.
        filter: as the key result declares it.
        cycle: the cycle that its window starts with; None where its window does not.
        offset: how far from each day the value is read.
        days: the days wanted, ascending, before the offset is applied.
    """

    metric: str
    filter: Filter
    cycle: str | None
    offset: Offset
    days: tuple[date, ...]

    @property
    def id(self) -> str:
        """A short stable digest of everything but the days."""
        return request_id(self.metric, self.filter, self.cycle, self.offset)


@lru_cache(maxsize=65_536)
def request_id(metric: str, filter_: Filter, cycle: str | None, offset: Offset) -> str:
    """The id of the request for that metric, filter, cycle and offset: 20 hex digits."""
    text = json.dumps([metric, filter_, cycle, offset], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def requests_for(plan: Plan, *, extra_days: Iterable[date] = ()) -> list[SeriesRequest]:
    """Every series that the plan's key results need, each once, in a stable order.

    A key result asks for every day of its cycle (from its own start if that is earlier),
    the extra days, and the day of a `baseline: {at: …}`. A metric that no key result
    uses is asked for without a filter, over the cycles that have key results or, where
    none has, the newest.

    Args:
        plan: the resolved definitions; key results that are `broken` ask for nothing.
        extra_days: days wanted of every series, such as the as-of day.
    """
    extra = tuple(sorted({(day, day) for day in extra_days}))
    wanted: dict[_Key, set[_Span]] = {}
    used: set[str] = set()
    for cycle, key_result in _key_results(plan):
        spans = _spans(cycle, key_result, extra)
        for metric, filter_ in asked_of(key_result):
            used.update(closure(plan, metric))
            _want(plan, wanted, (metric, filter_, cycle.name), spans)
    cycles = _cycles_in_use(plan)
    for metric in plan.metrics:
        if metric not in used:
            for cycle in cycles:
                spans = ((cycle.start, cycle.end), *extra)
                _want(plan, wanted, (metric, (), cycle.name), spans)
    days_of = cache(_days)
    return [SeriesRequest(*key, days_of(frozenset(spans))) for key, spans in wanted.items()]


def parts(
    plan: Plan, metric: str, cycle: str | None, offset: Offset = ()
) -> Iterator[tuple[Metric, str | None, Offset]]:
    """The simple metrics that a metric is made of, with cycle and offset of each.

    Yields:
        The metric itself if it is simple; else, in the order of its formula, those of
        its references. The cycle is None where the part's window does not depend on it.
    """
    found = plan.metrics[metric]
    if found.derived is None:
        yield found, cycle if found.window.kind == "cycle" else None, offset
        return
    for ref in references(parse(found.derived)):
        further = offset if ref.offset is None else (*offset, ref.offset)
        yield from parts(plan, ref.metric, cycle, further)


def closure(plan: Plan, metric: str) -> tuple[str, ...]:
    """The metric and every metric that it is derived from, each once, itself first."""
    names: dict[str, None] = {}
    waiting = [metric]
    while waiting:
        name = waiting.pop(0)
        if name in names or name not in plan.metrics:
            continue
        names[name] = None
        formula = plan.metrics[name].derived
        if formula is not None:
            waiting.extend(ref.metric for ref in references(parse(formula)))
    return tuple(names)


def streams_read(plan: Plan, metric: str) -> tuple[str, ...]:
    """The full names of the streams a metric reads, through models and derived parts.

    Args:
        plan: the resolved definitions.
        metric: the name of a metric of the plan.

    Returns:
        Each stream once, in the order of the definitions.
    """
    found: set[str] = set()
    waiting = [plan.metrics[name].from_ for name in closure(plan, metric)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name is None or name in seen:
            continue
        seen.add(name)
        if name in plan.models:
            waiting.extend(plan.models[name].reads)
        else:
            found.add(name)
    return tuple(name for name in plan.streams if name in found)


def models_read(plan: Plan, metric: str) -> tuple[Model, ...]:
    """The models a metric reads, directly or through others, each after those it reads."""
    found: dict[str, Model] = {}

    def add(name: str | None) -> None:
        if name is None or name in found or name not in plan.models:
            return
        for read in plan.models[name].reads:
            add(read)
        found[name] = plan.models[name]

    for part in closure(plan, metric):
        add(plan.metrics[part].from_)
    return tuple(found.values())


def _key_results(plan: Plan) -> Iterator[tuple[Cycle, KeyResult]]:
    for objective in plan.objectives.values():
        for key_result in objective.key_results:
            if key_result.broken is None:
                yield plan.organisation.cycles[objective.cycle], key_result


def asked_of(key_result: KeyResult) -> list[tuple[str, Filter]]:
    """The metrics that a key result reads directly, each with its filter: its own, its steps'."""
    found = []
    if key_result.metric is not None and not key_result.manual:
        found.append((key_result.metric, key_result.filter))
    if isinstance(key_result.kind, Milestones):
        steps = (step.done_when for step in key_result.kind.steps)
        found += [(when.metric, when.filter) for when in steps if when is not None]
    return found


def _spans(cycle: Cycle, key_result: KeyResult, extra: tuple[_Span, ...]) -> tuple[_Span, ...]:
    first = min(cycle.start, key_result.start)
    spans = ((first, cycle.end), *extra)
    kind = key_result.kind
    if isinstance(kind, Reach) and isinstance(kind.baseline, BaselineAt):
        spans += ((kind.baseline.date, kind.baseline.date),)
    return spans


def _want(
    plan: Plan,
    wanted: dict[_Key, set[_Span]],
    asked: tuple[str, Filter, str],
    spans: tuple[_Span, ...],
) -> None:
    metric, filter_, cycle = asked
    if metric not in plan.metrics:
        return
    for part, part_cycle, offset in parts(plan, metric, cycle):
        wanted.setdefault((part.name, filter_, part_cycle, offset), set()).update(spans)


def _cycles_in_use(plan: Plan) -> list[Cycle]:
    cycles: Mapping[str, Cycle] = plan.organisation.cycles
    named = {o.cycle for o in plan.objectives.values() if o.key_results}
    in_use = [cycle for name, cycle in cycles.items() if name in named]
    return in_use or [max(cycles.values(), key=lambda c: (c.start, c.end))] if cycles else []


def _days(spans: frozenset[_Span]) -> tuple[date, ...]:
    days: set[date] = set()
    for first, last in spans:
        days.update(first + timedelta(days=step) for step in range((last - first).days + 1))
    return tuple(sorted(days))
