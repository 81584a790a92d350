"""Begin definitions, draft them from what is there, arrange them and read them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scoreline.cli.commands.options import HERE, Json, Project

Table = Annotated[
    str | None, typer.Option("--table", help="The table or view, where it is a database.")
]
PasswordFrom = Annotated[
    str | None,
    typer.Option(
        "--password-from",
        metavar="VARIABLE",
        help="The environment variable that holds the database's password.",
    ),
]


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the project will be.")],
    csv: Annotated[
        str | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="An export of yours to begin with: CSV, XLSX, JSON, Parquet, or its URL.",
        ),
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(
            "--measure",
            metavar="WHAT",
            help="count, sum:COLUMN, average:COLUMN, count_distinct:COLUMN or share:COLUMN=VALUE.",
        ),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Where the first key result begins.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="Where the first key result should end.")
    ] = None,
    organisation: Annotated[
        str | None, typer.Option("--organisation", help="The organisation's name.")
    ] = None,
    team: Annotated[str | None, typer.Option("--team", help="The first team's name.")] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Your e-mail address; git's if left out.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="Such as Europe/Berlin; this machine's.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    json: Json = False,
) -> None:
    """Start a project in a folder: definitions from an export of yours, Dagster, editor, CI."""
    from scoreline.cli.starting import Answers, start_project

    answers = Answers(csv, measure, baseline, target, organisation, team, owner, timezone)
    raise typer.Exit(start_project(folder, answers, ask=not yes, json=json))


def new_source(
    where: Annotated[
        str,
        typer.Option("--from", metavar="WHERE", help="A file, its URL, or a database's URL."),
    ],
    project: Project = HERE,
    table: Table = None,
    password_from: PasswordFrom = None,
    name: Annotated[str, typer.Option("--name", help="The source's name.")] = "",
    stream: Annotated[str, typer.Option("--stream", help="The stream's name.")] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Write the file; it is printed if left out.")
    ] = False,
    json: Json = False,
) -> None:
    """Propose a source and its contract from its data, with comments for you to decide."""
    from scoreline.cli.drafting import Wanted, propose_source

    wanted = Wanted(where, table, password_from, name, stream)
    raise typer.Exit(propose_source(project, wanted, write=write, json=json))


def new_connector(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The kind's name, such as portal.")],
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Write the files of a connector of your own, with a test that runs."""
    from scoreline.cli.scaffolding import new_connector as write

    raise typer.Exit(write(project, name, json))


def import_metricflow(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="YAML with semantic_models and metrics.", dir_okay=False
        ),
    ],
    project: Project = HERE,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the draft; else it is printed."),
    ] = None,
    json: Json = False,
) -> None:
    """Draft metrics from dbt's semantic layer; what cannot be carried over is said in comments."""
    from scoreline.cli.drafting import draft_metrics

    raise typer.Exit(draft_metrics(project, file, output, json))


def schema(project: Project = HERE, json: Json = False) -> None:
    """Write the schemas that an editor completes with, this project's names included."""
    from scoreline.cli.drafting import write_project_schemas

    raise typer.Exit(write_project_schemas(project, json))


def format_(
    project: Project = HERE,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; a file to be changed is a finding.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring definition files into the standard layout; what they say and comments stay."""
    from scoreline.cli.arranging import format_project

    raise typer.Exit(format_project(project, check=check, json=json))


def docs(
    project: Project = HERE,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder for the pages.")
    ] = Path("dictionary"),
    json: Json = False,
) -> None:
    """Write the data dictionary: every metric, source and model as pages that work offline."""
    from scoreline.cli.documenting import write_dictionary

    raise typer.Exit(write_dictionary(project, output, json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    new = typer.Typer(help="Draft sources and connectors.", no_args_is_help=True)
    new.command("source")(new_source)
    new.command("connector")(new_connector)
    app.command()(init)
    app.add_typer(new, name="new")
    imports = typer.Typer(help="Draft definitions from other tools' files.", no_args_is_help=True)
    imports.command("metricflow")(import_metricflow)
    app.add_typer(imports, name="import")
    app.command("format")(format_)
    app.command()(docs)
    app.command()(schema)
