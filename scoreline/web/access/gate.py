"""The gate before every page: who it is, whether they may look, and safe answers.

What belongs here: refusing a request before any page sees it, and the headers that every
answer carries. What does not: roles beyond looking (each page asks), logging in.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scoreline.web.access.visitors import (
    LOOPBACK,
    Admission,
    Doors,
    Visitor,
    form_token,
    may_check_in,
)
from scoreline.web.serving import problem_page

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_LONG = "max-age=31536000; includeSubDomains"
_ELSEWHERE = "This page is for this machine alone: open it as localhost."
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PUBLIC = ("/login", "/logout")
"""Where nobody needs to be known; nor for static files."""
BY_TOKEN = {"/calendar.ics": "calendar", "/badge/": "badge"}
"""What programs fetch with a token in the address: path -> what the token is for."""


class Gate:
    """Lets known people in, and makes every answer a safe one.

    Args:
        app: what stands behind the gate.
        doors: what people are identified with.
        is_encrypted: whether people open the page by https.
    """

    def __init__(self, app: ASGIApp, doors: Doors, *, is_encrypted: bool) -> None:
        self._app, self._doors = app, doors
        self._headers = dict(_HEADERS)
        if is_encrypted:
            self._headers["Strict-Transport-Security"] = _LONG

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand the request on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = await run_in_threadpool(self._refusal, scope)
        await (answer or self._app)(scope, receive, safely)

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that goes no further; None where it may."""
        request, headers = Request(scope), Headers(scope=scope)
        path = request.url.path.removeprefix(scope.get("root_path", ""))
        if path.startswith("/static/"):
            return None
        admission = self._doors.now()
        if admission.is_open and _host(headers) not in LOOPBACK:
            return refused(
                request, 421, "This page is for this machine alone: open it as localhost."
            )
        if request.method not in _SAFE and _is_foreign(headers):
            return refused(request, 403, "Another site asked for this: nothing was done.")
        if path.startswith(PUBLIC):
            return None
        if admission.problem is not None:
            return refused(request, 503, f"Nobody can be let in: {admission.problem}")
        visitor = admission.visitor(scope) or _by_token(admission, request, path)
        if visitor is None:
            return _to_login(request, path)
        if not visitor.may("viewer"):
            words = f"{visitor.name} has no role here: okr_defs/access.yaml gives roles."
            return refused(request, 403, words)
        _welcome(request, admission, visitor)
        return None


def _by_token(admission: Admission, request: Request, path: str) -> Visitor | None:
    token = request.query_params.get("token", "")
    kinds = [kind for start, kind in BY_TOKEN.items() if path.startswith(start)]
    return admission.by_token(kinds[0], token) if kinds and token else None


def _welcome(request: Request, admission: Admission, visitor: Visitor) -> None:
    """Tell the pages who looks."""
    plan = admission.project.plan
    request.state.visitor = visitor
    request.state.page = {
        "person": visitor.name,
        "visitor": visitor,
        "may_check_in": lambda kr: may_check_in(plan, visitor, kr),
    }
    if visitor.how != "token" and not request.url.path.startswith("/api/"):
        request.state.page["form_token"] = form_token(request.session)


def refused(request: Request, status: int, text: str) -> Response:
    """A refusal in the form that the request's side of the product has."""
    if request.url.path.startswith("/api/"):
        body = {"type": "about:blank", "title": text, "status": status}
        headers = {"WWW-Authenticate": "Session"} if status == 401 else None
        return JSONResponse(body, status, headers, media_type="application/problem+json")
    return problem_page(request, status, text)


def _to_login(request: Request, path: str) -> Response:
    if request.url.path.startswith("/api/") or request.method not in _SAFE:
        return refused(request, 401, "Log in first.")
    query = f"?{request.url.query}" if request.url.query else ""
    root = request.scope.get("root_path", "")
    return RedirectResponse(f"{root}/login?next={quote(path + query, safe='')}", 303)


def _host(headers: Headers) -> str:
    return urlsplit(f"//{headers.get('host', '')}").hostname or ""


def _is_foreign(headers: Headers) -> bool:
    """Whether a browser says that another site caused the request."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return False
    return urlsplit(origin).netloc != headers.get("host", "")
