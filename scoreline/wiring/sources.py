"""Connectors as the steps see them: the one place that knows both.

What belongs here: translating specs, batches and errors. What does not: any connector,
any step.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoreline.core.errors import UsageError
from scoreline.core.model import Source, Stream
from scoreline.steps.ports import Clock, Discovered, Found, SourceFailure
from scoreline.wiring.secret_values import resolve_secrets

if TYPE_CHECKING:
    from connectors.base import Connector, ObjectRef
    from connectors.batch import Batch as ConnectorBatch
    from scoreline.warehouse.arrow import ArrowStream, Layout


def make_importable(root: Path) -> None:
    """Let definitions name connectors of the project's own (`own_connectors.portal:…`)."""
    if str(root) not in sys.path:
        sys.path.append(str(root))


def check_options(source: Source) -> list[tuple[str | None, str]]:
    """What is wrong with a source's connector and options: (stream or None, words)."""
    from connectors.errors import ConnectorError
    from connectors.registry import load

    try:
        kind = load(source.connector)
    except ConnectorError as error:
        return [(None, str(error))]
    found: list[tuple[str | None, str]] = [
        (None, str(e)) for e in kind.option_errors(source.options)
    ]
    for stream in source.streams:
        errors = kind.option_errors(source.options, stream.options)
        known = {text for _, text in found}
        found += [(stream.name, str(e)) for e in errors if str(e) not in known]
    return found


class SourceReader:
    """A connector as the steps see it: one source of the definitions, secrets filled in."""

    def __init__(self, source: Source, root: Path, clock: Clock) -> None:
        self._source, self._root, self._clock = source, root, clock
        self._made: Connector | None = None

    def connector(self) -> Connector:
        """The connector itself, made when it is first needed.

        Raises:
            SourceFailure: unknown kind, illegal options, a secret that is not there.
        """
        from connectors.errors import ConnectorError
        from connectors.registry import load

        if self._made is None:
            try:
                options = resolve_secrets(self._source.options, self._root)
                kind = load(self._source.connector)
                self._made = kind(options, base=self._root, clock=self._clock)
            except (ConnectorError, UsageError) as error:
                raise SourceFailure(str(error)) from error
        return self._made

    def check(self, stream: Stream) -> None:
        """Prove that the stream can be reached.

        Raises:
            SourceFailure: it cannot, and why.
        """
        from connectors.errors import ConnectorError

        try:
            self.connector().check(_spec(stream))
        except ConnectorError as error:
            raise _failure(error) from error

    def discover(
        self,
        stream: Stream,
        objects: Mapping[str, tuple[str, str]],
        digests: frozenset[str],
        cursor: Mapping[str, Any] | None,
        *,
        sample: bool = False,
    ) -> Discovered:
        """What is new at the stream; for a sample, a part may be enough."""
        from connectors.base import SeenObject, State
        from connectors.errors import ConnectorError

        seen = {n: SeenObject(n, digest, mark) for n, (digest, mark) in objects.items()}
        try:
            found = self.connector().discover(_spec(stream), State(cursor, seen, digests, sample))
        except ConnectorError as error:
            raise _failure(error) from error
        return Discovered(
            new=[_found(ref) for ref in found.new],
            touched={t.name: t.signature for t in found.touched},
            copies=[(_found(c.ref), c.of) for c in found.copies],
            unchanged=found.unchanged,
            unsettled=found.unsettled,
        )

    def extract(self, stream: Stream, found: Found, work: Path) -> SourceExtract:
        """Copy one object aside and open it."""
        from connectors.errors import ConnectorError

        ref: ObjectRef = found.handle
        try:
            return SourceExtract(self.connector().extract(_spec(stream), ref, work))
        except ConnectorError as error:
            raise _failure(error) from error

    def reopen(self, stream: Stream, name: str, path: Path) -> SourceExtract:
        """Open stored bytes again."""
        from connectors.errors import ConnectorError

        try:
            return SourceExtract(self.connector().reopen(_spec(stream), name, path))
        except ConnectorError as error:
            raise _failure(error) from error


@dataclass(frozen=True, slots=True)
class SourceExtract:
    """A connector's batch as the steps see it."""

    batch: ConnectorBatch

    @property
    def object(self) -> str:
        """The object's name."""
        return self.batch.object

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes as received."""
        return self.batch.digest

    @property
    def signature(self) -> str:
        """What tells cheaply that the object did not change."""
        return self.batch.signature

    @property
    def raw_path(self) -> Path:
        """The copy of the bytes."""
        return self.batch.raw_path

    @property
    def layout(self) -> Layout:
        """How the rows are delivered."""
        return self.batch.layout

    @property
    def missing_columns(self) -> Sequence[str]:
        """Declared columns that the object lacks."""
        return self.batch.tally.missing_columns

    @property
    def extra_columns(self) -> Sequence[str]:
        """Columns that the contract does not declare."""
        return self.batch.tally.extra_columns

    @property
    def cursor(self) -> Mapping[str, Any] | None:
        """Where the next extraction starts."""
        return self.batch.cursor

    def reader(self) -> ArrowStream:
        """The rows, once."""
        reader: ArrowStream = self.batch.reader()
        return reader

    def ragged(self) -> ArrowStream:
        """Rows that could not be cut into cells."""
        table: ArrowStream = self.batch.ragged()
        return table

    def receipt(self) -> Mapping[str, Any]:
        """The receipt, as plain JSON values."""
        return self.batch.receipt().as_dict()

    def failure(self) -> SourceFailure | None:
        """Why reading ended early, where it did."""
        return None if self.batch.failure is None else _failure(self.batch.failure)


def _found(ref: ObjectRef) -> Found:
    return Found(ref.name, ref.size, ref, ref.signature)


def _failure(error: Exception) -> SourceFailure:
    from connectors.errors import TransientError

    transient = isinstance(error, TransientError)
    after = error.retry_after if isinstance(error, TransientError) else None
    return SourceFailure(str(error), transient=transient, retry_after=after)


def _spec(stream: Stream) -> Any:
    """The stream as connectors know it."""
    from connectors.base import ColumnSpec, StreamSpec

    return StreamSpec(
        name=stream.name,
        options=stream.options,
        columns=tuple(
            ColumnSpec(c.name, c.header, c.position, c.type.kind, c.decimal_mark)
            for c in stream.columns
        ),
        cursor=stream.cursor,
        key=stream.key,
        new_column=stream.schema_contract.new_column,
        missing_column=stream.schema_contract.missing_column,
    )
