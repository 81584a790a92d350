"""The person behind a request: name, roles, and the token of their forms.

What belongs here: finding out who it is, and asking for a role. What does not: logging in
(login), refusing requests as a whole (gate).
"""

from __future__ import annotations

import getpass
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from itsdangerous import BadData, URLSafeSerializer
from starlette.datastructures import Headers
from starlette.types import Scope

from scoreline.core.access import ROLES, Access, Role, User, implied, roles_of
from scoreline.core.model import KeyResult, Plan
from scoreline.steps.discipline import owner_of
from scoreline.steps.project import Project
from scoreline.web.reading.live import Live
from scoreline.web.serving import PageError

TOKEN_FIELD = "form_token"  # noqa: S105  a name, no secret
TOKENS = ("api", "calendar", "badge")
"""What a token may be for."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks: by which way they proved it, and their roles.

    `how` is `machine` (nobody logs in, on this machine alone), `password`, `oidc`, `proxy`
    or `token` (an address with a token in it, for calendars and badges).
    """

    name: str
    roles: frozenset[Role]
    how: str

    def may(self, role: Role) -> bool:
        """Whether they have a role."""
        return role in self.roles


@dataclass(slots=True)
class Doors:
    """What identifying needs: the project, the keys, and the logins that were ended.

    `own_address` is the address that is listened on; `session_key` signs sessions and
    tokens; `proxy_secret` is None where no proxy is trusted.
    """

    live: Live
    session_key: str
    own_address: str = "127.0.0.1"
    proxy_secret: str | None = None
    ended: dict[str, float] = field(default_factory=dict)

    @property
    def access(self) -> Access:
        """The grants as the files say now."""
        return self.live.project().plan.access

    def now(self) -> Admission:
        """The rules and users as they stand now, read once for a request."""
        project = self.live.project()
        return Admission(self, project, {u.name: u for u in project.store.users()})

    def end(self, session: MutableMapping[str, Any]) -> None:
        """End a login, so that a copy of its cookie is worth nothing."""
        longest = self.access.session_hours * 3600
        now = time.time()
        self.ended = {k: at for k, at in self.ended.items() if now - at < longest}
        if "id" in session:
            self.ended[session["id"]] = now
        session.clear()

    def token(self, name: str, what: str) -> str:
        """A token for an address that a program fetches in a person's name."""
        return self.serializer(what).dumps([name, self.now().stamp(name)])

    def serializer(self, what: str) -> URLSafeSerializer:
        """What signs the tokens of a kind."""
        return URLSafeSerializer(self.session_key, salt=f"scoreline {what}")


@dataclass(frozen=True, slots=True)
class Admission:
    """Who may come in at this moment."""

    doors: Doors
    project: Project
    users: Mapping[str, User]

    @property
    def access(self) -> Access:
        """The grants."""
        return self.project.plan.access

    @property
    def problem(self) -> str | None:
        """Why nobody can be let in; None if that is not so."""
        return access_error(self.project)

    @property
    def is_open(self) -> bool:
        """Whether nobody logs in: on this machine alone, with nothing configured."""
        is_configured = self.access.logs_in or self.problem is not None or self.users
        return self.doors.own_address in LOOPBACK and not is_configured

    def stamp(self, name: str) -> str:
        """What ties a token or login to a person's password; empty where there is none."""
        user = self.users.get(name)
        return stamp_of(user.password) if user else ""

    def visitor(self, scope: Scope) -> Visitor | None:
        """The person behind a request; None where nobody proved to be anyone."""
        if self.is_open:
            return Visitor(machine_user(), frozenset(ROLES), "machine")
        headers = Headers(scope=scope)
        named = self._by_proxy(headers) or self._by_bearer(headers)
        return named or self._by_session(scope["session"])

    def by_token(self, what: str, token: str) -> Visitor | None:
        """The person that a token was made for, with no more than to view."""
        try:
            name, stamp = self.doors.serializer(what).loads(token)
        except (BadData, ValueError, TypeError):
            return None
        if stamp != self.stamp(name) or "viewer" not in self._roles(name):
            return None
        return Visitor(name, frozenset({"viewer"}), "token")

    def _roles(self, name: str, groups: Sequence[str] = ()) -> frozenset[Role]:
        user = self.users.get(name)
        return roles_of(self.access, name, groups) | implied(user.roles if user else ())

    def _by_bearer(self, headers: Headers) -> Visitor | None:
        kind, _, token = headers.get("authorization", "").partition(" ")
        return self.by_token("api", token.strip()) if kind.lower() == "bearer" else None

    def _by_proxy(self, headers: Headers) -> Visitor | None:
        proxy, secret = self.access.proxy, self.doors.proxy_secret
        if proxy is None or not secret:
            return None
        given = headers.getlist(proxy.secret_header)
        names = headers.getlist(proxy.user_header)
        if len(given) != 1 or len(names) != 1 or not names[0].strip():
            return None
        if not hmac.compare_digest(given[0].encode(), secret.encode()):
            return None
        name = names[0].strip()
        return Visitor(name, roles_of(self.access, name), "proxy")

    def _by_session(self, session: Mapping[str, Any]) -> Visitor | None:
        name, how = session.get("user"), session.get("how")
        age = time.time() - float(session.get("at", 0))
        over = age > self.access.session_hours * 3600 or session.get("id") in self.doors.ended
        if not name or over:
            return None
        if how == "oidc":
            granted = roles_of(self.access, name, session.get("groups", ()))
            return Visitor(name, granted, "oidc") if self.access.oidc else None
        if name not in self.users or session.get("stamp") != self.stamp(name):
            return None
        return Visitor(name, self._roles(name), "password")


def is_configured(project: Project) -> bool:
    """Whether people have to log in: users, a provider, a proxy, or rules that are wrong."""
    access = project.plan.access
    return access.logs_in or access_error(project) is not None or bool(project.store.users())


def access_error(project: Project) -> str | None:
    """What is wrong with access.yaml; None if nothing is."""
    return next((str(p) for p in project.errors if p.scope == "access"), None)


def machine_user() -> str:
    """The login name of whoever runs this process."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "this machine's user"


def stamp_of(kept: str) -> str:
    """What ties a login to a password without saying anything of it."""
    return hashlib.sha256(kept.encode()).hexdigest()[:16]


def may_check_in(plan: Plan, visitor: Visitor, kr: KeyResult) -> bool:
    """Whether a person may check in: on their own key results, or as an admin."""
    owner = owner_of(plan, kr) or ""
    is_own = visitor.may("owner") and owner.casefold() == visitor.name.casefold()
    return visitor.may("admin") or is_own


def begin(session: MutableMapping[str, Any], name: str, how: str, **more: Any) -> None:
    """Begin a login: nothing of what the session held before remains."""
    session.clear()
    now = {"user": name, "how": how, "at": int(time.time()), "id": secrets.token_hex(12)}
    session.update(now, **more)


def form_token(session: MutableMapping[str, Any]) -> str:
    """The token that this session's forms carry."""
    found: str = session.setdefault("form", secrets.token_urlsafe(24))
    return found


def visitor_of(request: Request) -> Visitor:
    """The person behind a request that the gate let in."""
    found: Visitor = request.state.visitor
    return found


def doors_of(request: Request) -> Doors:
    """What the application identifies people with."""
    found: Doors = request.app.state.doors
    return found


def needs(role: Role) -> Callable[[Request], Visitor]:
    """A dependency: the visitor, who has that role.

    Raises:
        PageError: they do not have it.
    """

    def asked(request: Request) -> Visitor:
        visitor = visitor_of(request)
        if not visitor.may(role):
            raise PageError(403, f"This needs the role {role}, which {visitor.name} does not have.")
        return visitor

    return asked


async def own_form(request: Request) -> dict[str, str]:
    """A dependency: the fields of a form that this session was given.

    Raises:
        PageError: the form carries no token or another's.
    """
    async with request.form(max_fields=50, max_files=0) as form:
        fields = {k: v for k, v in form.items() if isinstance(v, str)}
    given, expected = fields.pop(TOKEN_FIELD, ""), request.session.get("form", "")
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise PageError(403, "This form is too old or not ours: load the page again and repeat.")
    return fields
