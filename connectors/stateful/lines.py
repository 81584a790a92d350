"""A file of JSON, a line each, as numbered Arrow batches.

What belongs here: reading lines in bounded memory, and numbering rows. What does not: which part
of a line is the row (each kind).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import StreamSpec
from connectors.errors import TransientError
from connectors.jsontext.presence import still_absent
from connectors.jsontext.source import BLOCK, SCHEMA
from connectors.receipt import Tally


def whole_lines(path: Path, where: str) -> Iterator[pa.StringArray]:
    """The lines that are not blank, some megabytes at once.

    Raises:
        TransientError: the file ends in the middle of a line.
    """
    rest = b""
    with path.open("rb") as file:
        while data := file.read(BLOCK):
            whole, _, rest = (rest + data).rpartition(b"\n")
            if whole:
                lines = pc.split_pattern(pa.array([whole.decode()]), "\n").values
                yield lines.filter(pc.not_equal(pc.ascii_trim_whitespace(lines), ""))
    if rest.strip():
        raise TransientError("ended in the middle of a line", where=where)


def numbered(
    parts: Iterable[pa.StringArray], spec: StreamSpec, tally: Tally
) -> Iterator[pa.RecordBatch]:
    """Batches of rows with their numbers; afterwards the tally is complete."""
    row, absent = 0, {column.name: column for column in spec.columns}
    for rows in parts:
        absent = still_absent(absent, rows)
        numbers = pa.array(range(row + 1, row + len(rows) + 1), pa.int64())
        row += len(rows)
        if len(rows):
            yield pa.record_batch([rows, numbers], schema=SCHEMA)
    tally.counted_rows = row
    tally.missing_columns = tuple(absent) if row else ()
