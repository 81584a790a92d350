"""How long what was received is kept: ages and rules.

What belongs here: plain values and their words. What does not: what is removed by a rule,
and what has to stay in spite of it (steps.expiring).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

What = Literal["raw", "rows", "series"]
"""What a rule is about: bytes as received, rows (typed, loaded, set aside), measured series."""

KEPT: tuple[What, ...] = ("raw", "rows", "series")
AgeUnit = Literal["d", "w", "m", "y"]
_UNITS: dict[str, AgeUnit] = {"day": "d", "week": "w", "month": "m", "year": "y"}
_WORDS = {unit: word for word, unit in _UNITS.items()}
_LENGTH: dict[AgeUnit, int] = {"d": 1, "w": 7, "m": 30, "y": 365}
_AGE = re.compile(r"([1-9][0-9]{0,4}) ?(d|w|m|y|(?:day|week|month|year)s?)")


@dataclass(frozen=True, slots=True)
class Age:
    """An age by the calendar: `400 days`, `18 months`, `3 years`; no amount: for ever."""

    amount: int | None
    unit: AgeUnit = "d"

    def __str__(self) -> str:
        if self.amount is None:
            return "forever"
        return f"{self.amount} {_WORDS[self.unit]}{'' if self.amount == 1 else 's'}"

    def is_longer(self, other: Age) -> bool:
        """Whether it is the longer of two, a month being 30 days and a year 365."""
        if self.amount is None or other.amount is None:
            return self.amount is None and other.amount is not None
        return self.amount * _LENGTH[self.unit] > other.amount * _LENGTH[other.unit]


FOREVER = Age(None)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each thing is kept; what is None is not declared here."""

    raw: Age | None = None
    rows: Age | None = None
    series: Age | None = None

    def over(self, default: Retention) -> Retention:
        """These rules, and the default's where this says nothing."""
        return Retention(
            self.raw or default.raw, self.rows or default.rows, self.series or default.series
        )

    def of(self, what: What) -> Age:
        """How long that is kept."""
        found: Age | None = getattr(self, what)
        return found or FOREVER


def parse_age(text: str) -> Age:
    """The age that a text says: `400d`, `400 days`, `2w`, `18 months`, `3 years`, `forever`.

    Raises:
        ValueError: it is none.
    """
    if text == "forever":
        return FOREVER
    match = _AGE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no age")
    word = match[2].removesuffix("s")
    return Age(int(match[1]), _UNITS.get(word, word))  # type: ignore[arg-type]
