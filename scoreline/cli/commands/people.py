"""What people say: check-ins."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from scoreline.cli.commands.options import HERE, Approver, Json, KeyResult, Project, day_of


def checkin(
    key_result: KeyResult,
    value: Annotated[
        str | None, typer.Option("--value", help="The value, for manual key results.")
    ] = None,
    confidence: Annotated[
        str | None, typer.Option("--confidence", help="0 to 1: how sure you are of the target.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="What there is to say.")] = None,
    day: Annotated[
        date | None,
        typer.Option("--date", metavar="DATE", parser=day_of, help="Today if left out."),
    ] = None,
    override: Annotated[
        str | None,
        typer.Option("--override", help="A value that takes the data's place until --until."),
    ] = None,
    until: Annotated[
        date | None,
        typer.Option("--until", metavar="DATE", parser=day_of, help="The override's last day."),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why the override.")] = None,
    approver: Approver = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Who says it; your login if left out.")
    ] = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Record what a person says of a key result: a value, a confidence, a note."""
    from scoreline.cli.people import login_name, say_of
    from scoreline.steps.checking_in import CheckInRequest

    who = by or login_name()
    request = CheckInRequest(who, value, confidence, note, day, override, until, reason, approver)
    raise typer.Exit(say_of(project, key_result, request, json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(checkin)
