"""Sources and kinds of connectors."""

from __future__ import annotations

from typing import Annotated

import typer

from scoreline.cli.commands.options import HERE, Json, Project, complete_source


def connectors(json: Json = False) -> None:
    """List the kinds of connectors that are installed."""
    from scoreline.cli.sources import list_connectors

    raise typer.Exit(list_connectors(json))


def sources_test(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The source.", autocompletion=complete_source)
    ],
    project: Project = HERE,
    rows: Annotated[int, typer.Option("--rows", help="How many rows to show.", min=0)] = 5,
    json: Json = False,
) -> None:
    """Read a source without keeping anything: first rows, receipt, what would be refused."""
    from scoreline.cli.sources import test_source

    raise typer.Exit(test_source(project, name, rows, json))


def sources_list(project: Project = HERE, json: Json = False) -> None:
    """List the sources and how fresh their streams are."""
    from scoreline.cli.sources import list_sources

    raise typer.Exit(list_sources(project, json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    sources = typer.Typer(help="Sources: try one out.", no_args_is_help=True)
    app.command()(connectors)
    sources.command("test")(sources_test)
    sources.command("list")(sources_list)
    app.add_typer(sources, name="sources")
