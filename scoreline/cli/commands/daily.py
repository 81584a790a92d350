"""Run, look and look ahead: the commands of every day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from scoreline.cli.commands.options import (
    HERE,
    AsOf,
    DefinitionsAt,
    Json,
    KnownAt,
    Project,
    complete_key_result,
    complete_source,
    day_of,
)


def run(
    project: Project = HERE,
    as_of: AsOf = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="Read only this source.", autocompletion=complete_source),
    ] = None,
    json: Json = False,
) -> None:
    """Read what is new, check it, load it, and score every key result."""
    from scoreline.cli.running import run_project

    raise typer.Exit(run_project(project, as_of, source, json))


def status(
    project: Project = HERE,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    definitions_at: DefinitionsAt = None,
    objectives: Annotated[
        bool, typer.Option("--objectives", help="Objectives, teams and the organisation.")
    ] = False,
    json: Json = False,
) -> None:
    """Show where every key result stands."""
    from scoreline.cli.showing import show_status

    clocks = (known_at, definitions_at)
    raise typer.Exit(show_status(project, as_of, objectives, json, clocks))


def forecast(
    key_result: Annotated[
        str | None,
        typer.Argument(
            metavar="KEY_RESULT",
            help="Only this one: its full name, or the end of it where that is enough.",
            autocompletion=complete_key_result,
        ),
    ] = None,
    project: Project = HERE,
    as_of: AsOf = None,
    backtest: Annotated[
        bool, typer.Option("--backtest", help="How good past forecasts would have been.")
    ] = False,
    json: Json = False,
) -> None:
    """Say where key results will stand on their due dates: an estimate, never a score."""
    from scoreline.cli.forecasting import show_backtest, show_forecasts

    show = show_backtest if backtest else show_forecasts
    raise typer.Exit(show(project, key_result, as_of, json))


def backfill(
    first: Annotated[
        date, typer.Option("--from", metavar="DATE", parser=day_of, help="The first day.")
    ],
    last: Annotated[
        date, typer.Option("--to", metavar="DATE", parser=day_of, help="The last day.")
    ],
    project: Project = HERE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be recorded.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Score past days on what is loaded now; shows first what that would record."""
    from scoreline.cli.running import backfill_project

    raise typer.Exit(backfill_project(project, first, last, dry_run=dry_run, yes=yes, json=json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(run)
    app.command()(status)
    app.command()(forecast)
    app.command()(backfill)
