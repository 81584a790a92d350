"""One reading of a stream: pages into a file as received, records into lines.

What belongs here: what is done with each page, once. What does not: which pages there are
(each kind), and asking for them (walking).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import StreamSpec
from connectors.http.cursor import Position
from connectors.http.cutting import Cut, cut
from connectors.http.mending import Mend
from connectors.http.pages import SUFFIX, PageFile, read_pages
from connectors.http.tail import Known, Tail
from connectors.http.walking import Page
from connectors.jsontext.presence import still_absent
from connectors.jsontext.source import SCHEMA
from connectors.receipt import RaggedRow, Tally

SAMPLE_PAGES = 2


@dataclass(slots=True)
class Reading:
    """Everything that was received once, in files that are deleted unless they are taken.

    `path` holds the pages as received; `lines` is an Arrow stream of what was cut from them,
    so that they are cut once.
    """

    folder: tempfile.TemporaryDirectory[str]
    path: Path
    lines: Path
    digest: str
    size: int
    pages: int
    rows: int
    declared: int | None
    position: Position | None
    started: datetime
    ragged: list[RaggedRow]
    missing: tuple[str, ...]
    warnings: list[str] = field(default_factory=list)


class Lines:
    """From pages to numbered lines, mended; what is refused, and which columns never come."""

    def __init__(self, spec: StreamSpec, mends: tuple[Mend, ...]) -> None:
        self.rows = 0
        self.ragged: list[RaggedRow] = []
        self._mends = mends
        self._absent = {c.name: c for c in spec.columns}

    @property
    def missing(self) -> tuple[str, ...]:
        """Declared columns that no record had, where there were records."""
        return tuple(self._absent) if self.rows else ()

    def add(self, page: Cut, only: tuple[int, ...] = ()) -> pa.RecordBatch:
        """One page's lines; `only` those of these numbers, where any are given."""
        lines, numbers = page.lines, page.numbers
        for mend in self._mends:
            lines = pc.replace_substring_regex(lines, mend.pattern, mend.replacement)
        if only:
            wanted = pc.is_in(numbers, pa.array(only, pa.int64()))
            lines, numbers = lines.filter(wanted), numbers.filter(wanted)
        else:
            self.ragged += [RaggedRow(self.rows + n, text, why) for n, text, why in page.refused]
        self._absent = still_absent(self._absent, lines)
        first, self.rows = self.rows, self.rows + (len(lines) if only else page.rows)
        if only:
            numbers = pa.array(range(1, len(lines) + 1), pa.int64())
        return pa.record_batch([lines, pc.add(numbers, first)], schema=SCHEMA)


class Making:
    """A reading that is being made."""

    def __init__(
        self,
        spec: StreamSpec,
        mends: tuple[Mend, ...],
        tail: Tail | None,
        known: Known | None,
        where: str,
        started: datetime,
    ) -> None:
        self._spec, self._where, self._started = spec, where, started
        self._tail, self._known = tail, known
        self._mends, self._lines = mends, Lines(spec, mends)
        self._folder = tempfile.TemporaryDirectory(prefix="scoreline-", ignore_cleanup_errors=True)
        self._declared: int | None = None

    def read(self, pages: Iterator[Page], source: str, *, sample: bool) -> Reading:
        """Take in every page; for a sample, the first ones.

        Raises:
            ConnectorError: as the pages do; nothing is left behind.
        """
        base = Path(self._folder.name)
        file, warnings = PageFile(base / f"received{SUFFIX}"), list[str]()
        try:
            with _line_file(file.path.with_suffix(".lines")) as out:
                self._keep_all(pages if not sample else islice(pages, SAMPLE_PAGES), file, out)
                if sample and file.pages == SAMPLE_PAGES:
                    warnings.append(f"a sample: the first {SAMPLE_PAGES} pages only")
        finally:
            file.close()
        tail, position = self._tail, None
        if tail is not None:
            position = tail.position(source)
        if self._known is not None and self._known.unchanged:
            file = self._narrowed(file.path, self._known)
        lines = self._lines
        if tail is not None and tail.undated:
            warnings.append(f"{tail.undated:,} rows have no {self._spec.cursor}")
        return Reading(
            self._folder,
            file.path,
            file.path.with_suffix(".lines"),
            file.digest,
            file.size,
            file.pages,
            lines.rows,
            self._declared,
            position,
            self._started,
            lines.ragged,
            lines.missing,
            warnings,
        )

    def _keep_all(
        self, pages: Iterator[Page], file: PageFile, out: pa.RecordBatchStreamWriter
    ) -> None:
        """Keep each page while the next one is on its way."""
        with ThreadPoolExecutor(1, "keeping") as worker:
            kept: Future[None] | None = None
            for page in pages:
                if kept is not None:
                    kept.result()
                kept = worker.submit(self._add, page, file, out)
            if kept is not None:
                kept.result()

    def _add(self, page: Page, file: PageFile, out: pa.RecordBatchStreamWriter) -> None:
        file.add(page.frame, page.body)
        batch = self._lines.add(page.cut)
        if batch.num_rows:
            out.write_batch(batch)
        if page.declared is not None:
            self._declared = (self._declared or 0) + page.declared
        if self._tail is not None:
            self._tail.add(batch.column(0), self._where)
            if page.through is not None:
                self._tail.limit(page.through)
        if self._known is not None:
            self._known.add(batch.column(0), self._where)

    def _narrowed(self, path: Path, known: Known) -> PageFile:
        """The same pages without the rows that the last reading had, and without pages of them."""
        narrow = PageFile(path.with_name(f"new{SUFFIX}"))
        whole, self._lines = Lines(self._spec, self._mends), Lines(self._spec, self._mends)
        try:
            with _line_file(narrow.path.with_suffix(".lines")) as out:
                for frame, body in read_pages(path, self._where):
                    page = cut(frame, body, self._where)
                    again = known.is_again(whole.add(page).column(0), self._where)
                    only = tuple(page.numbers.filter(pc.invert(again)).to_pylist())
                    if only:
                        narrow.add(replace(frame, only=only), body)
                        out.write_batch(self._lines.add(page, only))
        finally:
            narrow.close()
        return narrow


@contextmanager
def _line_file(path: Path) -> Iterator[pa.RecordBatchStreamWriter]:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, SCHEMA) as out:
        yield out


class ReadRows:
    """The lines of a reading, which were cut while it was made."""

    def __init__(self, reading: Reading, tally: Tally) -> None:
        self._reading, self._tally = reading, tally

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Batches as they were written; afterwards the tally is complete, the files are gone."""
        reading, tally = self._reading, self._tally
        tally.ragged += reading.ragged
        with pa.memory_map(str(reading.lines)) as source, pa.ipc.open_stream(source) as stream:
            yield from stream
        reading.folder.cleanup()
        tally.counted_rows, tally.missing_columns = reading.rows, reading.missing


class StoredRows:
    """The lines of a file of pages that was kept."""

    def __init__(self, path: Path, lines: Lines, tally: Tally, where: str) -> None:
        self._path, self._lines, self._tally, self._where = path, lines, tally, where

    def batches(self) -> Iterator[pa.RecordBatch]:
        """A batch for each page that has rows; afterwards the tally is complete."""
        pages = 0
        for frame, body in read_pages(self._path, self._where):
            batch = self._lines.add(cut(frame, body, f"{self._where}{frame.url}"), frame.only)
            pages += 1
            if batch.num_rows:
                yield batch
        tally = self._tally
        tally.ragged += self._lines.ragged
        tally.pages, tally.counted_rows = pages, self._lines.rows
        tally.missing_columns = self._lines.missing
