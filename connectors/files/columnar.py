"""Parquet: columns as the file types them, selected by name, counted against its footer.

What belongs here: reading row groups in bounded pieces. What does not: casting to the
contract's types (the caller's, who compares them first).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.base import StreamSpec
from connectors.batch import ROW
from connectors.errors import PermanentError
from connectors.files.columns import ColumnPlan, plan_columns
from connectors.receipt import Tally

ROWS = 1 << 16
DAMAGED = (pa.ArrowException, OSError, ValueError)


class ParquetRows:
    """The rows of one Parquet file; iterate once."""

    def __init__(self, path: Path, spec: StreamSpec, tally: Tally, *, where: str) -> None:
        self._where = where
        self._tally = tally
        self._row = 0
        try:
            self._file = pq.ParquetFile(path, pre_buffer=False)  # else memory grows with the file
        except DAMAGED as error:
            raise self._damaged(error) from error
        self._types = self._file.schema_arrow
        header = self._types.names
        self.plan: ColumnPlan = plan_columns(spec, header, where)
        tally.header = tuple(header)
        tally.extra_columns = self.plan.extra
        tally.missing_columns = self.plan.missing
        tally.warnings.extend(self.plan.warnings)
        tally.declared_total = self._file.metadata.num_rows

    def close(self) -> None:
        """Closes the file; safe to repeat."""
        self._file.close()

    def schema(self) -> pa.Schema:
        """The batches' schema: the file's types (text where a column is missing)."""
        fields = [
            pa.field(d.name, pa.string() if d.index is None else self._types.field(d.index).type)
            for d in self.plan.delivered
        ]
        return pa.schema([*fields, pa.field(ROW, pa.int64(), nullable=False)])

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """The batches.

        Raises:
            PermanentError: the file is damaged, or the rows are not as many as it declares.
        """
        schema = self.schema()
        names = sorted(
            {self._types.field(d.index).name for d in self.plan.delivered if d.index is not None}
        )
        try:
            for batch in self._file.iter_batches(batch_size=ROWS, columns=names):
                yield self._named(batch, schema)
        except DAMAGED as error:
            raise self._damaged(error) from error
        finally:
            self._file.close()
        self._tally.counted_rows = self._row
        if self._row != self._tally.declared_total:
            raise PermanentError(
                f"{self._row:,} rows were read, the file declares {self._tally.declared_total:,}",
                where=self._where,
                do="Fetch the file again",
            )

    def _named(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        arrays = [
            pa.nulls(batch.num_rows, pa.string())
            if d.index is None
            else batch.column(self._types.field(d.index).name)
            for d in self.plan.delivered
        ]
        first = self._row + 1
        self._row += batch.num_rows
        numbers = pa.array(np.arange(first, self._row + 1, dtype=np.int64))
        return pa.record_batch([*arrays, numbers], schema=schema)

    def _damaged(self, error: Exception) -> PermanentError:
        return PermanentError(
            f"is not a sound Parquet file: {error}", where=self._where, do="Fetch the file again"
        )
