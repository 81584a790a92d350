"""Options that every HTTP kind has: where it is, how to sign in, how hard to try.

What belongs here: models and their legal values. What does not: acting on them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from connectors.durations import Duration
from connectors.options import Options


class BearerAuth(Options):
    """A token in the header `Authorization: Bearer …`."""

    type: Literal["bearer"]
    token: str = Field(description='a secret reference, such as "${env:CRM_TOKEN}"', repr=False)


class BasicAuth(Options):
    """A name and a password."""

    type: Literal["basic"]
    username: str = Field(description="the account")
    password: str = Field(
        description='a secret reference, such as "${env:LRS_PASSWORD}"', repr=False
    )


class ApiKeyAuth(Options):
    """A key in a header of the API's own."""

    type: Literal["api_key"]
    header: str = Field(
        default="X-API-Key", pattern=r"^[A-Za-z0-9-]+$", description="the header's name"
    )
    key: str = Field(description='a secret reference, such as "${env:SURVEY_KEY}"', repr=False)
    prefix: str = Field(default="", description="what stands before the key, such as `Token `")


class OAuth2Auth(Options):
    """OAuth 2: client credentials, or a refresh token that was granted before."""

    type: Literal["oauth2"]
    token_url: str = Field(description="where tokens are issued", pattern=r"^(https?://|\$\{)")
    client_id: str = Field(description="the application's id")
    client_secret: str = Field(description="a secret reference", repr=False)
    refresh_token: str | None = Field(
        default=None, description="a secret reference; without it, client credentials", repr=False
    )
    scope: str | None = Field(default=None, description="scopes, separated by spaces")
    audience: str | None = Field(default=None, description="what some servers ask for beside")
    credentials_in: Literal["header", "body"] = Field(
        default="header", description="where the application's id and secret go"
    )


class SessionAuth(Options):
    """A form or JSON login that answers with cookies, and a token against forged requests."""

    type: Literal["session"]
    login: str = Field(description="the path that signs in")
    username: str = Field(description="the account")
    password: str = Field(description="a secret reference", repr=False)
    username_field: str = "username"
    password_field: str = "password"  # noqa: S105  the name of a field
    extra: dict[str, str] = Field(default_factory=dict, description="further fields of the login")
    encoding: Literal["json", "form"] = "json"
    csrf_from: str | None = Field(
        default=None, description="a path to ask first, for the cookie that holds the token"
    )
    csrf_cookie: str = "csrftoken"
    csrf_header: str = "X-CSRFToken"


Auth = Annotated[
    BearerAuth | BasicAuth | ApiKeyAuth | OAuth2Auth | SessionAuth, Field(discriminator="type")
]


class Effort(Options):
    """How hard and how long to try; the same for every HTTP kind."""

    timeout: int = Field(
        default=60, ge=1, le=3_600, description="seconds to wait for a connection or more bytes"
    )
    deadline: Duration = Field(default="1h", description="the longest that one stream may take")
    attempts: int = Field(
        default=5, ge=1, le=20, description="how often a request is tried when the error may pass"
    )
    longest_wait: Duration = Field(
        default="2m", description="the longest pause a server may ask for within a run"
    )
    requests_per_second: float | None = Field(
        default=None, gt=0, le=1_000, description="at most so many; unlimited if left out"
    )
    concurrency: int = Field(default=4, ge=1, le=32, description="requests at once, where possible")
    max_body: int = Field(
        default=256 << 20, ge=1 << 10, description="bytes of one body, once decompressed"
    )


class HttpSource(Options):
    """Options at the source."""

    url: str = Field(
        description="where the API starts, such as https://crm.example/api/v1",
        pattern=r"^(https?://[^/?#\s@]+([/][^?#\s]*)?$|\$\{)",
    )
    auth: Auth | None = Field(default=None, description="how to sign in")
    headers: dict[str, str] = Field(default_factory=dict, description="further headers", repr=False)
    effort: Effort = Field(default_factory=Effort, description="how hard to try")
