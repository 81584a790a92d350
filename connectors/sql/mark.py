"""A position in the order of a cursor column: kept as text, exact, and moved back by an overlap.

What belongs here: the value of a cursor and its arithmetic. What does not: statements, and
what else is remembered of an extraction (position).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from connectors.errors import OptionError, PermanentError
from connectors.sql.kinds import TIMES, Name, text_of
from connectors.sql.options import overlap_of

ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.]\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?)?")
NUMBERS = ("integer", "decimal", "float")
BEHIND = timedelta(hours=1)  # where the option overlap is not set
BEHIND_NUMBER = 1000
AHEAD = timedelta(days=1)  # no zone's clock is further ahead of UTC


@dataclass(frozen=True, slots=True)
class Mark:
    """One value of a cursor column.

    Attributes:
        kind: what the value is.
        text: the value; times in ISO 8601, instants in UTC.
    """

    kind: Name
    text: str

    @classmethod
    def of(cls, kind: Name, value: Any, where: str) -> Mark:
        """The mark of a value as the driver gave it.

        Raises:
            PermanentError: nothing can be ordered by such a value.
        """
        kind = _kind_of(value) if kind == "text" else kind
        if kind in TIMES:
            value = _moment(value, where)
            if kind == "instant":
                value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        if kind == "boolean" or isinstance(value, bytes | list | dict):
            raise _unordered(type(value).__name__, where)
        return cls(kind, text_of(value))

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Mark | None:
        """The mark of what `as_dict` gave; None where there is none."""
        kind, text = kept.get("kind"), kept.get("value")
        return cls(cast(Name, kind), text) if isinstance(text, str) and kind else None

    def as_dict(self) -> dict[str, str]:
        """Plain JSON values."""
        return {"kind": self.kind, "value": self.text}

    def value(self) -> Any:
        """The value to compare a column with, for a driver."""
        if self.kind == "integer":
            return int(self.text)
        if self.kind == "decimal":
            return Decimal(self.text)
        if self.kind == "float":
            return float(self.text)
        if self.kind == "date":
            return date.fromisoformat(self.text)
        if self.kind in TIMES:
            return datetime.fromisoformat(self.text)
        return self.text

    def less(self, overlap: str | None, where: str) -> Mark | None:
        """The mark that is an overlap further back; None before the beginning of time.

        Args:
            overlap: the option's text; None for the default (an hour, a day for dates, 1000 for
                whole numbers, nothing for other texts).
            where: what is read, for errors.

        Raises:
            OptionError: the overlap is a duration and the cursor no time, or the reverse.
        """
        step = None if overlap is None else overlap_of(overlap)
        if self.kind in NUMBERS:
            return self._less_number(BEHIND_NUMBER if step is None else step, where)
        if step == 0 or (step is None and not self._is_time()):
            return self
        if isinstance(step, int) or not self._is_time():
            raise _mismatch(f"overlap is {overlap}, and the cursor is {self._described()}", where)
        try:
            return self.moved(-(BEHIND if step is None else step))
        except OverflowError:
            return None

    def _less_number(self, step: timedelta | int, where: str) -> Mark:
        if isinstance(step, timedelta):
            raise _mismatch("overlap is a duration, and the cursor is a number", where)
        if self.kind == "integer":
            return Mark("integer", str(int(self.text) - step))
        if self.kind == "float":
            return Mark("float", repr(float(self.text) - step))
        return Mark("decimal", format(Decimal(self.text) - step, "f"))

    def moved(self, step: timedelta) -> Mark:
        """The mark of the time that is `step` later, written in the same way."""
        if self.kind == "date":
            whole = timedelta(days=step // timedelta(days=1))
            return Mark("date", (date.fromisoformat(self.text) + whole).isoformat())
        return self.at(datetime.fromisoformat(self.text) + step)

    def at(self, moment: datetime) -> Mark:
        """A mark like this one at another moment, which has a zone if this one has."""
        if self.kind in ("timestamp", "instant"):
            return Mark(self.kind, moment.isoformat())
        return Mark(self.kind, _like(self.text, moment))

    def not_after(self, now: datetime) -> Mark:
        """This mark, or the present where it lies in the future.

        A single row that is dated far ahead must not hide all that come before it. The present
        of a local time is a day more, as no zone is written there.
        """
        if self.kind in NUMBERS or not self._is_time():
            return self
        mine = datetime.fromisoformat(self.text)
        zoned = mine.tzinfo is not None
        limit = now.astimezone(UTC) if zoned else now.astimezone(UTC).replace(tzinfo=None) + AHEAD
        limit = limit.replace(microsecond=0)
        return self.at(limit) if mine > limit else self

    def or_later(self, other: Mark | None) -> Mark:
        """The later of both, where they can be compared."""
        if other is None or other.kind != self.kind:
            return self
        mine, theirs = self.value(), other.value()
        try:
            return other if theirs > mine else self
        except TypeError:
            return self

    def _is_time(self) -> bool:
        return self.kind in TIMES or bool(ISO.fullmatch(self.text))

    def _described(self) -> str:
        return "a time" if self._is_time() else f"a {self.kind}"


def _kind_of(value: Any) -> Name:
    if isinstance(value, bool):
        return "boolean"
    for name, kind in ((int, "integer"), (float, "float"), (Decimal, "decimal")):
        if isinstance(value, name):
            return cast(Name, kind)
    if isinstance(value, datetime):
        return "timestamp" if value.tzinfo is None else "instant"
    return "date" if isinstance(value, date) else "text"


def _moment(value: Any, where: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
    except ValueError:
        raise PermanentError(
            f"the highest value of the cursor is {value[:40]!r}, which is no time",
            where=where,
            do="Correct that row, or read a query that leaves it out or gives it NULL",
        ) from None


def _like(text: str, moment: datetime) -> str:
    """A moment in the form of another ISO text; whole seconds are cut, never rounded up."""
    if len(text) == 10:
        return moment.date().isoformat()
    body = text[:-1] if text.endswith("Z") else text
    spec = "microseconds" if "." in body else "seconds" if body.count(":") > 1 else "minutes"
    written = moment.isoformat(sep=text[10], timespec=spec)
    return written.removesuffix("+00:00") + "Z" if text.endswith("Z") else written


def _mismatch(what: str, where: str) -> OptionError:
    return OptionError(
        "overlap",
        f"{what} ({where})",
        legal="a duration such as 1h for a cursor of times, a whole number for one of numbers",
    )


def _unordered(kind: str, where: str) -> PermanentError:
    return PermanentError(
        f"the cursor column holds values of type {kind}, which have no order to read by",
        where=where,
        do="Declare a cursor of times or whole numbers, or none",
    )
