"""How far an extraction goes: from a remembered position, less the overlap, to the newest row.

What belongs here: the position that is remembered, and the survey that counts what there is to
read. What does not: reading rows.

The position after an extraction is the highest cursor it saw (but never later than the present:
one row that is dated far ahead must not hide the others) and the digest of the rows that the
next extraction will find first: those within the overlap, and those without a cursor. As long
as that digest stays the same, there is nothing new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.sql.database import Session
from connectors.sql.mark import Mark
from connectors.sql.relation import Reading


@dataclass(frozen=True, slots=True)
class Position:
    """What is remembered of an incremental stream.

    Attributes:
        source: the relation that it belongs to, and the cursor column's name.
        mark: the highest cursor so far; None where no row had one.
        rows: how many rows the next extraction finds again, those without a cursor included.
        digest: of their contents.
    """

    source: str
    mark: Mark | None
    rows: int
    digest: str

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None, source: str) -> Position | None:
        """The position in what a caller kept; None where it is of another relation or cursor."""
        if not kept or kept.get("source") != source:
            return None
        return cls(source, Mark.read(kept), int(kept.get("rows", 0)), str(kept.get("digest", "")))

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        mark = self.mark.as_dict() if self.mark else {"kind": None, "value": None}
        return {"source": self.source, **mark, "rows": self.rows, "digest": self.digest}


@dataclass(frozen=True, slots=True)
class Window:
    """What an incremental extraction reads.

    Attributes:
        low: rows from this cursor on; None for all that have one.
        high: the highest cursor that is there; None where no row has one.
        mark: where the next extraction starts, before its overlap.
        dated: rows with a cursor from `low` on.
        undated: rows without a cursor, which are read each time.
        again: how many of the dated rows, at their end, the next extraction reads again.
        ahead: whether the highest cursor lies in the future.
    """

    low: Mark | None
    high: Mark | None
    mark: Mark | None
    dated: int
    undated: int
    again: int
    ahead: bool

    @property
    def rows(self) -> int:
        """All rows of the extraction."""
        return self.dated + self.undated

    @property
    def range(self) -> str:
        """The range in an object's name."""
        first = self.low.text if self.low else "start"
        return f"{first}..{self.high.text if self.high else 'none'}"


def source_of(reading: Reading) -> str:
    """What a position of this reading belongs to."""
    return f"{reading.relation.source} by {reading.cursor.name if reading.cursor else ''}"


def survey(
    session: Session,
    reading: Reading,
    since: Position | None,
    overlap: str | None,
    now: datetime,
) -> Window:
    """Counts what there is to read; rows are not fetched.

    Raises:
        ConnectorError: the database does not answer.
        OptionError: the overlap does not fit the cursor.
    """
    where, kind = session.where, reading.cursor.kind if reading.cursor else "text"
    before = since.mark if since else None
    low = before.less(overlap, where) if before else None
    newest, dated = session.one(reading.newest(low))
    undated = session.number(reading.count(reading.has_no_cursor()))
    high = None if newest is None else Mark.of(kind, newest, where)
    reached = before if high is None else high.not_after(now).or_later(before)
    following = reached.less(overlap, where) if reached else None
    again = int(dated)
    if following != low:
        again = session.number(reading.count(reading.reaches(following)))
    return Window(
        low=low,
        high=high,
        mark=reached,
        dated=int(dated),
        undated=undated,
        again=min(again, int(dated)),
        ahead=high is not None and high.not_after(now) != high,
    )
