"""NDJSON: each line delivered as it stands, so that a number keeps its digits.

What belongs here: finding lines. What does not: parsing them. Arrow's JSON reader turns every
number into a double, so the lines go to the caller whole, who extracts source text from them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.errors import PermanentError
from connectors.files.text import TextSource
from connectors.jsontext.source import BLOCK, LONGEST, SCHEMA, SPACE
from connectors.receipt import Tally

HEAD = 1 << 10


class JsonLines:
    """The lines of one NDJSON file; iterate once. Lines of white space are not rows."""

    def __init__(self, source: TextSource, tally: Tally) -> None:
        self._source = source
        self._tally = tally
        self._row = 0
        self._lines = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """The batches.

        Raises:
            PermanentError: it is a JSON array, a line is beyond 64 MiB, or lines were lost.
        """
        self._refuse_document()
        rest: list[bytes] = []
        held = 0
        try:
            while data := self._source.read(BLOCK):
                end = data.rfind(b"\n") + 1
                if end:
                    yield self._batch(b"".join((*rest, data[:end])))
                    rest, held = [], 0
                rest.append(data[end:])
                held += len(data) - end
                self._refuse_long(held)
            if held:
                yield self._batch(b"".join(rest) + b"\n")
        finally:
            self._source.close()
        self._reconcile()

    def _refuse_document(self) -> None:
        """One document, an array or an object over several lines, is another format."""
        head, ended = self._source.peek(HEAD)
        start = head.lstrip(SPACE.encode())
        first = start.split(b"\n", 1)[0].strip(SPACE.encode())
        whole = b"\n" in start or ended
        if start[:1] == b"[" or (whole and first == b"{"):
            what = "array" if start[:1] == b"[" else "document over several lines"
            raise PermanentError(
                f"is one JSON {what}, not an object on each line",
                where=self._source.where,
                do="Set the option format: json (and records, the way to the array in it), "
                "or export it as NDJSON (also called JSON Lines)",
            )

    def _refuse_long(self, held: int) -> None:
        if held > LONGEST:
            raise PermanentError(
                f"the line after row {self._row:,} is longer than {LONGEST >> 20} MiB",
                where=self._source.where,
                do="Is each object on a line of its own?",
            )

    def _batch(self, block: bytes) -> pa.RecordBatch:
        """A block that ends with a line end, cut at its line ends."""
        self._lines += block.count(b"\n")
        ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n")) + 1
        offsets = np.concatenate((np.zeros(1, dtype=np.int32), ends.astype(np.int32)))
        lines = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(block))
        lines = pc.ascii_trim(lines, characters=SPACE)
        lines = lines.filter(pc.not_equal(pc.binary_length(lines), 0))
        self._tally.blank_rows += len(ends) - len(lines)
        first = self._row + 1
        self._row += len(lines)
        numbers = np.arange(first, self._row + 1, dtype=np.int64)
        return pa.record_batch([lines, pa.array(numbers)], schema=SCHEMA)

    def _reconcile(self) -> None:
        self._tally.counted_rows = self._lines - self._tally.blank_rows
        if self._tally.counted_rows != self._row:
            raise PermanentError(
                f"{self._row:,} rows were cut, the file has {self._tally.counted_rows:,}",
                where=self._source.where,
                do="Nothing was taken from this file; report it as a defect",
            )
