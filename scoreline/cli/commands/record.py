"""Questions to the record: how a score came about, and whether everything is intact."""

from __future__ import annotations

import typer

from scoreline.cli.commands.options import HERE, AsOf, Json, KeyResult, Project


def explain(
    key_result: KeyResult, project: Project = HERE, as_of: AsOf = None, json: Json = False
) -> None:
    """Say how a score came about: formula, values, SQL, files, checks, record."""
    from scoreline.cli.showing import show_explanation

    raise typer.Exit(show_explanation(project, key_result, as_of, json))


def verify(project: Project = HERE, json: Json = False) -> None:
    """Check every record, block and stored file against its hash."""
    from scoreline.cli.checking import verify_project

    raise typer.Exit(verify_project(project, json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(explain)
    app.command()(verify)
