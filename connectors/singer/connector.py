"""The `singer` kind: any Singer tap, run as a process of its own; its state is our cursor.

What belongs here: from a tap's messages to a batch. What does not: running the tap.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from connectors.base import Connector, Discovery, ObjectRef, State, StreamSpec
from connectors.digest import digest_of
from connectors.errors import TransientError
from connectors.options import parse_options
from connectors.receipt import Origin, Tally
from connectors.singer.options import SingerSource, SingerStream
from connectors.singer.tap import Tap, chosen

if TYPE_CHECKING:
    from connectors.batch import Batch

SUFFIX = ".singer.jsonl"


@dataclass(slots=True)
class Synced:
    """What a tap sent, in a file that is deleted unless it is taken."""

    folder: tempfile.TemporaryDirectory[str]
    path: Path
    digest: str
    records: int
    state: Mapping[str, Any] | None
    started: datetime


@dataclass(frozen=True, slots=True)
class SingerRef(ObjectRef):
    """A sync that was made."""

    synced: Synced | None = None


class SingerConnector(Connector):
    """A Singer tap."""

    kind = "singer"
    version = "1"
    about = "any Singer tap: hundreds of systems; the tap is installed apart"
    SourceOptions = SingerSource
    StreamOptions = SingerStream

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

    def discover(self, spec: StreamSpec, state: State) -> Discovery:
        """Runs the tap from its last state on.

        Raises:
            ConnectorError: the tap failed.
        """
        from connectors.singer.messages import survey

        catalog = self._catalog(spec)
        folder = tempfile.TemporaryDirectory(prefix="scoreline-", ignore_cleanup_errors=True)
        path, started = Path(folder.name) / f"messages{SUFFIX}", self.clock()
        kept = state.cursor or {}
        before = kept.get("state") if kept.get("source") == self._source(spec) else None
        self.tap.read(catalog, before, path)
        records, after = survey(path, self.tap.name)
        last = state.objects.get(spec.name)
        synced = Synced(folder, path, digest_of(path), records, after or before, started)
        if (last is not None and last.digest == synced.digest) or (before and not records):
            return Discovery(unchanged=1)
        size = path.stat().st_size
        return Discovery(new=(SingerRef(spec.name, signature="", size=size, synced=synced),))

    def extract(self, spec: StreamSpec, ref: ObjectRef, work: Path) -> Batch:
        """Moves the messages into `work` and opens them."""
        synced = ref.synced if isinstance(ref, SingerRef) else None
        if synced is None:
            raise TransientError(f"{ref.name} was not read", where=self.tap.name)
        path = work / f"{synced.digest}{SUFFIX}"
        shutil.move(synced.path, path)
        synced.folder.cleanup()
        batch = self._open(spec, ref.name, path, synced.digest, synced.started)
        if synced.state is not None:
            batch.tally.cursor_to = {"source": self._source(spec), "state": synced.state}
        return batch

    def reopen(self, spec: StreamSpec, name: str, path: Path) -> Batch:
        """Opens messages that were received before; the tap is not run."""
        return self._open(spec, name, path, digest_of(path), self.clock())

    def _catalog(self, spec: StreamSpec) -> dict[str, Any]:
        options = parse_options(SingerStream, spec.options)
        wanted = options.stream or spec.name
        return cast(dict[str, Any], chosen(self.tap.catalog(), wanted, options, self.tap.name))

    def _source(self, spec: StreamSpec) -> str:
        options = parse_options(SingerStream, spec.options)
        return f"{self.tap.name} {options.stream or spec.name} {options.replication}"

    def _open(
        self, spec: StreamSpec, name: str, path: Path, digest: str, started: datetime
    ) -> Batch:
        chosen_options = parse_options(SingerStream, spec.options)
        origin = Origin(
            connector=self.kind,
            connector_version=self.version,
            source_identity=self.tap.name,
            parameters={
                **chosen_options.model_dump(mode="json", exclude_none=True),
                "key": list(spec.key),
            },
            object=name,
            bytes=path.stat().st_size,
            sha256=digest,
            started_at=started.astimezone(UTC).isoformat(),
        )
        from connectors.batch import Batch
        from connectors.jsontext.source import SCHEMA
        from connectors.singer.messages import read_records

        tally = Tally()
        return Batch(
            origin,
            tally,
            SCHEMA,
            lambda: read_records(path, spec, tally, self.tap.name),
            raw_path=path,
            signature="",
            clock=self.clock,
            layout="json_lines",
        )
