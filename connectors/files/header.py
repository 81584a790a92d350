"""The header of a file of rows and cells: its names, and where the data begins.

What belongs here: the first row, or the declared number of rows that make up the header. What
does not: which column is which, and the data.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.errors import PermanentError
from connectors.files.options import Dialect
from connectors.files.text import TextSource

HEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns, and the line (from 1) that the data begins in.

    `blank` counts the empty lines above the data.
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
    """Reads the header's rows and leaves `source` where the data begins.

    Without a header (`header: false`) the first row is only looked at: it stays data.

    Raises:
        PermanentError: there is none, its quotes are wrong, or it is longer than 1 MiB.
    """
    head, complete = source.peek(HEAD)
    lines = _Lines(head.decode("utf-8", errors="ignore"))
    for _ in range(dialect.skip_rows):
        next(lines, None)
    rows: list[list[str]] = []
    blank = 0
    while len(rows) < dialect.header_rows:
        before, line = lines.bytes, lines.lines
        cells = _row(lines, dialect, source.where)
        if cells is None:
            raise too_short(source.where, len(rows), dialect.header_rows)
        if cells:
            rows.append(cells)
        else:
            blank += 1
    if not complete and not lines.last.endswith(("\r", "\n")):
        raise PermanentError(
            "the first row does not end within 1 MiB",
            where=source.where,
            do="Check the options delimiter, quote and encoding",
        )
    source.skip(lines.bytes if dialect.header else before)
    names = joined(rows, dialect.header_join)
    return Header(names, 1 + (lines.lines if dialect.header else line), blank)


def too_short(where: str, found: int, wanted: int) -> PermanentError:
    """The error for a file that ends before its header does."""
    if not found:
        return PermanentError(
            "the file is empty: there is no header",
            where=where,
            do="Export it again; an export without rows still has its header",
        )
    return PermanentError(
        f"the file ends after {found} of {wanted} header rows",
        where=where,
        do="Correct the option header_rows, or export it again",
    )


def joined(rows: Sequence[Sequence[str]], join: str) -> tuple[str, ...]:
    """The columns' names: what stands above each other, joined.

    In an upper row, a blank cell that has a name below belongs to the group on its left, if
    that has a name below, too: `Q1, , Q2` above `Revenue, Cost, Revenue` gives `Q1 Revenue`,
    `Q1 Cost`, `Q2 Revenue`. This is how spreadsheets export merged cells.
    """
    if len(rows) == 1:
        return tuple(rows[0])
    width = max(len(row) for row in rows)
    cells = [[cell.strip() for cell in row] + [""] * (width - len(row)) for row in rows]
    below = [False] * width
    for row in reversed(cells):
        group = ""
        named = [bool(cell) for cell in row]
        for place in range(width):
            if row[place]:
                group = row[place] if below[place] else ""
            elif below[place]:
                row[place] = group
        below = [b or n for b, n in zip(below, named, strict=True)]
    return tuple(join.join(part for part in column if part) for column in zip(*cells, strict=True))


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
