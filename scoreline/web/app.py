"""The web application: pages, static files, and answers where something is wrong.

What belongs here: putting routers together and turning errors into pages. What does not:
what a page shows (pages), who may see it, and how the server is started (cli).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from importlib.resources import as_file, files

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from scoreline.core.errors import ScorelineError
from scoreline.web.pages import celebrate, changes, health, key_result, moved, overview, review
from scoreline.web.reading.live import Live
from scoreline.web.serving import PageError, problem_page

_LOG = logging.getLogger("scoreline.web")

PAGES = (
    overview.router,
    key_result.router,
    changes.router,
    review.router,
    celebrate.router,
    health.router,
    moved.router,
)
"""The routers of all pages."""

Extension = Callable[[FastAPI], None]
"""Something that adds routes or middleware to the application."""


def create_app(live: Live, extensions: Sequence[Extension] = ()) -> FastAPI:
    """The application over one project.

    Args:
        live: the project.
        extensions: called in order with the application once the pages are in place.
    """
    app = FastAPI(title="Scoreline", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.live = live
    for router in PAGES:
        app.include_router(router)
    with as_file(files("scoreline.web").joinpath("static")) as folder:
        app.mount("/static", _Kept(directory=folder), name="static")
    app.add_middleware(GZipMiddleware, minimum_size=2048, compresslevel=4)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(ScorelineError, _unreadable)
    app.add_exception_handler(PageError, _problem)
    app.add_exception_handler(Exception, _broken)
    for extend in extensions:
        extend(app)
    return app


class _Kept(StaticFiles):
    """Static files, kept by browsers for a year: their address names their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b""):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _refused(request: Request, error: Exception) -> HTMLResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = {404: "There is no such page.", 405: "This page takes no such request."}
    detail = error.detail if isinstance(error, HTTPException) else ""
    return problem_page(request, status, words.get(status, str(detail)))


def _problem(request: Request, error: Exception) -> HTMLResponse:
    found = error if isinstance(error, PageError) else PageError(500, str(error))
    return problem_page(request, found.status, found.text, found.near)


def _unreadable(request: Request, error: Exception) -> HTMLResponse:
    _LOG.warning("page not made: %s", type(error).__name__)
    return problem_page(request, 503, str(error))


def _broken(request: Request, error: Exception) -> HTMLResponse:
    _LOG.error("page broken: %s", type(error).__name__)
    return problem_page(request, 500, "This page could not be made; the server's log says why.")
