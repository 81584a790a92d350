"""Places behind a URL for the tests, on loopback: no test stands here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from connectors.base import Discovery, SeenObject, State, StreamSpec
from connectors.batch import Batch
from connectors.files import FilesConnector

SECRET = "canary-secret-2f6b"


@dataclass
class Remote:
    """A place with a connector on it, and a way to put objects there."""

    root: str
    options: dict[str, Any]
    work: Path
    put: Callable[[str, bytes], None]
    fs: Any = None

    @property
    def connector(self) -> FilesConnector:
        source = {"root": self.root, "storage_options": self.options}
        return FilesConnector(source, base=self.work)

    def discover(self, state: State | None = None, **options: Any) -> Discovery:
        spec = StreamSpec("s", {"glob": "*.csv", **options})
        return self.connector.discover(spec, state or State())

    def open(self, name: str, **options: Any) -> Batch:
        spec = StreamSpec("s", {"glob": name, **options})
        (ref,) = self.connector.discover(spec, State()).new
        return self.connector.extract(spec, ref, self.work)

    def after(self, state: State, found: Discovery) -> State:
        """The state once everything found was read and recorded."""
        objects = dict(state.objects) | {seen.name: seen for seen in found.touched}
        digests = set(state.digests)
        for ref in found.new:
            batch = self.connector.extract(StreamSpec("s", {"glob": "*"}), ref, self.work)
            objects[ref.name] = SeenObject(ref.name, batch.digest, batch.signature)
            digests.add(batch.digest)
        return State(objects=objects, digests=frozenset(digests))


@dataclass
class WebFolder:
    """A web server with an index page; `status` and `cut` make it fail."""

    files: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    status: int = 0
    cut: bool = False
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def start(self) -> ThreadingHTTPServer:
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self._answer(with_body=False)

            def do_GET(self) -> None:
                self._answer(with_body=True)

            def _answer(self, *, with_body: bool) -> None:
                path = unquote(self.path).partition("?")[0]
                web.requests.append(f"{self.command} {path}")
                status, body, kind = web.answer(path)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                if path in web.tags:
                    self.send_header("ETag", web.tags[path])
                self.end_headers()
                if with_body:
                    self.wfile.write(body[: len(body) // 2] if web.cut else body)
                    self.close_connection = web.cut

            def log_message(self, *_: object) -> None:
                """Nothing: tests look at `requests`."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def answer(self, path: str) -> tuple[int, bytes, str]:
        """Status, body and type for a path."""
        if self.status:
            return self.status, b"no", "text/plain"
        if path in self.files:
            return 200, self.files[path], "text/csv"
        names = {p.removeprefix(path).partition("/") for p in self.files if p.startswith(path)}
        if not names or not path.endswith("/"):
            return 404, b"", "text/plain"
        outside = '<a href="http://elsewhere.example/x.csv">x</a><a href="?C=N;O=D">sort</a>'
        links = "".join(f'<a href="{n}{slash}">{n}</a>' for n, slash, _ in sorted(names))
        return 200, f"<html>{outside}{links}</html>".encode(), "text/html"
