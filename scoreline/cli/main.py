"""The commands and their arguments; bodies stand in the modules beside this one.

What belongs here: the command tree, options that all commands share, exit codes. Bodies
are imported when their command runs, so that `scoreline --help` stays quick.

Exit status: 0 fine; 1 a finding; 2 bad usage, or nothing could run at all; 3 a run
finished but a source, check or definition file failed.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from scoreline.core.errors import ScorelineError

app = typer.Typer(
    name="scoreline",
    help="Key results that update themselves, with a line from every score to the raw rows.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
batches = typer.Typer(
    help="Batches: what was received, and what became of it.", no_args_is_help=True
)
sources = typer.Typer(help="Sources: try one out.", no_args_is_help=True)
app.add_typer(batches, name="batches")
app.add_typer(sources, name="sources")


def _project_names(kind: str, incomplete: str) -> list[str]:
    from scoreline.cli.completion import names

    return names(kind, incomplete)


def _complete_key_result(incomplete: str) -> list[str]:
    return _project_names("key_results", incomplete)


def _complete_source(incomplete: str) -> list[str]:
    return _project_names("sources", incomplete)


def _complete_batch(incomplete: str) -> list[str]:
    return _project_names("batches", incomplete)


def _complete_stream(incomplete: str) -> list[str]:
    return _project_names("streams", incomplete)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a day: write it as YYYY-MM-DD"
        raise typer.BadParameter(message) from None


Project = Annotated[
    Path,
    typer.Option(
        "--project",
        "-p",
        help="The folder that holds okr_defs/.",
        envvar="SCORELINE_PROJECT",
        file_okay=False,
    ),
]
AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        parser=_day,
        help="The day that is scored; what `evaluate` says if left out.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept in the record.")]
Approver = Annotated[
    str | None, typer.Option("--approver", help="Who approved it, where that is another person.")
]
KeyResult = Annotated[
    str,
    typer.Argument(
        metavar="KEY_RESULT",
        help="Its full name, or the end of it where that is enough.",
        autocompletion=_complete_key_result,
    ),
]
HERE = Path()


@app.command()
def run(
    project: Project = HERE,
    as_of: AsOf = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="Read only this source.", autocompletion=_complete_source),
    ] = None,
    json: Json = False,
) -> None:
    """Read what is new, check it, load it, and score every key result."""
    from scoreline.cli.running import run_project

    raise typer.Exit(run_project(project, as_of, source, json))


@app.command()
def status(
    project: Project = HERE,
    as_of: AsOf = None,
    objectives: Annotated[
        bool, typer.Option("--objectives", help="Objectives, teams and the organisation.")
    ] = False,
    json: Json = False,
) -> None:
    """Show where every key result stands."""
    from scoreline.cli.showing import show_status

    raise typer.Exit(show_status(project, as_of, objectives, json))


@app.command()
def explain(
    key_result: KeyResult, project: Project = HERE, as_of: AsOf = None, json: Json = False
) -> None:
    """Say how a score came about: formula, values, SQL, files, checks, record."""
    from scoreline.cli.showing import show_explanation

    raise typer.Exit(show_explanation(project, key_result, as_of, json))


@app.command()
def forecast(
    key_result: Annotated[
        str | None,
        typer.Argument(
            metavar="KEY_RESULT",
            help="Only this one: its full name, or the end of it where that is enough.",
            autocompletion=_complete_key_result,
        ),
    ] = None,
    project: Project = HERE,
    as_of: AsOf = None,
    backtest: Annotated[
        bool, typer.Option("--backtest", help="How good past forecasts would have been.")
    ] = False,
    json: Json = False,
) -> None:
    """Say where key results will stand on their due dates: an estimate, never a score."""
    from scoreline.cli.forecasting import show_backtest, show_forecasts

    show = show_backtest if backtest else show_forecasts
    raise typer.Exit(show(project, key_result, as_of, json))


@app.command()
def check(
    project: Project = HERE,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are findings too.")] = False,
    json: Json = False,
) -> None:
    """Check the definitions: every mistake at once, with its place."""
    from scoreline.cli.checking import check_project

    raise typer.Exit(check_project(project, strict, json))


@app.command()
def checkin(
    key_result: KeyResult,
    value: Annotated[
        str | None, typer.Option("--value", help="The value, for manual key results.")
    ] = None,
    confidence: Annotated[
        str | None, typer.Option("--confidence", help="0 to 1: how sure you are of the target.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="What there is to say.")] = None,
    day: Annotated[
        date | None, typer.Option("--date", metavar="DATE", parser=_day, help="Today if left out.")
    ] = None,
    override: Annotated[
        str | None,
        typer.Option("--override", help="A value that takes the data's place until --until."),
    ] = None,
    until: Annotated[
        date | None,
        typer.Option("--until", metavar="DATE", parser=_day, help="The override's last day."),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why the override.")] = None,
    approver: Approver = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Who says it; your login if left out.")
    ] = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Record what a person says of a key result: a value, a confidence, a note."""
    from scoreline.cli.people import CheckInRequest, check_in

    request = CheckInRequest(
        key_result, value, confidence, note, day, override, until, reason, approver, by
    )
    raise typer.Exit(check_in(project, request, json))


@app.command()
def backfill(
    first: Annotated[
        date, typer.Option("--from", metavar="DATE", parser=_day, help="The first day.")
    ],
    last: Annotated[date, typer.Option("--to", metavar="DATE", parser=_day, help="The last day.")],
    project: Project = HERE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be recorded.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Score past days on what is loaded now; shows first what that would record."""
    from scoreline.cli.running import backfill_project

    raise typer.Exit(backfill_project(project, first, last, dry_run=dry_run, yes=yes, json=json))


@app.command()
def rebuild(project: Project = HERE, json: Json = False) -> None:
    """Make the warehouse again from the stored files and compare the digests."""
    from scoreline.cli.running import rebuild_project

    raise typer.Exit(rebuild_project(project, json))


@app.command()
def verify(project: Project = HERE, json: Json = False) -> None:
    """Check every record, block and stored file against its hash."""
    from scoreline.cli.checking import verify_project

    raise typer.Exit(verify_project(project, json))


@app.command()
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


@app.command()
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


@app.command()
def connectors(json: Json = False) -> None:
    """List the kinds of connectors that are installed."""
    from scoreline.cli.sources import list_connectors

    raise typer.Exit(list_connectors(json))


@sources.command("test")
def sources_test(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The source.", autocompletion=_complete_source)
    ],
    project: Project = HERE,
    rows: Annotated[int, typer.Option("--rows", help="How many rows to show.", min=0)] = 5,
    json: Json = False,
) -> None:
    """Read a source without keeping anything: first rows, receipt, what would be refused."""
    from scoreline.cli.sources import test_source

    raise typer.Exit(test_source(project, name, rows, json))


@sources.command("list")
def sources_list(project: Project = HERE, json: Json = False) -> None:
    """List the sources and how fresh their streams are."""
    from scoreline.cli.sources import list_sources

    raise typer.Exit(list_sources(project, json))


@batches.command("list")
def batches_list(
    project: Project = HERE,
    stream: Annotated[
        str | None,
        typer.Option("--stream", help="Only this stream.", autocompletion=_complete_stream),
    ] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", help="landed, passed, blocked, loaded, rejected or quarantined."),
    ] = None,
    json: Json = False,
) -> None:
    """List batches, and the rows that were set aside."""
    from scoreline.cli.batches import list_batches

    raise typer.Exit(list_batches(project, stream, state, json))


@batches.command("show")
def batches_show(
    batch: Annotated[str, typer.Argument(metavar="ID", autocompletion=_complete_batch)],
    project: Project = HERE,
    rows: Annotated[
        int, typer.Option("--rows", help="How many rows set aside to show.", min=0)
    ] = 20,
    json: Json = False,
) -> None:
    """Show one batch: receipt, checks, rows set aside."""
    from scoreline.cli.batches import show_batch

    raise typer.Exit(show_batch(project, batch, rows, json))


@batches.command("release")
def batches_release(
    batch: Annotated[str, typer.Argument(metavar="ID", autocompletion=_complete_batch)],
    reason: Reason,
    approver: Approver = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Let a blocked batch, or quarantined rows, into their stream."""
    from scoreline.cli.batches import decide

    raise typer.Exit(decide(project, batch, "release", reason, approver, json))


@batches.command("reject")
def batches_reject(
    batch: Annotated[str, typer.Argument(metavar="ID", autocompletion=_complete_batch)],
    reason: Reason,
    approver: Approver = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Keep a blocked batch, or quarantined rows, out for good."""
    from scoreline.cli.batches import decide

    raise typer.Exit(decide(project, batch, "reject", reason, approver, json))


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"scoreline {version('scoreline')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Run the command line; errors that a person can act on are printed without a traceback."""
    try:
        app()
    except ScorelineError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped; nothing half-done remains, run again to go on", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
