"""What the steps need of the outside, as protocols.

What belongs here: the shapes of a connector, its batch, and of a listener to progress.
What does not: any implementation (connectors, quality, cli).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from scoreline.core.model import Source, Stream
from scoreline.warehouse.arrow import ArrowStream, Layout

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

Clock = Callable[[], datetime]


class SourceFailure(Exception):  # noqa: N818  it is the outcome of an extraction
    """A source or one of its objects could not be read.

    Attributes:
        transient: trying again later may succeed.
        retry_after: the source's own wish, in seconds.
    """

    def __init__(
        self, text: str, *, transient: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(text)
        self.transient = transient
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Found:
    """An object that is new: its name, size in bytes (None: unknown), and a handle.

    `signature` changes whenever the object does.
    """

    name: str
    size: int | None
    handle: Any
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Discovered:
    """What a look at a source found.

    `touched` are known contents under a new signature, `copies` known contents under a
    new name (with the name of the original), `unchanged` the number not opened,
    `unsettled` the number left alone because they changed a moment ago.
    """

    new: Sequence[Found]
    touched: Mapping[str, str]
    copies: Sequence[tuple[Found, str]]
    unchanged: int
    unsettled: int = 0


class Extract(Protocol):
    """One object on its way in: bytes copied aside, rows as an Arrow stream, a receipt."""

    @property
    def object(self) -> str:
        """The object's name."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes as received."""
        ...

    @property
    def signature(self) -> str:
        """What tells cheaply that the object did not change."""
        ...

    @property
    def raw_path(self) -> Path:
        """The copy of the bytes."""
        ...

    @property
    def layout(self) -> Layout:
        """How the rows are delivered."""
        ...

    @property
    def missing_columns(self) -> Sequence[str]:
        """Declared columns that the object lacks."""
        ...

    @property
    def extra_columns(self) -> Sequence[str]:
        """Columns that the contract does not declare."""
        ...

    @property
    def cursor(self) -> Mapping[str, Any] | None:
        """Where the next extraction starts."""
        ...

    def reader(self) -> ArrowStream:
        """The rows, once."""
        ...

    def ragged(self) -> ArrowStream:
        """Rows that could not be cut into cells: row, text, reason."""
        ...

    def receipt(self) -> Mapping[str, Any]:
        """The receipt, as plain JSON values; after the rows were read."""
        ...

    def failure(self) -> SourceFailure | None:
        """Why reading ended early, where it did."""
        ...


class Extractor(Protocol):
    """A source that can be read.

    Every method raises SourceFailure where the source or an object cannot be read.
    """

    def discover(
        self,
        stream: Stream,
        objects: Mapping[str, tuple[str, str]],
        digests: frozenset[str],
        cursor: Mapping[str, Any] | None,
        *,
        sample: bool = False,
    ) -> Discovered:
        """What is new, given the last (digest, signature) of each object read before.

        `sample` says that it is only a look: a part that shows what the rest is like is enough.
        """
        ...

    def extract(self, stream: Stream, found: Found, work: Path) -> Extract:
        """Copy one object aside and open it."""
        ...

    def reopen(self, stream: Stream, name: str, path: Path) -> Extract:
        """Open the stored bytes of an object again, under the stream's present contract."""
        ...


ExtractorFactory = Callable[[Source], Extractor]


class LineageError(Exception):
    """Lineage events could not be delivered; the text says why and holds no secret."""


class LineageSink(Protocol):
    """Where OpenLineage events go."""

    @property
    def place(self) -> str:
        """The place, for people; no secret."""
        ...

    def send(self, events: Sequence[RunEvent]) -> None:
        """Deliver events, in order.

        Raises:
            LineageError: not all of them were delivered.
        """
        ...


class Keyring(Protocol):
    """The project's keys for personal values.

    Every method raises UsageError where a key cannot be had.
    """

    def pseudonyms(self) -> tuple[bytes, ...]:
        """The keys of pseudonyms, in the order of their use."""
        ...

    def further(self, used: int) -> tuple[bytes, ...]:
        """Those in use and one more."""
        ...

    def marks(self, *, make: bool = False) -> bytes | None:
        """The key that people are remembered by who were forgotten; None before the first."""
        ...


class Listener(Protocol):
    """Hears how long work goes on; the command line draws it, Dagster logs it."""

    def begin(self, what: str, total: int | None = None) -> None:
        """A piece of work begins; `total` in steps, None where unknown."""
        ...

    def advance(self, note: str = "") -> None:
        """One step of it is done."""
        ...

    def end(self) -> None:
        """The piece of work is over."""
        ...

    def say(self, text: str) -> None:
        """Something a person may want to know."""
        ...

    def warn(self, text: str) -> None:
        """Something that a person must look after."""
        ...


class Silence:
    """A listener that does nothing."""

    def begin(self, what: str, total: int | None = None) -> None:
        """Nothing."""

    def advance(self, note: str = "") -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def warn(self, text: str) -> None:
        """Nothing."""
