"""Words of the page: statuses, days, how long ago.

What belongs here: short texts that several pages share. What does not: numbers (core
figures), sentences of one page (its template).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

STATUS_WORDS = {
    "on_track": "on track",
    "at_risk": "at risk",
    "off_track": "off track",
    "achieved": "achieved",
    "missed": "missed",
    "pending": "too early to say",
    "not_started": "not started",
    "held": "held",
    "stale": "stale",
    "no_data": "no data",
    "incomplete": "incomplete",
    "withdrawn": "withdrawn",
    "closed": "closed",
}
"""Every status in the order in which pages list them, and its words."""


def status_words(status: str) -> str:
    """A status in words."""
    return STATUS_WORDS.get(status, status.replace("_", " "))


def day_words(day: date, *, weekday: bool = False) -> str:
    """`20 Nov 2026`, or with its weekday `Friday, 20 November 2026`."""
    return f"{day:%A, %-d %B %Y}" if weekday else f"{day:%-d %b %Y}"


def when(moment: datetime, zone: ZoneInfo) -> str:
    """`20 Nov 2026, 14:05` in a time zone."""
    return f"{moment.astimezone(zone):%-d %b %Y, %H:%M}"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago a moment was, in its largest unit: `3 days`, `5 h`, `2 min`, `now`."""
    return age(now - moment) if now - moment >= timedelta(minutes=1) else "now"


def age(gone: timedelta) -> str:
    """A length of time in its largest unit: `3 days`, `5 h`, `2 min`, `0 min`."""
    seconds = int(max(gone, timedelta(0)).total_seconds())
    for size, word in ((86400, "day"), (3600, "h")):
        count = seconds // size
        if count:
            return f"{count} {word}{'s' if word == 'day' and count != 1 else ''}"
    return f"{seconds // 60} min"


def took(length: timedelta) -> str:
    """How long something took: `52 s`, `3 min 10 s`."""
    seconds = int(length.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min {seconds % 60} s"
