"""Questions to the record: how a score came about, and whether everything is intact."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from scoreline.cli.commands.options import (
    HERE,
    AsOf,
    DefinitionsAt,
    Json,
    KeyResult,
    KnownAt,
    Project,
    complete_measured,
    day_of,
)


def explain(
    key_result: KeyResult,
    project: Project = HERE,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    definitions_at: DefinitionsAt = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="List the rows that the value is made of.")
    ] = False,
    page: Annotated[int, typer.Option("--page", min=1, help="Which page of rows.")] = 1,
    page_size: Annotated[
        int, typer.Option("--page-size", min=1, max=10_000, help="Rows on a page.")
    ] = 20,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", dir_okay=False, help="Write all rows to this file."),
    ] = None,
    json: Json = False,
) -> None:
    """Say how a score came about: formula, values, SQL, files, checks, record; or its rows."""
    clocks = (known_at, definitions_at)
    if rows or csv is not None:
        from scoreline.cli.rows import Paging, show_rows

        paging = Paging(page, page_size, csv)
        raise typer.Exit(show_rows(project, key_result, as_of, clocks, paging, json))
    from scoreline.cli.explaining import show_explanation

    raise typer.Exit(show_explanation(project, key_result, as_of, json, clocks))


def why(
    key_result: KeyResult,
    since: Annotated[
        date,
        typer.Option(
            "--since", metavar="DATE", parser=day_of, help="The day of the earlier score."
        ),
    ],
    until: Annotated[
        date | None,
        typer.Option(
            "--until", metavar="DATE", parser=day_of, help="That of the later one; the newest."
        ),
    ] = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Say what moved a score: rows added, changed, removed, the definition, or time alone."""
    from scoreline.cli.why import show_why

    raise typer.Exit(show_why(project, key_result, since, until, json))


def verify(
    project: Project = HERE,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="PLACE",
            help="A signed checkpoint kept elsewhere, or a folder (or URL) of them.",
        ),
    ] = None,
    from_raw: Annotated[
        bool,
        typer.Option("--from-raw", help="Compute every value again from the received bytes too."),
    ] = False,
    since: Annotated[
        date | None,
        typer.Option(
            "--since",
            metavar="DATE",
            parser=day_of,
            help="With --from-raw: only values recorded on that day or later.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Check every record, block, signature and stored file, and compute every score again."""
    from scoreline.cli.verifying import RawOrder, verify_project

    raise typer.Exit(verify_project(project, against or (), RawOrder(from_raw, since), json))


def evidence(
    key_result: KeyResult,
    period: Annotated[
        str | None,
        typer.Argument(
            metavar="PERIOD",
            help="A cycle, a day or DAY..DAY; the key result's cycle if left out.",
        ),
    ] = None,
    project: Project = HERE,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", dir_okay=False, help="The ZIP file to write."),
    ] = None,
    json: Json = False,
) -> None:
    """Pack all that a key result's scores rest on, with a check that runs without Scoreline."""
    from scoreline.cli.evidence import write_evidence

    raise typer.Exit(write_evidence(project, key_result, period, output, json))


def lineage(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="METRIC|KEY_RESULT",
            help="Print the source columns that it depends on, and how; sends nothing.",
            autocompletion=complete_measured,
        ),
    ] = None,
    project: Project = HERE,
    file: Annotated[
        Path | None,
        typer.Option("--file", dir_okay=False, help="Write the events here, a line each."),
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Send them to this OpenLineage endpoint.")
    ] = None,
    run: Annotated[
        str | None,
        typer.Option("--run", metavar="RUN", help="Of this run; of the newest if left out."),
    ] = None,
    since: Annotated[
        date | None,
        typer.Option("--since", metavar="DATE", parser=day_of, help="Of every run since that day."),
    ] = None,
    json: Json = False,
) -> None:
    """Say what a number depends on, or write and send the lineage of runs (OpenLineage)."""
    if name is not None:
        from scoreline.cli.lineage import show_lineage

        raise typer.Exit(show_lineage(project, name, [file, url, run, since], json))
    from scoreline.cli.lineage import Order, send_lineage

    raise typer.Exit(send_lineage(project, Order(file, url, run, since), json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(explain)
    app.command()(why)
    app.command()(verify)
    app.command()(evidence)
    app.command()(lineage)
