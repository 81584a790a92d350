"""Work on definitions: checking them."""

from __future__ import annotations

from typing import Annotated

import typer

from scoreline.cli.commands.options import HERE, Json, Project


def check(
    project: Project = HERE,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are findings too.")] = False,
    json: Json = False,
) -> None:
    """Check the definitions: every mistake at once, with its place."""
    from scoreline.cli.checking import check_project

    raise typer.Exit(check_project(project, strict, json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(check)
