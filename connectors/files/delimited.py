"""CSV and TSV: every cell as text, in bounded memory, with the row count proved.

What belongs here: driving Arrow's parser and holding its count against our own. What does not:
the header, decoding, what a cell means.

The parser runs on one thread: only then does Arrow number the rows it refuses, and a streaming
reader gains nothing from a second one (5,000,000 rows: 0.85 s on one, 0.95 s on two).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from connectors.batch import ROW
from connectors.errors import PermanentError
from connectors.files.columns import ColumnPlan
from connectors.files.footer import Footer
from connectors.files.options import Dialect
from connectors.files.scan import RowCounter
from connectors.files.text import TextSource
from connectors.receipt import RaggedRow, Tally

BLOCK = 1 << 22
MOST_RAGGED = 1_000_000


class _Counted(io.RawIOBase):
    """The data as Arrow reads it, on a thread of its own; every byte passes the row counter."""

    def __init__(self, source: TextSource, counter: RowCounter) -> None:
        self._source = source
        self._counter = counter
        self._lock = Lock()
        self._ended = False
        self._failure: PermanentError | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if self._ended:
                return b""
            try:
                return self._next(size if size > 0 else BLOCK)
            except PermanentError as error:
                self._failure = error  # Arrow may lose it if its parser fails first
                raise

    def _next(self, size: int) -> bytes:
        data = self._source.read(size)
        if data:
            self._counter.feed(data)
        else:
            self._ended = True
            self._counter.finish()
        return data

    def drain(self) -> None:
        """Counts what the parser did not ask for; raises what any read has raised."""
        while self.read(BLOCK):
            pass

    def stop(self) -> None:
        """Closes the source once no read is under way."""
        with self._lock:
            self._ended = True
            self._source.close()


class DelimitedRows:
    """The rows of one delimited file; iterate once."""

    def __init__(
        self,
        source: TextSource,
        dialect: Dialect,
        plan: ColumnPlan,
        *,
        width: int,
        data_line: int,
        tally: Tally,
    ) -> None:
        self._source = source
        self._dialect = dialect
        self._plan = plan
        self._names = [f"c{i}" for i in range(width)]
        self._tally = tally
        self._counter = RowCounter(
            dialect.delimiter, dialect.quote, where=source.where, first_line=data_line
        )
        self._row = 0
        self._bad: list[int] = []

    def schema(self) -> pa.Schema:
        """The batches' schema: text throughout, then the row number."""
        fields = [pa.field(d.name, pa.string()) for d in self._plan.delivered]
        return pa.schema([*fields, pa.field(ROW, pa.int64(), nullable=False)])

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """The batches.

        Raises:
            PermanentError: the file is malformed, or the two counts differ.
        """
        counted = _Counted(self._source, self._counter)
        schema = self.schema()
        parsed = 0
        footer = Footer(self._dialect.footer_rows)
        try:
            for batch in self._parsed(counted):
                parsed += batch.num_rows
                yield from footer.past(self._named(batch, schema))
            counted.drain()
        finally:
            counted.stop()
        self._reconcile(parsed)
        yield from footer.last(self._tally)

    def _parsed(self, counted: _Counted) -> Iterator[pa.RecordBatch]:
        if not self._source.peek(1)[0]:
            return
        try:
            with self._open(counted) as parser:
                yield from parser
        except pa.ArrowInvalid as error:
            counted.drain()  # the counter may know better what is wrong, and where
            raise PermanentError(
                f"the parser stopped: {_explain(error)}",
                where=self._source.where,
                do="Check the options delimiter and quote",
            ) from error

    def _open(self, counted: _Counted) -> Any:
        used = sorted({d.index for d in self._plan.delivered if d.index is not None}) or [0]
        names = [self._names[i] for i in used]
        return arrow_csv.open_csv(
            pa.PythonFile(counted, mode="r"),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=BLOCK, column_names=self._names
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self._dialect.delimiter,
                quote_char=self._dialect.quote or False,
                double_quote=True,
                escape_char=False,
                newlines_in_values=bool(self._dialect.quote),
                ignore_empty_lines=True,
                invalid_row_handler=self._refused,
            ),
            convert_options=arrow_csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=names,
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )

    def _refused(self, row: Any) -> str:
        if len(self._tally.ragged) >= MOST_RAGGED:
            return "error"
        found, expected = row.actual_columns, row.expected_columns
        reason = f"the row has {found} cells where {expected} are expected"
        self._tally.ragged.append(RaggedRow(row.number, row.text, reason))
        self._bad.append(row.number)
        return "skip"

    def _named(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        arrays = [
            pa.nulls(batch.num_rows, pa.string())
            if d.index is None
            else batch.column(self._names[d.index])
            for d in self._plan.delivered
        ]
        # not pa.array: it imports pandas where that is installed, which takes half a second
        numbers = pa.py_buffer(self._numbers(batch.num_rows))
        rows = pa.Array.from_buffers(pa.int64(), batch.num_rows, [None, numbers])
        return pa.record_batch([*arrays, rows], schema=schema)

    def _numbers(self, count: int) -> NDArray[np.int64]:
        """The next row numbers, leaving out those refused.

        The parser reads ahead, so every refused row before a delivered one is known by now.
        """
        first = self._row + 1
        numbers = np.arange(first, first + count + len(self._bad), dtype=np.int64)
        if self._bad:
            numbers = np.setdiff1d(numbers, np.array(self._bad), assume_unique=True)[:count]
        if count:
            self._row = int(numbers[-1])
            self._bad = [n for n in self._bad if n > self._row]
        return numbers

    def _reconcile(self, parsed: int) -> None:
        tally, counter = self._tally, self._counter
        tally.counted_rows = counter.rows
        tally.blank_rows += counter.blank
        if counter.stray_quotes:
            tally.warnings.append(
                f"{counter.stray_quotes} quotes inside unquoted cells were taken as text"
            )
        seen = parsed + len(tally.ragged)
        if seen != counter.rows:
            raise PermanentError(
                f"the parser saw {seen:,} rows, the file has {counter.rows:,}",
                where=self._source.where,
                do="Check the options delimiter and quote; nothing was taken from this file",
            )


def _explain(error: pa.ArrowInvalid) -> str:
    text = str(error)
    if "straddl" in text:
        return f"a row is larger than {BLOCK >> 20} MiB"
    if "Row #" in text or "Expected" in text:
        return f"more than {MOST_RAGGED:,} rows do not have the header's number of cells"
    return text
