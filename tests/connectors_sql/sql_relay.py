"""A relay between a client and a server that cuts the line after so many bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType


class Relay:
    """Passes bytes on; once `limit` bytes came from the server, calls `at_limit` and cuts."""

    def __init__(
        self, port: int, limit: int | None = None, at_limit: Callable[[], None] | None = None
    ) -> None:
        self.limit = limit
        self.passed = 0
        self._at_limit = at_limit
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
            except OSError:
                return
            for source, sink, counted in ((client, server, False), (server, client, True)):
                run = threading.Thread(target=self._pass, args=(source, sink, counted), daemon=True)
                run.start()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        try:
            while data := source.recv(4096):
                if counted and self._over(len(data)):
                    break
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _over(self, size: int) -> bool:
        self.passed += size
        if self.limit is None or self.passed <= self.limit:
            return False
        if self._at_limit is not None:
            self._at_limit()
        return True
