"""Putting the API below /api/v1: its errors, and answers that say whether they are new.

What belongs here: the sub-application. What does not: addresses (routes), who may ask (the
gate stands before all of it).
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scoreline.core.digests import digest
from scoreline.core.errors import ScorelineError
from scoreline.web.api import exports, feeds, routes
from scoreline.web.api.asking import ApiError
from scoreline.web.api.shapes import Problem
from scoreline.web.app import Extension
from scoreline.web.reading.live import Live

ROOT = "/api/v1"
_TYPE = "application/problem+json"


def with_api(live: Live) -> Extension:
    """What puts the API and its feeds beside an application's pages."""

    def extend(app: FastAPI) -> None:
        app.include_router(feeds.router)
        app.mount(ROOT, make_api(live))
        pages = app.exception_handlers[HTTPException]

        async def refused(request: Request, error: Exception) -> Response:
            """An address below the API's that no route takes is the API's to refuse."""
            if request.url.path.startswith(f"{ROOT}/"):
                return _refused(request, error)
            found: Response = pages(request, error)  # type: ignore[assignment]
            return found

        app.add_exception_handler(HTTPException, refused)

    return extend


def make_api(live: Live) -> FastAPI:
    """The API as an application of its own."""
    api = FastAPI(
        title="Scoreline",
        version="1",
        description="Key results, scores and what stands behind them; reads only.",
        docs_url=None,
        redoc_url=None,
    )
    api.state.live = live
    api.include_router(routes.router)
    api.include_router(exports.router)
    api.add_middleware(Fresh, live=live)
    api.add_exception_handler(ApiError, _asked_wrongly)
    api.add_exception_handler(HTTPException, _refused)
    api.add_exception_handler(RequestValidationError, _not_legal)
    api.add_exception_handler(ScorelineError, _unreadable)
    api.add_exception_handler(Exception, _broken)
    return api


class Fresh:
    """Answers `304 Not Modified` where nothing was recorded since an ETag was given.

    The tag says what the answer depends on, so that an unchanged one costs nothing to make.
    """

    def __init__(self, app: ASGIApp, live: Live) -> None:
        self._app, self._live = app, live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or tag what the application answers."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        tag = self._tag(scope)
        if tag in Headers(scope=scope).get("if-none-match", ""):
            await Response(status_code=304, headers={"ETag": tag})(scope, receive, send)
            return

        async def tagged(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = MutableHeaders(scope=message)
                headers["ETag"] = tag
                headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        await self._app(scope, receive, tagged)

    def _tag(self, scope: Scope) -> str:
        asked = (scope["path"], scope.get("query_string", b""), repr(self._live.key()))
        return f'"{digest(repr(asked).encode())[:32]}"'


def _problem(status: int, title: str, detail: str | None = None, **more: object) -> JSONResponse:
    body = Problem(title=title, status=status, detail=detail, **more)  # type: ignore[arg-type]
    content = body.model_dump(exclude_none=True)
    return JSONResponse(content, status, {"Cache-Control": "no-store"}, media_type=_TYPE)


def _asked_wrongly(request: Request, error: Exception) -> Response:
    found = error if isinstance(error, ApiError) else ApiError(500, str(error))
    return _problem(found.status, found.title, found.detail)


def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    titles = {404: "there is no such address", 405: "this address is for reading alone"}
    made = _problem(status, titles.get(status, "the request was refused"))
    if isinstance(error, HTTPException) and error.headers:
        made.headers.update(error.headers)
    return made


def _not_legal(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    errors = [
        {"where": ".".join(str(p) for p in e["loc"]), "what": str(e["msg"])[:300]} for e in found
    ]
    return _problem(422, "a parameter is not legal", errors=errors)


def _unreadable(request: Request, error: Exception) -> Response:
    return _problem(503, "the project cannot be read now", str(error)[:500])


def _broken(request: Request, error: Exception) -> Response:
    return _problem(500, "this could not be answered; the server's log says why")
