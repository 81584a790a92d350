"""The `dlt` kind: any source or resource of dlt; its state is our cursor.

What belongs here: from what a resource yields to a batch. What does not: dlt's own loading: nothing
of it is used but extraction.

Source: dlt 1.x, `DltSource.__iter__` and `pipeline_state`: a state that is injected around the
iteration is the one that resources and `dlt.sources.incremental` read and write.
"""

from __future__ import annotations

import importlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import Field

from connectors.base import Connector, Discovery, ObjectRef, State, StreamSpec
from connectors.digest import digest_of
from connectors.errors import ConnectorError, PermanentError, TransientError
from connectors.http.scrubbing import Scrubber, texts_of
from connectors.options import Options, parse_options
from connectors.receipt import Origin, Tally

if TYPE_CHECKING:
    from connectors.batch import Batch

SUFFIX = ".dlt.jsonl"


class DltSource(Options):
    """Options at the source."""

    source: str = Field(
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="package.module:function of a source or resource, such as "
        "dlt.sources.rest_api:rest_api_source, or a module of the project's own",
    )
    arguments: dict[str, Any] = Field(
        default_factory=dict, description="the function's; secrets by reference", repr=False
    )


class DltStream(Options):
    """Options at a stream."""

    resource: str | None = Field(default=None, description="its name; ours if left out")


@dataclass(slots=True)
class Yielded:
    """What a resource yielded, in a file that is deleted unless it is taken."""

    folder: tempfile.TemporaryDirectory[str]
    path: Path
    rows: int
    state: str
    started: datetime


@dataclass(frozen=True, slots=True)
class DltRef(ObjectRef):
    """An extraction that was made."""

    yielded: Yielded | None = None


class DltConnector(Connector):
    """A dlt source."""

    kind = "dlt"
    version = "1"
    about = "any source or resource of dlt (pip install 'scoreline[dlt]')"
    SourceOptions = DltSource
    StreamOptions = DltStream

    def check(self, spec: StreamSpec) -> None:
        """Makes the resource, and asks for its first item.

        Raises:
            ConnectorError: it cannot be made or read.
        """
        with self._reading(spec, {}) as resource:
            next(iter(resource), None)

    def discover(self, spec: StreamSpec, state: State) -> Discovery:
        """Reads the resource from its last state on.

        Raises:
            ConnectorError: it failed.
        """
        kept = state.cursor or {}
        before = str(kept["state"]) if kept.get("source") == self._name(spec) else ""
        yielded = self._read(spec, before)
        last, digest = state.objects.get(spec.name), digest_of(yielded.path)
        if (last is not None and last.digest == digest) or (before and not yielded.rows):
            return Discovery(unchanged=1)
        size = yielded.path.stat().st_size
        return Discovery(new=(DltRef(spec.name, signature="", size=size, yielded=yielded),))

    def extract(self, spec: StreamSpec, ref: ObjectRef, work: Path) -> Batch:
        """Moves the rows into `work` and opens them."""
        yielded = ref.yielded if isinstance(ref, DltRef) else None
        if yielded is None:
            raise TransientError(f"{ref.name} was not read", where=self._name(spec))
        digest = digest_of(yielded.path)
        path = work / f"{digest}{SUFFIX}"
        shutil.move(yielded.path, path)
        yielded.folder.cleanup()
        batch = self._open(spec, ref.name, path, digest, yielded.started)
        batch.tally.cursor_to = {"source": self._name(spec), "state": yielded.state}
        return batch

    def reopen(self, spec: StreamSpec, name: str, path: Path) -> Batch:
        """Opens rows that were received before; the source is not asked."""
        return self._open(spec, name, path, digest_of(path), self.clock())

    def _name(self, spec: StreamSpec) -> str:
        resource = parse_options(DltStream, spec.options).resource or spec.name
        return f"{cast(DltSource, self.options).source} {resource}"

    def _read(self, spec: StreamSpec, before: str) -> Yielded:
        from dlt.common.json import json

        state: dict[str, Any] = json.typed_loads(before) if before else {}
        folder = tempfile.TemporaryDirectory(prefix="scoreline-", ignore_cleanup_errors=True)
        path, rows, started = Path(folder.name) / f"rows{SUFFIX}", 0, self.clock()
        with self._reading(spec, state) as resource, path.open("wb") as file:
            for item in resource:
                for row in _rows(item):
                    file.write(json.dumpb(row) + b"\n")
                    rows += 1
        return Yielded(folder, path, rows, json.typed_dumps(state), started)

    @contextmanager
    def _reading(self, spec: StreamSpec, state: dict[str, Any]) -> Iterator[Any]:
        """The resource, with a state that it reads and writes; its errors become ours."""
        scrubber = Scrubber(texts_of(cast(DltSource, self.options).arguments))
        where = self._name(spec)
        try:
            from dlt.common.configuration.container import Container
            from dlt.common.pipeline import StateInjectableContext
        except ImportError:
            raise PermanentError(
                "dlt is not installed", where=where, do="pip install 'scoreline[dlt]'"
            ) from None
        try:
            resource = self._resource(spec)
            with Container().injectable_context(StateInjectableContext(state=cast(Any, state))):
                yield resource
        except ConnectorError:
            raise
        except Exception as error:  # a source of dlt may fail in any way
            words = scrubber.text(f"{type(error).__name__}: {_root(error)}")[:500]
            kind = TransientError if _may_pass(error) else PermanentError
            raise kind(words, where=where, do="Check the source's arguments") from None

    def _resource(self, spec: StreamSpec) -> Any:
        """The source with this one resource selected, or the resource itself."""
        options = cast(DltSource, self.options)
        module, _, name = options.source.partition(":")
        if str(self.base) not in sys.path:
            sys.path.append(str(self.base))  # a project's own sources stand beside okr_defs/
        made = getattr(importlib.import_module(module), name)(**options.arguments)
        wanted = parse_options(DltStream, spec.options).resource or spec.name
        resources = getattr(made, "resources", None)
        if resources is None:
            return made
        if wanted not in resources:
            raise PermanentError(
                f"has no resource {wanted!r}; it has: {', '.join(resources)}",
                where=options.source,
                do="Set the option resource",
            )
        return made.with_resources(wanted)

    def _open(
        self, spec: StreamSpec, name: str, path: Path, digest: str, started: datetime
    ) -> Batch:
        origin = Origin(
            connector=self.kind,
            connector_version=self.version,
            source_identity=cast(DltSource, self.options).source,
            parameters={"resource": self._name(spec), "key": list(spec.key)},
            object=name,
            bytes=path.stat().st_size,
            sha256=digest,
            started_at=started.astimezone(UTC).isoformat(),
        )
        from connectors.batch import Batch
        from connectors.dlt.stored import read_lines
        from connectors.jsontext.source import SCHEMA

        tally = Tally()
        return Batch(
            origin,
            tally,
            SCHEMA,
            lambda: read_lines(path, spec, tally),
            raw_path=path,
            signature="",
            clock=self.clock,
            layout="json_lines",
        )


def _rows(item: Any) -> list[Any]:
    """A yielded item as rows: one, a list of them, or an Arrow table."""
    if isinstance(item, list):
        return item
    return item.to_pylist() if hasattr(item, "to_pylist") else [item]


def _root(error: BaseException) -> BaseException:
    """The first cause: dlt wraps what its resources raise."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _may_pass(error: BaseException) -> bool:
    """Whether trying again may help, by the names that network libraries give their errors."""
    response = getattr(_root(error), "response", None)
    status = getattr(response, "status_code", 0) or 0
    names = {kind.__name__ for kind in type(_root(error)).__mro__}
    return status in (429, 500, 502, 503, 504) or bool(
        names & {"ConnectionError", "Timeout", "TimeoutError", "TransportError"}
    )
