"""Rows on their way from the server into a Parquet file, or only into a digest.

What belongs here: writing what was received, as it was received, in bounded memory. What does
not: which rows (relation, window), and the file's rows on their way out (connectors.files).

The digest of contents is taken over rows written as CSV, each value that is there in quotes, so
that it does not depend on how the rows were cut into chunks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from connectors.digest import digest_of
from connectors.errors import PermanentError
from connectors.sql.database import Session
from connectors.sql.kinds import ResultColumn, schema_of, to_arrow
from connectors.sql.relation import Reading
from connectors.sql.window import Window

PLAIN = pc.WriteOptions(include_header=False, quoting_style="all_valid")
COMPRESSION = "zstd"


class ContentDigest:
    """SHA-256 of rows in their order, whatever chunks they come in."""

    def __init__(self, columns: Sequence[ResultColumn]) -> None:
        described = "\n".join(f"{c.name}\t{c.type}" for c in columns)
        self._hash = hashlib.sha256(described.encode())

    def update(self, batch: pa.RecordBatch) -> None:
        """Adds rows."""
        if batch.num_rows:
            text = pa.BufferOutputStream()
            pc.write_csv(batch, text, PLAIN)
            self._hash.update(text.getvalue())

    def hexdigest(self) -> str:
        """The digest so far."""
        return self._hash.hexdigest()


@dataclass(frozen=True, slots=True)
class Copied:
    """The file, named by its SHA-256.

    `content` digests its rows, `again` those that the next extraction finds again.
    """

    path: Path
    digest: str
    size: int
    rows: int
    pages: int
    content: str
    again: str


def statements(reading: Reading, window: Window | None) -> list[sa.Select[Any]]:
    """What is read, in order: everything, or the dated rows and then the undated."""
    if window is None:
        return [reading.rows()]
    return [reading.rows_from(window.low), reading.rows_without()]


def batches(
    session: Session, reading: Reading, selects: Iterable[sa.Select[Any]], rows: int
) -> Iterator[pa.RecordBatch]:
    """The rows of the statements as record batches of at most `rows`.

    Raises:
        ConnectorError: the database does not go on.
        UnreadableTimes: read again with times as text.
        PermanentError: a chunk does not fit one Arrow array.
    """
    for select in selects:
        for part in session.chunks(select, rows):
            try:
                yield to_arrow(part, reading.columns)
            except (pa.ArrowException, TypeError, OverflowError) as error:
                raise PermanentError(
                    f"{len(part):,} rows cannot be held at once: {type(error).__name__}",
                    where=session.where,
                    do="Lower the option batch_rows; if that does not help, cast the column to "
                    "text in a query",
                ) from None


def digest_rows(session: Session, reading: Reading, window: Window | None, rows: int) -> str:
    """The digest of what an extraction would read, nothing being kept.

    Raises:
        ConnectorError: as `batches`.
    """
    digest = ContentDigest(reading.columns)
    for batch in batches(session, reading, statements(reading, window), rows):
        digest.update(batch)
    return digest.hexdigest()


def copy_rows(
    session: Session, reading: Reading, window: Window | None, rows: int, expected: int, work: Path
) -> Copied:
    """Writes what is read into the folder `work` and hashes the file.

    Args:
        session: the snapshot to read from.
        reading: what is read.
        window: how far; None for everything.
        rows: fetched at once; also a row group of the file.
        expected: the rows that the server counted in the same snapshot.
        work: the folder.

    Raises:
        ConnectorError: as `batches`; nothing is left in `work`.
        PermanentError: the rows are not as many as were counted, or the disk is full.
    """
    partial = work / "rows.part"
    content, again = ContentDigest(reading.columns), ContentDigest(reading.columns)
    skipped = window.dated - window.again if window else 0
    done = pages = 0
    try:
        with pq.ParquetWriter(partial, schema_of(reading.columns), compression=COMPRESSION) as out:
            for batch in batches(session, reading, statements(reading, window), rows):
                _write(out, batch, session.where)
                content.update(batch)
                again.update(batch.slice(max(skipped - done, 0)))
                done, pages = done + batch.num_rows, pages + 1
        if done != expected:
            raise _miscounted(done, expected, session.where)
        path, sha256 = _named(partial)
    finally:
        partial.unlink(missing_ok=True)
    size, digests = path.stat().st_size, (content.hexdigest(), again.hexdigest())
    return Copied(path, sha256, size, done, pages, *digests)


def _write(out: Any, batch: pa.RecordBatch, where: str) -> None:
    try:
        out.write_batch(batch)
    except OSError as error:
        raise PermanentError(
            f"the copy cannot be written: {error.strerror or error}",
            where=where,
            do="Free space in, or the right to write to, the work folder; then run again",
        ) from error


def _named(partial: Path) -> tuple[Path, str]:
    sha256 = digest_of(partial)
    return partial.replace(partial.with_name(f"{sha256}.parquet")), sha256


def _miscounted(done: int, expected: int, where: str) -> PermanentError:
    return PermanentError(
        f"{done:,} rows were read, the database counts {expected:,} in the same snapshot",
        where=where,
        do="Use a table whose engine keeps snapshots, and a query without chance or clock in it",
    )
