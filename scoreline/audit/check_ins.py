"""What people had said of a key result by the time of a score.

What belongs here: overrides and plain check-ins out of their ledger bodies. What does not:
recording them (store), scoring (core).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from scoreline.core.exact import Exact, parse_exact
from scoreline.core.observed import Override, ValueOn


class CheckInsThen:
    """What people had said of a key result by then, oldest first."""

    def __init__(self, bodies: Iterable[Mapping[str, Any]], as_of: date, factor: int) -> None:
        upto = as_of.isoformat()
        self._bodies = [b for b in bodies if b["value"] is not None and b["day"] <= upto]
        self._factor = factor

    @property
    def nothing(self) -> bool:
        """Whether nobody gave a value."""
        return not self._bodies

    def override_on(self, day: date) -> Mapping[str, Any] | None:
        """The override in force on a day: the newest of those that cover it."""
        text = day.isoformat()
        covering = (b for b in reversed(self._bodies) if b["until"] is not None)
        return next((b for b in covering if b["day"] <= text <= b["until"]), None)

    def plain_on(self, day: date) -> Exact | None:
        """The value of the newest plain check-in up to a day."""
        text = day.isoformat()
        plain = [b for b in reversed(self._bodies) if b["until"] is None and b["day"] <= text]
        newest = max(plain, key=lambda b: str(b["day"]), default=None)
        return None if newest is None else Exact(parse_exact(newest["value"]))

    def value_on(self, day: date, data: ValueOn) -> Exact | None:
        """A person's value where one is in force, else the data's."""
        override = self.override_on(day)
        if override is not None:
            return Exact(parse_exact(override["value"]) / self._factor)
        return data(day)

    def mark_on(self, day: date) -> Override | None:
        """How the score is marked while a person's value is in force."""
        found = self.override_on(day)
        if found is None:
            return None
        return Override(found["who"], found["reason"] or "", date.fromisoformat(found["until"]))
