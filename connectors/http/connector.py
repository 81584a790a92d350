"""The connector that every HTTP kind extends: pages to a file, a cursor, a batch, a receipt.

What belongs here: what is the same for every API. What does not: any API.

A kind says which pages there are (`pages`), what an answer really means (`judge`) and how its
JSON is mended (`mends`); everything else is done here, once.
"""

from __future__ import annotations

import shutil
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from connectors.base import Connector, Discovery, ObjectRef, Received, State, StreamSpec
from connectors.digest import digest_of
from connectors.errors import ConnectorError, TransientError
from connectors.http.answers import Answer
from connectors.http.client import HttpClient
from connectors.http.cursor import CursorColumn, Position
from connectors.http.options import Effort, HttpSource
from connectors.http.pages import SUFFIX
from connectors.http.signing_in import SignIn
from connectors.http.walking import Page
from connectors.options import Options, parse_options
from connectors.receipt import Tally
from connectors.scrubbing import Scrubber, secrets_of

if TYPE_CHECKING:
    from connectors.batch import Batch
    from connectors.http.mending import Mend
    from connectors.http.reading import Reading

READINGS = 3
"""How often a list is read from its start when rows move while it is read."""


@dataclass(frozen=True, slots=True)
class HttpRef(ObjectRef):
    """A reading that was made."""

    reading: Reading | None = None
    since: Position | None = None


class HttpConnector(Connector):
    """An API over HTTP.

    Attributes:
        overlap: how far before the highest cursor a reading starts where a stream does not say.
    """

    SourceOptions: ClassVar[type[Options]] = HttpSource
    overlap: ClassVar[timedelta] = timedelta(minutes=5)

    @cached_property
    def notes(self) -> list[str]:
        """What a kind wants to say of the present reading, in the receipt's warnings."""
        return []

    @cached_property
    def client(self) -> HttpClient:
        """The server; not connected."""
        options = cast(HttpSource, self.options)
        client = HttpClient(options, self.clock, judge=self.judge, scrubber=self._scrubber)
        own = self.sign_in()
        if own is not None:
            client.sign_in = own
        return client

    @cached_property
    def _scrubber(self) -> Scrubber:
        return Scrubber(secrets_of(self.options.model_dump()))

    @property
    def effort(self) -> Effort:
        """How hard to try."""
        return cast(HttpSource, self.options).effort

    def sign_in(self) -> SignIn | None:
        """A kind's own way to sign in; None for what `auth` says."""
        return None

    @abstractmethod
    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """Every page of the stream, from `since.low` on where there is a position.

        Raises:
            ConnectorError: as the client and the walk do.
        """

    def judge(self, answer: Answer) -> ConnectorError | None:
        """The error that an answer is in spite of its status; None where it is fine."""
        del answer
        return None

    def mends(self, spec: StreamSpec) -> tuple[Mend, ...]:
        """What is put right in each record before the contract sees it."""
        del spec
        return ()

    def overlap_of(self, spec: StreamSpec) -> timedelta:
        """How far before the highest cursor the next reading starts."""
        del spec
        return self.overlap

    def source_of(self, spec: StreamSpec) -> str:
        """What a position is a position of; a change of it reads everything again."""
        chosen = parse_options(self.StreamOptions, spec.options).model_dump(mode="json")
        return f"{self.identity} {sorted(chosen.items())} {spec.cursor}"

    @cached_property
    def identity(self) -> str:
        """The server, without secrets."""
        return self.client.scrubber.url(self.client.base)

    def check(self, spec: StreamSpec) -> None:
        """Asks for the first page.

        Raises:
            ConnectorError: it cannot be had.
        """
        self.client.begin()
        next(self.pages(spec, None), None)

    def discover(self, spec: StreamSpec, state: State) -> Discovery:
        """Reads what there is from the last position on, and compares it with what was there.

        Raises:
            ConnectorError: the stream cannot be read to its end.
        """
        column = CursorColumn.of(spec)
        since = Position.read(state.cursor, self.source_of(spec)) if column else None
        reading = self._read(spec, column, since, sample=state.sample)
        last = state.objects.get(spec.name)
        if column is None and last is not None and last.digest == reading.digest:
            return Discovery(unchanged=1)
        if since is not None and reading.rows == 0:
            return Discovery(unchanged=1)
        name = _name(spec, reading, since)
        ref = HttpRef(name, signature="", size=reading.size, reading=reading, since=since)
        return Discovery(new=(ref,))

    def extract(self, spec: StreamSpec, ref: ObjectRef, work: Path) -> Batch:
        """Moves the file of pages into `work` and opens it.

        Raises:
            PermanentError: a page is not what was declared.
        """
        reading = ref.reading if isinstance(ref, HttpRef) else None
        if reading is None:
            raise TransientError(f"{ref.name} was not read", where=self.identity)
        path = work / f"{reading.digest}{SUFFIX}"
        shutil.move(reading.path, path)
        since = ref.since if isinstance(ref, HttpRef) else None
        received = Received(ref.name, path, reading.digest, reading.started)
        batch = self._open(spec, received, since, reading)
        tally = batch.tally
        tally.pages, tally.declared_total = reading.pages, reading.declared
        tally.cursor_to = reading.position.as_dict() if reading.position else None
        tally.warnings += reading.warnings
        return batch

    def reopen(self, spec: StreamSpec, name: str, path: Path) -> Batch:
        """Opens pages that were received before; the server is not asked.

        Raises:
            PermanentError: the file is damaged.
        """
        return self._open(spec, Received(name, path, digest_of(path), self.clock()))

    def _read(
        self, spec: StreamSpec, column: CursorColumn | None, since: Position | None, *, sample: bool
    ) -> Reading:
        """Everything, once; from the start again where rows moved meanwhile."""
        from connectors.http.reading import Making
        from connectors.http.tail import Known, Tail

        self.client.begin()
        for left in range(READINGS - 1, -1, -1):
            self.notes.clear()
            tail = Tail(column, self.overlap_of(spec), since) if column else None
            known = Known(column, since) if column and since else None
            making = Making(spec, self.mends(spec), tail, known, self.identity, self.clock())
            try:
                reading = making.read(self.pages(spec, since), self.source_of(spec), sample=sample)
            except TransientError as error:
                if not left or "while it was read" not in error.what:
                    raise
            else:
                reading.warnings += self.notes
                return reading
        raise AssertionError("unreachable")

    def _open(
        self,
        spec: StreamSpec,
        received: Received,
        since: Position | None = None,
        reading: Reading | None = None,
    ) -> Batch:
        from connectors.batch import Batch
        from connectors.http.reading import Lines, ReadRows, StoredRows
        from connectors.jsontext.source import SCHEMA

        chosen = parse_options(self.StreamOptions, spec.options)
        parameters = {
            **chosen.model_dump(mode="json", exclude_none=True),
            "cursor": spec.cursor,
            "key": list(spec.key),
        }
        tally = Tally()
        rows = (
            ReadRows(reading, tally)
            if reading
            else StoredRows(received.path, Lines(spec, self.mends(spec)), tally, self.identity)
        )
        return Batch(
            self.origin(received, self.identity, parameters, since.as_dict() if since else None),
            tally,
            SCHEMA,
            rows.batches,
            raw_path=received.path,
            signature="",
            clock=self.clock,
            layout="json_lines",
        )


def _name(spec: StreamSpec, reading: Reading, since: Position | None) -> str:
    """What a reading is called: the stream, and from where to where."""
    if reading.position is None:
        return spec.name
    start = since.low if since else "start"
    return f"{spec.name}@{start}..{reading.position.high}"
