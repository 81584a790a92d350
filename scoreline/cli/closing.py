"""`close` and `reopen`: asking for reasons, saying what was fixed.

What belongs here: arguments, questions, printing. What does not: closing (steps.closing).
"""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import typer

from scoreline.cli.console import console, exit_status, opened, print_json, safe, table
from scoreline.core.errors import UsageError
from scoreline.core.frozen import frozen_from
from scoreline.steps.carrying import write_drafts
from scoreline.steps.closing import Closed, Closing, close_cycle, reopen_cycle, score_words
from scoreline.steps.project import Project
from scoreline.steps.reports import KeyResultRow
from scoreline.steps.status import find_key_result


@dataclass(frozen=True, slots=True)
class CloseRequest:
    """The arguments of `close`, as given."""

    cycle: str
    reason: str
    misses: tuple[str, ...]
    by: str | None
    approver: str | None
    as_of: date | None
    carry_forward: str | None


def close_project(root: Path, request: CloseRequest, json: bool) -> int:
    """Close a cycle; returns the exit status."""
    with opened(root) as project:
        wish = Closing(
            cycle=request.cycle,
            reason=_said(request.reason),
            who=request.by or getpass.getuser(),
            approver=request.approver,
            as_of=request.as_of,
            misses=_misses(project, request.misses),
        )
        closed = close_cycle(project, wish, _ask if _can_ask(json) else lambda _row: None)
        drafts: list[Path] = []
        if request.carry_forward is not None:
            drafts = write_drafts(project.paths.root, closed.event, request.carry_forward)
    if json:
        print_json(_as_json(closed, drafts))
    else:
        _print(closed, drafts, project)
    return exit_status(project)


def _said(reason: str) -> str:
    if not reason.strip():
        raise UsageError("--reason must say why: an auditor will read it")
    return reason.strip()


def _misses(project: Project, given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in given:
        name, mark, reason = text.partition("=")
        if not mark or not reason.strip():
            raise UsageError(f'--miss {text!r}: write it as KEY_RESULT="why"')
        found[find_key_result(project, name.strip()).id] = reason.strip()
    return found


def _can_ask(json: bool) -> bool:
    return not json and sys.stdin.isatty() and sys.stdout.isatty()


def _ask(row: KeyResultRow) -> str | None:
    console().print(f"{safe(row.title)} [dim]{safe(row.id)}[/]\n  {safe(row.score.formula)}")
    return str(typer.prompt("  Why was it missed?"))


def _as_json(closed: Closed, drafts: list[Path]) -> dict[str, Any]:
    event = closed.event
    return {
        "cycle": event.cycle,
        "as_of": event.as_of.isoformat() if event.as_of else None,
        "record": closed.record,
        "misses": dict(event.misses),
        "key_results": {
            name: {
                "score": body["frozen"]["score"],
                "status": body["frozen"]["status"],
                "passes": body["passes"],
                "record": body["record"],
            }
            for name, body in event.key_results.items()
        },
        "objectives": list(event.objectives),
        "drafts": [str(path) for path in drafts],
    }


def _print(closed: Closed, drafts: list[Path], project: Project) -> None:
    out, event = console(), closed.event
    rows = []
    for name, body in event.key_results.items():
        frozen = frozen_from(body["frozen"])
        passes = {True: "passes", False: "[red]does not pass[/]", None: ""}[body["passes"]]
        words = [score_words(frozen.score), frozen.status.replace("_", " "), body["commitment"]]
        rows.append([safe(name), *words, passes])
    out.print(table("", ("key result", "score", "status then", "", ""), rows))
    for name, reason in event.misses.items():
        out.print(f"missed: {safe(name)}: {safe(reason)}")
    out.print(
        f"\n[green]✔[/] {safe(event.cycle)} is closed as of {event.as_of} "
        f"[dim](record {closed.record[:12]})[/]"
    )
    out.print("later data stand beside the frozen scores as restatements", style="dim")
    for path in drafts:
        out.print(f"draft: {safe(path.relative_to(project.paths.root))}")


def reopen_project(
    root: Path, cycle: str, reason: str, by: str | None, approver: str, json: bool
) -> int:
    """Reopen a cycle; returns the exit status."""
    with opened(root, check_sql=False) as project:
        who = by or getpass.getuser()
        record = reopen_cycle(project, cycle, _said(reason), who, approver)
    if json:
        print_json({"cycle": cycle, "state": "reopened", "record": record})
    else:
        console().print(
            f"[green]✔[/] {safe(cycle)} is open again [dim](record {record[:12]})[/]; "
            "`scoreline run` scores it"
        )
    return exit_status(project)
