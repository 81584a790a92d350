"""`run`, `backfill` and `rebuild`.

What belongs here: calling the steps and printing what they did. What does not: the steps.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import typer

from scoreline.cli.console import console, exit_status, opened, print_json, safe, status_text, table
from scoreline.cli.problems import counted
from scoreline.cli.removing import expiry_as_json
from scoreline.cli.telling import print_told, told_as_json
from scoreline.core.errors import UsageError
from scoreline.steps.backfilling import Backfill, backfill
from scoreline.steps.gone import gone_by_age
from scoreline.steps.project import Project
from scoreline.steps.rebuilding import rebuild
from scoreline.steps.reports import RunReport, SourceReport, StreamReport
from scoreline.steps.run import ingest_source, run_all, score
from scoreline.steps.telling import tell

FAILED = 3
FINDING = 1


def run_project(root: Path, as_of: date | None, only: list[str] | None, json: bool) -> int:
    """Run everything, or some sources and then the scores; returns the exit status."""
    with opened(root) as project:
        report = _run_some(project, as_of, only) if only else run_all(project, as_of)
        told = tell(project, report.sources)
        if json:
            more = {"messages": told_as_json(told), "troubles": project.troubles}
            print_json({**run_as_json(report), **more})
        else:
            _print_run(project, report)
            print_told(told, console())
    return exit_status(project, FAILED if report.failed or told.is_wrong else 0)


def _run_some(project: Project, as_of: date | None, only: list[str]) -> RunReport:
    unknown = [name for name in only if name not in project.plan.sources]
    if unknown:
        known = ", ".join(project.plan.sources) or "none"
        raise UsageError(f"there is no source {unknown[0]!r}; the definitions have: {known}")
    report = RunReport(as_of or project.default_day(), problems=[str(p) for p in project.errors])
    for name in only:
        report.sources[name] = ingest_source(project, name)
    report.scores = score(project, as_of)
    return report


def run_as_json(report: RunReport) -> dict[str, Any]:
    """A run as plain values."""
    scores = report.scores
    return {
        "as_of": report.as_of.isoformat(),
        "failed": report.failed,
        "sources": {name: _source(source) for name, source in report.sources.items()},
        "key_results": len(scores.key_results) if scores else 0,
        "series_computed": scores.computed if scores else 0,
        "series_reused": scores.reused if scores else 0,
        "recorded": dict(scores.recorded) if scores else {},
        "block": scores.block if scores else None,
        "errors": dict(scores.errors) if scores else {},
        "problems": list(report.problems),
        "removed": expiry_as_json(report.expired) if report.expired else None,
        "waiting": list(scores.waiting) if scores else [],
    }


def _source(report: SourceReport) -> dict[str, Any]:
    return {
        "error": report.error,
        "streams": {
            name: {
                "state": s.state,
                "landed": s.landed,
                "unchanged": s.unchanged,
                "unsettled": s.unsettled,
                "copies": s.copies,
                "loaded": s.loaded,
                "waiting": s.waiting,
                "blocked": list(s.blocked),
                "block_reasons": list(s.block_reasons),
                "rows_received": s.rows_received,
                "rows_forgotten": s.rows_forgotten,
                "rows_inserted": s.rows_inserted,
                "rows_repeated": s.rows_repeated,
                "rows_superseded": s.rows_superseded,
                "rows_quarantined": s.rows_quarantined,
                "rows_in_stream": s.rows_in_stream,
                "newest_event": s.newest_event,
                "error": s.error,
            }
            for name, s in report.streams.items()
        },
    }


def _print_run(project: Project, report: RunReport) -> None:
    out = console()
    rows = []
    for source in report.sources.values():
        for s in source.streams.values():
            rows.append(
                [
                    safe(s.stream),
                    _state(s.state),
                    s.landed,
                    f"{s.rows_received:,}",
                    f"{s.rows_inserted:,}",
                    f"{s.rows_quarantined:,}" if s.rows_quarantined else "",
                    f"{s.rows_in_stream:,}",
                ]
            )
    columns = ("stream", "state", "new files#", "rows in#", "loaded#", "quarantined#", "rows#")
    out.print(table("", columns, rows))
    for source in report.sources.values():
        for s in source.streams.values():
            _print_notes(s, out)
    for problem in report.problems:
        out.print(f"[red]definition[/] {safe(problem)}")
    if report.expired:
        batches, size = len(report.expired.going), report.expired.bytes
        out.print(
            f"[magenta]removed[/] what reached its age: {batches:,} batches ({size:,} bytes); "
            "`scoreline explain` and the record say which"
        )
    _print_scores(project, report, out)


def _print_notes(s: StreamReport, out: Any) -> None:
    """What there is to say of a stream beside its numbers."""
    if s.error:
        out.print(f"[red]failed[/] {safe(s.stream)}: {safe(s.error)}")
    if s.rows_forgotten:
        out.print(
            f"[dim]left out[/] {safe(s.stream)}: {counted(s.rows_forgotten, 'row')} of people "
            "who were forgotten"
        )
    if s.unsettled:
        out.print(
            f"[dim]waiting[/] {safe(s.stream)}: {counted(s.unsettled, 'file')} still being "
            "written; the next run reads what is settled"
        )
    for batch, reason in zip(s.blocked, s.block_reasons, strict=True):
        waits = f"; {s.waiting} more wait behind it" if s.waiting else ""
        out.print(
            f"[magenta]blocked[/] {safe(s.stream)} {batch}: {safe(reason)}{waits}\n"
            f"  decide: scoreline batches release|reject {batch} --reason …"
        )


def _print_scores(project: Project, report: RunReport, out: Any) -> None:
    scores = report.scores
    if scores is None:
        return
    for name, words in scores.errors.items():
        out.print(f"[red]failed[/] {safe(name)}: {safe(words)}")
    for waiting in scores.waiting:
        out.print(
            f"[magenta]waits[/] {safe(waiting)}; scored by the definition before\n"
            "  decide: scoreline apply --reason … --approver …"
        )
    counts: dict[str, int] = {}
    for row in scores.key_results:
        counts[row.score.status] = counts.get(row.score.status, 0) + 1
    out.print(
        f"\n{len(scores.key_results)} key results as of {scores.as_of}: "
        + ", ".join(f"{n} {status_text(s)}" for s, n in counts.items())
    )
    recorded = sum(scores.recorded.values())
    out.print(
        f"{scores.computed} series computed, {scores.reused} reused; "
        + (
            f"{recorded} records in ledger block {scores.block[:12]}"
            if scores.block
            else "nothing new to record"
        )
    )
    out.print("next: scoreline status · scoreline explain KEY_RESULT", style="dim")


def _state(state: str) -> str:
    style = {"failed": "red", "blocked": "magenta", "loaded": "green"}.get(state, "dim")
    return f"[{style}]{state}[/]"


def backfill_project(
    root: Path, first: date, last: date, *, dry_run: bool, yes: bool, json: bool
) -> int:
    """Score a range of past days; returns the exit status."""
    out = console()

    def agree(plan: Backfill) -> bool:
        if not json:
            _print_backfill(plan, out)
        if dry_run:
            return False
        if yes or json or not sys.stdin.isatty():
            return yes or json
        return typer.confirm(f"Record {plan.pending:,} scores?")

    with opened(root) as project:
        done = backfill(project, first, last, agree)
    if json:
        days = [{**asdict(d), "day": d.day.isoformat()} for d in done.days]
        print_json({"days": days, "recorded": done.recorded, "block": done.block})
    elif done.recorded:
        out.print(f"[green]✔[/] {done.recorded:,} scores recorded in block {done.block or ''}")
    elif done.pending:
        out.print("nothing was recorded; `--yes` records without asking")
    else:
        out.print("[green]✔[/] every day is recorded as it would be scored now")
    return exit_status(project)


def _print_backfill(plan: Backfill, out: Any) -> None:
    rows: list[list[object]] = [
        [d.day, d.new or "", d.changed or "", d.unchanged or ""]
        for d in plan.days
        if d.new or d.changed
    ]
    gap: list[list[object]] = [["…", "", "", ""]]
    shown = rows if len(rows) <= 40 else rows[:20] + gap + rows[-20:]
    out.print(table("", ("day", "new#", "changed#", "unchanged#"), shown))
    out.print(f"{plan.pending:,} scores of {len(rows)} days would be recorded")


def rebuild_project(root: Path, json: bool) -> int:
    """Make the warehouse again and compare; returns 1 where a digest differs."""
    with opened(root) as project:
        compared = rebuild(project)
        gone = gone_by_age(project)
    differ = [name for name, (before, after) in compared.items() if before not in (None, after)]
    if json:
        print_json(
            {
                "equal": not differ,
                "gone": {name: lost.words for name, lost in gone.items()},
                "streams": {
                    name: {
                        "before": {"rows": before[0], "digest": before[1]} if before else None,
                        "after": {"rows": after[0], "digest": after[1]},
                    }
                    for name, (before, after) in compared.items()
                },
            }
        )
        return FINDING if differ else 0
    out = console()
    out.print(
        table(
            "",
            ("stream", "rows#", "digest", ""),
            [
                [
                    safe(n),
                    f"{a[0]:,}",
                    a[1][:24],
                    "[red]differs[/]" if n in differ else "equal" if b else "new",
                ]
                for n, (b, a) in compared.items()
            ],
        )
    )
    for lost in gone.values():
        out.print(f"[magenta]gone[/] {safe(lost.words)}: no rebuilding brings them back")
    return FINDING if differ else 0
