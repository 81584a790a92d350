"""Signing in: every way of `auth` as something that is put on a request.

What belongs here: tokens, keys, cookies, and getting new ones. What does not: retries, and
reading secrets (they come resolved).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import httpx

from connectors.errors import PermanentError, TransientError
from connectors.http.options import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    OAuth2Auth,
    SessionAuth,
)
from connectors.scrubbing import Scrubber

Send = Callable[..., httpx.Response]


class SignIn(Protocol):
    """Puts what the server wants to see on a request.

    `renew` is asked for once after a 401: True where there is something new to try with.
    """

    def headers(self, client: httpx.Client) -> Mapping[str, str]:
        """The headers to add; may sign in first."""
        ...

    def renew(self, client: httpx.Client) -> bool:
        """Get a new token or session."""
        ...


class Fixed:
    """Headers that never change."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    def headers(self, client: httpx.Client) -> Mapping[str, str]:
        """The headers."""
        del client
        return self._headers

    def renew(self, client: httpx.Client) -> bool:
        """There is nothing else to try."""
        del client
        return False


class OAuth2:
    """Client credentials or a refresh token, by Authlib; a new token when one expires.

    A server that hands out a new refresh token with each use is followed for as long as the
    process lives; the definition keeps referring to the first.
    """

    def __init__(self, options: OAuth2Auth, scrubber: Scrubber, timeout: float) -> None:
        self._options, self._scrubber, self._timeout = options, scrubber, timeout
        self._token: Mapping[str, Any] | None = None
        self._refresh = options.refresh_token
        self._lock = threading.Lock()

    def headers(self, client: httpx.Client) -> Mapping[str, str]:
        """The token's header; a token is asked for first where there is none that is valid."""
        del client
        with self._lock:
            token: Any = self._token
            if token is None or token.is_expired(leeway=30):
                token = self._token = self._fetch()
        return {"Authorization": f"Bearer {token['access_token']}"}

    def renew(self, client: httpx.Client) -> bool:
        """Forget the token; the next request asks for another."""
        del client
        with self._lock:
            self._token = None
        return True

    def _fetch(self) -> Mapping[str, Any]:
        """A new token.

        Raises:
            PermanentError: the application is refused.
            TransientError: the server of tokens cannot be reached.
        """
        from authlib.integrations import httpx_client
        from authlib.integrations.base_client import OAuthError

        options = self._options
        method = "client_secret_basic" if options.credentials_in == "header" else None
        where = self._scrubber.url(options.token_url)
        given = {k: v for k in ("scope", "audience") if (v := getattr(options, k)) is not None}
        try:
            maker: Any = httpx_client.OAuth2Client
            with maker(
                options.client_id,
                options.client_secret,
                token_endpoint_auth_method=method or "client_secret_post",
                timeout=self._timeout,
            ) as client:
                if self._refresh is None:
                    token = client.fetch_token(
                        options.token_url, grant_type="client_credentials", **given
                    )
                else:
                    token = client.refresh_token(
                        options.token_url, refresh_token=self._refresh, **given
                    )
        except OAuthError as error:
            raise PermanentError(
                f"no token is granted: {self._scrubber.text(str(error))}",
                where=where,
                do="Check client_id, client_secret, refresh_token and scope",
            ) from None
        except Exception as error:  # Authlib passes on its own client's errors of any kind
            raise TransientError(
                f"no token could be fetched: {type(error).__name__}", where=where
            ) from None
        self._refresh = token.get("refresh_token") or self._refresh
        self._scrubber.add(str(token["access_token"]), self._refresh or "")
        return token  # type: ignore[no-any-return]


class Session:
    """A login that sets cookies; the client keeps them. The token against forgery follows."""

    def __init__(self, options: SessionAuth, base: str, scrubber: Scrubber) -> None:
        self._options, self._base, self._scrubber = options, base, scrubber
        self._signed_in = False
        self._lock = threading.Lock()

    def headers(self, client: httpx.Client) -> Mapping[str, str]:
        """The token's header; signs in first."""
        with self._lock:
            if not self._signed_in:
                self._sign_in(client)
                self._signed_in = True
        return self._csrf(client)

    def renew(self, client: httpx.Client) -> bool:
        """Sign in again before the next request."""
        del client
        with self._lock:
            self._signed_in = False
        return True

    def _at(self, path: str) -> str:
        return f"{self._base}/{path.lstrip('/')}"

    def _csrf(self, client: httpx.Client) -> dict[str, str]:
        token = client.cookies.get(self._options.csrf_cookie)
        return {self._options.csrf_header: token} if token else {}

    def _sign_in(self, client: httpx.Client) -> None:
        options = self._options
        client.cookies.clear()
        where = self._scrubber.url(self._at(options.login))
        fields = {
            options.username_field: options.username,
            options.password_field: options.password,
            **options.extra,
        }
        try:
            if options.csrf_from is not None:
                client.get(self._at(options.csrf_from))
            headers = {**self._csrf(client), "Referer": self._base}
            form = fields if options.encoding == "form" else None
            document = fields if options.encoding == "json" else None
            answer = client.post(self._at(options.login), headers=headers, data=form, json=document)
        except httpx.HTTPError as error:
            raise TransientError(
                f"the login cannot be reached: {type(error).__name__}", where=where
            ) from None
        if answer.status_code >= 500:
            raise TransientError(f"the login answers {answer.status_code}", where=where)
        if answer.status_code >= 400 or not client.cookies:
            said = self._scrubber.excerpt(answer.content)
            raise PermanentError(
                f"the login answers {answer.status_code}" + (f": {said}" if said else ""),
                where=where,
                do="Check username, password and the other fields of `auth`",
            )


def sign_in_of(auth: Auth | None, base: str, scrubber: Scrubber, timeout: float) -> SignIn:
    """The way to sign in that the options declare."""
    if auth is None:
        return Fixed({})
    if isinstance(auth, BearerAuth):
        return Fixed({"Authorization": f"Bearer {auth.token}"})
    if isinstance(auth, BasicAuth):
        pair = httpx.BasicAuth(auth.username, auth.password)
        request = httpx.Request("GET", "https://example.invalid")
        signed = next(pair.auth_flow(request))
        return Fixed({"Authorization": signed.headers["Authorization"]})
    if isinstance(auth, ApiKeyAuth):
        return Fixed({auth.header: f"{auth.prefix}{auth.key}"})
    if isinstance(auth, OAuth2Auth):
        return OAuth2(auth, scrubber, timeout)
    return Session(auth, base, scrubber)
