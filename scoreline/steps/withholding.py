"""Why a key result's value cannot be used, and which was the last that could.

What belongs here: held, stale, none, and their words. What does not: what follows from that
(core's scoring), where values come from (seen_values).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from scoreline.core.exact import Exact
from scoreline.core.model import BaselineAt, Reach
from scoreline.core.scoring import outside_unit
from scoreline.steps.seen_values import Values


def held(seen: Values) -> str | None:
    """Why the data cannot be used: blocked, not loaded whole, a value outside its unit."""
    held = seen.looked_up.held(seen.streams)
    if held is not None or seen.metric is None or seen.number is None:
        return held
    return outside_unit(seen.number, seen.metric.unit)


def stale(seen: Values) -> str | None:
    """Why the data is too old."""
    if seen.kr.manual:
        cadence = seen.plan.organisation.check_ins
        return seen.said.too_old(seen.day, seen.looked_up.today, cadence)
    return seen.looked_up.stale(seen.streams, seen.day)


def no_data(seen: Values, baseline: Fraction | None) -> str | None:
    """The words for a key result without a value, its baseline given."""
    kind = seen.kr.kind
    if isinstance(kind, Reach) and baseline is None and isinstance(kind.baseline, BaselineAt):
        return f"the baseline has no value on {kind.baseline.date}"
    if seen.kr.broken is not None:
        return seen.kr.broken
    if seen.kr.manual:
        return "no check-in yet: `scoreline checkin` takes one"
    for name in seen.streams:
        if name not in seen.evidence.streams:
            return f"{name} was never loaded"
    return seen.uncomputed or _removed(seen) or f"the metric has no value on {seen.day}"


def _removed(seen: Values) -> str | None:
    """What is gone that a value may have rested on; None where nothing is."""
    for request in seen.series:
        if request in seen.evidence.expired:
            return f"its series was removed ({seen.evidence.expired[request]})"
    gone = [seen.evidence.gone[s].words for s in seen.streams if s in seen.evidence.gone]
    return f"the metric has no value on {seen.day}: {'; '.join(gone)}" if gone else None


def last_good(seen: Values) -> tuple[Exact | None, date] | None:
    """The last good value: as recorded, else on the newest day that has one."""
    body = seen.evidence.last_good().get(seen.kr.id)
    if body is not None and body.get("value_day"):
        return _recorded(body), date.fromisoformat(str(body["value_day"]))
    if seen.metric is None:
        return None
    day = _newest_day(seen) or seen.day
    while day >= seen.kr.start:
        value = seen.data_value(day)
        number = value.fraction if value else None
        if number is not None and not outside_unit(number * seen.factor, seen.metric.unit):
            return value, day
        day -= timedelta(days=1)
    return None


def _newest_day(seen: Values) -> date | None:
    """The day of the newest event loaded, where that is before the evaluated day."""
    found = seen.newest()
    return min(found.astimezone(seen.looked_up.zone).date(), seen.day) if found else None


def _recorded(body: Mapping[str, Any]) -> Exact | None:
    return (
        Exact.parse(body["numerator"], body.get("denominator")) if body.get("numerator") else None
    )
