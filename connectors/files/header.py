"""The header of a delimited file: its cells, and where the data begins.

What belongs here: the first row only. What does not: which column is which, and the data.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.errors import PermanentError
from connectors.files.options import Dialect
from connectors.files.text import TextSource

HEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """The cells of the first row, and the line (from 1) that the data begins in.

    `blank` counts the empty lines above it.
    """

    cells: tuple[str, ...]
    data_line: int
    blank: int


class _Lines:
    """Lines with their ends, counting what was taken."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.bytes = 0
        self.lines = 0
        self.last = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.last = next(self._lines)
        self.bytes += len(self.last.encode())
        self.lines += 1
        return self.last


def take_header(source: TextSource, dialect: Dialect) -> Header:
    """Reads the first row and leaves `source` where the data begins.

    Without a header (`header: false`) the first row is only looked at: it stays data.

    Raises:
        PermanentError: there is none, its quotes are wrong, or it is longer than 1 MiB.
    """
    head, complete = source.peek(HEAD)
    lines = _Lines(head.decode("utf-8", errors="ignore"))
    for _ in range(dialect.skip_rows):
        next(lines, None)
    blank, before, line = 0, lines.bytes, lines.lines
    cells = _row(lines, dialect, source.where)
    while cells == []:
        blank, before, line = blank + 1, lines.bytes, lines.lines
        cells = _row(lines, dialect, source.where)
    if cells is None:
        raise PermanentError(
            "the file is empty: there is no header",
            where=source.where,
            do="Export it again; an export without rows still has its header",
        )
    if not complete and not lines.last.endswith(("\r", "\n")):
        raise PermanentError(
            "the first row does not end within 1 MiB",
            where=source.where,
            do="Check the options delimiter, quote and encoding",
        )
    source.skip(lines.bytes if dialect.header else before)
    return Header(tuple(cells), 1 + (lines.lines if dialect.header else line), blank)


def _row(lines: _Lines, dialect: Dialect, where: str) -> list[str] | None:
    """The next row; [] for an empty line, None at the end."""
    reader = csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        strict=True,
    )
    try:
        return next(reader, None)
    except csv.Error as error:
        raise PermanentError(
            f"the header cannot be read: {error}",
            where=f"{where}, line {lines.lines}",
            do="Check the quotes of the first row and the options delimiter and quote",
        ) from error
