"""The `dlt` kind: any source or resource of dlt; its state is our cursor.

What belongs here: from what a resource yields to a batch. What does not: dlt's own loading: nothing
of it is used but extraction.

Source: dlt 1.x, `DltSource.__iter__` and `pipeline_state`: a state that is injected around the
iteration is the one that resources and `dlt.sources.incremental` read and write.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import Field

from connectors.base import StreamSpec
from connectors.errors import ConnectorError, PermanentError, TransientError
from connectors.options import Options, parse_options
from connectors.scrubbing import Scrubber, texts_of
from connectors.stateful.connector import StatefulConnector

if TYPE_CHECKING:
    import pyarrow as pa


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


class DltConnector(StatefulConnector):
    """A dlt source."""

    kind = "dlt"
    version = "1"
    about = "any source or resource of dlt (pip install 'scoreline[dlt]')"
    SourceOptions = DltSource
    StreamOptions = DltStream
    suffix = ".dlt.jsonl"

    def check(self, spec: StreamSpec) -> None:
        """Makes the resource, and asks for its first item.

        Raises:
            ConnectorError: it cannot be made or read.
        """
        with self._reading(spec, {}) as resource:
            next(iter(resource), None)

    @property
    def identity(self) -> str:
        """The function that makes the source."""
        return cast(DltSource, self.options).source

    def source_of(self, spec: StreamSpec) -> str:
        """The function and the resource."""
        resource = parse_options(DltStream, spec.options).resource or spec.name
        return f"{self.identity} {resource}"

    def parameters(self, spec: StreamSpec) -> Mapping[str, Any]:
        """The resource."""
        return {"resource": self.source_of(spec)}

    def take(self, spec: StreamSpec, before: Any, path: Path) -> tuple[int, Any]:
        """Reads the resource from its last state on."""
        state: dict[str, Any] = {}
        rows = 0
        with self._reading(spec, state) as resource, path.open("wb") as file:
            from dlt.common.json import json  # it is there: the reading has begun

            state |= json.typed_loads(str(before)) if before else {}
            for item in resource:
                for row in _rows(item):
                    file.write(json.dumpb(row) + b"\n")
                    rows += 1
        return rows, json.typed_dumps(state)

    def rows_of(self, path: Path) -> Iterator[pa.StringArray]:
        """Each line."""
        from connectors.stateful.lines import whole_lines

        return whole_lines(path, self.identity)

    @contextmanager
    def _reading(self, spec: StreamSpec, state: dict[str, Any]) -> Iterator[Any]:
        """The resource, with a state that it reads and writes; its errors become ours."""
        scrubber = Scrubber(texts_of(cast(DltSource, self.options).arguments))
        where = self.source_of(spec)
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
