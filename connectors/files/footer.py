"""Rows at the end of a file that are declared to be no data: totals, "exported on".

What belongs here: holding back the last rows of a stream until its end is known. What does
not: finding rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.batch import ROW
from connectors.receipt import Tally


class Footer:
    """Keeps the last `rows` rows out; refused rows among them are no longer refused."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._held: pa.Table | None = None

    def past(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """The rows that certainly have so many after them; the others are held back."""
        if not self._rows:
            yield batch
            return
        parts = [] if self._held is None else self._held.to_batches()
        table = pa.Table.from_batches([*parts, batch])
        sure = max(table.num_rows - self._rows, 0)
        self._held = table.slice(sure)
        yield from table.slice(0, sure).to_batches()

    def last(self, tally: Tally) -> Iterator[pa.RecordBatch]:
        """The held rows that are data, once every row is counted (`tally.counted_rows`).

        Row numbers leave nothing out, so the footer is what has the highest ones.
        """
        if not self._rows or tally.counted_rows is None:
            return
        tally.footer_rows = min(self._rows, tally.counted_rows)
        tally.counted_rows -= tally.footer_rows
        tally.ragged = [row for row in tally.ragged if row.row <= tally.counted_rows]
        if self._held is not None:
            data = pc.less_equal(self._held.column(ROW), tally.counted_rows)
            yield from self._held.filter(data).to_batches()
