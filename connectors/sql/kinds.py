"""Columns of a result: what kind of value each holds, and its values as an Arrow array.

What belongs here: from lists of driver values to Arrow, column by column, losing nothing.
What does not: which kind a driver's type is (drivers), and what the contract makes of it.

Numbers that are not whole, and whatever Arrow has no exact type for, are delivered as text: a
decimal with all its digits, a float in the shortest text that reads back as the same float,
bytes in hex, arrays and objects as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa

Name = Literal["integer", "decimal", "float", "boolean", "date", "timestamp", "instant", "text"]
TIMES: tuple[Name, ...] = ("date", "timestamp", "instant")
KIND = b"kind"  # where a file says it of a column


class UnreadableTimes(Exception):  # noqa: N818  not an error of the source: read again as text
    """A date or time that Python and Arrow cannot hold, such as ``infinity`` or a zero date."""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column of a result.

    Attributes:
        name: as the database gives it.
        kind: what its values are; ``instant`` is a time that is known in UTC, ``timestamp`` a
            local one, ``text`` anything that the driver does not say.
        as_text: its values are delivered as text, whatever the kind.
    """

    name: str
    kind: Name = "text"
    as_text: bool = True

    @property
    def type(self) -> pa.DataType:
        """The Arrow type that it is delivered as."""
        return pa.string() if self.as_text else _ARROW[self.kind]


_ARROW: dict[Name, pa.DataType] = {
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "instant": pa.timestamp("us", tz="UTC"),
}


def to_arrow(rows: Sequence[Sequence[Any]], columns: Sequence[ResultColumn]) -> pa.RecordBatch:
    """A chunk of at least one row as a record batch.

    Raises:
        UnreadableTimes: a value of a column of times is none.
    """
    arrays = [_array(values, c) for values, c in zip(zip(*rows, strict=True), columns, strict=True)]
    return pa.record_batch(arrays, schema=schema_of(columns))


def schema_of(columns: Sequence[ResultColumn]) -> pa.Schema:
    """The schema of `to_arrow`'s batches; each field's metadata says its kind."""
    return pa.schema([pa.field(c.name, c.type, metadata={KIND: c.kind}) for c in columns])


def _array(values: Sequence[Any], column: ResultColumn) -> pa.Array:
    if column.as_text:
        values = _texts(values, column.kind)
    try:
        return pa.array(values, type=column.type)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        if column.kind in TIMES and not column.as_text:
            raise UnreadableTimes(column.name) from error
        raise


def _texts(values: Sequence[Any], kind: Name) -> Sequence[Any]:
    types = set(map(type, values))
    if kind == "instant" and str in types:  # a driver's text in the session's zone, UTC
        return [v if v is None else _in_utc(v) for v in values]
    if types <= {str, type(None)}:
        return values
    if len(types) == 1:
        return list(map(_writer(types.pop()), values))
    return [v if v is None else _writer(type(v))(v) for v in values]


def _in_utc(text: str) -> str:
    return text if text[-1:].isalpha() or "+" in text[10:] else text + "+00:00"


def text_of(value: Any) -> str:
    """One value as text; see the module's docstring."""
    return _writer(type(value))(value)


def _writer(kind: type) -> Callable[[Any], str]:
    return _WRITERS.get(kind, _other)


def _decimal(value: Decimal) -> str:
    return format(value, "f") if value.is_finite() else str(value)


def _instant(value: datetime) -> str:
    return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat()


def _hex(value: bytes | bytearray | memoryview) -> str:
    return value.hex()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=text_of)


def _other(value: Any) -> str:
    return str(value)


_WRITERS: dict[type, Callable[[Any], str]] = {
    bool: lambda v: "true" if v else "false",
    int: str,
    float: repr,
    Decimal: _decimal,
    datetime: _instant,
    date: date.isoformat,
    bytes: _hex,
    bytearray: _hex,
    memoryview: _hex,
    list: _json,
    tuple: _json,
    dict: _json,
}
