"""XLSX: one sheet's cells as text, each row held against the sheet's own XML.

What belongs here: delivering rows. What does not: the archive, and what the XML says
(`workbook`). A sheet has at most 1,048,576 rows and is held in memory by its parser; its cells
come as Python values one by one, so this is the one format that is not read set-based.

The parser gives one row after another; rows with nothing in them are no rows. Merged cells are
delivered as the file has them: the value in the first cell, the others empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from connectors.base import StreamSpec
from connectors.batch import ROW
from connectors.errors import PermanentError
from connectors.files.columns import ColumnPlan, plan_columns, plan_positions
from connectors.files.footer import Footer
from connectors.files.header import joined, too_short
from connectors.files.options import Dialect, FilesStream, dialect_of
from connectors.files.sheet_cells import CellTexts
from connectors.files.workbook import Cells, Workbook
from connectors.receipt import Tally

ROWS = 1 << 14
Row = tuple[int, list[Any]]


class SheetRows:
    """The rows of one sheet; iterate once."""

    def __init__(
        self, path: Path, spec: StreamSpec, options: FilesStream, tally: Tally, *, where: str
    ) -> None:
        self._where = where
        self._tally = tally
        self._dialect: Dialect = dialect_of(options, "xlsx")
        book = Workbook(path, where=where, max_bytes=options.max_bytes)
        try:
            self._name = book.sheet(options.sheet)
            self._cells: Cells = book.cells(self._name)
        finally:
            book.close()
        self._book = self._opened(path)
        self._start = self._dialect.skip_rows
        self._width = self._cells.width(self._start)
        self._numbers: list[int] = []
        self._rows = (row for row in self._filled() if row[0] > self._start)
        header = self._header() if self._dialect.header else ()
        self.plan: ColumnPlan = self._planned(spec, header)
        self._texts = [CellTexts(self._mark(spec, d.name)) for d in self.plan.delivered]
        tally.header = header
        tally.extra_columns = self.plan.extra
        tally.missing_columns = self.plan.missing
        tally.warnings.extend(self.plan.warnings)

    def close(self) -> None:
        """Closes the file; safe to repeat."""
        self._book.close()

    def schema(self) -> pa.Schema:
        """The batches' schema: text throughout, then the row number."""
        fields = [pa.field(d.name, pa.string()) for d in self.plan.delivered]
        return pa.schema([*fields, pa.field(ROW, pa.int64(), nullable=False)])

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """The batches.

        Raises:
            PermanentError: the parser's rows are not those of the sheet's XML.
        """
        schema = self.schema()
        footer = Footer(self._dialect.footer_rows)
        try:
            while rows := list(islice(self._rows, ROWS)):
                yield from footer.past(self._batch(rows, schema))
        finally:
            self._book.close()
        self._reconcile()
        yield from footer.last(self._tally)
        self._warn()

    def _opened(self, path: Path) -> CalamineWorkbook:
        try:
            return CalamineWorkbook.from_path(path)
        except CalamineError as error:
            raise self._damaged(error) from error

    def _filled(self) -> Iterator[Row]:
        """The rows that hold something: their number in the sheet, and cells from column A."""
        try:
            sheet = self._book.get_sheet_by_name(self._name)
        except CalamineError as error:
            raise self._damaged(error) from error
        margin = [""] * (sheet.start[1] if sheet.start else 0)
        errors: dict[int, list[tuple[int, str]]] = {}
        for (at, column), text in self._cells.errors.items():
            errors.setdefault(at, []).append((column, text))
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            row: list[Any] = [*margin, *cells]
            row += [""] * (self._width - len(row))
            for column, text in errors.get(number, ()):
                row[column] = text
            if any(cell != "" for cell in row):
                yield number, row

    def _header(self) -> tuple[str, ...]:
        """The names of the columns; leaves the rows where the data begins."""
        wanted = self._dialect.header_rows
        rows = list(islice(self._rows, wanted))
        if len(rows) < wanted:
            raise too_short(self._where, len(rows), wanted)
        self._start = rows[-1][0]
        texts = CellTexts()
        names = [[texts.of(c, number) for c in cells[: self._width]] for number, cells in rows]
        return joined(names, self._dialect.header_join)

    def _planned(self, spec: StreamSpec, header: Sequence[str]) -> ColumnPlan:
        if not self._dialect.header:
            return plan_positions(spec, self._width)
        held = self._cells.columns
        empty = {i for i, n in enumerate(header) if not n.strip() and held.get(i, 0) <= self._start}
        return plan_columns(spec, header, self._where, empty=empty)

    def _mark(self, spec: StreamSpec, name: str) -> str:
        return next((c.decimal_mark for c in spec.columns if c.name == name), ".")

    def _batch(self, rows: list[Row], schema: pa.Schema) -> pa.RecordBatch:
        arrays: list[Any] = []
        for delivered, texts in zip(self.plan.delivered, self._texts, strict=True):
            place = delivered.index
            if place is None:
                arrays.append(pa.nulls(len(rows), pa.string()))
            else:
                values = [texts.of(cells[place], number) for number, cells in rows]
                arrays.append(pa.array(values, pa.string()))
        first = len(self._numbers) + 1
        self._numbers += [number for number, _ in rows]
        numbers = pa.array(range(first, len(self._numbers) + 1), pa.int64())
        return pa.record_batch([*arrays, numbers], schema=schema)

    def _reconcile(self) -> None:
        """Holds the parser's rows against those of the XML; texts may turn out to be empty."""
        held = self._cells.rows
        certain = {number for number, sure in held.items() if sure and number > self._start}
        odd = sorted(certain.difference(self._numbers) | set(self._numbers).difference(held))
        if odd:
            raise PermanentError(
                f"the sheet's row {odd[0]:,} and {len(odd) - 1:,} others were read differently "
                "by two readers",
                where=self._where,
                do="Save it again as XLSX, or export it as CSV; nothing was taken from it",
            )
        self._tally.counted_rows = len(self._numbers)
        if self._numbers:
            self._tally.blank_rows = self._numbers[-1] - self._start - len(self._numbers)

    def _warn(self) -> None:
        tally = self._tally
        merged = [area for area in self._cells.merged if _last_row(area) > self._start]
        if merged:
            tally.warnings.append(
                f"{len(merged)} areas of merged cells, such as {merged[0]}: the value stands in "
                "the first cell, the others are empty"
            )
        count = sum(texts.long for texts in self._texts)
        if count:
            first = next(texts.first_long for texts in self._texts if texts.long)
            tally.warnings.append(
                f"{count} numbers have more than 15 digits, the most that a spreadsheet shows, "
                f"such as {first}: they are delivered as the file holds them"
            )

    def _damaged(self, error: Exception) -> PermanentError:
        return PermanentError(
            f"is not a sound XLSX file: {error}", where=self._where, do="Fetch the file again"
        )


def _last_row(area: str) -> int:
    """The last row of an area such as ``B4:B5``."""
    digits = "".join(c for c in area.rpartition(":")[2] if c.isdigit())
    return int(digits or "0")
