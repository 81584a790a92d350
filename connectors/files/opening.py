"""Opening a file: its format's reader, made ready up to the first row.

What belongs here: choosing the reader, and what is known before rows are read. What does not:
where the file came from (connector) and the rows (readers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from connectors.base import StreamSpec
from connectors.batch import Layout
from connectors.errors import PermanentError
from connectors.files.columnar import ParquetRows
from connectors.files.columns import plan_columns, plan_positions
from connectors.files.delimited import DelimitedRows
from connectors.files.header import take_header
from connectors.files.ndjson import JsonLines
from connectors.files.options import FilesStream, Format, dialect_of, format_of
from connectors.files.text import TextSource
from connectors.jsontext.records import JsonRecords
from connectors.jsontext.source import SCHEMA
from connectors.receipt import Tally


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose beginning was read; `rows` gives the rest, once."""

    format: Format
    schema: pa.Schema
    tally: Tally
    rows: Callable[[], Iterator[pa.RecordBatch]]
    close: Callable[[], None]
    layout: Layout = "columns"
    typed: bool = False


def open_file(
    path: Path, spec: StreamSpec, options: FilesStream, *, name: str, where: str
) -> Opened:
    """Opens the file at `path`, which is called `name` in the source and `where` in errors.

    Raises:
        PermanentError: no known format, no header, or a beginning that is malformed.
    """
    kind = format_of(options, name)
    if kind == "parquet":
        return _open_parquet(path, spec, where=where)
    if kind == "xlsx":
        return _open_sheet(path, spec, options, where=where)
    source = TextSource(path, where=where, encoding=options.encoding, max_bytes=options.max_bytes)
    try:
        if kind == "ndjson":
            return _open_ndjson(source)
        if kind == "json":
            return _open_json(source, options)
        return _open_delimited(source, spec, options, kind)
    except BaseException:
        source.close()
        raise


def _open_parquet(path: Path, spec: StreamSpec, *, where: str) -> Opened:
    tally = Tally()
    rows = ParquetRows(path, spec, tally, where=where)
    return Opened("parquet", rows.schema(), tally, lambda: iter(rows), close=rows.close, typed=True)


def _open_sheet(path: Path, spec: StreamSpec, options: FilesStream, *, where: str) -> Opened:
    from connectors.files.sheet import SheetRows

    tally = Tally()
    rows = SheetRows(path, spec, options, tally, where=where)
    return Opened("xlsx", rows.schema(), tally, lambda: iter(rows), close=rows.close)


def _open_json(source: TextSource, options: FilesStream) -> Opened:
    tally = _text_tally(source)
    rows = JsonRecords(source, options.records, tally)
    rows.open()
    return Opened(
        "json", SCHEMA, tally, lambda: iter(rows), close=source.close, layout="json_lines"
    )


def _text_tally(source: TextSource) -> Tally:
    if not source.peek(1)[0]:
        raise PermanentError("the file is empty", where=source.where, do="Export it again")
    return Tally(encoding=source.encoding, compression=source.compression)


def _open_ndjson(source: TextSource) -> Opened:
    tally = _text_tally(source)
    rows = JsonLines(source, tally)
    return Opened(
        "ndjson", SCHEMA, tally, lambda: iter(rows), close=source.close, layout="json_lines"
    )


def _open_delimited(
    source: TextSource, spec: StreamSpec, options: FilesStream, kind: Format
) -> Opened:
    dialect = dialect_of(options, kind)
    header = take_header(source, dialect)
    width = len(header.cells)
    if dialect.header:
        plan = plan_columns(spec, header.cells, source.where)
    else:
        plan = plan_positions(spec, width)
    tally = Tally(
        encoding=source.encoding,
        compression=source.compression,
        blank_rows=header.blank,
        header=header.cells if dialect.header else (),
        extra_columns=plan.extra,
        missing_columns=plan.missing,
        warnings=list(plan.warnings),
    )
    rows = DelimitedRows(
        source, dialect, plan, width=width, data_line=header.data_line, tally=tally
    )
    return Opened(kind, rows.schema(), tally, lambda: iter(rows), close=source.close)
