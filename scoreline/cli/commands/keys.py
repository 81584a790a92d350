"""Keys: those that sign the ledger, and those of pseudonyms."""

from __future__ import annotations

from typing import Annotated

import typer

from scoreline.cli.commands.options import HERE, Json, Project

By = Annotated[str | None, typer.Option("--by", help="Who does it; your login if left out.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept in the record.")]


def keys_new(
    reason: Why = "the first key", by: By = None, project: Project = HERE, json: Json = False
) -> None:
    """Make the first signing key, or a new one where the key in force is lost."""
    from scoreline.cli.keys import make_key

    raise typer.Exit(make_key(project, reason, by, json))


def keys_rotate(
    reason: Why,
    old: Annotated[
        str | None,
        typer.Option(
            "--old",
            metavar="REFERENCE",
            help="The key in force, as ${env:NAME} or ${file:PATH}, where organisation.yaml "
            "refers to the new one.",
        ),
    ] = None,
    by: By = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Sign with another key from now on; the one in force endorses it."""
    from scoreline.cli.keys import rotate_key

    raise typer.Exit(rotate_key(project, reason, old, by, json))


def keys_list(project: Project = HERE, json: Json = False) -> None:
    """List every key that ever signed: since when, until when, endorsed by which."""
    from scoreline.cli.keys import list_keys

    raise typer.Exit(list_keys(project, json))


def keys_show_public(
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="Its id; the one in force if left out.")
    ] = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Print a public key as PEM, to hand to an auditor."""
    from scoreline.cli.keys import show_public

    raise typer.Exit(show_public(project, key, json))


def pseudonym_rotate(
    reason: Why, by: By = None, project: Project = HERE, json: Json = False
) -> None:
    """Put every stored pseudonym through one more key; the values are not needed."""
    from scoreline.cli.removing import rotate_pseudonym_key

    raise typer.Exit(rotate_pseudonym_key(project, reason, by, json))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    keys = typer.Typer(
        help="Keys that sign the ledger, and keys of pseudonyms.", no_args_is_help=True
    )
    pseudonym = typer.Typer(
        help="Keys that pseudonyms of people are made with.", no_args_is_help=True
    )
    pseudonym.command("rotate")(pseudonym_rotate)
    keys.add_typer(pseudonym, name="pseudonym")
    keys.command("new")(keys_new)
    keys.command("rotate")(keys_rotate)
    keys.command("list")(keys_list)
    keys.command("show-public")(keys_show_public)
    app.add_typer(keys, name="keys")
