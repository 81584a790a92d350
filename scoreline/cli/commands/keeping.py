"""Keeping the state: copies of it, and making again what can be made again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scoreline.cli.commands.options import HERE, Json, Project, Reason, complete_stream


def rebuild(project: Project = HERE, json: Json = False) -> None:
    """Make the warehouse again from the stored files and compare the digests."""
    from scoreline.cli.running import rebuild_project

    raise typer.Exit(rebuild_project(project, json))


def repair(
    backup: Annotated[
        Path | None,
        typer.Option("--from", metavar="BACKUP", help="A backup that may have the right bytes."),
    ] = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Put damaged or lost files right from what is intact; never invents anything."""
    from scoreline.cli.repairing import repair_project

    raise typer.Exit(repair_project(project, backup, json))


def backup(
    target: Annotated[
        Path,
        typer.Argument(
            metavar="PLACE",
            help="A new folder, one with an earlier backup, or a file that ends in .zip.",
        ),
    ],
    project: Project = HERE,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Hash what an earlier backup holds, and check the ledger."),
    ] = False,
    json: Json = False,
) -> None:
    """Copy the control store, stored files, definitions and keys; runs may go on meanwhile."""
    from scoreline.cli.keeping import backup_project

    raise typer.Exit(backup_project(project, target, verify=verify, json=json))


def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="The folder or .zip file.")],
    project: Project = HERE,
    replace: Annotated[
        bool, typer.Option("--replace", help="Move state that is there aside first.")
    ] = False,
    json: Json = False,
) -> None:
    """Check a backup to the last byte, and put it in a project's place."""
    from scoreline.cli.keeping import restore_project

    raise typer.Exit(restore_project(project, source, replace=replace, json=json))


Confirmed = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]


def prune(
    dry_run: DryRun = False, yes: Confirmed = False, project: Project = HERE, json: Json = False
) -> None:
    """Remove what has reached the age up to which `retention` keeps it, after showing it."""
    from scoreline.cli.removing import prune_project

    raise typer.Exit(prune_project(project, dry_run=dry_run, yes=yes, json=json))


def forget(
    stream: Annotated[
        str,
        typer.Option(metavar="SOURCE.STREAM", help="Where.", autocompletion=complete_stream),
    ],
    key: Annotated[
        str,
        typer.Option(
            metavar="COLUMN=VALUE",
            help="Who: the value itself, also where the column holds pseudonyms; `COLUMN=-` "
            "reads it from standard input.",
        ),
    ],
    reason: Reason,
    approver: Annotated[str, typer.Option(help="Who approved it.")],
    dry_run: DryRun = False,
    yes: Confirmed = False,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Erase a person from a stream for good; published scores stay as they were."""
    from scoreline.cli.removing import forget_person

    done = forget_person(
        project, stream, key, reason, approver, dry_run=dry_run, yes=yes, json=json
    )
    raise typer.Exit(done)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(rebuild)
    app.command()(repair)
    app.command()(backup)
    app.command()(restore)
    app.command()(prune)
    app.command()(forget)
