"""The secrets of access, filled in.

What belongs here: references resolved, the session's key made. What does not: access itself
(web).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoreline.wiring.secret_values import resolve_secrets, session_key

if TYPE_CHECKING:
    from scoreline.steps.project import Project
    from scoreline.web.access.setup import Keys


def access_keys(project: Project) -> Keys:
    """What access needs of secrets.

    Raises:
        UsageError: a secret that a reference names is not there.
    """
    from scoreline.web.access.login import make_provider
    from scoreline.web.access.setup import Keys

    access, root = project.plan.access, project.paths.root
    oidc, proxy = access.oidc, access.proxy
    return Keys(
        session_key=session_key(access.session_key, project.paths.state, root),
        provider=None
        if oidc is None
        else make_provider(oidc, str(resolve_secrets(oidc.client_secret, root))),
        proxy_secret=None if proxy is None else str(resolve_secrets(proxy.secret, root)),
    )
