"""Secrets: references filled in at the last moment, and the project's own key.

What belongs here: reading environment variables and files that references name. What does
not: where references may stand (definitions). Nothing here is ever logged or kept.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from scoreline.core.errors import UsageError

_REFERENCE = re.compile(r"\$\{(env|file):([^}]+)\}")


def session_key(reference: str | None, state: Path, root: Path) -> str:
    """The key that logins are signed with: the referenced one, else the project's own."""
    if reference is not None:
        return str(resolve_secrets(reference, root))
    return own_key(state / "keys" / "session.key")


def own_key(path: Path) -> str:
    """A key of the project's own, made where there is none, readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make_key(path)
    return path.read_text().strip()


def _make_key(path: Path) -> None:
    """Write a new key aside and link it: another process sees all of it or none."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # the other process was first: its key is the one
            os.link(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def resolve_secrets(value: Any, root: Path) -> Any:
    """A copy of an options value with every `${env:NAME}` and `${file:PATH}` filled in.

    Raises:
        UsageError: a variable is not set or a file cannot be read; names it, not its value.
    """
    if isinstance(value, str):
        return _REFERENCE.sub(lambda m: _secret(m[1], m[2].strip(), root), value)
    if isinstance(value, Mapping):
        return {k: resolve_secrets(v, root) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [resolve_secrets(v, root) for v in value]
    return value


def _secret(kind: str, name: str, root: Path) -> str:
    if kind == "env":
        found = os.environ.get(name)
        if found is None:
            raise UsageError(f"the environment variable {name} is not set: export it and try again")
        return found
    try:
        return (root / name).read_text().strip()
    except OSError as error:
        raise UsageError(f"the secret file {name} cannot be read: {error.strerror}") from None
