"""A web server and a mail server in this process, which keep what they are sent."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


class WebServer(ThreadingHTTPServer):
    """Keeps the JSON of every POST; answers with `status`."""

    def __init__(self, status: int) -> None:
        self.status, self.got = status, list[dict[str, Any]]()
        super().__init__(("127.0.0.1", 0), _Posts)


class _Posts(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = cast(WebServer, self.server)
        server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


class MailServer(socketserver.ThreadingTCPServer):
    """Keeps (recipients, message) of every mail."""

    def __init__(self) -> None:
        self.got: list[tuple[list[str], EmailMessage]] = []
        super().__init__(("127.0.0.1", 0), _Mail)


class _Mail(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        to: list[str] = []
        self._say("220 ready")
        while line := self.rfile.readline():
            word = line.strip().upper()
            if word.startswith(b"RCPT"):
                to.append(line.decode().split("<")[1].split(">")[0])
            if word.startswith(b"DATA"):
                self._say("354 go on")
                self._keep(to)
            self._say("221 bye" if word == b"QUIT" else "250 fine")

    def _keep(self, to: list[str]) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        cast(MailServer, self.server).got.append((to, cast(EmailMessage, mail)))

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def serving(server: Any) -> Iterator[int]:
    """The server at work; its port."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
