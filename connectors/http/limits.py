"""How long to wait: what servers ask for, and a pace of our own.

What belongs here: reading waits from headers, spacing requests. What does not: sending them.

Sources: RFC 9110 10.2.3 (Retry-After: seconds or a date); draft-ietf-httpapi-ratelimit-headers
(RateLimit-Reset: seconds); vendors' X-RateLimit-Reset (seconds, or an instant in epoch seconds).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

EPOCH = 1_000_000_000
"""A reset beyond this is an instant, not a number of seconds."""


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The pause a server asks for, in seconds; None where it names none.

    Args:
        headers: with lower-case names.
        now: UTC.
    """
    asked = headers.get("retry-after", "").strip()
    if asked:
        return _seconds(asked, now)
    for name in ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"):
        if headers.get(name, "").strip():
            return _seconds(headers[name].strip(), now)
    return None


def spent(headers: Mapping[str, str]) -> bool:
    """Whether the headers say that no request is left in this window."""
    names = ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")
    found = [headers[name].strip() for name in names if headers.get(name, "").strip()]
    try:
        return any(float(value) <= 0 for value in found)
    except ValueError:
        return False


def _seconds(asked: str, now: datetime) -> float | None:
    try:
        number = float(asked)
    except ValueError:
        try:
            moment = parsedate_to_datetime(asked)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max((moment - now).total_seconds(), 0.0)
    if number > EPOCH:
        return max(number - now.timestamp(), 0.0)
    return max(number, 0.0)


class Pace:
    """Requests spaced evenly over all threads; `hold` stops them all for a while."""

    def __init__(
        self, per_second: float | None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._sleep = sleep
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for the next place."""
        with self._lock:
            now = time.monotonic()
            start = max(self._next, now)
            self._next = start + self._gap
        if start > now:
            self._sleep(start - now)

    def hold(self, seconds: float) -> None:
        """No request before so many seconds have passed."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)
