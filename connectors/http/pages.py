"""The file of pages: every body as received, in order, behind a line that says what it is.

What belongs here: writing and reading that file. What does not: asking for pages, cutting them.

    {"bytes":1234,"records":"data.items","context":{"course":4},"url":"/…"}
    <1234 bytes as the server sent them, decompressed, and a line end>

It holds no times and no headers, so the same answers make the same file and the same digest;
a person reads it with any text viewer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from connectors.errors import PermanentError

SUFFIX = ".pages"
LONGEST_LINE = 1 << 20
Shape = Literal["array", "object", "csv", "columns"]
"""Of a body's records: an array of objects (at `records`), the body as one record, a CSV with a
header, or an array of columns (at `records`), each headed by its name."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What one body is.

    Attributes:
        records: the way to the array, names joined by dots; empty where the body is the array.
        shape: what the records are.
        explode: a member of each record that is an array; its items become the records.
        carry: members that each item takes from its record.
        only: numbers of the records that are new, from 1; empty where all of them are.
        url: where it came from: path and query below the base, without secrets.
        context: what the records do not say of themselves, put into each: a course's id.
    """

    records: str = ""
    url: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    shape: Shape = "array"
    explode: str = ""
    carry: tuple[str, ...] = ()
    only: tuple[int, ...] = ()

    def about(self, size: int) -> dict[str, Any]:
        """The line before a body of `size` bytes; only what says something."""
        known = {"bytes": size, **{name: getattr(self, name) for name in self.__slots__}}
        plain = Frame()
        return {k: v for k, v in known.items() if k == "bytes" or v != getattr(plain, k)}

    @classmethod
    def read(cls, about: Mapping[str, Any]) -> Frame:
        """The frame that a line tells of."""
        known = {k: v for k, v in about.items() if k in cls.__slots__}
        lists = {name: tuple(known.get(name, ())) for name in ("carry", "only")}
        return cls(**{**known, **lists})


class PageFile:
    """Writes a file of pages; a context manager that leaves nothing behind on an error."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pages = 0
        self.size = 0
        self._hash = hashlib.sha256()
        self._file = path.open("wb")

    def add(self, frame: Frame, body: bytes) -> None:
        """Append one page.

        Raises:
            PermanentError: the disk is full or the folder cannot be written.
        """
        head = json.dumps(
            frame.about(len(body)), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        data = b"".join((head.encode(), b"\n", body, b"\n"))
        try:
            self._file.write(data)
        except OSError as error:
            raise PermanentError(
                f"the copy cannot be written: {error.strerror or error}",
                where=str(self.path.parent),
                do="Free space, or the right to write, then run again",
            ) from error
        self._hash.update(data)
        self.pages += 1
        self.size += len(data)

    @property
    def digest(self) -> str:
        """SHA-256 of everything so far, in hex."""
        return self._hash.hexdigest()

    def close(self) -> None:
        """Close the file; safe to repeat."""
        self._file.close()


def read_pages(path: Path, where: str) -> Iterator[tuple[Frame, bytes]]:
    """The pages of a file, one in memory at a time.

    Raises:
        PermanentError: it is no file of pages, or it is damaged.
    """
    with path.open("rb") as file:
        number = 0
        while head := file.readline(LONGEST_LINE):
            number += 1
            try:
                about = json.loads(head)
                size, frame = int(about["bytes"]), Frame.read(about)
            except (ValueError, KeyError, TypeError):
                raise _damaged(where, number) from None
            body = file.read(size)
            if len(body) != size or file.read(1) != b"\n":
                raise _damaged(where, number)
            yield frame, body


def _damaged(where: str, number: int) -> PermanentError:
    return PermanentError(
        "the stored pages are damaged", where=f"{where}, page {number:,}", do="Restore the file"
    )
