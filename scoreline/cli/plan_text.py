"""A plan on the terminal.

What belongs here: laying a plan out for people. What does not: its words (plan_words), the
other forms (plan_markdown, planning).
"""

from __future__ import annotations

from typing import Any

from scoreline.cli import plan_words as words
from scoreline.cli.console import console, safe, status_text, table
from scoreline.steps.change.proposal import Effect, Proposal

_MOST = 60
_COLOURS = {"added": "green", "changed": "yellow", "removed": "red", "left out": "magenta"}


def print_plan(proposal: Proposal) -> None:
    """Print what differs, what moves, and what a person should look at."""
    out = console()
    out.print(
        f"[bold]The definitions in the files against {safe(proposal.against)}[/], "
        f"as of {proposal.as_of}\n"
    )
    _print_problems(proposal, out)
    if not proposal.objects:
        out.print("[green]✔[/] nothing differs: every key result stays as it is")
        return
    _print_objects(proposal, out)
    _print_effects(proposal, out)
    _print_goalposts(proposal, out)
    for note in (*proposal.notes, *words.unread(proposal)):
        out.print(f"[cyan]note[/] {safe(note)}")
    for name, why in proposal.errors.items():
        out.print(f"[red]cannot be computed[/] {safe(name)}: {safe(why)}")
    for waiting in proposal.waiting:
        out.print(f"[magenta]waits[/] {safe(waiting)}")
    out.print(f"\n[bold]{safe(words.summary(proposal))}.[/] Nothing was written.")


def _print_problems(proposal: Proposal, out: Any) -> None:
    errors = [p for p in proposal.problems if p.severity == "error"]
    for problem in errors[:10]:
        out.print(f"[red]error[/] {safe(problem.place)}: {safe(problem.message)}")
    if errors:
        more = f" and {len(errors) - 10} more" if len(errors) > 10 else ""
        out.print(f"  what is in error is left out{more}: `scoreline check` says what is legal\n")


def _print_objects(proposal: Proposal, out: Any) -> None:
    for changed in proposal.objects:
        colour, mark = _COLOURS[changed.action], words.MARKS[changed.action]
        place = f"  [dim]{safe(changed.place)}[/]" if changed.place else ""
        action = "  (left out: it, or what it stands on, is in error)"
        tail = action if changed.action == "left out" else ""
        out.print(f"[{colour}]{mark} {safe(words.thing(changed.name))}[/]{tail}{place}")
        for line in words.changes_of(changed):
            out.print(f"      {safe(line)}")
        for line in words.sql_diff(changed):
            style = {"+": "green", "-": "red", "@": "dim"}.get(line[:1], "dim")
            out.print(f"      [{style}]{safe(line)}[/]", soft_wrap=True)
    out.print()


def _print_effects(proposal: Proposal, out: Any) -> None:
    moving = proposal.moving
    if moving:
        columns = ("key result", "value#", "progress#", "status")
        out.print(table("", columns, [_row(e) for e in moving[:_MOST]]))
    if len(moving) > _MOST:
        out.print(f"  … and {len(moving) - _MOST:,} more: `--format json` has them all")
    for effect in moving[:_MOST]:
        reason = words.reason_of(effect)
        if reason:
            out.print(f"  [dim]{safe(effect.id)}:[/] {safe(reason)}")
    still = len(proposal.effects) - len(moving)
    if still:
        lead = "  " if moving else ""
        out.print(f"{lead}{words.plural(still, 'key result')} touched without another score")
    out.print()


def _row(effect: Effect) -> list[str]:
    before, after = effect.before, effect.after
    was, now = (_status(words.status_of(s)) for s in (before, after))
    return [
        safe(effect.id),
        safe(words.arrow(words.value_of(before), words.value_of(after))),
        words.arrow(words.progress_of(before), words.progress_of(after)),
        words.arrow(was, now),
    ]


def _status(status: str) -> str:
    return "[dim]none[/]" if status == "none" else status_text(status)


def _print_goalposts(proposal: Proposal, out: Any) -> None:
    found = words.goalposts(proposal)
    for moved, ids in found:
        out.print(f"[bold yellow]goalposts[/] {safe(words.some(ids))}\n    {safe(moved)}")
    if found:
        out.print()
