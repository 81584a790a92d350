"""Users of the page who log in with a password."""

from __future__ import annotations

from typing import Annotated

import typer

from scoreline.cli.commands.options import HERE, Json, Project, complete_user

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="How they log in: the address that owners are written by.",
        autocompletion=complete_user,
    ),
]


def users_add(
    name: Name,
    role: Annotated[
        list[str] | None,
        typer.Option("--role", help="viewer, owner, auditor or admin; several times for several."),
    ] = None,
    stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Add a user, or give one another password and other roles; asks for the password."""
    from scoreline.cli.access import add_user

    raise typer.Exit(add_user(project, name, role or ["viewer"], stdin=stdin, json=json))


def users_list(project: Project = HERE, json: Json = False) -> None:
    """List users and their roles."""
    from scoreline.cli.access import list_users

    raise typer.Exit(list_users(project, json))


def users_remove(name: Name, project: Project = HERE, json: Json = False) -> None:
    """Remove a user; a login that is open ends with it."""
    from scoreline.cli.access import remove_user

    raise typer.Exit(remove_user(project, name, json))


def users_token(
    name: Name,
    use: Annotated[
        str, typer.Option("--for", help="api, calendar or badge: what the token opens.")
    ] = "api",
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Print a token with which a program reads in a person's name; it views, no more."""
    from scoreline.cli.access import print_token

    raise typer.Exit(print_token(project, name, use, json))


def users_looks(
    project: Project = HERE,
    limit: Annotated[int, typer.Option("--limit", help="How many, newest first.", min=1)] = 50,
    json: Json = False,
) -> None:
    """List who looked at rows, when, and which."""
    from scoreline.cli.access import list_looks

    raise typer.Exit(list_looks(project, limit, json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    users = typer.Typer(help="Users of the page who log in with a password.", no_args_is_help=True)
    users.command("add")(users_add)
    users.command("list")(users_list)
    users.command("remove")(users_remove)
    users.command("token")(users_token)
    users.command("looks")(users_looks)
    app.add_typer(users, name="users")
