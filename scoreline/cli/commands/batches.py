"""Batches: what was received, and what became of it."""

from __future__ import annotations

from typing import Annotated

import typer

from scoreline.cli.commands.options import (
    HERE,
    Approver,
    Json,
    Project,
    Reason,
    complete_batch,
    complete_stream,
)


def batches_list(
    project: Project = HERE,
    stream: Annotated[
        str | None,
        typer.Option("--stream", help="Only this stream.", autocompletion=complete_stream),
    ] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", help="landed, passed, blocked, loaded, rejected or quarantined."),
    ] = None,
    json: Json = False,
) -> None:
    """List batches, and the rows that were set aside."""
    from scoreline.cli.batches import list_batches

    raise typer.Exit(list_batches(project, stream, state, json))


def batches_show(
    batch: Annotated[str, typer.Argument(metavar="ID", autocompletion=complete_batch)],
    project: Project = HERE,
    rows: Annotated[
        int, typer.Option("--rows", help="How many rows set aside to show.", min=0)
    ] = 20,
    json: Json = False,
) -> None:
    """Show one batch: receipt, checks, rows set aside."""
    from scoreline.cli.batches import show_batch

    raise typer.Exit(show_batch(project, batch, rows, json))


def batches_release(
    batch: Annotated[str, typer.Argument(metavar="ID", autocompletion=complete_batch)],
    reason: Reason,
    approver: Approver = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Let a blocked batch, or quarantined rows, into their stream."""
    from scoreline.cli.batches import decide

    raise typer.Exit(decide(project, batch, "release", reason, approver, json))


def batches_reject(
    batch: Annotated[str, typer.Argument(metavar="ID", autocompletion=complete_batch)],
    reason: Reason,
    approver: Approver = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Keep a blocked batch, or quarantined rows, out for good."""
    from scoreline.cli.batches import decide

    raise typer.Exit(decide(project, batch, "reject", reason, approver, json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    batches = typer.Typer(
        help="Batches: what was received, and what became of it.", no_args_is_help=True
    )
    batches.command("list")(batches_list)
    batches.command("show")(batches_show)
    batches.command("release")(batches_release)
    batches.command("reject")(batches_reject)
    app.add_typer(batches, name="batches")
