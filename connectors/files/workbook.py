"""An XLSX file from outside: is it sound, which sheets, which rows and cells hold something.

What belongs here: what the archive and a sheet's XML say by themselves, read as a stream and
independently of the parser that delivers the values. What does not: values.

Two things are known only from here. The parser (calamine) gives an error such as #N/A as an
empty cell; and it holds a sheet as a full rectangle, so that one cell in the last corner would
take all memory: its extent is checked before.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.parsers import expat

from connectors.errors import OptionError, PermanentError
from connectors.options import nearest

CHUNK = 1 << 20
DIGITS = "0123456789"
MOST_CELLS = 1 << 25
LARGEST = 1 << 31  # bytes of all parts once decompressed
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    KeyError,
    NotImplementedError,
    ValueError,
)
_OLE = b"\xd0\xcf\x11\xe0"
_SHEET = "/worksheet"


@dataclass(slots=True)
class Cells:
    """What a sheet's XML says; rows are numbered from 1, columns from 0.

    Attributes:
        rows: rows with a value, in their order; True where one is not text, so that the row
            cannot turn out blank.
        errors: the text of each cell with an error, by (row, column).
        columns: columns with a value, each with the last row that it has one in.
        merged: areas of merged cells, such as ``B4:B5``.
    """

    rows: dict[int, bool] = field(default_factory=dict)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    columns: dict[int, int] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)

    @property
    def height(self) -> int:
        """The number of the last row with a value."""
        return max(self.rows, default=0)

    def width(self, below: int = 0) -> int:
        """How many columns there are up to the last one with a value below the row `below`."""
        return max((c for c, last in self.columns.items() if last > below), default=-1) + 1


class Workbook:
    """The parts of one XLSX file.

    Raises:
        PermanentError: it is none, is damaged or protected, or is too large once decompressed.
    """

    def __init__(self, path: Path, *, where: str, max_bytes: int) -> None:
        self._where = where
        self._limit = min(max_bytes, LARGEST)
        self._left = self._limit
        try:
            self._archive = zipfile.ZipFile(path)
            self._parts = self._sheets()
        except DAMAGED as error:
            raise self._damaged(path, error) from error

    def close(self) -> None:
        """Closes the file; safe to repeat."""
        self._archive.close()

    def sheet(self, wanted: int | str | None) -> str:
        """The name of a sheet, by name or number from 1; the first one by default.

        Raises:
            OptionError: there is no such sheet.
        """
        names = list(self._parts)
        if isinstance(wanted, str) and wanted not in names:
            raise OptionError(
                "sheet", f"{self._where} has no sheet {wanted!r}", legal=nearest(wanted, names)
            )
        number = wanted if isinstance(wanted, int) else 1
        if number > len(names):
            listed = ", ".join(f"{i} ({n})" for i, n in enumerate(names, 1)) or "none"
            raise OptionError("sheet", f"{self._where} has no sheet {number}", legal=listed)
        return wanted if isinstance(wanted, str) else names[number - 1]

    def cells(self, name: str) -> Cells:
        """What stands where in a sheet; proves every part of the file on the way.

        Raises:
            PermanentError: a part is damaged, or the sheet or the file is too large.
        """
        cells = Cells()
        try:
            for part in self._archive.namelist():
                reads = _SheetReader(cells).feed if part == self._parts[name] else None
                self._stream(part, reads)
        except DAMAGED as error:
            raise self._damaged(None, error) from error
        if cells.height * cells.width() > MOST_CELLS:
            raise PermanentError(
                f"the sheet {name!r} spans {cells.height:,} rows and {cells.width():,} columns, "
                f"more than {MOST_CELLS:,} cells",
                where=self._where,
                do="Remove what stands far outside the table, or export it as CSV",
            )
        return cells

    def _sheets(self) -> dict[str, str]:
        """The part of each work sheet by the sheet's name, in the workbook's order."""
        start = self._relations("")
        books = [t for kind, t in start.values() if kind.endswith("/officeDocument")]
        book = books[0] if books else "xl/workbook.xml"
        targets = self._relations(book)
        sheets: list[tuple[str, str]] = []

        def opened(tag: str, attributes: Mapping[str, str]) -> None:
            if _local(tag) == "sheet":
                link = next((v for k, v in attributes.items() if _local(k) == "id"), "")
                sheets.append((attributes.get("name", ""), link))

        self._stream(book, _parser(opened))
        parts = {name: targets[link] for name, link in sheets if link in targets}
        return {name: part for name, (kind, part) in parts.items() if kind.endswith(_SHEET)}

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """What a part refers to: id -> (type, name of the part)."""
        folder, name = posixpath.split(part)
        found: dict[str, tuple[str, str]] = {}

        def opened(tag: str, attributes: Mapping[str, str]) -> None:
            if _local(tag) == "Relationship":
                target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"]))
                found[attributes["Id"]] = (attributes["Type"], target.lstrip("/"))

        self._stream(posixpath.join(folder, "_rels", f"{name}.rels"), _parser(opened))
        return found

    def _stream(self, part: str, reads: Callable[[bytes, bool], Any] | None) -> None:
        """Reads a part to its end, checksum included, whatever size it claims to have."""
        info = self._archive.getinfo(part)
        if info.flag_bits & 1:
            raise self._protected()
        info.file_size = LARGEST << 1  # else reading would stop where a false size says
        with self._archive.open(info) as file:
            while data := file.read(CHUNK):
                self._left -= len(data)
                if self._left < 0:
                    raise PermanentError(
                        f"is more than {self._limit:,} bytes once decompressed",
                        where=self._where,
                        do="Raise the option max_bytes (2 GiB at most for xlsx), or export CSV",
                    )
                if reads is not None:
                    reads(data, False)
        if reads is not None:
            reads(b"", True)

    def _damaged(self, path: Path | None, error: Exception) -> PermanentError:
        start = b""
        if path is not None:
            with path.open("rb") as file:
                start = file.read(4)
        if start == _OLE:
            return self._protected()
        return PermanentError(
            f"is not a sound XLSX file: {error or type(error).__name__}",
            where=self._where,
            do="Fetch the file again, or save it as XLSX",
        )

    def _protected(self) -> PermanentError:
        return PermanentError(
            "is protected by a password, or is a workbook of the old kind (.xls)",
            where=self._where,
            do="Save it as XLSX without a password",
        )


class _SheetReader:
    """Reads a sheet's XML into `Cells`."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._row = self._column = 0
        self._kind = "n"
        self._ended = False
        self._seen: set[int] = set()
        self._text: str | None = None
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._opened
        parser.EndElementHandler = self._closed
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = _refuse_doctype
        self.feed: Callable[[bytes, bool], Any] = parser.Parse

    def _opened(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        if name == "c":
            place = attributes.get("r")
            self._column = _column(place.rstrip(DIGITS)) if place else self._column + 1
            if self._column in self._seen:
                raise ValueError(f"a cell of row {self._row:,} stands twice in the sheet")
            self._seen.add(self._column)
            self._kind = attributes.get("t", "n")
        elif name == "row":
            number = attributes.get("r")
            self._row = int(number) if number else self._row + 1
            self._column = -1
            self._seen.clear()
            if self._row in self._cells.rows:
                raise ValueError(f"the row {self._row:,} stands twice in the sheet")
        elif name in ("v", "t") and not self._ended:
            self._text = ""
        elif name == "mergeCell":
            self._cells.merged.append(attributes.get("ref", ""))

    def _closed(self, tag: str) -> None:
        if self._text is not None:
            if self._text:
                self._value(self._text)
            self._text = None
        elif _local(tag) == "sheetData":
            self._ended = True

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text += text

    def _value(self, text: str) -> None:
        cells, row = self._cells, self._row
        certain = self._kind not in ("s", "str", "inlineStr")
        cells.rows[row] = certain or cells.rows.get(row, False)
        if cells.columns.get(self._column, 0) < row:
            cells.columns[self._column] = row
        if self._kind == "e":
            cells.errors[row, self._column] = text


def _parser(opened: Callable[[str, Mapping[str, str]], None]) -> Callable[[bytes, bool], Any]:
    parser = expat.ParserCreate()
    parser.StartElementHandler = opened
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser.Parse


def _refuse_doctype(*_: object) -> None:
    raise ValueError("a part declares a document type")


@lru_cache(maxsize=1 << 10)
def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


@lru_cache(maxsize=1 << 15)
def _column(letters: str) -> int:
    """The column with those letters, from 0: ``AB`` is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter.upper()) - 64
    return number - 1
