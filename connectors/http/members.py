"""Members of records as Arrow arrays, by Arrow's own JSON reader.

What belongs here: reading one member of each line, and a cursor's values. What does not: what
they are used for.
"""

from __future__ import annotations

from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from connectors.errors import PermanentError
from connectors.http.cursor import CursorColumn

_ZONED = pa.timestamp("us", tz="UTC")
_NANOS = pa.timestamp("ns", tz="UTC")


def cursor_values(lines: pa.StringArray, column: CursorColumn, where: str) -> pa.Array:
    """The cursor of each line, as `CursorColumn.values`.

    Raises:
        PermanentError: a value is not what the column is declared to be.
    """
    try:
        return _typed(_texts(lines, column), column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise PermanentError(
            f"the cursor {column.name} is not a {column.kind}: {str(error).splitlines()[0][:160]}",
            where=where,
            do="Declare the column's true type, or another cursor",
        ) from None


def _texts(lines: pa.StringArray, column: CursorColumn) -> pa.Array:
    first = pa.string() if column.kind != "integer" else pa.int64()
    try:
        return read_member(lines, column.way, first)
    except pa.ArrowInvalid:
        return read_member(
            lines, column.way, pa.int64() if column.kind != "integer" else pa.string()
        )


def _typed(found: pa.Array, column: CursorColumn) -> pa.Array:
    if column.kind == "integer":
        return found.cast(pa.int64())
    if column.kind == "text":
        return found.cast(pa.string())
    if pa.types.is_integer(found.type):  # epoch, seconds or milliseconds
        milli = (pc.max(found).as_py() or 0) > 100_000_000_000
        return found.cast(pa.timestamp("ms" if milli else "s")).cast(_ZONED)
    try:
        return found.cast(_NANOS).cast(_ZONED, safe=False)
    except pa.ArrowInvalid:  # no offset: such servers mean UTC
        return found.cast(pa.timestamp("ns")).cast(pa.timestamp("us"), safe=False).cast(_ZONED)


def read_member(lines: pa.StringArray, way: tuple[str, ...], kind: pa.DataType) -> pa.Array:
    """One member of each line, by Arrow's JSON reader, which is told of nothing else.

    Raises:
        pa.ArrowInvalid: a value has another type.
    """
    if not len(lines):
        return pa.array([], kind)
    text = joined(lines, "\n")
    schema = reduce(lambda t, name: pa.struct([(name, t)]), reversed(way[1:]), kind)
    table = pj.read_json(
        pa.BufferReader(text),
        pj.ReadOptions(use_threads=False, block_size=max(len(text) + 1, 1024)),
        pj.ParseOptions(
            explicit_schema=pa.schema([(way[0], schema)]),
            newlines_in_values=True,
            unexpected_field_behavior="ignore",
        ),
    )
    column = table.column(0).combine_chunks()
    return reduce(lambda c, name: pc.struct_field(c, name), way[1:], column)


def joined(lines: pa.StringArray, between: str) -> pa.Buffer:
    """The lines as one text."""
    whole = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
    return pc.binary_join(whole, between)[0].as_buffer()
