"""Instants against days: the end of a day in a zone, ages, working days and durations.

What belongs here: what turns a calendar day into an instant or an instant into an age.
What does not: reading the clock (a caller passes every moment), windows (periods).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

from scoreline.core.model import Duration

_SECOND = timedelta(seconds=1)
_DURATION = re.compile(r"([1-9][0-9]{0,5})(?:([hdw])| (hour|day|week|workday)s?)")
_UNITS: dict[str, Literal["hours", "days", "weeks", "workdays"]] = {
    "h": "hours",
    "d": "days",
    "w": "weeks",
    "hour": "hours",
    "day": "days",
    "week": "weeks",
    "workday": "workdays",
}
_HOURS = {"hours": 1, "days": 24, "weeks": 168}


def parse_duration(text: str) -> Duration:
    """A length of time as the definitions write it: `36h`, `2d`, `2w`, `2 workdays`.

    The long forms of `str(Duration)` (`36 hours`) are read as well.

    Raises:
        ValueError: for anything else, 0 among it; the text says what is legal.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f"{text!r} is not a duration: legal are a whole number from 1 with h, d or w "
            "(36h, 90d, 2w) or working days (2 workdays)"
        )
    return Duration(int(found[1]), _UNITS[found[2] or found[3]])


def end_of_day(day: date, tz: tzinfo) -> datetime:
    """The first instant, in UTC, from which on the zone's local date is later than `day`.

    Mostly the next local midnight. Where the zone skips midnight it is the moment of the
    skip; where its clocks go back across midnight, it is the last of the two midnights,
    for the minutes between them belong to `day` again.
    """
    midnight = datetime.combine(_following(day), time(0), tz)
    candidates = sorted(midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    earliest, latest = candidates
    if _local_day(latest - _SECOND, tz) <= day:
        return latest
    before, after = earliest - _SECOND, latest
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if _local_day(middle, tz) > day:
            after = middle
        else:
            before = middle
    return after


def working_days(after: date, upto: date, holidays: Collection[date]) -> int:
    """How many of the days in (after, upto] are Monday to Friday and not a holiday."""
    if upto <= after:
        return 0
    weeks, rest = divmod((upto - after).days, 7)
    weekday = after.weekday()
    extra = sum(1 for step in range(1, rest + 1) if (weekday + step) % 7 < 5)
    free = sum(1 for day in set(holidays) if after < day <= upto and day.weekday() < 5)
    return weeks * 5 + extra - free


def older_than(
    event: datetime,
    moment: datetime,
    limit: Duration,
    holidays: Collection[date],
    tz: tzinfo,
) -> bool:
    """Whether, at `moment`, an event is older than the limit.

    Hours, days (24 hours) and weeks are elapsed time. Working days are those in
    (the event's local day, the moment's local day]; at the end of a day, the local day
    of the moment is the day that ends.

    Raises:
        ValueError: where `event` or `moment` has no time zone.
    """
    for name, instant in (("event", event), ("moment", moment)):
        if instant.utcoffset() is None:
            raise ValueError(f"the {name} {instant.isoformat()} has no time zone: give it one")
    if limit.unit != "workdays":
        age = moment.astimezone(UTC) - event.astimezone(UTC)
        return age > timedelta(hours=limit.amount * _HOURS[limit.unit])
    upto = _closing_day(moment, tz)
    return working_days(_local_day(event, tz), upto, holidays) > limit.amount


def _closing_day(moment: datetime, tz: tzinfo) -> date:
    """The local day of a moment; the day that ends where the moment is a day's end."""
    day = _local_day(moment, tz)
    if day == date.min:
        return day
    before = day - timedelta(days=1)
    return before if end_of_day(before, tz) == moment.astimezone(UTC) else day


def _local_day(moment: datetime, tz: tzinfo) -> date:
    return moment.astimezone(tz).date()


def _following(day: date) -> date:
    if day == date.max:
        raise ValueError(f"{day} is the last day there is: it has no end")
    return day + timedelta(days=1)
