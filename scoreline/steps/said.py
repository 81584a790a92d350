"""What people said of one key result: the check-in or override that counts on a day.

What belongs here: choosing among check-ins, and when the newest is too old. What does not:
taking them in (checking_in), values from data (observing).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from scoreline.core.exact import Exact, parse_exact
from scoreline.core.periods import shift
from scoreline.core.records import CheckIn

_ROUNDS = {
    "weekly": (7, "d"),
    "biweekly": (14, "d"),
    "monthly": (1, "m"),
    "quarterly": (1, "q"),
}


class Said:
    """The check-ins of a key result that have a value."""

    __slots__ = ("_plain", "_set")

    def __init__(self, check_ins: Sequence[CheckIn]) -> None:
        """`check_ins` are oldest first."""
        newest_first = [c for c in reversed(check_ins) if c.value is not None]
        self._set = [c for c in newest_first if c.until is not None]
        self._plain = [c for c in newest_first if c.until is None]

    def override_on(self, day: date) -> CheckIn | None:
        """The override in force on a day: the newest of those that cover it."""
        if not self._set:
            return None
        return next((c for c in self._set if c.day <= day <= (c.until or day)), None)

    def checked_in(self, day: date) -> CheckIn | None:
        """The plain check-in of the newest day up to a day; of one day, the one said last."""
        upto = [c for c in self._plain if c.day <= day]
        return max(upto, key=lambda c: c.day, default=None)

    def value_on(self, day: date) -> Exact | None:
        """The value of the check-in that counts on a day."""
        found = self.checked_in(day)
        return Exact(parse_exact(found.value)) if found and found.value else None

    def too_old(self, day: date, today: date, cadence: str) -> str | None:
        """Why the newest check-in up to a day is too old, in words; None where it is not."""
        found = self.checked_in(day)
        if found is None:
            return None
        amount, unit = _ROUNDS[cadence]
        if found.day >= shift(min(day, today), -2 * amount, unit):  # type: ignore[arg-type]
            return None
        return f"the newest check-in is of {found.day}, older than two rounds ({cadence})"


NOTHING = Said(())
"""Nobody said anything."""
