"""Logging in and out: with a password, or at an OpenID Connect provider.

What belongs here: these addresses. What does not: what a login allows (visitors).
"""

from __future__ import annotations

import logging
from typing import Annotated, Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from httpx2 import HTTPError
from joserfc.errors import JoseError

from scoreline.core.access import Oidc
from scoreline.web.access.limits import LoginLimits, address_of
from scoreline.web.access.passwords import is_nobodys, is_password
from scoreline.web.access.visitors import (
    begin,
    doors_of,
    form_token,
    own_form,
    stamp_of,
)
from scoreline.web.rendering import environment
from scoreline.web.serving import PageError, links_of

_LOG = logging.getLogger("scoreline.web.access")
_WRONG = "This name and password do not go together."
router = APIRouter(include_in_schema=False)
Form = Annotated[dict[str, str], Depends(own_form)]


@router.get("/login", response_class=HTMLResponse)
def login_page(request: Request, next: str = "/") -> HTMLResponse:  # noqa: A002  the address's own word
    """The form for name and password, and the door to the provider."""
    return _page(request, next)


@router.post("/login", response_model=None)
def log_in(request: Request, form: Form) -> HTMLResponse | RedirectResponse:
    """Log in with name and password."""
    name, to = form.get("name", "").strip().casefold()[:200], _inside(form.get("next", "/"))
    limits: LoginLimits = request.app.state.login_limits
    client = request.client.host if request.client else ""
    address = address_of(client, request.headers.get("x-forwarded-for", ""))
    wait = limits.wait(address, name)
    if wait:
        words = f"Too many attempts: wait {-(-wait // 60)} minutes."
        return _page(request, to, words, 429, {"Retry-After": str(wait)})
    user = doors_of(request).live.project().store.user(name)
    password = form.get("password", "")
    fits = is_password(password, user.password) if user else is_nobodys(password)
    if user is None or not fits:
        limits.failed(address, name)
        _LOG.warning("login failed from %s", address)
        return _page(request, to, _WRONG, 401)
    limits.succeeded(address, name)
    begin(request.session, user.name, "password", stamp=stamp_of(user.password))
    return RedirectResponse(request.scope.get("root_path", "") + to, 303)


@router.post("/logout")
def log_out(request: Request, form: Form) -> RedirectResponse:
    """End the login."""
    doors_of(request).end(request.session)
    return RedirectResponse(request.scope.get("root_path", "") + "/login", 303)


@router.get("/login/provider", response_model=None)
async def to_provider(request: Request, next: str = "/") -> RedirectResponse:  # noqa: A002
    """Go to the OpenID Connect provider."""
    client = _provider(request)
    request.session["next"] = _inside(next)
    url = doors_of(request).access.url
    back = f"{url}/login/return" if url else str(request.url_for("from_provider"))
    try:
        found: RedirectResponse = await client.authorize_redirect(request, back)
    except (HTTPError, AuthlibBaseError, KeyError, ValueError, RuntimeError) as error:
        raise _unreachable(error) from None
    return found


@router.get("/login/return", response_model=None, name="from_provider")
async def from_provider(request: Request) -> RedirectResponse:
    """Come back from the provider with its word on who it is."""
    client, oidc = _provider(request), doors_of(request).access.oidc
    to = request.session.get("next", "/")
    try:
        token = await client.authorize_access_token(request)
    except (AuthlibBaseError, JoseError) as error:
        _LOG.warning("login at the provider failed: %s", type(error).__name__)
        raise PageError(401, "The provider did not confirm this login: begin again.") from None
    except (HTTPError, KeyError, ValueError, RuntimeError) as error:
        raise _unreachable(error) from None
    claims = token.get("userinfo") or {}
    name = _name(claims, oidc) if oidc else ""
    if not name:
        raise PageError(403, "The provider confirmed no name that can be used here.")
    groups = claims.get(oidc.groups_claim, []) if oidc else []
    kept = [str(g) for g in groups][:100] if isinstance(groups, list) else []
    begin(request.session, name, "oidc", groups=kept)
    return RedirectResponse(request.scope.get("root_path", "") + _inside(to), 303)


def make_provider(oidc: Oidc, secret: str, **more: Any) -> Any:
    """The client of an OpenID Connect provider.

    Args:
        oidc: its declaration.
        secret: the client's secret.
        more: for the HTTP client underneath.
    """
    known = OAuth()  # type: ignore[no-untyped-call]
    return known.register(  # type: ignore[no-untyped-call]
        name="provider",
        client_id=oidc.client_id,
        client_secret=secret,
        server_metadata_url=f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": " ".join(oidc.scopes),
            "code_challenge_method": "S256",
            "timeout": 10,
            **more,
        },
    )


def _name(claims: dict[str, Any], oidc: Oidc) -> str:
    """The claim that names the person; an address only where the provider verified it."""
    if oidc.claim == "email" and claims.get("email_verified") is False:
        return ""
    name = claims.get(oidc.claim)
    return name.strip() if isinstance(name, str) else ""


def _provider(request: Request) -> Any:
    client = request.app.state.provider
    if client is None or doors_of(request).access.oidc is None:
        raise PageError(404, "There is no provider to log in at.")
    return client


def _unreachable(error: Exception) -> PageError:
    _LOG.warning("the provider could not be used: %s", type(error).__name__)
    return PageError(502, "The provider cannot be reached or used now: try again later.")


def _page(
    request: Request,
    to: str,
    problem: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> HTMLResponse:
    doors = doors_of(request)
    html = (
        environment()
        .get_template("login.html")
        .render(
            links=links_of(request),
            form_token=form_token(request.session),
            to=_inside(to),
            problem=problem,
            organisation=doors.live.project().plan.organisation.name,
            has_users=bool(doors.live.project().store.users()),
            has_provider=request.app.state.provider is not None,
            root=request.scope.get("root_path", ""),
        )
    )
    return HTMLResponse(html, status, {"Cache-Control": "no-store", **(headers or {})})


def _inside(to: str) -> str:
    """An address of this page; its front where the one given leads elsewhere."""
    parts = urlsplit(to)
    is_plain = to.isprintable() and "\\" not in to and not to.startswith("//")
    is_ours = not parts.scheme and not parts.netloc and to.startswith("/") and is_plain
    return to if is_ours and not to.startswith(("/login", "/logout")) else "/"
