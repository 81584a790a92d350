"""The time, as something that can be replaced.

What belongs here: the type of a clock and the real one. What does not: time zones of data.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)
