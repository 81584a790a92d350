"""The array of one JSON document: each record cut out as it stands, its numbers untouched.

What belongs here: finding where records begin and end, set-based and in bounded memory. What
does not: the way to the array (`document`), and parsing records (the caller's).

Within a block, a quote counts unless an odd number of backslashes stands before it; what has an
odd number of quotes before it is inside a text. Outside texts every bracket changes the depth by
one, and a record ends at a comma, or the array's closing bracket, at the array's own depth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from connectors.errors import PermanentError
from connectors.jsontext.document import JsonDocument
from connectors.jsontext.source import BLOCK, LONGEST, SCHEMA, SPACE, TextReader
from connectors.receipt import RaggedRow, Tally

Positions = NDArray[np.intp]
BACKSLASH, QUOTE, COMMA, BLANK = 92, 34, 44, 32
_STEP = np.zeros(256, dtype=np.int64)
_STEP[list(b"[{")] = 1
_STEP[list(b"]}")] = -1
_MARKS = np.zeros(256, dtype=bool)
_MARKS[list(b"[]{},")] = True
MOST_REFUSED = 1_000_000
SHOWN = 200


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where records end in a block; `closed` is where the array does, None if it goes on."""

    ends: Positions
    closed: int | None


class JsonRecords:
    """The records of one document's array; iterate once.

    Attributes:
        start: bytes of text before the first item, after `open`.
        end: bytes of text up to the array's closing bracket, after the last batch.
    """

    def __init__(self, source: TextReader, records: str | None, tally: Tally) -> None:
        self._source = source
        self._document = JsonDocument(source, records)
        self._tally = tally
        self._row = 0
        self._inside = False
        self._depth = 0
        self.start = 0
        self.end = 0

    def open(self) -> None:
        """Moves to the array, so that a wrong way to it is known before any row.

        Raises:
            PermanentError: there is no array of records.
        """
        self._document.enter()
        self.start = self._document.offset

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """The batches, as those of NDJSON: a column `_line` with one record each.

        Raises:
            PermanentError: the document is malformed or cut short, or a record is too long.
        """
        try:
            offset, held = self._document.offset, b""
            data = self._document.rest()
            while True:
                cut = self._cut(data)
                block = held + data
                ends = cut.ends + len(held)
                if ends.size:
                    yield self._batch(block, ends, closed=cut.closed is not None)
                if cut.closed is not None:
                    break
                start = int(ends[-1]) + 1 if ends.size else 0
                held, offset = block[start:], offset + start
                self._refuse_long(held)
                data = self._whole(self._source.read(BLOCK))
                if not data:
                    raise self._document.truncated(offset + len(held))
            end = int(ends[-1]) + 1
            self.end = offset + end
            self._document.leave(self.end, block[end:])
        finally:
            self._source.close()
        self._tally.counted_rows = self._row

    def _whole(self, data: bytes) -> bytes:
        """A block that does not end with a backslash, whose meaning the next byte decides."""
        while data.endswith(b"\\") and (more := self._source.read(1)):
            data += more
        return data

    def _cut(self, data: bytes) -> _Cut:
        view = np.frombuffer(data, dtype=np.uint8)
        quotes = _unescaped(view, data)
        marks = np.flatnonzero(_MARKS[view])
        inside = (np.searchsorted(quotes, marks) + self._inside) % 2 == 1
        self._inside = bool((quotes.size + self._inside) % 2)
        marks = marks[~inside]
        depth = self._depth + np.cumsum(_STEP[view[marks]])
        closing = np.flatnonzero(depth < 0)
        closed = int(marks[closing[0]]) if closing.size else None
        if depth.size:
            self._depth = int(depth[-1])
        commas = marks[(depth == 0) & (view[marks] == COMMA)]
        if closed is None:
            return _Cut(commas, None)
        return _Cut(np.append(commas[commas < closed], closed), closed)

    def _batch(self, block: bytes, ends: Positions, *, closed: bool) -> pa.RecordBatch:
        text = np.frombuffer(block, dtype=np.uint8)[: int(ends[-1]) + 1].copy()
        text[ends] = BLANK
        offsets = np.concatenate((np.zeros(1, dtype=np.int32), (ends + 1).astype(np.int32)))
        lines = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text))
        lines = pc.ascii_trim(lines, characters=SPACE)
        if closed and self._row == 0 and len(lines) == 1 and not lines[0].as_py():
            lines = lines.slice(1)  # an empty array
        first = self._row + 1
        self._row += len(lines)
        numbers = pa.array(np.arange(first, self._row + 1, dtype=np.int64))
        objects = pc.starts_with(lines, "{")
        if pc.all(objects, min_count=0).as_py():
            return pa.record_batch([lines, numbers], schema=SCHEMA)
        self._refuse(lines.filter(pc.invert(objects)), numbers.filter(pc.invert(objects)))
        return pa.record_batch([lines.filter(objects), numbers.filter(objects)], schema=SCHEMA)

    def _refuse(self, lines: pa.StringArray, numbers: pa.Int64Array) -> None:
        """Sets aside items that are no objects; an item of nothing spoils the document."""
        for line, row in zip(lines.to_pylist(), numbers.to_pylist(), strict=True):
            if not line or len(self._tally.ragged) >= MOST_REFUSED:
                what = "is empty" if not line else "is not an object, like a million before it"
                raise PermanentError(
                    f"item {row:,} of the array {what}",
                    where=self._source.where,
                    do="Export it again",
                )
            self._tally.ragged.append(RaggedRow(row, line[:SHOWN], "the item is not an object"))

    def _refuse_long(self, held: bytes) -> None:
        if len(held) > LONGEST:
            raise PermanentError(
                f"the item after row {self._row:,} is longer than {LONGEST >> 20} MiB",
                where=self._source.where,
                do="Is the option records the way to the rows?",
            )


def _unescaped(view: NDArray[np.uint8], data: bytes) -> Positions:
    """The quotes that begin or end a text."""
    quotes: Positions = np.flatnonzero(view == QUOTE)
    if b"\\" not in data:
        return quotes
    slashes = np.flatnonzero(view == BACKSLASH)
    first = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)
    length = np.diff(first, append=slashes.size)
    escaped = slashes[first][length % 2 == 1] + length[length % 2 == 1]
    plain: Positions = np.setdiff1d(quotes, escaped, assume_unique=True)
    return plain
