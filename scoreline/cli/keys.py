"""`keys`: the keys that sign the ledger; no private key is ever printed.

What belongs here: arguments, printing. What does not: keys and signatures (steps.signing).
"""

from __future__ import annotations

from pathlib import Path

from scoreline.audit.signing import PrivateKey, public_pem
from scoreline.cli.console import console, exit_status, opened, print_json, safe, table
from scoreline.core.errors import UsageError
from scoreline.core.records import SigningKey
from scoreline.steps.project import Project
from scoreline.store.rows import StoredKey
from scoreline.wiring import resolve_secrets


def make_key(root: Path, reason: str, by: str | None, json: bool) -> int:
    """Make and record a key; returns the exit status."""
    with opened(root, check_sql=False) as project, project.working("keys"):
        made = project.signer.new(_said(reason), by)
    return _print_made(project, made, json)


def rotate_key(root: Path, reason: str, old: str | None, by: str | None, json: bool) -> int:
    """Record the next key, endorsed by the one in force; returns the exit status."""
    with opened(root, check_sql=False) as project, project.working("keys"):
        before = None if old is None else PrivateKey.parse(_secret(old, project.paths.root))
        made = project.signer.rotate(_said(reason), before, by)
    return _print_made(project, made, json)


def _said(reason: str) -> str:
    if not reason.strip():
        raise UsageError("--reason must say why: an auditor will read it")
    return reason.strip()


def _secret(reference: str, root: Path) -> str:
    found = str(resolve_secrets(reference, root))
    if found == reference:
        raise UsageError("--old takes a reference, ${env:NAME} or ${file:PATH}, never a key itself")
    return found


def _print_made(project: Project, made: SigningKey, json: bool) -> int:
    if json:
        print_json(_as_json(made))
        return exit_status(project)
    out = console()
    endorsed = f", endorsed by {made.endorsed_by}" if made.endorsed_by else ""
    out.print(f"[green]✔[/] the key {made.key} signs from now on{endorsed}")
    if project.signing_secret is None:
        out.print(
            f"its private half is in {safe(project.paths.keys)}: `scoreline backup` copies it; "
            "`scoreline keys show-public` prints what an auditor needs",
            style="dim",
        )
    return exit_status(project)


def _as_json(key: SigningKey) -> dict[str, object]:
    return {
        "key": key.key,
        "public_key": key.public_key,
        "who": key.who,
        "reason": key.reason,
        "endorsed_by": key.endorsed_by,
    }


def list_keys(root: Path, json: bool) -> int:
    """List every key; returns 0."""
    with opened(root, check_sql=False) as project:
        keys = project.store.signing_keys()
    ends = [*(k.height - 1 for k in keys[1:]), None]
    if json:
        print_json([_stored(k, end) for k, end in zip(keys, ends, strict=True)])
        return 0
    rows = [_row(stored, end) for stored, end in zip(keys, ends, strict=True)]
    columns = ("key", "recorded (UTC)", "blocks", "endorsed by", "who", "why")
    out = console()
    out.print(table("", columns, rows) if keys else "nothing is signed yet: a run makes a key")
    return 0


def _stored(stored: StoredKey, end: int | None) -> dict[str, object]:
    return {
        **_as_json(stored.key),
        "recorded_at": stored.recorded_at.isoformat(),
        "from_block": stored.height,
        "until_block": end,
        "record": stored.digest,
    }


def _row(stored: StoredKey, end: int | None) -> list[str]:
    key = stored.key
    return [
        key.key,
        f"{stored.recorded_at:%Y-%m-%d %H:%M}",
        f"{stored.height}–{'' if end is None else end}",
        key.endorsed_by or "–",
        safe(key.who),
        safe(key.reason),
    ]


def show_public(root: Path, name: str | None, json: bool) -> int:
    """Print a public key; returns 0."""
    with opened(root, check_sql=False) as project:
        keys = [k.key for k in project.store.signing_keys()]
    found = [k for k in keys if name is None or k.key.startswith(name)]
    if not found or (name is not None and len(found) > 1):
        known = ", ".join(k.key for k in keys) or "none: a run makes one"
        raise UsageError(f"there is no one key {name or ''}: the ledger has {known}")
    if json:
        print_json(_as_json(found[-1]))
    else:
        print(public_pem(found[-1].public_key), end="")
    return 0
