"""`prune`, `forget` and `keys pseudonym rotate`.

What belongs here: showing what would go, asking, saying what went. What does not: removing.
"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Any

import typer

from scoreline.cli.console import console, opened, print_json, safe, table
from scoreline.core.errors import UsageError
from scoreline.steps.expiring import Expiry
from scoreline.steps.forgetting import Found, Request, find_person
from scoreline.steps.rekeying import rotate_pseudonyms
from scoreline.steps.run import forget, prune

FINDING = 1


def prune_project(root: Path, *, dry_run: bool, yes: bool, json: bool) -> int:
    """Show what has reached its age, and remove it once that is confirmed; returns 0."""
    removed = False

    def decide(found: Expiry) -> bool:
        nonlocal removed
        if not json:
            _print_expiry(found)
        removed = not dry_run and (yes or _confirmed("Remove it?", json))
        return removed

    with opened(root) as project:
        found = prune(project, decide)
    if json:
        print_json({"removed": removed, **expiry_as_json(found)})
    elif not found:
        _print_expiry(found)
    elif removed:
        console().print("[green]✔[/] removed; the record says what it was and why")
    return 0


def _confirmed(question: str, json: bool) -> bool:
    if json:
        return False
    if not sys.stdin.isatty():
        raise UsageError("nothing was removed: --yes says that it is meant, --dry-run only shows")
    return typer.confirm(question)


def expiry_as_json(found: Expiry) -> dict[str, Any]:
    """What has reached its age, as plain values."""
    return {
        "batches": [
            {
                "batch": g.change.batch.id,
                "stream": g.change.batch.stream,
                "object": g.change.batch.object,
                "received_at": g.change.batch.received_at.isoformat(),
                "what": g.what,
                "rule": g.why,
                "rows": g.change.rows,
                "files": sorted(f.name for f in g.change.dropped),
                "bytes": sum(f.size for f in g.change.dropped),
            }
            for g in found.going
        ],
        "series": {rule: len(values) for rule, values in found.series.items()},
        "staying": [
            {"stream": s.stream, "batches": s.batches, "why": s.why} for s in found.staying
        ],
        "bytes": found.bytes,
    }


def _print_expiry(found: Expiry) -> None:
    out = console()
    groups: dict[tuple[str, str], list[int]] = {}
    for g in found.going:
        sums = groups.setdefault((g.change.batch.stream, g.why), [0, 0, 0])
        sums[0] += 1
        sums[1] += g.change.rows
        sums[2] += sum(f.size for f in g.change.dropped)
    if groups:
        rows = [
            [safe(stream), safe(why), f"{batches:,}", f"{lost:,}" if lost else "", f"{size:,}"]
            for (stream, why), (batches, lost, size) in groups.items()
        ]
        out.print(table("", ("stream", "rule", "batches#", "rows#", "bytes#"), rows))
    for rule, values in found.series.items():
        out.print(f"{len(values):,} series ({safe(rule)})")
    for stays in found.staying:
        batches = f"{stays.batches:,} old batch{'' if stays.batches == 1 else 'es'}"
        out.print(f"[dim]stays:[/] {batches} of {safe(stays.stream)}: {safe(stays.why)}")
    if not found:
        out.print("nothing has reached the age up to which it is kept")


def forget_person(
    root: Path,
    stream: str,
    key: str,
    reason: str,
    approver: str,
    *,
    dry_run: bool,
    yes: bool,
    json: bool,
) -> int:
    """Show where a person's rows are, and erase them once that is confirmed.

    Returns:
        0; 1 where there are none and the person was not forgotten before either.
    """
    for word, text in (("reason", reason), ("approver", approver)):
        if not text.strip():
            raise UsageError(f"--{word} must say something: an auditor will read it")
    column, value = _key(key)
    who = getpass.getuser()
    request = Request(stream, column, value, reason.strip(), who, approver.strip())
    with opened(root) as project:
        found = find_person(project, request)
        if not json:
            _print_found(stream, found)
        nothing = not found.total and not found.already
        done = not dry_run and not nothing and (yes or _confirmed("Erase these rows?", json))
        if done:
            found = forget(project, request)
    if json:
        print_json({"erased": done, **_found_as_json(found)})
    elif done:
        console().print(
            "[green]✔[/] erased; backups that were taken before still hold the person: take a "
            "new one, and destroy those"
        )
    return FINDING if nothing else 0


def rotate_pseudonym_key(root: Path, reason: str, by: str | None, json: bool) -> int:
    """Change the key of pseudonyms; returns 0."""
    if not reason.strip():
        raise UsageError("--reason must say something: an auditor will read it")
    with opened(root) as project:
        done = rotate_pseudonyms(project, reason.strip(), by or getpass.getuser())
    if json:
        print_json(
            {"keys": list(done.keys), "streams": list(done.streams), "batches": done.batches}
        )
        return 0
    console().print(
        f"[green]✔[/] pseudonyms in {done.batches:,} batches of {len(done.streams):,} streams "
        f"were made new with key {done.keys[-1]}, the {len(done.keys)}. of the chain; every "
        "key of it is still needed: take a new backup"
    )
    return 0


def _key(text: str) -> tuple[str, str]:
    column, sign, value = text.partition("=")
    if value == "-":
        value = sys.stdin.readline().rstrip("\n")
    if not sign or not column.strip() or not value:
        raise UsageError("--key says whom: COLUMN=VALUE, such as learner_id=4711")
    return column.strip(), value


def _found_as_json(found: Found) -> dict[str, Any]:
    return {
        "rows": found.total,
        "batches": dict(found.rows),
        "bytes_dropped": found.bytes_dropped,
        "unsearched": found.unsearched,
        "elsewhere": found.elsewhere,
        "forgotten_before": found.already,
    }


def _print_found(stream: str, found: Found) -> None:
    out = console()
    if found.total:
        out.print(
            f"{found.total:,} rows in {len(found.rows):,} batches of {safe(stream)}; of "
            f"{len(found.bytes_dropped):,} batches the bytes as received go as well"
        )
    elif found.already:
        out.print("the person was forgotten before; nothing of it is left")
    else:
        out.print(f"no row of {safe(stream)} has that value: nothing to forget")
    if found.unsearched:
        out.print(
            f"[yellow]note[/] {', '.join(found.unsearched)} cannot be read, so nobody can say "
            "whether the person is in there: reject them, and let `retention` remove them"
        )
    if found.elsewhere:
        out.print(
            f"[yellow]note[/] {safe(', '.join(found.elsewhere))} keep the same bytes: forget "
            "the person there as well"
        )
