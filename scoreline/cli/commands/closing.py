"""Cycles: closing and reopening them."""

from __future__ import annotations

from typing import Annotated

import typer

from scoreline.cli.commands.options import HERE, Approver, AsOf, Json, Project, Reason

Cycle = Annotated[str, typer.Argument(metavar="CYCLE", help="Its name in organisation.yaml.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it; your login if left out.")]


def close(
    cycle: Cycle,
    reason: Reason,
    miss: Annotated[
        list[str] | None,
        typer.Option(
            "--miss", metavar="KR=WHY", help="Why a committed key result missed its target."
        ),
    ] = None,
    by: By = None,
    approver: Approver = None,
    as_of: AsOf = None,
    carry_forward: Annotated[
        str | None,
        typer.Option(
            "--carry-forward",
            metavar="CYCLE",
            help="Write drafts for the next cycle of what is unfinished.",
        ),
    ] = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Close a cycle: its scores, inputs and definitions are fixed; misses need a reason."""
    from scoreline.cli.closing import CloseRequest, close_project

    request = CloseRequest(cycle, reason, tuple(miss or ()), by, approver, as_of, carry_forward)
    raise typer.Exit(close_project(project, request, json))


def reopen(
    cycle: Cycle,
    reason: Reason,
    approver: Annotated[str, typer.Option("--approver", help="Who approved it.")],
    by: By = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Take the closing of a cycle back; it stays in the record."""
    from scoreline.cli.closing import reopen_project

    raise typer.Exit(reopen_project(project, cycle, reason, by, approver, json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(close)
    app.command()(reopen)
