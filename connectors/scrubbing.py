"""Secrets kept out of texts: of addresses, of errors, of what servers say.

What belongs here: finding and replacing them. What does not: logging, requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

HIDDEN = "***"
SHOWN = 300
SECRET_NAMES = re.compile(
    r"(?i)(^|[_-])(wstoken|token|api_?key|key|secret|password|passwd|pwd|sig|signature|auth|code"
    r"|session|sid|credential)s?($|[_-])"
)
_AUTH_FIELDS = ("token", "key", "password", "client_secret", "refresh_token")


class Scrubber:
    """Replaces known secrets, and the values of parameters that are named like secrets."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Keep these out from now on; texts under four characters would hide everything."""
        for secret in secrets:
            if len(secret) >= 4:
                self._known |= {secret, quote(secret, safe=""), quote(secret)}

    def text(self, text: str) -> str:
        """The text without secrets."""
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text

    def url(self, url: str) -> str:
        """The address without secrets, without an account before the host."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        pairs = [
            (name, HIDDEN if SECRET_NAMES.search(name) else value)
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        ]
        plain = urlunsplit((parts.scheme, host, parts.path, urlencode(pairs, safe="*,:$"), ""))
        return self.text(plain)

    def excerpt(self, body: bytes) -> str:
        """The beginning of what a server said, on one line, without control characters."""
        text = body[: 4 * SHOWN].decode("utf-8", errors="replace")
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return self.text(line)[:SHOWN]


def secrets_of(options: dict[str, Any]) -> list[str]:
    """The secrets among resolved options: of `auth`, a kind's own, and every header's value."""
    auth = options.get("auth") or {}
    found = [str(auth[name]) for name in _AUTH_FIELDS if auth.get(name)]
    found += [str(v) for k, v in options.items() if v and k in (*_AUTH_FIELDS, "api_key")]
    return found + [str(value) for value in (options.get("headers") or {}).values()]


def texts_of(value: Any) -> list[str]:
    """Every text in a free configuration that may be secret: of some length, without spaces."""
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in texts_of(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in texts_of(inner)]
    return [value] if isinstance(value, str) and len(value) >= 8 and " " not in value else []
