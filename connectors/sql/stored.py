"""Received rows on their way out of the file that they were written to.

What belongs here: delivering them by the contract's columns, whether just received or kept for
years. What does not: writing the file (copying), which needs a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.base import StreamSpec
from connectors.files.columnar import ParquetRows
from connectors.receipt import Tally
from connectors.sql.kinds import KIND

FRACTIONS = (b"decimal", b"float")


@dataclass(frozen=True, slots=True)
class Stored:
    """An opened file; `rows` gives its rows, once."""

    schema: pa.Schema
    rows: Callable[[], Iterator[pa.RecordBatch]]


def open_stored(path: Path, spec: StreamSpec, tally: Tally, where: str) -> Stored:
    """Opens a file of received rows; header and columns go into the tally.

    Raises:
        PermanentError: the file is damaged.
    """
    rows = ParquetRows(path, spec, tally, where=where)
    marks = _marks(path, spec, rows)
    return Stored(rows.schema(), lambda: (_marked(batch, marks) for batch in rows))


def _marks(path: Path, spec: StreamSpec, rows: ParquetRows) -> dict[int, str]:
    """The delivered columns of true numbers whose contract wants another decimal mark."""
    wanted = {c.name: c.decimal_mark for c in spec.columns if c.decimal_mark != "."}
    if not wanted:
        return {}
    there = pq.read_schema(path)
    return {
        place: wanted[d.name]
        for place, d in enumerate(rows.plan.delivered)
        if d.name in wanted
        and d.index is not None
        and (there.field(d.index).metadata or {}).get(KIND) in FRACTIONS
    }


def _marked(batch: pa.RecordBatch, marks: dict[int, str]) -> pa.RecordBatch:
    for place, mark in marks.items():
        text = pc.replace_substring(batch.column(place), ".", mark)
        batch = batch.set_column(place, batch.schema.field(place), text)
    return batch
