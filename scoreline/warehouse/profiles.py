"""What the values of a column look like, as profiling finds it.

What belongs here: the answers. What does not: the questions (profiling), and what is made of
the answers (workbench).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NumberForm:
    """How every number of a column is written: marks, most whole digits, most decimals.

    `lowest`, `highest` and `total` (over all cells) are plain decimal text.
    """

    decimal: str
    thousands: str | None
    whole: int
    scale: int
    lowest: str
    highest: str
    total: str


@dataclass(frozen=True, slots=True)
class TimeForm:
    """How every day or time of a column is written; no formats: ISO 8601."""

    is_day: bool
    formats: tuple[str, ...]
    zoned: bool
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column as received.

    Attributes:
        name: as delivered.
        native: the DuckDB type where the source is typed, else `VARCHAR`.
        rows: of the table.
        filled: cells that are neither empty nor one of `nothing`.
        empty: cells that are null or blank.
        nothing: texts that stand for no value, with their counts.
        distinct: different values among the filled.
        values: the values with their counts, most frequent first; empty where there are many.
        longest: characters of the longest value.
        number: how its numbers are written; None where a value is none.
        times: the ways in which all its values are days or times, likeliest first.
        is_boolean, is_json, has_leading_zero: of every filled value, or of any for the last.
        emails, addresses: filled cells that look like an e-mail or IP address.
        misfits: where all but a few values are numbers or days, or all are numbers with a sign
            such as %: what they would be, how many cells are not, and one of them.
    """

    name: str
    native: str
    rows: int
    filled: int
    empty: int
    nothing: tuple[tuple[str, int], ...]
    distinct: int
    values: tuple[tuple[str, int], ...]
    longest: int
    number: NumberForm | None
    times: tuple[TimeForm, ...]
    is_boolean: bool = False
    is_json: bool = False
    has_leading_zero: bool = False
    emails: int = 0
    addresses: int = 0
    misfits: tuple[str, int, str] | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every row has a value."""
        return self.filled == self.rows

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.is_complete and self.distinct == self.rows > 0
