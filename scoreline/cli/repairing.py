"""`repair`: what is whole again, what is not, and what depends on it.

What belongs here: printing. What does not: mending (steps.repairing).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scoreline.audit.depending import Depending, depending
from scoreline.cli.console import console, exit_status, opened, print_json, safe
from scoreline.steps.project import Project
from scoreline.steps.repairing import Repair, repair

FINDING = 1


def repair_project(root: Path, backup: Path | None, json: bool) -> int:
    """Mend what can be mended; returns 1 where something is left damaged."""
    with opened(root) as project:
        done = repair(project, backup.resolve() if backup else None)
        left = depending(project.plan, (d.stream for d in done.left))
        if json:
            print_json(_as_json(done, left))
        else:
            _print(done, left, project)
    return exit_status(project, FINDING if done.left or done.store else 0)


def _as_json(done: Repair, left: list[Depending]) -> dict[str, Any]:
    return {
        "mended": [
            {"file": m.damaged.file.name, "place": m.damaged.place, "from": m.source}
            for m in done.mended
        ],
        "left": [{"file": d.file.name, "place": d.place, "what": d.what} for d in done.left],
        "depending": depending_as_json(left),
        "control_store": done.store,
        "warehouse_made_again": done.warehouse,
    }


def depending_as_json(found: Iterable[Depending]) -> list[dict[str, Any]]:
    """What depends on damaged streams, as plain values."""
    return [
        {"stream": d.stream, "metrics": list(d.metrics), "key_results": list(d.key_results)}
        for d in found
    ]


def print_depending(found: Iterable[Depending]) -> None:
    """What depends on damaged streams, in words."""
    out = console()
    for one in found:
        key_results = ", ".join(one.key_results) or "no key result"
        metrics = ", ".join(one.metrics) or "no metric"
        out.print(f"  {safe(one.stream)} is read by {safe(metrics)}: {safe(key_results)}")
    out.print(
        "  what is recorded of them stands; nothing new is computed from a damaged stream, "
        "everything else goes on",
        style="dim",
    )


def _print(done: Repair, left: list[Depending], project: Project) -> None:
    out = console()
    for mended in done.mended:
        out.print(f"[green]✔[/] {safe(mended.damaged.file.name)} from {safe(mended.source)}")
        out.print(f"    [dim]{safe(mended.damaged.place)}[/]")
    for damaged in done.left:
        out.print(f"[red]✘[/] [bold]{safe(damaged.place)}[/] {safe(damaged.what)}")
    if left:
        print_depending(left)
    for words in done.store:
        out.print(f"[red]✘[/] control store: {safe(words)}")
    if done.store:
        out.print("  nothing else holds it: `scoreline restore` puts a backup in its place")
    if done.warehouse:
        out.print("[green]✔[/] the warehouse was made again from the stored files")
    if done.mended:
        out.print(f"what was damaged lies in {safe(project.paths.state / 'damaged')}", style="dim")
    if not (done.mended or done.left or done.store):
        out.print("[green]✔[/] every stored file is what was stored, the store is intact")
