"""The page: serving it, and writing it as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scoreline.cli.commands.options import HERE, AsOf, Json, Project


def serve(
    project: Project = HERE,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")
    ] = 8080,
) -> None:
    """Serve the page where people see key results; it reads only, also during a run."""
    from scoreline.cli.serving import serve_page

    raise typer.Exit(serve_page(project, host, port))


def site(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A new or empty folder, or one that this command wrote before."
        ),
    ],
    project: Project = HERE,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Write the page as files that open without a server, as of one moment."""
    from scoreline.cli.serving import write_pages

    raise typer.Exit(write_pages(project, folder, as_of, json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(serve)
    app.command()(site)
