"""`plan` and `apply`.

What belongs here: asking for a plan, choosing its form, taking the word of a person. What
does not: what a plan says (steps.change), text and Markdown (plan_text, plan_markdown).
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any, Literal

import typer

from scoreline.cli.console import TerminalListener, console, print_json, safe
from scoreline.cli.plan_markdown import plan_markdown
from scoreline.cli.plan_text import print_plan
from scoreline.cli.plan_words import plural
from scoreline.core.errors import UsageError
from scoreline.core.exact import exact_text
from scoreline.definitions.project import problems_as_json
from scoreline.steps.change.applying import Applied, apply_definitions
from scoreline.steps.change.effects import Stand
from scoreline.steps.change.proposal import Author, Effect, Proposal, propose
from scoreline.steps.defining import as_bodies
from scoreline.steps.project import Waiting
from scoreline.wiring import open_project

FINDING = 1
Form = Literal["text", "json", "markdown"]
FailOn = Literal["change", "move", "goalposts"]


def show_plan(
    root: Path, against: str | None, as_of: date | None, form: Form, fail_on: FailOn | None
) -> int:
    """Print what the definitions in the files would do.

    Returns:
        1 where the definitions have an error, or `fail_on` is met; else 0.
    """
    project = open_project(root, listener=TerminalListener(), as_written=True)
    try:
        proposal = propose(project, against, as_of)
    finally:
        project.close()
    if form == "json":
        print_json(plan_as_json(proposal))
    elif form == "markdown":
        sys.stdout.write(plan_markdown(proposal))
    else:
        print_plan(proposal)
        if proposal.objects and against is None:
            print('next: scoreline apply --reason "…", or scoreline run', file=sys.stderr)
    return FINDING if _failed(proposal, fail_on) else 0


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
    return FINDING if done.waiting else 0


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
        "waiting": [_waiting(w) for w in done.waiting],
    }


def _waiting(waiting: Waiting) -> dict[str, Any]:
    return {
        "key_result": waiting.key_result,
        "approver": waiting.approver,
        "changes": list(waiting.changes),
    }


def _failed(proposal: Proposal, fail_on: FailOn | None) -> bool:
    if proposal.errors or any(p.severity == "error" for p in proposal.problems):
        return True
    met = {
        "change": proposal.objects,
        "move": proposal.moving,
        "goalposts": proposal.moved_goalposts,
    }
    return fail_on is not None and bool(met[fail_on])


def plan_as_json(proposal: Proposal) -> dict[str, Any]:
    """A plan as plain values; numbers are text."""
    return {
        "against": proposal.against,
        "as_of": proposal.as_of.isoformat(),
        "changed": bool(proposal.objects),
        "problems": problems_as_json(proposal.problems),
        "objects": [
            {
                "name": o.name,
                "kind": o.kind,
                "action": o.action,
                "place": str(o.place) if o.place else None,
                "differences": as_bodies(o.differences) if o.action == "changed" else [],
                "sql": {"before": o.sql_before, "after": o.sql_after},
                "author": _author(proposal.authors.get(o.name)),
            }
            for o in proposal.objects
        ],
        "key_results": [_effect(e) for e in proposal.effects],
        "series_computed": proposal.computed,
        "notes": list(proposal.notes),
        "streams_without_data": {n: list(ids) for n, ids in proposal.unread.items()},
        "errors": dict(proposal.errors),
        "waiting": [_waiting(w) for w in proposal.waiting],
    }


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "id": effect.id,
        "title": effect.title,
        "owner": effect.owner,
        "action": effect.action,
        "moves": effect.moves,
        "before": _stand(effect.before),
        "after": _stand(effect.after),
        "goalposts": as_bodies(effect.goalposts),
        "mid_cycle": effect.mid_cycle,
        "author": _author(effect.author),
    }


def _stand(stand: Stand | None) -> dict[str, Any] | None:
    if stand is None:
        return None
    score, shown = stand.score, stand.body["shown"]
    return {
        **shown,
        "baseline": None if score.baseline is None else exact_text(score.baseline),
        "target": None if score.target is None else exact_text(score.target),
        "status": score.status,
        "reason": score.reason,
        "formula": score.formula,
    }


def _author(author: Author | None) -> dict[str, Any] | None:
    if author is None:
        return None
    commit = author.commit
    return {
        "login": author.login,
        "commit": commit.hash if commit else None,
        "name": commit.author if commit else None,
        "email": commit.email if commit else None,
        "at": commit.at.isoformat() if commit else None,
        "subject": commit.subject if commit else None,
    }
