"""Bodies that are tables, not objects, as lines of JSON: CSV, and arrays of columns.

What belongs here: from columns to lines, set-based. What does not: JSON records (cutting).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from connectors.errors import PermanentError, TransientError

_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


def lines_of_csv(body: bytes, where: str) -> pa.StringArray:
    """Each row of a CSV with a header as an object of texts; an empty cell is null.

    Raises:
        TransientError: a row does not have the header's cells: it was cut short, most likely.
        PermanentError: there is no header, or a name stands there twice.
    """
    text = body.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        raise TransientError("the CSV is empty, without even a header", where=where)
    names = _header(text, where)
    try:
        table = pv.read_csv(
            BytesIO(text),
            parse_options=pv.ParseOptions(newlines_in_values=True),
            convert_options=pv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid as error:
        raise TransientError(f"the CSV is not whole: {str(error)[:160]}", where=where) from None
    return lines_of_columns(names, [column.combine_chunks() for column in table.columns])


def lines_of_columns(names: Sequence[str], columns: Sequence[pa.StringArray]) -> pa.StringArray:
    """Objects of texts, a line each, from columns of equal length."""
    if not columns or not len(columns[0]):
        return pa.array([], pa.string())
    parts: list[Any] = []
    for number, (name, column) in enumerate(zip(names, columns, strict=True)):
        opening = "{" if not number else ", "
        parts += [pa.scalar(f"{opening}{json.dumps(name, ensure_ascii=False)}: "), _quoted(column)]
    return pc.binary_join_element_wise(*parts, pa.scalar("}"), "")


def columns_of(document: Any, where: str) -> tuple[list[str], list[pa.StringArray]]:
    """Names and cells of a table given by columns, each headed by its name, short where empty.

    Raises:
        PermanentError: a name stands twice over columns that hold something.
    """
    height = max((len(column) for column in document), default=1) - 1
    names, columns = list[str](), list[pa.StringArray]()
    for number, (name, *cells) in enumerate((c for c in document if c), start=1):
        if str(name).strip() == "":
            continue
        if name in names:
            raise PermanentError(
                f"two columns are named {name!r} (the second is number {number})",
                where=where,
                do="Rename one of them in the sheet",
            )
        texts = [None if cell == "" else _text(cell) for cell in cells]
        names.append(str(name).strip())
        columns.append(pa.array(texts + [None] * (height - len(texts)), pa.string()))
    return names, columns


def _text(cell: Any) -> str:
    return json.dumps(cell) if isinstance(cell, bool) else str(cell)


def _header(text: bytes, where: str) -> list[str]:
    try:
        reader = pv.open_csv(BytesIO(text), parse_options=pv.ParseOptions(newlines_in_values=True))
        names: list[str] = reader.schema.names
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise TransientError(f"the CSV is not whole: {str(error)[:160]}", where=where) from None
        names = text.decode().strip().replace('"', "").split(",")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PermanentError(f"the CSV names {', '.join(twice)} twice", where=where)
    return names


def _quoted(column: pa.StringArray) -> pa.StringArray:
    """Each text as JSON; null as `null`."""
    text = column
    for plain, escaped in _ESCAPES:
        text = pc.replace_substring(text, plain, escaped)
    text = pc.replace_substring_regex(text, "[\x00-\x1f]", " ")
    return pc.fill_null(pc.binary_join_element_wise('"', text, '"', ""), "null")
