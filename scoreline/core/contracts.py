"""Digests of a stream's contract: by what its rows were read, by what they were joined.

What belongs here: which parts of a declaration change what is in a typed file or in a
stream's table. What does not: applying them.
"""

from __future__ import annotations

from typing import Any

from scoreline.core.digests import digest_of
from scoreline.core.model import Column, Stream

_FINDING = frozenset(("batch_rows", "glob", "ignore", "max_bytes", "overlap", "settle_seconds"))
"""Options that say which objects there are, not how one is read."""


def reading_digest(stream: Stream) -> str:
    """Digest of what decides how a received object becomes typed rows."""
    options = {k: _plain(v) for k, v in stream.options.items() if k not in _FINDING}
    contract = stream.schema_contract
    body = {
        "columns": [_column(c) for c in stream.columns],
        "options": options,
        "new_column": contract.new_column,
        "missing_column": contract.missing_column,
        "type_change": contract.type_change,
    }
    return digest_of(body)


def joining_digest(stream: Stream) -> str:
    """Digest of what decides how typed rows become the stream's table."""
    body = {
        "reading": reading_digest(stream),
        "key": list(stream.key),
        "load": stream.load,
        "version_by": stream.version_by,
        "history": stream.history,
    }
    return digest_of(body)


def _column(column: Column) -> dict[str, Any]:
    marks = {"decimal_mark": column.decimal_mark, "thousands_mark": column.thousands_mark}
    return {
        "name": column.name,
        "type": str(column.type),
        "header": column.header,
        "position": column.position,
        "formats": list(column.formats),
        "timezone": column.timezone,
        "ambiguous": column.ambiguous,
        "null_values": list(column.null_values),
        "personal": column.personal,
        "on_error": column.on_error,
        **(marks if column.decimal_mark != "." or column.thousands_mark else {}),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return str(value)
