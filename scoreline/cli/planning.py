"""`plan`.

What belongs here: asking for a plan and choosing its form. What does not: what a plan says
(steps.change), its forms (plan_text, plan_json, plan_markdown).

What compares and computes is imported only where something differs: that nothing does is
to be said in no time.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from scoreline.cli.console import TerminalListener, console, print_json
from scoreline.steps.defining import is_recorded
from scoreline.wiring import open_project, with_sql_checked

if TYPE_CHECKING:
    from scoreline.steps.change.proposal import Proposal

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
    project = open_project(root, listener=TerminalListener(), check_sql=False, as_written=True)
    try:
        if against is None and form == "text" and is_recorded(project):
            console().print(
                "[green]✔[/] nothing differs from what is recorded: every key result stays as it is"
            )
            return 0
        from scoreline.steps.change.proposal import propose

        proposal = propose(with_sql_checked(project), against, as_of)
    finally:
        project.close()
    _print(proposal, form)
    if form == "text" and proposal.objects and against is None:
        print('next: scoreline apply --reason "…", or scoreline run', file=sys.stderr)
    return FINDING if _failed(proposal, fail_on) else 0


def _print(proposal: Proposal, form: Form) -> None:
    if form == "json":
        from scoreline.cli.plan_json import plan_as_json

        print_json(plan_as_json(proposal))
    elif form == "markdown":
        from scoreline.cli.plan_markdown import plan_markdown

        sys.stdout.write(plan_markdown(proposal))
    else:
        from scoreline.cli.plan_text import print_plan

        print_plan(proposal)


def _failed(proposal: Proposal, fail_on: FailOn | None) -> bool:
    if proposal.errors or any(p.severity == "error" for p in proposal.problems):
        return True
    met = {
        "change": proposal.objects,
        "move": proposal.moving,
        "goalposts": proposal.moved_goalposts,
    }
    return fail_on is not None and bool(met[fail_on])
