"""Values of metrics, simple and derived, from the series of their parts.

What belongs here: looking up each part's series and evaluating formulas day by day. What
does not: which series there are (requests), the formula's grammar (core.formula).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Protocol

from scoreline.core.errors import UsageError
from scoreline.core.exact import Exact
from scoreline.core.formula import Ref, evaluate, parse, references
from scoreline.core.model import Filter, Plan
from scoreline.measures.requests import Offset, request_id

ValueOn = Callable[[date], Exact | None]


class Daily(Protocol):
    """What has a value on some days: a series, or its text."""

    def at(self, day: date) -> Exact | None:
        """The value on a day; None where there is none."""
        ...


def value_function(
    plan: Plan,
    series: Mapping[str, Daily],
    metric: str,
    filter_: Filter,
    cycle: str | None,
) -> ValueOn:
    """The exact value of a metric on any day that its series cover.

    Args:
        plan: the resolved definitions.
        series: by the id of their request.
        metric: a metric of the plan, simple or derived.
        filter_: the key result's filter.
        cycle: the name of the key result's cycle.

    Returns:
        A function of a day; it gives None where the metric or one of its parts has no
        value or the day was not asked for. A quotient by zero gives an `Exact` whose
        `fraction` is None.

    Raises:
        UsageError: a series that the metric needs is not among those given.
    """
    return _resolved(plan, series, (metric, filter_, cycle), ())


def request_ids(plan: Plan, metric: str, filter_: Filter, cycle: str | None) -> tuple[str, ...]:
    """The ids of the series that `value_function` needs, in the order of the formula."""
    found: dict[str, None] = {}
    _collect(plan, (metric, filter_, cycle), (), found)
    return tuple(found)


def _resolved(
    plan: Plan,
    series: Mapping[str, Daily],
    asked: tuple[str, Filter, str | None],
    offset: Offset,
) -> ValueOn:
    metric = plan.metrics[asked[0]]
    if metric.derived is None:
        wanted = _id(plan, asked, offset)
        if wanted not in series:
            raise UsageError(f"no series of {metric.name} was computed for this filter and cycle")
        return series[wanted].at
    formula = parse(metric.derived)
    found = {
        ref: _resolved(plan, series, (ref.metric, *asked[1:]), _further(offset, ref))
        for ref in references(formula)
    }
    return lambda day: evaluate(formula, lambda ref: found[ref](day))


def _collect(
    plan: Plan, asked: tuple[str, Filter, str | None], offset: Offset, found: dict[str, None]
) -> None:
    metric = plan.metrics[asked[0]]
    if metric.derived is None:
        found[_id(plan, asked, offset)] = None
        return
    for ref in references(parse(metric.derived)):
        _collect(plan, (ref.metric, *asked[1:]), _further(offset, ref), found)


def _id(plan: Plan, asked: tuple[str, Filter, str | None], offset: Offset) -> str:
    name, filter_, cycle = asked
    depends = plan.metrics[name].window.kind == "cycle"
    return request_id(name, filter_, cycle if depends else None, offset)


def _further(offset: Offset, ref: Ref) -> Offset:
    return offset if ref.offset is None else (*offset, ref.offset)
