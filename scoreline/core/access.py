"""Who may do what on the page: roles, and how a person proves who they are.

What belongs here: frozen values and the rule that turns a person into roles. What does not:
logging in (web), keeping users (store).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Role = Literal["viewer", "owner", "auditor", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "owner", "auditor", "admin")
"""viewer reads; owner checks in on their own key results; auditor sees rows, personal ones
among them; admin checks in on every key result and manages users."""

_IMPLIED: Mapping[Role, tuple[Role, ...]] = {
    "viewer": ("viewer",),
    "owner": ("viewer", "owner"),
    "auditor": ("viewer", "auditor"),
    "admin": ("viewer", "owner", "admin"),
}
EVERYONE, GROUP = "*", "group:"


@dataclass(frozen=True, slots=True)
class Oidc:
    """An OpenID Connect provider; `client_secret` is a reference.

    `claim` names the person (an address that owners are written by), `groups_claim` the
    claim with their groups.
    """

    issuer: str
    client_id: str
    client_secret: str
    claim: str = "email"
    groups_claim: str = "groups"
    scopes: tuple[str, ...] = ("openid", "email", "profile")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy in front that has logged people in; `secret` is a reference."""

    secret: str
    user_header: str = "X-Forwarded-Email"
    secret_header: str = "X-Scoreline-Proxy"  # noqa: S105  a name, no secret


@dataclass(frozen=True, slots=True)
class Access:
    """How people log in and which roles they have.

    `url` is the address that people open the page at, as the outside sees it.

    `grants` holds, for each role, addresses, `@domain`, `group:NAME` or `*` (everyone who
    is logged in). `session_hours` is how long a login lasts; `session_key` a reference,
    or None for a key of the project's own.
    """

    grants: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)
    oidc: Oidc | None = None
    proxy: Proxy | None = None
    session_hours: int = 12
    session_key: str | None = None
    url: str | None = None

    @property
    def logs_in(self) -> bool:
        """Whether a provider or a proxy says who people are."""
        return self.oidc is not None or self.proxy is not None


@dataclass(frozen=True, slots=True)
class User:
    """A person with a password: its salted hash, never the password."""

    name: str
    roles: tuple[Role, ...]
    password: str
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """One look at something that is recorded: when, who, at what."""

    at: datetime
    who: str
    what: str
    subject: str
    detail: str


def implied(roles: Collection[Role]) -> frozenset[Role]:
    """The roles with those that they include."""
    return frozenset(r for role in roles for r in _IMPLIED[role])


def roles_of(access: Access, name: str, groups: Collection[str] = ()) -> frozenset[Role]:
    """The roles that the grants give a person; names compare without regard to capitals."""
    mine = {EVERYONE, name.casefold()} | {f"{GROUP}{g}".casefold() for g in groups}
    if "@" in name:
        mine.add("@" + name.casefold().rsplit("@", 1)[1])
    given = [r for r, names in access.grants.items() if any(n.casefold() in mine for n in names)]
    return implied(given)
