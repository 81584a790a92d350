"""Verifying records: each one's bytes, its columns, its row and its series, in one reading.

What belongs here: what can be said of a record by looking at it and its row. What does not:
what records are to one another (verifying, verifying_rows), computing again (audit).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from pydantic_core import from_json
from sqlalchemy import ColumnElement, Connection, select

from scoreline.core.digests import digest
from scoreline.store.bodies import SUBJECTS
from scoreline.store.codec import unpacked
from scoreline.store.rows import Finding
from scoreline.store.schema import ledger_records, series_values
from scoreline.store.verifying_rows import REFERENCES, Reference, expired_values
from scoreline.store.walking import WALKED, Walked

PAGE = 2000
"""Records read at a time."""

Columns = tuple[Any, ...]

_NOTHING = digest(b"")
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError)


def checked(
    connection: Connection, after: int = 0, upto: int | None = None
) -> Iterator[Walked | Finding]:
    """Check every record of a range, and the rows of its numbers.

    Args:
        connection: of one snapshot.
        after: begin behind this record (0: with the first, and rows before it).
        upto: end with this record (None: with the newest, and rows behind it).

    Yields:
        What is wrong, and of the kinds that scores rest on each record.
    """
    page = _Page(connection)
    query = select(ledger_records).order_by(ledger_records.c.seq).limit(PAGE)
    if upto is not None:
        query = query.where(ledger_records.c.seq <= upto)
    last: int | None = after or None
    while True:
        behind = query if last is None else query.where(ledger_records.c.seq > last)
        records = connection.execute(behind).all()
        end = records[-1].seq if len(records) == PAGE else upto
        page.read(last, end)
        yield from page.checked(records, last or 0)
        yield from page.left_over()
        if len(records) < PAGE:
            return
        last = end


class _Page:
    """Some thousand records and their rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._expired = expired_values(connection, lenient=True)
        self._rows: dict[str, dict[int, Columns]] = {}
        self._found: list[Finding] = []

    def read(self, after: int | None, upto: int | None) -> None:
        """Read the rows whose key lies in the range."""
        for kind, of in REFERENCES.items():
            names = ("record", *of.columns, *(_SERIES if of.table is series_values else ()))
            query = select(*(of.table.c[name] for name in names))
            rows = self._connection.execute(query.where(*_within(of, after, upto)))
            self._rows[kind] = {row[0]: row for row in rows.all()}

    def checked(self, records: Sequence[Columns], last: int) -> Iterator[Walked | Finding]:
        """Check each record; numbers follow one another from `last` on."""
        for seq, block, position, kind, subject, said, content in records:
            last += 1
            if seq != last:
                self._say(seq, f"follows record {last - 1}: records are missing")
                last = seq
            if sha256(content).hexdigest() != said:
                self._say(seq, "its bytes do not have its digest: it was changed")
            body = _body(content)
            named = _identity(body)
            if named != (kind, subject):
                words = f"its bytes are a {named[0]} of {named[1]}, filed as {kind} of {subject}"
                self._say(seq, words)
            if (block is None) != (position is None):
                self._say(seq, "has a block without a position, or the other way round")
            row = self._row(seq, kind, body)
            text = self._series(said, row) if kind == "value" and row is not None else None
            if self._found:
                yield from self._found
                self._found.clear()
            if kind == "value":
                if row is not None:
                    _, request, _, named_series, coding, _, packed = row
                    yield Walked(seq, kind, said, None, request, named_series, coding, packed, text)
            elif kind in WALKED:
                yield Walked(seq, kind, said, content, parsed=body)

    def left_over(self) -> Iterator[Finding]:
        """Rows in the range that no record of their kind has."""
        for kind, rows in self._rows.items():
            name = REFERENCES[kind].table.name
            for seq in sorted(rows):
                yield Finding(f"{name} {seq}", f"refers to no {kind} in the ledger")

    def _row(self, seq: int, kind: str, body: Any) -> Columns | None:
        """The row of a record, held against its body; None where it has or needs none."""
        rows = self._rows.get(kind)
        if rows is None:
            return None
        row, of = rows.pop(seq, None), REFERENCES[kind]
        if row is None:
            self._say(seq, f"has no row in {of.table.name}")
            return None
        place = f"{of.table.name} {seq}"
        try:
            said = of.said(body)
        except _DAMAGED:
            self._found.append(Finding(place, "its ledger record cannot be read"))
            return row
        there = row[1 : 1 + len(said)]
        if there != said:
            for name, is_, should in zip(of.columns, there, said, strict=True):
                if is_ != should:
                    words = f"{name} is {is_!r}, the ledger says {should!r}"
                    self._found.append(Finding(place, words))
        return row

    def _series(self, said: str, row: Columns) -> str | None:
        """The text of a value's series, held against its digests; None where it has none."""
        seq, _, _, series_digest, coding, stored, packed = row
        if packed == b"" and stored == _NOTHING and said in self._expired:
            return None
        text = None
        try:
            text = unpacked(coding, packed)
            whole = sha256(text.encode()).hexdigest() == series_digest
        except (ValueError, zlib.error):
            whole = False
        if not whole or sha256(packed).hexdigest() != stored:
            words = "its series does not have its digest"
            self._found.append(Finding(f"series_values {seq}", words))
        return text

    def _say(self, seq: int, what: str) -> None:
        self._found.append(Finding(f"ledger record {seq}", what))


_SERIES = ("coding", "stored_digest", "series")


def _within(of: Reference, after: int | None, upto: int | None) -> Iterator[ColumnElement[bool]]:
    key = of.table.c.record
    if after is not None:
        yield key > after
    if upto is not None:
        yield key <= upto


def _body(content: bytes) -> Any:
    """What a record says; None where it is no JSON, or more than one text of it."""
    try:
        return from_json(content)
    except ValueError:
        return None


def _identity(body: Any) -> tuple[Any, Any]:
    try:
        return body["record"], body[SUBJECTS[body["record"]]]
    except (TypeError, KeyError):
        return "damaged record", None
