"""The rows that were kept: JSON, a line each, as Arrow batches.

What belongs here: reading the file. What does not: writing it (connector).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from connectors.base import StreamSpec
from connectors.http.presence import still_absent
from connectors.jsontext.source import BLOCK, SCHEMA
from connectors.receipt import Tally


def read_lines(path: Path, spec: StreamSpec, tally: Tally) -> Iterator[pa.RecordBatch]:
    """Batches of lines with their row numbers; afterwards the tally is complete."""
    row, absent, rest = 0, {c.name: c for c in spec.columns}, b""
    with path.open("rb") as file:
        while data := file.read(BLOCK):
            whole, _, rest = (rest + data).rpartition(b"\n")
            if not whole:
                continue
            lines = pa.array(whole.decode().split("\n"), pa.string())
            absent = still_absent(absent, lines)
            numbers = pa.array(range(row + 1, row + len(lines) + 1), pa.int64())
            row += len(lines)
            yield pa.record_batch([lines, numbers], schema=SCHEMA)
    tally.counted_rows = row
    tally.missing_columns = tuple(absent) if row else ()
