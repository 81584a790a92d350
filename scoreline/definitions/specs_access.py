"""The keys of access.yaml, as written.

What belongs here: shapes and defaults. What does not: rules between keys (resolve_access).
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema

from scoreline.definitions.spec_base import Count, Spec, Text, as_text, bad
from scoreline.definitions.specs_notify import WebAddress

_GRANT = re.compile(r"\*|group:\S.*|@[^@\s]+\.[^@\s]+|[^@\s]+(@[^@\s]+)?")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_LOCAL = ("http://localhost", "http://127.0.0.1", "http://[::1]")


def _as_grant(value: Any) -> str:
    text = as_text(value).strip()
    if not _GRANT.fullmatch(text):
        legal = 'an address, "@domain", "group:NAME" or "*" (everyone who is logged in)'
        raise bad("bad-name", "this names nobody", legal)
    return text


def _as_header(value: Any) -> str:
    text = as_text(value)
    if not _HEADER.fullmatch(text):
        raise bad("bad-name", "this is not the name of a header", "letters, digits and -")
    return text


def _as_issuer(value: Any) -> str:
    text = as_text(value)
    if not text.startswith(("https://", *_LOCAL)):
        legal = "https://… (http:// only on this machine)"
        raise bad("bad-url", "the provider's address must be encrypted", legal)
    return text


Grant = Annotated[str, PlainValidator(_as_grant), WithJsonSchema({"type": "string"})]
Header = Annotated[
    str, PlainValidator(_as_header), WithJsonSchema({"type": "string", "pattern": _HEADER.pattern})
]
Issuer = Annotated[
    str, PlainValidator(_as_issuer), WithJsonSchema({"type": "string", "format": "uri"})
]


class OidcSpec(Spec):
    """An OpenID Connect provider."""

    issuer: Issuer
    client_id: Text
    client_secret: Text
    claim: Text = "email"
    groups_claim: Text = "groups"
    scopes: list[Text] = Field(default_factory=lambda: ["openid", "email", "profile"])


class ProxySpec(Spec):
    """A proxy that has logged people in, and proves itself by a secret."""

    secret: Text
    user_header: Header = "X-Forwarded-Email"
    secret_header: Header = "X-Scoreline-Proxy"  # noqa: S105  a name, no secret


class RolesSpec(Spec):
    """Who has which role."""

    viewer: list[Grant] = Field(default_factory=list)
    owner: list[Grant] = Field(default_factory=list)
    auditor: list[Grant] = Field(default_factory=list)
    admin: list[Grant] = Field(default_factory=list)


class SessionSpec(Spec):
    """How long a login lasts, and the key that signs it."""

    hours: Count = 12
    key: Text | None = None


class AccessSpec(Spec):
    """The whole of access.yaml."""

    url: WebAddress | None = None
    roles: RolesSpec = RolesSpec()
    oidc: OidcSpec | None = None
    proxy: ProxySpec | None = None
    session: SessionSpec = SessionSpec()
