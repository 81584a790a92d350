"""`serve` and `site`: the page on a server and as files.

What belongs here: starting and ending them, and saying where the page is. What does not:
the page (web).
"""

from __future__ import annotations

import socket
from pathlib import Path

from scoreline.cli.console import console, opened
from scoreline.core.errors import UsageError


def serve_page(root: Path, host: str, port: int) -> int:
    """Serve the page until it is stopped; returns the exit status."""
    import uvicorn

    from scoreline.web.app import create_app
    from scoreline.wiring.serving import open_live

    with opened(root, check_sql=False) as project, _listening(host, port) as listener:
        app = create_app(open_live(project))
        shown = f"[{host}]" if ":" in host else host
        console().print(
            f"The page is at http://{shown}:{listener.getsockname()[1]}/  (Ctrl+C ends it)"
        )
        config = uvicorn.Config(app, log_level="warning", server_header=False, proxy_headers=False)
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens; found out before anything is said.

    Raises:
        UsageError: the address is taken or is none of this machine.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        words = error.strerror or str(error)
        raise UsageError(
            f"cannot listen on {host}:{port}: {words}; choose another with --port, 0 for any"
        ) from None
