"""`status` and `explain`.

What belongs here: printing scores and how they came about. What does not: computing them.
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
    table,
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
            out.print(_key_result_line(row), no_wrap=True, overflow="ellipsis")
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


def _key_result_line(row: KeyResultRow) -> str:
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


def show_explanation(
    root: Path, name: str, as_of: date | None, json: bool, clocks: Times = (None, None)
) -> int:
    """Print how a score came about; returns the exit status."""
    from scoreline.steps.explaining import explanation  # parses SQL

    with opened(root) as now:
        project = then(now, clocks, as_of, name)
        kr = find_key_result(project, name)
        found = explanation(project, kr, as_of)
        frozen = beside(project).get(kr.id)
        if json:
            print_json({**found.as_json(), "closing": frozen and frozen.as_json(kr.id)})
        else:
            _print_explanation(found)
            for words in frozen.words(kr.id) if frozen else ():
                console().print(f"  {safe(words)}")
    return 0


def _print_explanation(found: Any) -> None:
    out, score = console(), found.row.score
    out.print(f"[bold]{safe(found.row.title)}[/]\n[dim]{safe(found.row.id)}[/]\n")
    out.print(_key_result_line(found.row))
    out.print(f"\n[bold]How it is computed[/]\n  {safe(score.formula)}")
    if score.reason:
        out.print(f"  {safe(score.reason)}")
    out.print(
        f"  evaluated on {score.day}, thresholds on track {score.thresholds.on_track}, "
        f"at risk {score.thresholds.at_risk}; rules version {score.rules_version}"
    )
    for value in found.values:
        out.print(f"\n[bold]{safe(value.metric)}[/] {safe(value.filter)} on {value.day}")
        below = f" / {number(value.denominator)}" if value.denominator is not None else ""
        out.print(f"  {number(value.numerator)}{below}")
        out.print(f"  [dim]{safe(value.sql)}[/]", soft_wrap=True)
    for stream in found.streams:
        out.print(
            f"\n[bold]{safe(stream.name)}[/] {stream.rows:,} rows, newest event {stream.newest}"
        )
        columns = ("batch", "state", "object", "received", "rows in#", "kept#", "aside#", "sha256")
        cells = [
            [
                batch.id,
                batch.state,
                safe(batch.object),
                f"{batch.received_at:%Y-%m-%d %H:%M}",
                f"{batch.rows_received:,}",
                f"{batch.rows_kept:,}",
                f"{batch.rows_broken + batch.rows_quarantined:,}",
                batch.object_digest[:12],
            ]
            for batch in stream.batches
        ]
        out.print(table("", columns, cells))
        for words in stream.removed:
            out.print(f"  [magenta]gone[/] {safe(words)}")
        for check in stream.failed_checks:
            out.print(f"  {check.outcome}: {safe(check.message)} ({check.took})")
    out.print("\n[bold]Record[/]")
    out.print(f"  record {found.row.record or 'none for this day yet: `scoreline run` writes it'}")
    out.print(f"  definition {found.row.definition}  ({safe(found.row.file)})")
    for entry in found.history[:5]:
        out.print(f"  {entry}")
