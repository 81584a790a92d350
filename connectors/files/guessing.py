"""How a file is written, guessed from its bytes: a proposal for a person, never a reading.

What belongs here: encoding, delimiter, header and format of a file that nobody has declared
yet. What does not: reading files (a stream's options are declared, and nothing is sniffed
there), and what the columns mean.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from connectors.files.options import EXTENSIONS, PACKED
from connectors.files.text import BOM, CHUNK, compression_of

SAMPLE = 1 << 20
WHOLE_JSON = 64 << 20
DELIMITERS = (",", ";", "\t", "|")
PREAMBLE = 20
TAIL = 1 << 14
ENCODINGS = ("utf-8", "windows-1252", "latin-1")
WIDE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_TOTAL = re.compile(r"(grand total|total|totals|sum|summe|gesamt|gesamtsumme|overall)\b", re.I)
_DATA = re.compile(r"[+-]?[0-9][0-9.,]*%?|[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}.*")


@dataclass(frozen=True, slots=True)
class Guess:
    """The options of a stream that reads the file, and what a person should look at."""

    options: dict[str, Any]
    notes: tuple[str, ...] = ()


def guess_file(path: Path, name: str) -> Guess:
    """How the file at `path`, called `name` in its source, is written.

    Options that have their default are left out; `glob` is never among them.
    """
    start = _unpacked_start(path, 8)
    if start.startswith(b"PAR1"):
        return Guess(_declared(name, "parquet"))
    if start.startswith(b"PK\x03\x04"):
        return Guess(_declared(name, "xlsx"), ("the first sheet is read: set sheet for another",))
    encoding = _encoding(path)
    text = _sample(path, encoding)
    if text.lstrip()[:1] in ("{", "["):
        return _json(path, name, encoding, text)
    return _delimited(path, name, encoding, text)


def _extension(name: str) -> str | None:
    path = PurePosixPath(name.lower())
    path = path.with_suffix("") if path.suffix in PACKED else path
    return EXTENSIONS.get(path.suffix)


def _declared(name: str, kind: str) -> dict[str, Any]:
    """The format, where the name's extension does not say it."""
    return {} if _extension(name) == kind else {"format": kind}


def _open(path: Path) -> Any:
    kind = compression_of(path)
    file = pa.OSFile(str(path))
    return pa.CompressedInputStream(file, kind) if kind else file


def _unpacked_start(path: Path, size: int) -> bytes:
    with _open(path) as file:
        return bytes(file.read(size))


def _chunks(path: Path) -> Iterator[bytes]:
    with _open(path) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _encoding(path: Path) -> str:
    """The first encoding that every byte of the file is legal in."""
    start = _unpacked_start(path, 4)
    wide = next((name for mark, name in WIDE.items() if start.startswith(mark)), None)
    return wide or next(e for e in ENCODINGS if _is_legal(path, e))


def _is_legal(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _sample(path: Path, encoding: str) -> str:
    raw = _unpacked_start(path, SAMPLE).removeprefix(BOM)
    return raw.decode(encoding, errors="ignore").removeprefix("\ufeff")


def _base(encoding: str) -> tuple[dict[str, Any], list[str]]:
    if encoding == "utf-8":
        return {}, []
    note = f"the bytes are not UTF-8; {encoding} can read them all: look at the umlauts and accents"
    return {"encoding": encoding}, [note]


def _json(path: Path, name: str, encoding: str, text: str) -> Guess:
    options, notes = _base(encoding)
    first = text.lstrip().partition("\n")[0]
    try:
        lines = isinstance(json.loads(first), dict)
    except ValueError:
        lines = False
    if lines:
        return Guess({**_declared(name, "ndjson"), **options}, tuple(notes))
    options = {"format": "json", **options}
    if path.stat().st_size <= WHOLE_JSON:
        try:
            way = _records(json.loads(b"".join(_chunks(path)).decode(encoding)))
        except ValueError:
            return Guess(options, ("this is no JSON document that can be read",))
        if way:
            options["records"] = way
            notes.append(f"the rows are the array at {way}")
    return Guess(options, tuple(notes))


def _records(value: Any, way: tuple[str, ...] = ()) -> str | None:
    """The way to the first array of objects; None where the document is that array."""
    if isinstance(value, list) or not isinstance(value, dict) or len(way) > 3:
        return None
    for key, inner in value.items():
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            return ".".join((*way, key))
    found = (_records(inner, (*way, key)) for key, inner in value.items())
    return next((f for f in found if f), None)


def _delimited(path: Path, name: str, encoding: str, text: str) -> Guess:
    options, notes = _base(encoding)
    extension = _extension(name)
    if extension not in ("csv", "tsv"):
        options["format"] = extension = "csv"
    delimiter = max(DELIMITERS, key=lambda d: _fitness(_rows(text, d)))
    if delimiter != ("\t" if extension == "tsv" else ","):
        options["delimiter"] = delimiter
    rows = _rows(text, delimiter)
    skip = _preamble(rows)
    if skip:
        options["skip_rows"] = skip
        notes.append(f"the first {skip} lines are not rows: they are left out")
    if _ends_in_total(path, encoding, delimiter):
        options["footer_rows"] = 1
        notes.append("the last row looks like a total: it is left out")
    header = rows[skip] if skip < len(rows) else []
    if _is_data(header):
        options["header"] = False
        notes.append("the first row looks like data: the columns have no names of their own")
    return Guess(options, tuple(notes))


def _rows(text: str, delimiter: str) -> list[list[str]]:
    """The rows of the sample, without a last one that may be cut."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = list(reader)
    except csv.Error:
        return []
    return rows[:-1] if len(text) >= SAMPLE // 4 and len(rows) > 1 else rows


def _width(rows: Sequence[Sequence[str]]) -> int:
    counts = Counter(len(row) for row in rows if row)
    return counts.most_common(1)[0][0] if counts else 0


def _fitness(rows: Sequence[Sequence[str]]) -> tuple[float, int]:
    """How well a delimiter cuts: the share of rows of the usual width, then that width."""
    filled = [row for row in rows if row]
    width = _width(filled)
    if width < 2:
        return 0.0, width
    return round(sum(len(row) == width for row in filled) / len(filled), 1), width


def _preamble(rows: Sequence[Sequence[str]]) -> int:
    """How many rows above the header are narrower than the table."""
    width = _width(rows)
    first = next((n for n, row in enumerate(rows[: PREAMBLE + 1]) if len(row) == width), 0)
    return first if all(len(row) < width for row in rows[:first]) else 0


def _ends_in_total(path: Path, encoding: str, delimiter: str) -> bool:
    """Whether the first filled cell of the last row says that it sums up the others."""
    if compression_of(path) or encoding.startswith("utf-16"):
        return False
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        text = file.read().decode(encoding, errors="ignore")
    last = next((line for line in reversed(text.splitlines()) if line.strip()), "")
    cells = (cell.strip().strip('"') for cell in last.split(delimiter))
    return bool(_TOTAL.match(next((cell for cell in cells if cell), "")))


def _is_data(cells: Sequence[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    numbers = sum(bool(_DATA.fullmatch(cell)) for cell in filled)
    return bool(filled) and numbers * 2 >= len(filled)
