"""The connector of sources that remember themselves how far they were read.

What belongs here: their state as cursor, and the file of JSON lines that a reading leaves. What
does not: any such source. A kind says how it is read (`take`) and what a line holds (`rows_of`).
"""

from __future__ import annotations

import shutil
import tempfile
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.base import Connector, Discovery, ObjectRef, Received, State, StreamSpec
from connectors.digest import digest_of
from connectors.errors import TransientError
from connectors.receipt import Tally

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.batch import Batch


@dataclass(slots=True)
class Taken:
    """What a source gave, in a file that is deleted unless it is moved away.

    Attributes:
        folder: the file's own.
        path: the file: JSON, a line each.
        digest: SHA-256 of the file.
        state: the source's own afterwards, as plain JSON; None where it keeps none.
        started: when the reading began.
    """

    folder: tempfile.TemporaryDirectory[str]
    path: Path
    digest: str
    state: Any
    started: datetime


@dataclass(frozen=True, slots=True)
class TakenRef(ObjectRef):
    """A reading that was made."""

    taken: Taken | None = None


class StatefulConnector(Connector):
    """A source with a state of its own.

    Attributes:
        suffix: of the files that are kept.
    """

    suffix: ClassVar[str]

    @property
    @abstractmethod
    def identity(self) -> str:
        """The source, without secrets."""

    @abstractmethod
    def source_of(self, spec: StreamSpec) -> str:
        """What a state is a state of; a change of it reads everything again."""

    @abstractmethod
    def parameters(self, spec: StreamSpec) -> Mapping[str, Any]:
        """What shaped a reading, for the receipt."""

    @abstractmethod
    def take(self, spec: StreamSpec, before: Any, path: Path) -> tuple[int, Any]:
        """Reads from a state on (None: from the start) into a file that is to be made.

        Returns:
            How many rows there are, and the state afterwards.

        Raises:
            ConnectorError: the source failed.
        """

    @abstractmethod
    def rows_of(self, path: Path) -> Iterator[pa.StringArray]:
        """The rows of a file, as texts, some megabytes at once.

        Raises:
            ConnectorError: a line is not what the source writes.
        """

    def discover(self, spec: StreamSpec, state: State) -> Discovery:
        """Reads from the last state on.

        Raises:
            ConnectorError: the source failed.
        """
        kept = state.cursor or {}
        before = kept.get("state") if kept.get("source") == self.source_of(spec) else None
        folder = tempfile.TemporaryDirectory(prefix="scoreline-", ignore_cleanup_errors=True)
        path, started = Path(folder.name) / f"taken{self.suffix}", self.clock()
        rows, after = self.take(spec, before, path)
        taken = Taken(folder, path, digest_of(path), after, started)
        last = state.objects.get(spec.name)
        if (last is not None and last.digest == taken.digest) or (before and not rows):
            return Discovery(unchanged=1)
        size = path.stat().st_size
        return Discovery(new=(TakenRef(spec.name, signature="", size=size, taken=taken),))

    def extract(self, spec: StreamSpec, ref: ObjectRef, work: Path) -> Batch:
        """Moves the file into `work` and opens it."""
        taken = ref.taken if isinstance(ref, TakenRef) else None
        if taken is None:
            raise TransientError(f"{ref.name} was not read", where=self.identity)
        path = work / f"{taken.digest}{self.suffix}"
        shutil.move(taken.path, path)
        taken.folder.cleanup()
        batch = self._open(spec, Received(ref.name, path, taken.digest, taken.started))
        if taken.state is not None:
            batch.tally.cursor_to = {"source": self.source_of(spec), "state": taken.state}
        return batch

    def reopen(self, spec: StreamSpec, name: str, path: Path) -> Batch:
        """Opens a file that was received before; the source is not asked."""
        return self._open(spec, Received(name, path, digest_of(path), self.clock()))

    def _open(self, spec: StreamSpec, received: Received) -> Batch:
        from connectors.batch import Batch
        from connectors.jsontext.source import SCHEMA
        from connectors.stateful.lines import numbered

        parameters = {**self.parameters(spec), "key": list(spec.key)}
        tally = Tally()
        return Batch(
            self.origin(received, self.identity, parameters),
            tally,
            SCHEMA,
            lambda: numbered(self.rows_of(received.path), spec, tally),
            raw_path=received.path,
            signature="",
            clock=self.clock,
            layout="json_lines",
        )
