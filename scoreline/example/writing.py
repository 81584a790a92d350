"""How export files become bytes, in the manner of the systems that write them.

What belongs here: CSV and NDJSON as bytes, and writing them into a folder. What does
not: what stands in the files.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Export:
    """One export file: its path below the data folder, with `/`, and its bytes."""

    path: str
    content: bytes


def csv_bytes(
    header: Row, rows: Iterable[Row], *, delimiter: str = ",", end: str = "\n", bom: bool = False
) -> bytes:
    """A CSV file in UTF-8, quoted only where it must be.

    Args:
        header: the column names.
        rows: cells as text, one sequence a row; short and long rows are written as given.
        delimiter: one character between cells.
        end: the end of a line.
        bom: whether the file starts with a byte order mark, as Kolibri's exports do.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig" if bom else "utf-8")


def php_csv_bytes(header: Row, rows: Iterable[Row]) -> bytes:
    """A CSV file as PHP's `fputcsv` writes it: cells with a space are quoted as well."""
    lines = (",".join(_php_cell(cell) for cell in row) for row in [header, *rows])
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def _php_cell(cell: str) -> str:
    if any(c in cell for c in ' ,"\\\n\r\t'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def ndjson_bytes(rows: Iterable[Mapping[str, object]]) -> bytes:
    """One JSON object a line, in UTF-8."""
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode("utf-8")


def write_all(folder: Path, files: Iterable[Export]) -> tuple[int, int]:
    """Write the files below `folder`; one that already has these bytes is left alone.

    Returns:
        The number of files and of lines in them.

    Raises:
        OSError: a folder or file cannot be written.
    """
    count = lines = 0
    for export in files:
        target = folder / export.path
        if not target.is_file() or target.read_bytes() != export.content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(export.content)
        count += 1
        lines += export.content.count(b"\n")
    return count, lines
