"""`users`: people who log in with a password, and what was looked at.

What belongs here: asking for a password, printing. What does not: hashing (web.access),
keeping (store).
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from scoreline.cli.console import console, opened, print_json, safe, table
from scoreline.core.access import ROLES, Role
from scoreline.core.errors import UsageError
from scoreline.definitions.spec_base import nearest


def add_user(root: Path, name: str, roles: Sequence[str], *, stdin: bool, json: bool) -> int:
    """Add or change a user; returns the exit status."""
    from scoreline.web.access.passwords import hash_password

    folded, wanted = _name(name), _roles(roles)
    with opened(root, check_sql=False) as project:
        known = project.store.user(folded) is not None
        kept = hash_password(_password(folded, stdin=stdin))
        project.store.put_user(folded, wanted, kept, project.now())
    if json:
        print_json({"name": folded, "roles": wanted, "new": not known})
    else:
        what = "changed; logins that were open have ended" if known else "added"
        console().print(f"[green]✔[/] {safe(folded)} {what}: {', '.join(wanted)}")
    return 0


def list_users(root: Path, json: bool) -> int:
    """Print every user."""
    with opened(root, check_sql=False) as project:
        found = project.store.users()
        zone = project.zone
    if json:
        print_json(
            [
                {"name": u.name, "roles": list(u.roles), "changed_at": u.changed_at.isoformat()}
                for u in found
            ]
        )
        return 0
    rows = [
        [safe(u.name), ", ".join(u.roles), f"{u.changed_at.astimezone(zone):%Y-%m-%d %H:%M}"]
        for u in found
    ]
    console().print(table("", ("user", "roles", "changed"), rows) if rows else "there is no user")
    return 0


def remove_user(root: Path, name: str, json: bool) -> int:
    """Remove a user."""
    with opened(root, check_sql=False) as project:
        if not project.store.drop_user(_name(name)):
            known = nearest(name, [u.name for u in project.store.users()])
            raise UsageError(f"there is no user {name!r}: {known or '`scoreline users list`'}")
    if json:
        print_json({"name": _name(name), "removed": True})
    else:
        console().print(f"[green]✔[/] {safe(_name(name))} is removed")
    return 0


def print_token(root: Path, name: str, use: str, json: bool) -> int:
    """Print a token for a program."""
    from scoreline.web.access.visitors import TOKENS, Doors
    from scoreline.wiring.access import access_keys
    from scoreline.wiring.serving import open_live

    if use not in TOKENS:
        raise UsageError(f"a token is for one of {', '.join(TOKENS)}, not for {use!r}")
    with opened(root, check_sql=False) as project:
        doors = Doors(open_live(project), access_keys(project).session_key)
        token = doors.token(_name(name), use)
        if doors.now().by_token(use, token) is None:
            raise UsageError(f"{_name(name)} may not view: `scoreline users add`, or access.yaml")
    if json:
        print_json({"name": _name(name), "for": use, "token": token})
    else:
        sys.stdout.write(token + "\n")
    return 0


def list_looks(root: Path, limit: int, json: bool) -> int:
    """Print who looked at rows."""
    with opened(root, check_sql=False) as project:
        found = project.store.looks(limit=limit)
        zone = project.zone
    if json:
        print_json(
            [
                {
                    "at": k.at.isoformat(),
                    "who": k.who,
                    "what": k.what,
                    "subject": k.subject,
                    "detail": k.detail,
                }
                for k in found
            ]
        )
        return 0
    rows = [
        [
            f"{k.at.astimezone(zone):%Y-%m-%d %H:%M}",
            safe(k.who),
            safe(k.what),
            safe(k.subject),
            safe(k.detail),
        ]
        for k in found
    ]
    columns = ("when", "who", "what", "of", "which")
    console().print(table("", columns, rows) if rows else "nobody has looked at rows")
    return 0


def _name(name: str) -> str:
    folded = name.strip().casefold()
    if not folded or len(folded) > 200 or not folded.isprintable():
        raise UsageError(f"{name!r} is no name: use an address such as maya@acme.example")
    return folded


def _roles(roles: Sequence[str]) -> list[Role]:
    for role in roles:
        if role not in ROLES:
            near = nearest(role, ROLES)
            raise UsageError(f"there is no role {role!r}; legal: {', '.join(ROLES)}. {near}")
    return [r for r in ROLES if r in roles]


def _password(name: str, *, stdin: bool) -> str:
    if stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(f"Password of {name}: ")
    if getpass.getpass("The same again: ") != first:
        raise UsageError("the two passwords differ: nothing was changed")
    return first
