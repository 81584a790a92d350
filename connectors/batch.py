"""One batch: an object's bytes as received, and its rows as a stream of Arrow batches.

What belongs here: handing over rows once, in bounded memory, and the receipt afterwards.
What does not: how a format is parsed (each kind's readers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from connectors.clock import Clock
from connectors.errors import ConnectorError
from connectors.receipt import Origin, Receipt, Tally

Layout = Literal["columns", "json_lines"]
ROW = "_row"
LINE = "_line"
RAGGED_SCHEMA = pa.schema([("row", pa.int64()), ("text", pa.string()), ("reason", pa.string())])


class Batch:
    """The rows of one object. Everything but the counts is known before reading.

    Attributes:
        origin: where it came from.
        signature: the object's signature as of the copy; record it with the digest.
        raw_path: the copy of the bytes as received, not synced to disk; the caller's to keep.
        schema: of the batches that `reader` gives: the declared columns in their order,
            then kept new ones, then ``_row`` (int64, data row number from 1).
        layout: ``columns``; or ``json_lines``: one text column ``_line``, an object each.
        typed: False where every column is uninterpreted text.
        tally: the counts so far; header, extra and missing columns are there from the start.
        failure: the error that ended the reading, also where a consumer hid its type.
    """

    def __init__(
        self,
        origin: Origin,
        tally: Tally,
        schema: pa.Schema,
        rows: Callable[[], Iterator[pa.RecordBatch]],
        *,
        raw_path: Path,
        signature: str,
        clock: Clock,
        layout: Layout = "columns",
        typed: bool = False,
    ) -> None:
        self.origin = origin
        self.tally = tally
        self.schema = schema
        self.raw_path = raw_path
        self.signature = signature
        self.layout: Layout = layout
        self.typed = typed
        self.failure: ConnectorError | None = None
        self._rows = rows
        self._clock = clock
        self._started = False
        self._ended_at: str | None = None

    @property
    def object(self) -> str:
        """The object's name within its source."""
        return self.origin.object

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes as received, in hex."""
        return self.origin.sha256

    @property
    def cursor(self) -> Mapping[str, Any] | None:
        """Where the next extraction starts; None for kinds without a cursor."""
        return self.tally.cursor_to

    def reader(self) -> pa.RecordBatchReader:
        """The rows, once. Iterate over it or hand it to anything that reads Arrow streams.

        Raises:
            RuntimeError: it was asked for before.
            ConnectorError: (while iterating) the object is malformed.
        """
        if self._started:
            raise RuntimeError(f"the rows of {self.object} were already handed over")
        self._started = True
        return pa.RecordBatchReader.from_batches(self.schema, self._watched())

    def _watched(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._rows():
                self.tally.rows_received += batch.num_rows
                yield batch
        except ConnectorError as error:
            self.failure = error
            raise
        self._ended_at = self._clock().astimezone(UTC).isoformat()

    def ragged(self) -> pa.Table:
        """The refused rows so far: row, text, reason."""
        if not self.tally.ragged:
            return pa.Table.from_batches([], RAGGED_SCHEMA)
        columns = {
            name: [getattr(row, name) for row in self.tally.ragged] for name in RAGGED_SCHEMA.names
        }
        return pa.table(columns, schema=RAGGED_SCHEMA)

    def receipt(self) -> Receipt:
        """What was received.

        Raises:
            RuntimeError: the rows were not read to their end, so nothing is certain yet.
        """
        if self._ended_at is None:
            raise RuntimeError(f"{self.object} was not read to its end: it has no receipt yet")
        return Receipt.of(self.origin, self.tally, self._ended_at)
