"""From access.yaml as written to the plan's rules of access.

What belongs here: the rules between its keys. What does not: shapes (specs_access),
logging in. Where it is in error nobody but this machine gets in: the page then refuses to
listen elsewhere.
"""

from __future__ import annotations

from scoreline.core.access import ROLES, Access, Oidc, Proxy
from scoreline.definitions.findings import Entry
from scoreline.definitions.secret_refs import check_reference
from scoreline.definitions.specs_access import AccessSpec


def resolve_access(entry: Entry, spec: AccessSpec) -> Access:
    """The rules of access; empty ones, with the errors reported, where they are wrong."""
    if spec.oidc is not None:
        check_reference(entry, spec.oidc.client_secret, "oidc", "client_secret")
        if "openid" not in spec.oidc.scopes:
            message = "OpenID Connect needs the scope openid"
            entry.error("bad-scopes", message, "oidc", "scopes", legal="openid, email, …")
    if spec.proxy is not None:
        check_reference(entry, spec.proxy.secret, "proxy", "secret")
    if spec.session.key is not None:
        check_reference(entry, spec.session.key, "session", "key")
    if (spec.oidc or spec.proxy) and not any(getattr(spec.roles, r) for r in ROLES):
        message = "people can log in, and none of them has a role"
        entry.error("no-roles", message, "roles", found="", legal='viewer: ["@acme.example"]')
    return _access(spec) if entry.ok else Access()


def _access(spec: AccessSpec) -> Access:
    oidc, proxy = spec.oidc, spec.proxy
    return Access(
        grants={role: tuple(getattr(spec.roles, role)) for role in ROLES},
        oidc=None
        if oidc is None
        else Oidc(
            issuer=oidc.issuer,
            client_id=oidc.client_id,
            client_secret=oidc.client_secret,
            claim=oidc.claim,
            groups_claim=oidc.groups_claim,
            scopes=tuple(oidc.scopes),
        ),
        proxy=None
        if proxy is None
        else Proxy(proxy.secret, proxy.user_header, proxy.secret_header),
        session_hours=spec.session.hours,
        session_key=spec.session.key,
        url=spec.url,
    )
