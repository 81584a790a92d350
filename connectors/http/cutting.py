"""One page: its records as text, and what stands around them.

What belongs here: from a body to lines, numbers untouched. What does not: where pages come
from, and what the lines mean (the contract).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.errors import PermanentError, TransientError, TruncatedError
from connectors.http.pages import OWN, Frame
from connectors.jsontext.records import JsonRecords
from connectors.jsontext.source import SPACE, BodyReader
from connectors.receipt import Tally

BOM = b"\xef\xbb\xbf"


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
    if frame.records == OWN:
        return _single(frame, text, where)
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


def parsed(text: bytes, where: str) -> Any:
    """A document as Python values; decimals stay exact.

    Raises:
        TransientError: it is cut short.
        PermanentError: it is no JSON.
    """
    try:
        return json.loads(text.removeprefix(BOM), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        if text.rstrip()[-1:] not in (b"}", b"]"):
            raise TransientError("the body is cut short", where=where) from None
        raise PermanentError(
            f"the body is not JSON: {error}",
            where=where,
            do="Check `url` and the stream's path in a browser",
        ) from None


def found_at(document: Any, way: str) -> Any:
    """What stands at a way such as `paging.next.after`; None where nothing does."""
    for name in way.split(".") if way else ():
        if not isinstance(document, Mapping) or name not in document:
            return None
        document = document[name]
    return document


def _single(frame: Frame, text: bytes, where: str) -> Cut:
    document = parsed(text, where)
    if not isinstance(document, dict):
        raise PermanentError("the body is not an object", where=where, do="Check `records`")
    lines = pa.array([text.decode().strip(SPACE)], pa.string())
    return Cut(_with_context(lines, frame.context), pa.array([1], pa.int64()), document)


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
