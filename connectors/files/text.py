"""A text file's bytes as checked UTF-8: unpacked, decoded, free of NUL, below a size.

What belongs here: everything that is true of any text format. What does not: rows and cells.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.errors import PermanentError

CHUNK = 1 << 20
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
FOREIGN = {
    b"\xff\xfe": ("is UTF-16", "Set encoding: utf-16"),
    b"\xfe\xff": ("is UTF-16", "Set encoding: utf-16"),
    b"PK\x03\x04": (
        "is a ZIP archive or a spreadsheet",
        "Set format: xlsx for a spreadsheet; unpack an archive",
    ),
    b"PAR1": ("is Parquet", "Set format: parquet"),
}
BOM = b"\xef\xbb\xbf"


def compression_of(path: Path) -> str | None:
    """`gzip`, `zstd` or None, by the first bytes."""
    with path.open("rb") as file:
        start = file.read(4)
    return next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), None)


class TextSource:
    """Reads one text file as UTF-8 without a BOM.

    `where` names the file in errors. Memory is bounded by the size asked for, whatever a
    compressed file expands to.
    """

    def __init__(self, path: Path, *, where: str, encoding: str, max_bytes: int) -> None:
        self.path = path
        self.where = where
        self.encoding = encoding
        self.max_bytes = max_bytes
        self.compression = compression_of(path)
        self._file = self._open()
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._wide = encoding.startswith(("utf-16", "utf-32"))
        self._unpacked = 0
        self._pending = 0
        self._first = True
        self._ended = False
        self._ahead = b""

    def _open(self) -> Any:
        named = next((s for s in (".gz", ".zst") if self.where.lower().endswith(s)), None)
        if named and self.compression is None and self.path.stat().st_size:
            raise PermanentError(
                f"is named {named} but is not compressed so",
                where=self.where,
                do="Compress it, or give it its real extension",
            )
        file = pa.OSFile(str(self.path))
        return pa.CompressedInputStream(file, self.compression) if self.compression else file

    def close(self) -> None:
        """Closes the file; safe to repeat."""
        self._file.close()

    def peek(self, size: int) -> tuple[bytes, bool]:
        """Up to `size` bytes from the present position without moving, and whether that is all.

        Raises:
            PermanentError: as `read`.
        """
        while len(self._ahead) < size and (chunk := self._next(CHUNK)):
            self._ahead += chunk
        return self._ahead, self._ended

    def skip(self, size: int) -> None:
        """Leaves out bytes that `peek` has shown."""
        self._ahead = self._ahead[size:]

    def read(self, size: int = CHUNK) -> bytes:
        """The next bytes, about `size` of them; empty at the end.

        Raises:
            PermanentError: damaged compression, not in the encoding, a NUL, or too large.
        """
        if self._ahead:
            ahead, self._ahead = self._ahead[:size], self._ahead[size:]
            return ahead
        return self._next(size)

    def _next(self, size: int) -> bytes:
        while not self._ended:
            raw = self._unpack(size)
            self._ended = not raw
            if text := self._decode(raw):
                return text
        return b""

    def _unpack(self, size: int) -> bytes:
        try:
            raw: bytes = self._file.read(size)
        except OSError as error:
            if self.compression is None:
                raise
            raise PermanentError(
                f"the {self.compression} data is damaged or cut short: {error}",
                where=self.where,
                do="Fetch the file again",
            ) from error
        self._unpacked += len(raw)
        if self._unpacked > self.max_bytes:
            raise PermanentError(
                f"is more than {self.max_bytes:,} bytes once decompressed",
                where=self.where,
                do="Raise the option max_bytes if the file is meant to be so large",
            )
        return raw

    def _decode(self, raw: bytes) -> bytes:
        if self._first and raw:
            self._refuse_foreign(raw)
        if not self._wide:
            self._refuse_nul(raw, self._unpacked - len(raw))
        if self.encoding == "utf-8":
            if self._pending or not raw or not raw.isascii():
                self._decoded(raw)
            text = raw
        else:
            text = self._decoded(raw).encode()
        if self._first and text:
            self._first = False
            text = text.removeprefix(BOM)
        if self._wide:
            self._refuse_nul(text, None)
        return text

    def _decoded(self, raw: bytes) -> str:
        try:
            text = self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            offset = self._unpacked - len(raw) - self._pending + error.start
            found = error.object[error.start : error.end].hex(" ")
            raise PermanentError(
                f"byte {offset + 1:,} (hex {found}) is not {self.encoding}",
                where=self._place(offset),
                do="Set the option encoding (windows-1252 and latin-1 are common), "
                "or save the file as UTF-8",
            ) from error
        self._pending = len(self._decoder.getstate()[0])
        return text

    def _refuse_foreign(self, raw: bytes) -> None:
        for magic, (what, do) in FOREIGN.items():
            if raw.startswith(magic) and not self._wide:
                raise PermanentError(f"{what}, not {self.encoding} text", where=self.where, do=do)

    def _refuse_nul(self, data: bytes, start: int | None) -> None:
        at = data.find(b"\0")
        if at < 0:
            return
        found = "there is a NUL character" if start is None else f"byte {start + at + 1:,} is NUL"
        raise PermanentError(
            found,
            where=self._place(None if start is None else start + at),
            do="The file is damaged, binary, or UTF-16 (then set encoding: utf-16)",
        )

    def _place(self, offset: int | None) -> str:
        """Where, with the line of a byte offset; reads the file again, so for errors only."""
        if offset is None or self._wide:
            return self.where
        again, left, line = self._open(), offset, 1
        while left > 0 and (chunk := again.read(min(left, CHUNK))):
            line += chunk.count(b"\n")
            left -= len(chunk)
        again.close()
        return f"{self.where}, line {line}"
