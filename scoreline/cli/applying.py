"""`apply`.

What belongs here: showing the plan, taking the word of a person, printing what was recorded.
What does not: recording (steps.change.applying).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from scoreline.cli.console import TerminalListener, console, exit_status, print_json, safe
from scoreline.cli.plan_json import waiting_as_json
from scoreline.cli.plan_text import print_plan
from scoreline.cli.plan_words import plural
from scoreline.core.errors import UsageError
from scoreline.steps.change.applying import Applied, apply_definitions
from scoreline.steps.change.proposal import propose
from scoreline.wiring import open_project

FINDING = 1


def apply_project(root: Path, reason: str, approvers: list[str], *, yes: bool, json: bool) -> int:
    """Show what would change, ask, and record the definitions.

    Returns:
        1 where a changed target still waits for approval, or nothing was agreed; else 0.
    """
    project = open_project(root, listener=TerminalListener(), as_written=True)
    try:
        if not reason.strip():
            raise UsageError("--reason must say why: an auditor will read it")
        if not json:
            print_plan(propose(project))
        if not (yes or json) and not _agreed():
            return FINDING
        done = apply_definitions(project, reason, approvers)
    finally:
        project.close()
    if json:
        print_json(_applied(done))
    else:
        _print_applied(done)
    return exit_status(project, FINDING if done.waiting else 0)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        print("nothing was recorded; `--yes` records without asking", file=sys.stderr)
        return False
    return typer.confirm("Record these definitions?")


def _print_applied(done: Applied) -> None:
    out = console()
    for waiting in done.approved:
        out.print(
            f"[green]approved[/] {safe(waiting.key_result)}: {safe('; '.join(waiting.changes))}"
        )
    for waiting in done.waiting:
        out.print(f"[magenta]waits[/] {safe(waiting)}: the recorded definition counts until then")
    if done.block is None:
        out.print("[green]✔[/] the record has these definitions already: nothing was written")
        return
    count = plural(len(done.versions), "definition")
    out.print(
        f"[green]✔[/] {count} recorded in ledger block {done.block[:12]}; `scoreline run` scores "
        "by them"
    )


def _applied(done: Applied) -> dict[str, Any]:
    return {
        "recorded": [v.name for v in done.versions],
        "block": done.block,
        "approved": [w.key_result for w in done.approved],
        "waiting": [waiting_as_json(w) for w in done.waiting],
    }
