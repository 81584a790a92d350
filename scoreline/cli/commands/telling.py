"""Messages to people."""

from __future__ import annotations

from typing import Annotated

import typer

from scoreline.cli.commands.options import (
    HERE,
    Json,
    Project,
    complete_recipient,
    complete_unsure,
)


def notify(
    project: Project = HERE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent; nothing is kept or sent.")
    ] = False,
    test: Annotated[
        str | None,
        typer.Option(
            "--test",
            metavar="RECIPIENT",
            help="Send this recipient a test message.",
            autocompletion=complete_recipient,
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option("--to", metavar="ADDRESS", help="With --test, where messages go to owners."),
    ] = None,
    again: Annotated[
        str | None,
        typer.Option(
            "--again",
            metavar="KEY",
            help="Send a message once more that is unsure.",
            autocompletion=complete_unsure,
        ),
    ] = None,
    log: Annotated[
        bool, typer.Option("--log", help="Only list messages: those that wait, and the newest.")
    ] = False,
    json: Json = False,
) -> None:
    """Send messages: statuses that changed, sources in trouble, digests, check-ins due."""
    from scoreline.cli.telling import list_messages, notify_project, test_recipient

    if test is not None:
        raise typer.Exit(test_recipient(project, test, address, json))
    if log:
        raise typer.Exit(list_messages(project, json))
    raise typer.Exit(notify_project(project, dry_run=dry_run, again=again, json=json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(notify)
