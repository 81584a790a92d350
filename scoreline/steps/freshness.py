"""How old a stream's newest event is, and whether that is too old.

What belongs here: the newest event at a moment, from a stream's recorded event days, and
the words for staleness. What does not: the clock (passed in), windows, values.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scoreline.core.model import Plan, Stream
from scoreline.core.moments import end_of_day, older_than
from scoreline.core.records import StreamState


def newest_event(state: StreamState, moment: datetime) -> datetime | None:
    """The newest recorded event before a moment; None if there is none.

    Of each day the earliest and the newest event are recorded: where the moment lies
    between the two, the earliest stands for the day (older, so never too fresh).
    """
    days = _event_days(state.events)
    index = bisect_right(days, moment, key=_earliest) - 1
    while index >= 0:
        low, high = days[index]
        if high < moment:
            return high
        if low < moment:
            return low
        index -= 1
    return None


def staleness(
    plan: Plan,
    stream: Stream,
    state: StreamState | None,
    extracted: datetime | None,
    day: date,
    now: datetime,
) -> str | None:
    """Why a stream is stale on a day, in words; None if it is fresh or has no limit.

    Measured at min(now, end of the day): the event's age counts, not the run's (with
    `fresh_by: extract`, the age of the newest successful look at the source).
    """
    limit = stream.fresh_within
    if limit is None or state is None:
        return None
    organisation = plan.organisation
    zone = ZoneInfo(organisation.timezone)
    moment = min(now, end_of_day(day, zone))
    if stream.fresh_by == "extract":
        if extracted is None:
            return f"{stream.full_name} was never read with success"
        event, what = min(extracted, moment), "was last read"
    else:
        found = newest_event(state, moment)
        if found is None:
            return f"{stream.full_name} has no event up to {day}"
        event, what = found, "has its newest event"
    if not older_than(event, moment, limit, organisation.holidays, zone):
        return None
    local = (event + timedelta(0)).astimezone(zone)
    return f"{stream.full_name} {what} on {local:%Y-%m-%d %H:%M}, more than {limit} before"


def _earliest(day: tuple[datetime, datetime]) -> datetime:
    return day[0]


@lru_cache(maxsize=256)
def _event_days(events: str) -> tuple[tuple[datetime, datetime], ...]:
    pairs = (line.split(",")[1:3] for line in events.splitlines())
    return tuple((datetime.fromisoformat(low), datetime.fromisoformat(high)) for low, high in pairs)
