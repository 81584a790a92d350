"""`batches list | show | release | reject`.

What belongs here: printing batches and rows set aside, and taking decisions. What does
not: what a decision does (steps, store).
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from scoreline.cli.console import console, exit_status, opened, print_json, safe, table
from scoreline.core.errors import UsageError
from scoreline.core.records import Batch, Decision, Quarantine
from scoreline.steps.project import Project
from scoreline.steps.reports import batch_json
from scoreline.warehouse.preview import first_rows

_STATES = ("landed", "passed", "blocked", "loaded", "rejected")


def list_batches(root: Path, stream: str | None, state: str | None, json: bool) -> int:
    """Print batches in the order of reception, and quarantined rows; returns 0."""
    if state is not None and state not in (*_STATES, "quarantined"):
        raise UsageError(f"{state!r} is no state; legal: {', '.join(_STATES)}, quarantined")
    with opened(root) as project:
        if stream is not None and stream not in project.plan.streams:
            known = ", ".join(project.plan.streams) or "none"
            raise UsageError(f"there is no stream {stream!r}; the definitions have: {known}")
        batches = project.store.batches(stream, [state] if state in _STATES else None)
        aside = project.store.quarantines(stream)
    if state == "quarantined":
        holders = {q.batch for q in aside}
        batches = [b for b in batches if b.id in holders]
    if json:
        print_json(
            [
                {
                    **batch_json(b),
                    "quarantines": [quarantine_json(q) for q in aside if q.batch == b.id],
                }
                for b in batches
            ]
        )
        return 0
    _print_list(
        [] if state == "quarantined" else batches,
        aside if state in (None, "quarantined") else [],
    )
    return 0


def _print_list(batches: list[Batch], aside: list[Quarantine]) -> None:
    out = console()
    rows = [
        [
            b.id,
            safe(b.stream),
            _state(b.state),
            safe(b.object),
            f"{b.received_at:%Y-%m-%d %H:%M}",
            f"{b.rows_received:,}",
            f"{b.rows_broken + b.rows_quarantined:,}",
        ]
        for b in batches
    ]
    if rows:
        columns = ("batch", "stream", "state", "object", "received (UTC)", "rows#", "set aside#")
        out.print(table("", columns, rows))
    for b in batches:
        if b.state == "blocked":
            out.print(f"\n[magenta]blocked[/] {b.id} {safe(b.object)}: {safe(b.reason)}")
            out.print(f"  decide: scoreline batches release|reject {b.id} --reason …", style="dim")
    held = [q for q in aside if q.state == "held"]
    if held:
        cells = [[q.id, safe(q.stream), q.batch, f"{q.rows:,}", safe(q.reason)] for q in held]
        out.print()
        out.print(table("", ("rows set aside", "stream", "batch", "rows#", "why"), cells))
        out.print("  see them: scoreline batches show ID", style="dim")
    if not rows and not aside:
        out.print("Nothing was received yet: `scoreline run` reads the sources.")


def show_batch(root: Path, name: str, rows: int, json: bool) -> int:
    """Print one batch, or one set of quarantined rows; returns 0."""
    with opened(root) as project:
        if name.startswith("q"):
            batch, aside = None, [project.store.quarantine(name)]
        else:
            batch = project.store.batch(name)
            aside = [q for q in project.store.quarantines(batch.stream) if q.batch == batch.id]
        checks = project.store.check_results(batch.id) if batch else []
        counts = project.store.load_counts(batch.id) if batch else None
        objects = {q.batch: project.store.batch(q.batch).object for q in aside}
        samples = {q.id: _first_rows(project, q, rows) for q in aside}
    if json:
        print_json(
            {
                "batch": batch_json(batch) if batch else None,
                "receipt": dict(batch.receipt) if batch else None,
                "loaded": dict(counts) if counts else None,
                "checks": [
                    {"type": c.type, "outcome": c.outcome, "message": c.message, "took": c.took}
                    for c in checks
                ],
                "quarantines": [
                    {
                        **quarantine_json(q),
                        "object": objects[q.batch],
                        "first_rows": samples[q.id][1],
                    }
                    for q in aside
                ],
            }
        )
        return 0
    out = console()
    if batch is not None:
        _print_batch(batch, counts, out)
    for c in checks:
        colour = {"pass": "green", "fail": "red", "error": "magenta"}[c.outcome]
        out.print(f"  [{colour}]{c.outcome}[/] {safe(c.message)} [dim]{c.took}[/]")
    for q in aside:
        columns, found = samples[q.id]
        out.print(f"\n[bold]{q.id}[/] {q.rows:,} rows set aside ({q.state}): {safe(q.reason)}")
        columns = sorted((c for c in columns if c != "_seq"), key=lambda c: c != "_row")
        titles = [f"row of {objects[q.batch]}#" if c == "_row" else c for c in columns]
        cells = [[safe(row.get(c)) for c in columns] for row in found]
        out.print(
            table("", [safe(t) for t in titles], cells)
            if q.file
            else "  [magenta]the rows are gone[/]"
        )
    return 0


def _first_rows(project: Project, q: Quarantine, rows: int) -> tuple[list[str], list[Any]]:
    """The first rows set aside; none once they are gone."""
    return ([], []) if q.file is None else first_rows(project.files.path(q.file), rows)


def _print_batch(batch: Batch, counts: Mapping[str, int] | None, out: Any) -> None:
    out.print(f"[bold]{batch.id}[/] {_state(batch.state)} {safe(batch.stream)}")
    facts = {
        "object": batch.object,
        "sha256": batch.object_digest,
        "received (UTC)": f"{batch.received_at:%Y-%m-%d %H:%M:%S}",
        "rows": f"{batch.rows_received:,} received = {batch.rows_kept:,} kept + "
        f"{batch.rows_broken:,} broken + {batch.rows_quarantined:,} quarantined",
        "loaded": _loaded(counts) if counts else "",
        "why": batch.reason or "",
        "forgotten": f"{batch.rows_forgotten:,} rows of people who were forgotten"
        if batch.rows_forgotten
        else "",
        "rows are gone": batch.gone.get("rows", ""),
        "bytes kept": batch.received.name
        if batch.received
        else f"no ({batch.gone.get('received', 'personal data')})",
    }
    for name, text in facts.items():
        if text:
            out.print(f"  [dim]{name}:[/] {safe(text)}")


def _loaded(counts: Mapping[str, int]) -> str:
    """What became of the rows that were kept, when they joined the stream."""
    words = ("inserted", "repeated", "superseded", "refused")
    parts = [f"{counts[w]:,} {w}" for w in words if counts.get(w)]
    return f"{counts['rows']:,} kept = {' + '.join(parts) or 'none'}"


def decide(
    root: Path,
    name: str,
    decision: Literal["release", "reject"],
    reason: str,
    approver: str | None,
    json: bool,
) -> int:
    """Record a decision on a batch or on quarantined rows; returns 0."""
    if not reason.strip():
        raise UsageError("--reason must say why: an auditor will read it")
    with opened(root) as project, project.working("decide"):
        subject = _subject(project, name)
        made = Decision(subject, decision, reason.strip(), getpass.getuser(), approver)
        found = project.store.decide(made, project.now())
    if json:
        print_json(batch_json(found) if isinstance(found, Batch) else quarantine_json(found))
        return exit_status(project)
    console().print(
        f"[green]✔[/] {subject} of {safe(found.stream)} is {found.state}; "
        "`scoreline run` takes it into account"
    )
    return exit_status(project)


def _subject(project: Project, name: str) -> str:
    if name.startswith("q"):
        return project.store.quarantine(name).id
    return project.store.batch(name).id


def quarantine_json(q: Quarantine) -> dict[str, Any]:
    """Rows set aside, as plain values."""
    return {
        "id": q.id,
        "batch": q.batch,
        "stream": q.stream,
        "check": q.check,
        "reason": q.reason,
        "rows": q.rows,
        "releasable": q.releasable,
        "state": q.state,
    }


def _state(state: str) -> str:
    colour = {"blocked": "magenta", "loaded": "green", "rejected": "red"}.get(state, "cyan")
    return f"[{colour}]{state}[/]"
