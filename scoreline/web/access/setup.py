"""Putting access before the pages of an application.

What belongs here: middleware and routes in their order, and when to refuse to listen. What
does not: filling in secrets (wiring).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import Response

from scoreline.core.errors import UsageError
from scoreline.steps.project import Project
from scoreline.web.access import login
from scoreline.web.access.gate import Gate
from scoreline.web.access.limits import LoginLimits
from scoreline.web.access.visitors import LOOPBACK, Doors, access_error, is_configured
from scoreline.web.app import Extension
from scoreline.web.pages import check_ins, rows
from scoreline.web.reading.live import Live
from scoreline.web.serving import problem_page


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of access, filled in.

    `provider` is the client of an OpenID Connect provider, `proxy_secret` what a trusted
    proxy proves itself with; None where there is none.
    """

    session_key: str
    provider: Any = None
    proxy_secret: str | None = None


def with_access(live: Live, keys: Keys, host: str = "127.0.0.1") -> Extension:
    """What puts access before an application's pages.

    Args:
        live: the project.
        keys: its secrets.
        host: the address that is listened on.
    """
    access = live.project().plan.access
    is_encrypted = (access.url or "").startswith("https://")
    doors = Doors(live, keys.session_key, host, keys.proxy_secret)

    def extend(app: FastAPI) -> None:
        app.state.doors = doors
        app.state.login_limits = LoginLimits()
        app.state.provider = keys.provider
        app.include_router(login.router)
        app.include_router(check_ins.router)
        app.include_router(rows.router)
        app.add_exception_handler(RequestValidationError, _not_legal)
        app.add_middleware(Gate, doors=doors, is_encrypted=is_encrypted)
        app.add_middleware(
            SessionMiddleware,
            secret_key=keys.session_key,
            session_cookie="__Host-scoreline" if is_encrypted else "scoreline",
            max_age=access.session_hours * 3600,
            same_site="lax",
            https_only=is_encrypted,
        )

    return extend


def _not_legal(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    words = "; ".join(f"{e['loc'][-1]}: {e['msg']}" for e in found)
    return problem_page(request, 422, f"This address is not legal: {words[:500]}")


def check_listening(project: Project, host: str) -> None:
    """Refuse to listen where others could look without having logged in.

    Raises:
        UsageError: says what is missing.
    """
    error = access_error(project)
    if error is not None:
        raise UsageError(f"okr_defs/access.yaml is in error, so nobody could be let in: {error}")
    if host in LOOPBACK:
        return
    if not is_configured(project):
        raise UsageError(
            f"listening on {host} would show every number to whoever reaches this machine: "
            "first add users (`scoreline users add NAME --role viewer`), or a provider or a "
            "proxy in okr_defs/access.yaml (see docs/access.md)"
        )
    if project.plan.access.url is None:
        raise UsageError(
            f"listening on {host} needs `url: https://…` in okr_defs/access.yaml: the address "
            "that people open the page at (a proxy in front encrypts; see docs/access.md)"
        )
