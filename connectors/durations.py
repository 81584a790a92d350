"""Durations as definitions write them: 90s, 15m, 1h, 2d, 1w.

What belongs here: reading them, and the type of an option that is one. What does not: periods of
a calendar, which differ in length.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

_WRITTEN = re.compile(r"([0-9]{1,6}) ?([smhdw])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def is_duration(text: str) -> bool:
    """Whether a text is a duration."""
    return _WRITTEN.fullmatch(text.strip()) is not None


def seconds_of(text: str) -> int:
    """A duration such as 90s, 15m, 1h, 2d or 1w, in seconds.

    Raises:
        ValueError: it is none.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise ValueError("is not a duration such as 90s, 15m, 1h, 2d or 1w")
    return int(match[1]) * _SECONDS[match[2]]


def timedelta_of(text: str) -> timedelta:
    """The same as a span of time.

    Raises:
        ValueError: it is none.
    """
    return timedelta(seconds=seconds_of(text))


def _legal(text: str) -> str:
    seconds_of(text)
    return text


Duration = Annotated[str, AfterValidator(_legal)]
"""An option that is a duration, kept as it was written."""
