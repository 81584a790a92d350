"""Why a key result's value cannot be used, and which was the last that could.

What belongs here: held, stale, none, and their words. What does not: what follows from that
(core's scoring), where values come from (seen_values).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from scoreline.core.exact import Exact
from scoreline.core.periods import shift
from scoreline.core.scoring import outside_unit
from scoreline.steps.seen_values import Values, exact_of

_ROUNDS = {
    "weekly": (7, "d"),
    "biweekly": (14, "d"),
    "monthly": (1, "m"),
    "quarterly": (1, "q"),
}


def held(seen: Values) -> str | None:
    """Why the data cannot be used: blocked, not loaded whole, a value outside its unit."""
    for name in seen.streams:
        batch = seen.evidence.blocked.get(name)
        if batch is not None:
            return (
                f"batch {batch.id} of {name} ({batch.object}) is blocked: {batch.reason}; "
                "`scoreline batches release` or `reject` decides"
            )
        if name in seen.evidence.unloaded:
            return f"{name} could not be loaded: {seen.evidence.unloaded[name]}"
    if seen.metric is None:
        return None
    value = seen.data_value(seen.day)
    number = value.fraction if value else None
    if number is None:
        return None
    return outside_unit(number * seen.factor, seen.metric.unit)


def stale(seen: Values) -> str | None:
    """Why the data is too old."""
    if seen.kr.manual:
        return _stale_check_in(seen)
    for name in seen.streams:
        words = seen.looked_up.staleness(name, seen.day)
        if words is not None:
            return words
    return None


def _stale_check_in(seen: Values) -> str | None:
    found = seen.checked_in(seen.day)
    if found is None:
        return None
    cadence = seen.plan.organisation.check_ins
    amount, unit = _ROUNDS[cadence]
    today = seen.evidence.now.astimezone(seen.evidence.zone).date()
    if found.day >= shift(min(seen.day, today), -2 * amount, unit):  # type: ignore[arg-type]
        return None
    return f"the newest check-in is of {found.day}, older than two rounds ({cadence})"


def no_data(seen: Values) -> str | None:
    """The words for a key result without a value."""
    if seen.kr.broken is not None:
        return seen.kr.broken
    if seen.kr.manual:
        return "no check-in yet: `scoreline checkin` takes one"
    for name in seen.streams:
        if name not in seen.evidence.streams:
            return f"{name} was never loaded"
    return seen.uncomputed() or _removed(seen) or f"the metric has no value on {seen.day}"


def _removed(seen: Values) -> str | None:
    """What is gone that a value may have rested on; None where nothing is."""
    for request in seen.series:
        if request in seen.evidence.expired:
            return f"its series was removed ({seen.evidence.expired[request]})"
    gone = [seen.evidence.gone[s].words for s in seen.streams if s in seen.evidence.gone]
    return f"the metric has no value on {seen.day}: {'; '.join(gone)}" if gone else None


def last_good(seen: Values, why_held: str | None) -> tuple[Exact | None, date] | None:
    """The last good value: as recorded, else on the newest day that has one."""
    if why_held is None:
        return None
    body = seen.evidence.last_good.get(seen.kr.id)
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
    return min(found.astimezone(seen.evidence.zone).date(), seen.day) if found else None


def _recorded(body: Mapping[str, Any]) -> Exact | None:
    return exact_of(body["numerator"], body.get("denominator")) if body.get("numerator") else None
