"""A local server that answers as a test says, in bytes where bytes matter."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Asked:
    """A request as it came in."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """What to answer. `cut` sends only so many bytes of the body and closes the connection."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: bool = True
    chunked: bool = False
    cut: int | None = None
    reset: bool = False

    @classmethod
    def of(cls, document: Any, status: int = 200, **headers: str) -> Reply:
        names = {k.replace("_", "-"): v for k, v in headers.items()}
        return cls(
            json.dumps(document).encode(), status, {"Content-Type": "application/json", **names}
        )


Answering = Callable[[Asked], Reply]


class Server:
    """Where it listens, and what it was asked."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.asked: list[Asked] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: Any) -> None:
                pass

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                size = int(self.headers.get("Content-Length") or 0)
                asked = Asked(
                    self.command,
                    parts.path,
                    dict(parse_qsl(parts.query, keep_blank_values=True)),
                    {k.lower(): v for k, v in self.headers.items()},
                    self.rfile.read(size),
                )
                outer.asked.append(asked)
                outer._send(self, outer.answering(asked))

            do_GET = do_POST = do_PUT = _serve  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        body = reply.body if reply.cut is None else reply.body[: reply.cut]
        if reply.reset:
            handler.close_connection = True
            handler.connection.close()
            return
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if reply.chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        elif reply.length:
            handler.send_header("Content-Length", str(len(reply.body)))
        if reply.cut is not None or not (reply.length or reply.chunked):
            handler.send_header("Connection", "close")
            handler.close_connection = True
        handler.end_headers()
        if reply.chunked:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(reply.body), body) if body else b"")
            if reply.cut is None:
                handler.wfile.write(b"0\r\n\r\n")
        else:
            handler.wfile.write(body)
        handler.wfile.flush()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(answering: Answering) -> Iterator[Server]:
    server = Server(answering)
    try:
        yield server
    finally:
        server.close()
