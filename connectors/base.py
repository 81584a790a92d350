"""The base that every connector builds on: streams in, batches and receipts out.

What belongs here: the values that cross the border between a connector and its caller, and
the `Connector` itself. What does not: any one kind of source, landing, checks or loading.

    discover(spec, state) -> Discovery   cheap: which objects are new, in the order to read
    extract(spec, ref, work) -> Batch    one object: its bytes copied aside, then parsed
    batch.reader()                       Arrow, streamed; then batch.receipt()
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from connectors.clock import Clock, utc_now
from connectors.errors import OptionError
from connectors.options import Options, option_errors, parse_options
from connectors.receipt import Origin

if TYPE_CHECKING:
    from connectors.batch import Batch

NewColumn = Literal["keep", "drop", "block"]
MissingColumn = Literal["block", "null"]


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """What a connector must know of a declared column to find it in the source.

    Attributes:
        name: our name; the column is delivered under it.
        header: its name in the source where that differs.
        position: from 1; finds a column whose header is blank or repeated.
        type: the declared type as text; connectors deliver text and do not interpret it.
        decimal_mark: what stands before the decimals of a number written as text. A source
            that holds true numbers delivers their text with it, too.
    """

    name: str
    header: str | None = None
    position: int | None = None
    type: str = "text"
    decimal_mark: str = "."

    @property
    def wanted(self) -> str:
        """The header to look for."""
        return self.header if self.header is not None else self.name


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One table of a source, as far as reading it is concerned."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[ColumnSpec, ...] = ()
    cursor: str | None = None
    key: tuple[str, ...] = ()
    new_column: NewColumn = "keep"
    missing_column: MissingColumn = "block"


@dataclass(frozen=True, slots=True)
class SeenObject:
    """What was last read under a name: SHA-256 of its bytes, and its signature then."""

    name: str
    digest: str
    signature: str


@dataclass(frozen=True, slots=True)
class State:
    """What the caller remembers of a stream.

    Attributes:
        cursor: where the last batch ended (API and SQL kinds), or None.
        objects: the last seen object for each name (file kinds).
        digests: SHA-256 of everything this stream ever received.
        sample: it is only a look: a part that says what the rest is like is enough.
    """

    cursor: Mapping[str, Any] | None = None
    objects: Mapping[str, SeenObject] = field(default_factory=dict)
    digests: frozenset[str] = frozenset()
    sample: bool = False


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """An object that can be extracted; `digest` is None where it was not needed to know.

    `size` is in bytes, None where the source does not say it before it is read.
    """

    name: str
    signature: str
    size: int | None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What was received as one object: its name, where the bytes lie, SHA-256, since when."""

    name: str
    path: Path
    digest: str
    started: datetime


@dataclass(frozen=True, slots=True)
class CopiedObject:
    """A new name with contents that the stream already received under the name `of`.

    `of` is empty where that name has other contents by now. `pending` says that the
    original is itself among `Discovery.new`: do not record the copy before it is landed.
    """

    ref: ObjectRef
    of: str
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Discovery:
    """What `discover` found.

    Attributes:
        new: to be extracted, in this order.
        touched: known contents under a new signature: record them, there is nothing to read.
        copies: known contents under a new name; to be skipped and reported. Each can still
            be extracted by its `ref`, for loads in which receiving the same again matters.
        unchanged: how many objects had an unchanged signature and were not opened.
        unsettled: how many were left alone because they changed a moment ago.
    """

    new: tuple[ObjectRef, ...] = ()
    touched: tuple[SeenObject, ...] = ()
    copies: tuple[CopiedObject, ...] = ()
    unchanged: int = 0
    unsettled: int = 0


class Connector(ABC):
    """A kind of source. Making one only checks its options: nothing is opened or asked.

    Attributes:
        kind: the name in `connector:`.
        version: changes whenever the same bytes would be delivered differently.
        about: one line for the list of kinds.
        SourceOptions: the model of `options:` at the source.
        StreamOptions: the model of `options:` at a stream.
    """

    kind: ClassVar[str]
    version: ClassVar[str]
    about: ClassVar[str]
    SourceOptions: ClassVar[type[Options]]
    StreamOptions: ClassVar[type[Options]]

    def __init__(self, options: Mapping[str, Any], *, base: Path, clock: Clock = utc_now) -> None:
        """Keeps the checked options.

        Args:
            options: the source's options, secrets already resolved.
            base: the project's folder, which relative paths start from.
            clock: the time; UTC.

        Raises:
            OptionError: an option is unknown or illegal.
        """
        self.options = parse_options(self.SourceOptions, options)
        self.base = base
        self.clock = clock

    @classmethod
    def option_errors(
        cls, source: Mapping[str, Any], stream: Mapping[str, Any] | None = None
    ) -> list[OptionError]:
        """Everything wrong with these options, without touching the source."""
        errors = option_errors(cls.SourceOptions, source)
        return errors if stream is None else errors + option_errors(cls.StreamOptions, stream)

    def origin(
        self,
        received: Received,
        identity: str,
        parameters: Mapping[str, Any],
        since: Mapping[str, Any] | None = None,
    ) -> Origin:
        """Where a batch comes from, for its receipt.

        Args:
            received: its bytes.
            identity: the source, without secrets.
            parameters: what shaped this reading.
            since: the cursor that it began at, where there is one.
        """
        return Origin(
            connector=self.kind,
            connector_version=self.version,
            source_identity=identity,
            parameters=parameters,
            object=received.name,
            bytes=received.path.stat().st_size,
            sha256=received.digest,
            started_at=received.started.astimezone(UTC).isoformat(),
            cursor_from=since,
        )

    @abstractmethod
    def check(self, spec: StreamSpec) -> None:
        """Proves that the stream can be reached and read, without reading it.

        Raises:
            ConnectorError: it cannot, and why.
        """

    @abstractmethod
    def discover(self, spec: StreamSpec, state: State) -> Discovery:
        """Finds what is new, cheaply and in a stable order.

        Raises:
            ConnectorError: the source cannot be listed.
        """

    @abstractmethod
    def extract(self, spec: StreamSpec, ref: ObjectRef, work: Path) -> Batch:
        """Copies one object's bytes into `work`, hashed, and opens the copy.

        Raises:
            TransientError: the object vanished or changed meanwhile.
            PermanentError: it is malformed, or it cannot be read at all.
        """

    @abstractmethod
    def reopen(self, spec: StreamSpec, name: str, path: Path) -> Batch:
        """Opens bytes that were received before, as the object `name`, under `spec`.

        Raises:
            PermanentError: they are malformed under these options.
        """
