"""`serve` and `site`: the page on a server and as files.

What belongs here: starting and ending them, and saying where the page is. What does not:
the page (web).
"""

from __future__ import annotations

import gc
import socket
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from scoreline.cli.console import console, opened, print_json, safe
from scoreline.core.errors import UsageError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from scoreline.steps.project import Project


def serve_page(root: Path, host: str, port: int) -> int:
    """Serve the page until it is stopped; returns the exit status."""
    from scoreline.web.access.setup import check_listening, with_access
    from scoreline.web.api.setup import with_api
    from scoreline.web.app import create_app
    from scoreline.wiring.access import access_keys
    from scoreline.wiring.serving import open_live

    with opened(root, check_sql=False) as project:
        check_listening(project, host)
        live = open_live(project, _set_apart)
        access = with_access(live, access_keys(project), host)
        app = create_app(live, [with_api(live), access])
        _serve(app, project, host, port)
    return 0


def _set_apart() -> None:
    """What was just read stays: the garbage collector need not look through it each time."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _serve(app: FastAPI, project: Project, host: str, port: int) -> None:
    """Listen, say where, and serve until stopped."""
    import uvicorn

    from scoreline.web.access.visitors import is_configured, machine_user

    with _listening(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        console().print(
            f"The page is at http://{shown}:{listener.getsockname()[1]}/  (Ctrl+C ends it)"
        )
        if not is_configured(project):
            console().print(
                f"nobody logs in: everyone on this machine looks as {safe(machine_user())} "
                "(docs/access.md)",
                style="dim",
            )
        config = uvicorn.Config(app, log_level="warning", server_header=False, proxy_headers=False)
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            gc.unfreeze()


def write_pages(root: Path, folder: Path, as_of: date | None, json: bool) -> int:
    """Write the page as files; returns the exit status."""
    from scoreline.web.site import write_site
    from scoreline.wiring.serving import open_live

    with opened(root, check_sql=False) as project:
        found = write_site(open_live(project), folder, as_of)
    first = found.folder / "index.html"
    if json:
        print_json(
            {
                "folder": str(found.folder),
                "pages": found.pages,
                "bytes": found.size,
                "as_of": found.as_of.isoformat(),
            }
        )
        return 0
    console().print(
        f"[green]✔[/] {found.pages:,} pages as of {found.as_of}: open {safe(first)}", soft_wrap=True
    )
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
