"""`lineage`: the columns behind a number, and the events of runs for other tools.

What belongs here: which runs, where to, and printing. What does not: lineage itself
(measures.lineage), events (steps.lineage), transports (wiring.lineage).
"""

from __future__ import annotations

import json as json_text
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoreline.cli.console import console, opened, print_json, safe, table
from scoreline.core.errors import UsageError
from scoreline.measures.lineage import Lineage, Use
from scoreline.steps.ports import LineageError, LineageSink
from scoreline.steps.project import Project
from scoreline.steps.status import find_key_result
from scoreline.wiring.lineage import Both, FileSink, http_sink

if TYPE_CHECKING:
    from scoreline.store.rows import RunRow

FAILED = 3


@dataclass(frozen=True, slots=True)
class Order:
    """Which runs' events, and where to; the newest run's, to what is declared, if None."""

    file: Path | None
    url: str | None
    run: str | None
    since: date | None


def show_lineage(root: Path, name: str, others: Sequence[object], json: bool) -> int:
    """Print every use of a source column by a metric or a key result; returns 0.

    Raises:
        UsageError: there is no such metric or key result, or events are asked for as well.
    """
    if any(other is not None for other in others):
        raise UsageError(
            f"{name}: the columns of one metric or key result are only printed; leave its name out "
            "to write or send the events of runs"
        )
    with opened(root) as project:
        kind, full, uses = _uses(project, name)
    if json:
        print_json({"kind": kind, "name": full, "uses": [_use(use) for use in uses]})
        return 0
    out = console()
    out.print(f"[bold]{safe(full)}[/] ({kind.replace('_', ' ')})")
    if not uses:
        out.print("it depends on no column: nothing of it comes from data")
        return 0
    rows = [[safe(u.source), u.kind.lower(), u.how.lower(), safe(u.place)] for u in uses]
    out.print(table("", ("source column", "acts", "as", "where"), rows))
    out.print(
        "\ndirect: its contents go into the number · indirect: they decide which rows count",
        style="dim",
    )
    return 0


def _uses(project: Project, name: str) -> tuple[str, str, tuple[Use, ...]]:
    lineage = Lineage(project.plan)
    if name in project.plan.metrics:
        return "metric", name, lineage.metric(name)
    try:
        kr = find_key_result(project, name)
    except UsageError as error:
        raise UsageError(f"there is no metric {name!r}, and {error}") from None
    return "key_result", kr.id, lineage.key_result(kr)


def _use(use: Use) -> dict[str, Any]:
    return {
        "stream": use.source.stream,
        "column": use.source.column,
        "kind": use.kind,
        "how": use.how,
        "place": use.place,
    }


def send_lineage(root: Path, order: Order, json: bool) -> int:
    """Write or send the events of runs; print them where no place is named or declared.

    Returns:
        3 where they could not be delivered.
    """
    with opened(root) as project:
        runs = _runs(project, order)
        from scoreline.steps.lineage.emitting import run_events

        events = run_events(project, runs)
        try:
            sink = _sink(project, root, order)
            if sink is not None:
                sink.send(events)
        except LineageError as error:
            console(stderr=True).print(f"[red]✘[/] {safe(error)}")
            return FAILED
    if sink is None:
        _print_events(events, json)
    elif json:
        print_json({"runs": [r.id for r in runs], "events": len(events), "to": sink.place})
    else:
        number = f"{len(events):,} events of {len(runs):,} {'run' if len(runs) == 1 else 'runs'}"
        console().print(f"[green]✔[/] {number}: [bold]{safe(sink.place)}[/]")
    return 0


def _print_events(events: Sequence[Any], json: bool) -> None:
    from openlineage.client.serde import Serde

    if json:
        print_json({"events": [json_text.loads(Serde.to_json(event)) for event in events]})
    else:
        sys.stdout.writelines(Serde.to_json(event) + "\n" for event in events)


def _sink(project: Project, root: Path, order: Order) -> LineageSink | None:
    named: list[LineageSink] = [FileSink(order.file, append=False)] if order.file else []
    declared = project.plan.organisation.lineage
    if order.url:
        known = declared is not None and declared.url == order.url.rstrip("/")
        key = declared.api_key if known and declared else None
        key = key or ("${env:OPENLINEAGE_API_KEY}" if "OPENLINEAGE_API_KEY" in os.environ else None)
        named.append(http_sink(order.url, key, root))
    if named:
        return named[0] if len(named) == 1 else Both(tuple(named))
    return project.lineage_sink() if project.lineage_sink else None


def _runs(project: Project, order: Order) -> list[RunRow]:
    """The runs that are asked for and ended.

    Raises:
        UsageError: there is none.
    """
    if order.run is not None and order.since is not None:
        raise UsageError("--run names one run and --since many: leave one of them out")
    if order.run is not None:
        found = project.store.find_run(order.run)
        if found is None:
            newest = ", ".join(r.id for r in project.store.runs(3)) or "none"
            raise UsageError(f"there is no run {order.run!r}; the newest are: {newest}")
        return _ended([found], f"run {order.run} did not end: it was cut short, or is at work")
    if order.since is not None:
        moment = datetime.combine(order.since, time(), project.zone)
        words = f"no run ended since {order.since}"
        return _ended(project.store.runs_since(moment), words)
    ended = _ended(project.store.runs(50), "nothing ran yet: `scoreline run` begins")
    return ended[:1]


def _ended(runs: Sequence[RunRow], words: str) -> list[RunRow]:
    ended = [run for run in runs if run.ended_at is not None]
    if not ended:
        raise UsageError(words)
    return ended
