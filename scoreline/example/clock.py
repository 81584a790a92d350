"""The example's days and how they are written.

What belongs here: the pinned day, the spans that exports cover, and the systems' ways
to write a time. What does not: what happens on those days.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

HISTORY_STARTS = date(2025, 1, 1)
CYCLE_STARTS = date(2026, 7, 1)
PINNED_DAY = date(2026, 11, 20)
ZONE = ZoneInfo("Europe/Berlin")


def days(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def day_between(chance: Random, first: date, last: date) -> date:
    """A day from `first` to `last`, both included and equally likely."""
    return first + timedelta(days=chance.randint(0, (last - first).days))


def office_time(chance: Random, day: date) -> datetime:
    """A naive local time on that day between 08:00 and 17:59:59."""
    return datetime.combine(day, time(8)) + timedelta(seconds=chance.randrange(10 * 3600))


def iso_week(day: date) -> str:
    """The ISO week as exports are named by it, such as `2026-W27`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def month(day: date) -> str:
    """The month as exports are named by it, such as `2026-07`."""
    return f"{day:%Y-%m}"


def berlin_iso(moment: datetime) -> str:
    """A naive Berlin time as ISO 8601 with its offset, such as `2026-07-01T09:00:00+02:00`."""
    return moment.replace(tzinfo=ZONE).isoformat()


def as_utc(moment: datetime) -> datetime:
    """A naive Berlin time in UTC."""
    return moment.replace(tzinfo=ZONE).astimezone(UTC)
