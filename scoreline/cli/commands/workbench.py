"""Work on definitions: checking them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from scoreline.cli.commands.options import HERE, AsOf, Json, Project, Reason, complete_metric


def check(
    project: Project = HERE,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are findings too.")] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend first what can be mended without a doubt.")
    ] = False,
    form: Annotated[
        Literal["text", "json", "sarif", "github"],
        typer.Option("--format", help="Text, JSON, SARIF 2.1.0, or annotations of pull requests."),
    ] = "text",
    json: Json = False,
) -> None:
    """Check the definitions: every mistake at once, with its place."""
    from scoreline.cli.checking import check_project

    raise typer.Exit(check_project(project, strict, "json" if json else form, fix=fix))


def plan(
    project: Project = HERE,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="STATE",
            help="A commit (branch, tag, hash), a moment, or another folder; "
            "what is recorded if left out.",
        ),
    ] = None,
    as_of: AsOf = None,
    form: Annotated[
        Literal["text", "json", "markdown"],
        typer.Option("--format", help="Markdown is for pull requests."),
    ] = "text",
    fail_on: Annotated[
        Literal["change", "move", "goalposts"] | None,
        typer.Option("--fail-on", help="End with 1 if anything differs, moves, or moves its goal."),
    ] = None,
    json: Json = False,
) -> None:
    """Show what changed definitions would do to the scores; writes nothing."""
    from scoreline.cli.planning import show_plan

    chosen: Literal["text", "json", "markdown"] = "json" if json else form
    raise typer.Exit(show_plan(project, against, as_of, chosen, fail_on))


def apply(
    reason: Reason,
    approver: Annotated[
        list[str] | None,
        typer.Option("--approver", help="Who agrees to changed targets; as often as needed."),
    ] = None,
    project: Project = HERE,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Record changed definitions, with who and why; shows first what they do."""
    from scoreline.cli.applying import apply_project

    raise typer.Exit(apply_project(project, reason, approver or [], yes=yes, json=json))


def preview(
    metric: Annotated[
        str, typer.Argument(metavar="METRIC", help="Its name.", autocompletion=complete_metric)
    ],
    project: Project = HERE,
    as_of: AsOf = None,
    days: Annotated[
        int, typer.Option("--days", help="How many days, the last one included.", min=1, max=3660)
    ] = 90,
    narrow: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="NAME=VALUE", help="Only these; as often as needed."),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="DIMENSION", help="Split by one dimension.")
    ] = None,
    sql: Annotated[bool, typer.Option("--sql", help="The SQL that computes it.")] = False,
    rows: Annotated[bool, typer.Option("--rows", help="The rows behind the value.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="How many rows to show.", min=1)] = 20,
    json: Json = False,
) -> None:
    """Show a metric on the stored data, recorded or not: value, course, segments, rows."""
    from scoreline.cli.previewing import Showing, show_preview

    asked = Showing(as_of, days, tuple(narrow or ()), by, sql, limit if rows else 0, json)
    raise typer.Exit(show_preview(project, metric, asked))


def run_tests(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]…", help="Only these: tests, metrics or files by name."),
    ] = None,
    project: Project = HERE,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit's XML too.")
    ] = None,
    json: Json = False,
) -> None:
    """Run the tests of metrics in okr_defs/tests: given rows, the real SQL, in memory."""
    from scoreline.cli.testing import run_project_tests

    raise typer.Exit(run_project_tests(project, names or [], junit, json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(check)
    app.command()(plan)
    app.command()(apply)
    app.command()(preview)
    app.command("test")(run_tests)
