"""What the cutting of JSON reads from, and the shape of what it gives.

What belongs here: the port, the schema of lines, and limits. What does not: cutting.
"""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa

from connectors.batch import LINE, ROW

BLOCK = 1 << 22
LONGEST = 1 << 26
SPACE = " \t\r\n"
SCHEMA = pa.schema(
    [pa.field(LINE, pa.string(), nullable=False), pa.field(ROW, pa.int64(), nullable=False)]
)


class TextReader(Protocol):
    """UTF-8 text without a BOM, read in order; `where` names it in errors."""

    where: str

    def read(self, size: int = BLOCK) -> bytes:
        """The next bytes, about `size` of them; empty at the end."""
        ...

    def close(self) -> None:
        """Give it back; safe to repeat."""
        ...


class BodyReader:
    """A text that is in memory already."""

    def __init__(self, body: bytes, where: str) -> None:
        self.where = where
        self._body = body

    def read(self, size: int = BLOCK) -> bytes:
        """All of it at once, then nothing: a body is bounded by who received it."""
        del size
        body, self._body = self._body, b""
        return body

    def close(self) -> None:
        """Nothing to give back."""
