"""A spreadsheet's values as text.

What belongs here: one cell. What does not: rows and columns (`sheet`).

A number is a binary double in this format: its shortest text that means the same double is
delivered, without a ".0" and without an exponent. Dates and times are ISO 8601, a length of
time is hours:minutes:seconds, true and false are words, text is as it is.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

WHOLE = 1e15  # below it, a double that is a whole number is exactly that number
DIGITS = 15
LARGEST_EXPONENT = 40


class CellTexts:
    """Texts of the cells of one column.

    Attributes:
        long: how many numbers have more digits than a spreadsheet shows.
        first_long: the first of them, with its row in the sheet.
    """

    def __init__(self, decimal_mark: str = ".") -> None:
        self.long = 0
        self.first_long = ""
        self._mark = decimal_mark

    def of(self, value: Any, row: int) -> str:
        """The text of a value that stands in the sheet's row `row` (from 1)."""
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float):
            return self._number(value, row)
        if isinstance(value, date | datetime | time):
            return value.isoformat()
        if isinstance(value, timedelta):
            return _length(value)
        return str(value)

    def _number(self, value: float, row: int) -> str:
        if value.is_integer() and abs(value) < WHOLE:
            return str(int(value))
        text = repr(value)
        exact = Decimal(text)
        if len(exact.normalize().as_tuple().digits) > DIGITS:
            self.long += 1
            self.first_long = self.first_long or f"{text} in row {row}"
        if "e" in text and abs(exact.adjusted()) <= LARGEST_EXPONENT:
            text = format(exact, "f")
        return text.replace(".", self._mark) if self._mark != "." else text


def _length(value: timedelta) -> str:
    """A length of time, such as 42:05:00; hours beyond a day stay hours."""
    sign = "-" if value < timedelta(0) else ""
    value = abs(value)
    minutes, seconds = divmod(value.days * 86_400 + value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{sign}{hours:02}:{minutes:02}:{seconds:02}"
    return f"{text}.{value.microseconds:06}" if value.microseconds else text
