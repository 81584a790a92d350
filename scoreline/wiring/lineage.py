"""Where lineage events go: an OpenLineage endpoint, a file, or what OpenLineage itself says.

What belongs here: choosing and calling a transport, its secrets filled in. What does not:
the events. OpenLineage's client is imported when there is something to send.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scoreline.core.durable import write_whole
from scoreline.core.errors import UsageError
from scoreline.core.model import LineageTo
from scoreline.steps.ports import LineageError, LineageSink
from scoreline.wiring.secret_values import resolve_secrets

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

ENVIRONMENT = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")
"""What OpenLineage's own client is told by; it counts before what is declared."""

_ENDPOINT = "/api/v1/lineage"
"""What OpenLineage's client adds to a URL."""

_RETRY = {"total": 2, "connect": 2, "read": 2, "raise_on_status": False}


@dataclass(frozen=True, slots=True)
class FileSink:
    """A file of JSON lines; `append` adds to it, otherwise it is replaced whole."""

    path: Path
    append: bool = True

    @property
    def place(self) -> str:
        """The file's path."""
        return str(self.path)

    def send(self, events: Sequence[RunEvent]) -> None:
        """Write the events; a file that is replaced has all of them or is as it was."""
        from openlineage.client.serde import Serde

        content = "".join(Serde.to_json(event) + "\n" for event in events).encode()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.append:
                self._add(content)
            else:
                write_whole(self.path, content)
        except OSError as error:
            raise LineageError(f"{self.path} cannot be written: {error.strerror}") from None

    def _add(self, content: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class ClientSink:
    """OpenLineage's client: with a URL of ours, or as its own environment says (None)."""

    url: str | None = None
    api_key: str | None = None

    @property
    def place(self) -> str:
        """The endpoint, without any account."""
        url = self.url or os.environ.get("OPENLINEAGE_URL")
        if url is None:
            return f"what {os.environ.get('OPENLINEAGE_CONFIG', 'openlineage.yml')} says"
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"

    def send(self, events: Sequence[RunEvent]) -> None:
        """Send the events one by one, up to the first that is not taken."""
        from openlineage.client import OpenLineageClient
        from openlineage.client.transport.http import HttpConfig, HttpTransport

        sent = 0
        try:
            transport = None
            if self.url is not None:
                base = self.url.removesuffix("/").removesuffix(_ENDPOINT).removesuffix("/")
                said = {"url": f"{base}/", "retry": _RETRY}
                key = {"auth": {"type": "api_key", "apiKey": self.api_key}} if self.api_key else {}
                transport = HttpTransport(HttpConfig.from_dict({**said, **key}))
            client = OpenLineageClient(transport=transport)
            for event in events:
                client.emit(event)
                sent += 1
            client.close()
        except Exception as error:  # any transport, each with errors of its own
            raise LineageError(
                f"{self.place} took {sent} of {len(events)} events: {_words(error)}"
            ) from None


@dataclass(frozen=True, slots=True)
class Both:
    """Several places; each is tried, whatever becomes of the others."""

    sinks: tuple[LineageSink, ...]

    @property
    def place(self) -> str:
        """All of them."""
        return " and ".join(sink.place for sink in self.sinks)

    def send(self, events: Sequence[RunEvent]) -> None:
        """Deliver the events to each."""
        failed = []
        for sink in self.sinks:
            try:
                sink.send(events)
            except LineageError as error:
                failed.append(str(error))
        if failed:
            raise LineageError("; ".join(failed))


def lineage_sink(declared: LineageTo | None, root: Path) -> Callable[[], LineageSink] | None:
    """What takes the lineage of each run; None where no place is declared or in the environment.

    Calling it raises LineageError where a secret is missing.
    """
    named = any(os.environ.get(name) for name in ENVIRONMENT)
    if declared is None and not named:
        return None

    def make() -> LineageSink:
        sinks: list[LineageSink] = [ClientSink()] if named else []
        if declared is not None and declared.file is not None:
            sinks.append(FileSink(root / declared.file))
        if declared is not None and declared.url is not None and not named:
            sinks.append(http_sink(declared.url, declared.api_key, root))
        return sinks[0] if len(sinks) == 1 else Both(tuple(sinks))

    return make


def http_sink(url: str, api_key: str | None, root: Path) -> ClientSink:
    """An OpenLineage endpoint, secrets filled in.

    Raises:
        LineageError: a secret is not there; names it, not its value.
    """
    try:
        key = None if api_key is None else str(resolve_secrets(api_key, root))
        return ClientSink(str(resolve_secrets(url, root)), key)
    except UsageError as error:
        raise LineageError(str(error)) from None


def _words(error: Exception) -> str:
    """What went wrong, without the address, which may hold an account."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"it answered {response.status_code} {response.reason}"
    kind = type(error).__name__
    return "it cannot be reached" if "Connection" in kind or "Timeout" in kind else kind
