"""The `singer` kind: any Singer tap, run as a process of its own; its state is our cursor.

What belongs here: from a tap's messages to a batch. What does not: running the tap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from connectors.base import StreamSpec
from connectors.options import parse_options
from connectors.singer.options import SingerSource, SingerStream
from connectors.singer.tap import Tap, chosen
from connectors.stateful.connector import StatefulConnector

if TYPE_CHECKING:
    import pyarrow as pa


class SingerConnector(StatefulConnector):
    """A Singer tap."""

    kind = "singer"
    version = "1"
    about = "any Singer tap: hundreds of systems; the tap is installed apart"
    SourceOptions = SingerSource
    StreamOptions = SingerStream
    suffix = ".singer.jsonl"

    @cached_property
    def tap(self) -> Tap:
        """The tap; not run yet."""
        return Tap(cast(SingerSource, self.options), self.base)

    def check(self, spec: StreamSpec) -> None:
        """Asks the tap for its streams.

        Raises:
            ConnectorError: it cannot be run, or has no such stream.
        """
        self._catalog(spec)

    @property
    def identity(self) -> str:
        """The tap's program."""
        return self.tap.name

    def source_of(self, spec: StreamSpec) -> str:
        """The tap, its stream, and how it is replicated."""
        options = parse_options(SingerStream, spec.options)
        return f"{self.tap.name} {options.stream or spec.name} {options.replication}"

    def parameters(self, spec: StreamSpec) -> Mapping[str, Any]:
        """The stream's options."""
        chosen_options = parse_options(SingerStream, spec.options)
        return chosen_options.model_dump(mode="json", exclude_none=True)

    def take(self, spec: StreamSpec, before: Any, path: Path) -> tuple[int, Any]:
        """Runs the tap from its last state on; without a new one, that stays."""
        from connectors.singer.messages import survey

        self.tap.read(self._catalog(spec), before, path)
        records, after = survey(path, self.tap.name)
        return records, after or before

    def rows_of(self, path: Path) -> Iterator[pa.StringArray]:
        """The records of the messages."""
        from connectors.singer.messages import records_of

        return records_of(path, self.tap.name)

    def _catalog(self, spec: StreamSpec) -> dict[str, Any]:
        options = parse_options(SingerStream, spec.options)
        wanted = options.stream or spec.name
        return cast(dict[str, Any], chosen(self.tap.catalog(), wanted, options, self.tap.name))
