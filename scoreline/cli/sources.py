"""`connectors` and `sources list | test`.

What belongs here: printing what a source gives without keeping any of it. What does not:
reading it (connectors, steps).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scoreline.cli.console import console, opened, print_json, safe, table
from scoreline.core.errors import UsageError
from scoreline.steps.freshness import newest_event
from scoreline.steps.trying import Trial, try_stream

FINDING = 1


def list_connectors(json: bool) -> int:
    """Print the installed kinds; returns 0."""
    from connectors.registry import listing

    kinds = listing()
    if json:
        print_json(
            [
                {"kind": k.name, "at": k.target, "about": k.about, "problem": k.problem}
                for k in kinds
            ]
        )
        return 0
    rows = [
        [safe(k.name), f"[red]{safe(k.problem)}[/]" if k.problem else safe(k.about), safe(k.target)]
        for k in kinds
    ]
    console().print(table("", ("kind", "what it reads", "from"), rows))
    return 0


def list_sources(root: Path, json: bool) -> int:
    """Print the sources and their streams; returns 0."""
    with opened(root) as project:
        found = []
        for source in project.plan.sources.values():
            for stream in source.streams:
                state = project.store.stream_state(stream.full_name)
                newest = newest_event(state, project.now()) if state else None
                found.append(
                    {
                        "stream": stream.full_name,
                        "connector": source.connector,
                        "schedule": source.schedule,
                        "rows": state.rows if state else None,
                        "newest_event": newest.isoformat() if newest else None,
                        "blocked": len(project.store.batches(stream.full_name, ["blocked"])),
                    }
                )
    if json:
        print_json(found)
        return 0
    columns = ("stream", "connector", "schedule", "rows#", "newest event (UTC)", "blocked#")
    cells = [[safe(v if v is not None else "–") for v in row.values()] for row in found]
    console().print(table("", columns, cells))
    return 0


def test_source(root: Path, name: str, rows: int, json: bool) -> int:
    """Read a source aside and print what came; returns 1 where something is wrong."""
    with opened(root) as project:
        source = project.plan.sources.get(name)
        if source is None:
            known = ", ".join(project.plan.sources) or "none"
            raise UsageError(f"there is no source {name!r}; the definitions have: {known}")
        extractor = project.extractor(source)
        trials = [try_stream(project, extractor, s, rows) for s in source.streams]
    if json:
        print_json([t.as_json() for t in trials])
    else:
        for trial in trials:
            _print_trial(trial, console())
    return FINDING if any(not t.fine for t in trials) else 0


def _print_trial(trial: Trial, out: Any) -> None:
    mark = "[green]✔[/]" if trial.fine else "[red]✘[/]"
    out.print(f"{mark} [bold]{safe(trial.stream)}[/] {safe(trial.summary)}")
    if trial.error:
        out.print(f"  {safe(trial.error)}")
    if trial.blocking:
        out.print(f"  [magenta]would be blocked[/]: {safe(trial.blocking)}")
    if trial.rows:
        cells = [[safe(r.get(c)) for c in trial.columns] for r in trial.rows]
        out.print(table("", trial.columns, cells))
    if trial.refused:
        out.print(f"  {trial.rows_broken:,} of {trial.rows_received:,} rows would be set aside:")
        for row in trial.refused:
            out.print(f"    row {row.get('_row')}: {safe(row.get('reason'))}")
    for warning in trial.warnings:
        out.print(f"  [yellow]note[/] {safe(warning)}")
