"""One page: its records as text, and what stands around them.

What belongs here: from a body to lines, numbers untouched. What does not: where pages come
from, and what the lines mean (the contract).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.errors import PermanentError, TransientError, TruncatedError
from connectors.http.documents import BOM, found_at, parsed
from connectors.http.pages import Frame
from connectors.http.tables import columns_of, lines_of_columns, lines_of_csv
from connectors.jsontext.records import JsonRecords
from connectors.jsontext.source import SPACE, BodyReader
from connectors.receipt import Tally


@dataclass(frozen=True, slots=True)
class Cut:
    """A page that was cut.

    Attributes:
        lines: one JSON object each, as it stands in the body; (n,) strings.
        numbers: of each line within the page, from 1; (n,) int64.
        envelope: the document without its records; empty where the body is the array itself.
        refused: items of the array that are no objects.
    """

    lines: pa.StringArray
    numbers: pa.Int64Array
    envelope: Mapping[str, Any]
    refused: tuple[tuple[int, str, str], ...] = ()

    @property
    def rows(self) -> int:
        """Records, those that were refused included."""
        return len(self.lines) + len(self.refused)


def cut(frame: Frame, body: bytes, where: str) -> Cut:
    """The records of one body.

    Raises:
        TransientError: the body is not complete.
        PermanentError: it is not JSON of the shape that was declared.
    """
    text = body.removeprefix(BOM)
    if frame.shape == "array":
        whole = _array(frame, text, where)
        return _exploded(whole, frame, where) if frame.explode else whole
    envelope: dict[str, Any] = {}
    if frame.shape == "object":
        envelope = _object(text, where)
        lines = pa.array([text.decode().strip(SPACE)], pa.string())
    elif frame.shape == "csv":
        lines = lines_of_csv(text, where)
    else:
        document = parsed(text, where, parse_int=str, parse_float=str)
        lines = lines_of_columns(*columns_of(found_at(document, frame.records) or [], where))
    return Cut(_with_context(lines, frame.context), _numbers(len(lines)), envelope)


def _numbers(count: int) -> pa.Int64Array:
    return pa.array(range(1, count + 1), pa.int64())


def _array(frame: Frame, text: bytes, where: str) -> Cut:
    tally = Tally()
    records = JsonRecords(BodyReader(text, where), frame.records or None, tally)
    try:
        records.open()
        parts = list(records)
    except TruncatedError as error:
        raise TransientError(f"the body is cut short: {error.what}", where=where) from None
    lines, numbers = (
        (pa.concat_arrays([part.column(n) for part in parts]) for n in (0, 1))
        if parts
        else (pa.array([], pa.string()), pa.array([], pa.int64()))
    )
    envelope: dict[str, Any] = {}
    if frame.records:
        around = text[: records.start] + b"]" + text[records.end :]
        envelope = parsed(around, where)
    refused = tuple((r.row, r.text, r.reason) for r in tally.ragged)
    return Cut(_with_context(lines, frame.context), numbers, envelope, refused)


def _object(text: bytes, where: str) -> dict[str, Any]:
    document = parsed(text, where)
    if not isinstance(document, dict):
        raise PermanentError("the body is not an object", where=where, do="Check `shape`")
    return document


def _exploded(whole: Cut, frame: Frame, where: str) -> Cut:
    """The items of an array inside each record, with members of the record put into each."""
    parts = []
    for line in whole.lines.to_pylist():
        record = json.loads(line)
        if not record.get(frame.explode):
            continue
        inner = Frame(frame.explode, context={name: record.get(name) for name in frame.carry})
        parts.append(_array(inner, line.encode(), where).lines)
    lines = pa.concat_arrays(parts) if parts else pa.array([], pa.string())
    return Cut(lines, _numbers(len(lines)), whole.envelope, whole.refused)


def _with_context(lines: pa.StringArray, context: Mapping[str, Any]) -> pa.StringArray:
    """The context's members before those of each record."""
    if not context or not len(lines):
        return lines
    members = json.dumps(dict(context), ensure_ascii=False)[1:-1]
    opened = pc.replace_substring_regex(lines, r"^\{\s*", "{" + _plain(members) + ", ")
    return pc.replace_substring_regex(opened, r", \}$", "}")


def _plain(text: str) -> str:
    """A replacement without meaning for RE2, where a backslash starts a reference."""
    return text.replace("\\", "\\\\")
