"""`status`: where everything stands.

What belongs here: printing scores. What does not: computing them, how one came about
(explaining).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from rich.padding import Padding

from scoreline.cli.console import (
    bar,
    console,
    number,
    opened,
    percent,
    print_json,
    safe,
    status_text,
)
from scoreline.core.errors import UsageError
from scoreline.core.exact import shown
from scoreline.core.rollup import RolledUp
from scoreline.steps.project import Project
from scoreline.steps.reports import KeyResultRow
from scoreline.steps.restating import beside
from scoreline.steps.status import (
    Standing,
    find_key_result,
    key_result_json,
    objective_json,
    standing,
)

Times = tuple[str | None, str | None]
"""--known-at and --definitions-at, as written."""


def show_status(
    root: Path, as_of: date | None, objectives: bool, json: bool, clocks: Times = (None, None)
) -> int:
    """Print where every key result (or objective) stands; returns the exit status."""
    with opened(root, check_sql=False) as now:
        project = then(now, clocks, as_of)
        found = standing(project, as_of)
        if json and objectives:
            print_json([objective_json(o) for o in found.objectives])
        elif json:
            print_json([key_result_json(k) for k in found.key_results])
        else:
            _print_standing(project, found, objectives)
    return 0


def then(project: Project, times: Times, as_of: date | None, name: str | None = None) -> Project:
    """The project as it was at other times, where such are asked for; says which."""
    if times == (None, None):
        return project
    from scoreline.steps.clocks import Clocks, project_then  # brings in DuckDB

    of = None
    with suppress(UsageError):  # a key result that the definitions no longer have
        of = find_key_result(project, name).id if name else None
    found = project_then(project, Clocks(*times), as_of, of or name)
    words = f"on what was known at {found.now():%Y-%m-%d %H:%M:%S} UTC"
    if times[1] is not None:
        words += f", by the definitions of {times[1]}"
    project.listener.say(words)
    return found


def _print_standing(project: Project, found: Standing, objectives_only: bool) -> None:
    out = console()
    name = project.plan.organisation.name
    out.print(f"[bold]{safe(name)}[/] as of {found.as_of:%A, %d %B %Y}\n")
    if not found.key_results:
        out.print("There are no key results yet: docs/add-a-key-result.md shows how to write one.")
        return
    for name, frozen in beside(project).items():
        if frozen.restatement is not None:
            out.print(f"[yellow]restated[/] {safe(name)}: {safe(frozen.words(name)[-1])}")
    if objectives_only:
        for entry in found.objectives:
            out.print(_objective_line(entry), no_wrap=True, overflow="ellipsis")
    else:
        _print_key_results(project, found, out)
    out.print(
        "█ progress  ┃ expected by now  · no value     "
        "next: scoreline explain KEY_RESULT · scoreline batches list",
        style="dim",
    )


def _print_key_results(project: Project, found: Standing, out: Any) -> None:
    rolled = {o.id: o for o in found.objectives}
    rows = {k.id: k for k in found.key_results}
    waiting = {w.key_result: w for w in project.waiting}
    for objective in project.plan.objectives.values():
        out.print(_objective_line(rolled[objective.id]), no_wrap=True, overflow="ellipsis")
        for kr in objective.key_results:
            row = rows[kr.id]
            out.print(key_result_line(row), no_wrap=True, overflow="ellipsis")
            out.print(Padding(f"[dim]{safe(row.score.formula)}[/]", (0, 0, 0, 6)))
            if kr.id in waiting:
                changes, who = "; ".join(waiting[kr.id].changes), waiting[kr.id].approver
                words = f"{changes}: waits for the approval of {who or 'somebody'}"
                out.print(Padding(f"[magenta]{safe(words)}[/]", (0, 0, 0, 6)))
        out.print()


def _objective_line(entry: RolledUp) -> str:
    coverage = ""
    if entry.coverage is not None and entry.coverage < 1:
        coverage = f" [dim](of {percent(entry.coverage)})[/]"
    drawn = bar(entry.progress, entry.expected, entry.status)
    head = f"{drawn} {percent(entry.progress):>8}  {status_text(entry.status)}{coverage}"
    return f"{head}  [bold]{safe(entry.title)}[/]  [dim]{safe(entry.id)}[/]"


def key_result_line(row: KeyResultRow) -> str:
    """One key result in one line: bar, progress, status, value, title."""
    score = row.score
    marks = " [dim](provisional)[/]" if row.provisional else ""
    marks += " [magenta](set by hand)[/]" if score.override else ""
    drawn = bar(score.progress, score.expected, score.status)
    gap = " " * max(0, 13 - len(status_text(score.status, plain=True)))
    head = f"  {drawn} {percent(score.progress):>8}  {status_text(score.status)}{gap}{marks}"
    name = safe(row.id.rsplit("/", 1)[1])
    return f"{head} {_way(row):>22}  {safe(row.title)}  [dim]{name}[/]"


def _way(row: KeyResultRow) -> str:
    """`73.63 of 90`, two decimals; empty where there is no value."""
    score = row.score
    if score.value is None:
        return ""
    value = number(shown(score.value, 2))
    return f"{value} of {number(shown(score.target, 2))}" if score.target is not None else value
