"""The commands and their arguments; bodies stand in the modules beside this one.

What belongs here: the command tree, the entry point, exit codes. The commands are declared
in scoreline.cli.commands; bodies are imported when their command runs.

Exit status: 0 fine; 1 a finding; 2 bad usage, or nothing could run at all; 3 a run
finished but a source, check or definition file failed.
"""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from scoreline.cli.commands import (
    access,
    batches,
    closing,
    daily,
    definitions,
    keeping,
    keys,
    page,
    people,
    record,
    sources,
    telling,
    workbench,
)
from scoreline.core.errors import ScorelineError
from scoreline.core.garbage import rarely_collected

app = typer.Typer(
    name="scoreline",
    help="Key results that update themselves, with a line from every score to the raw rows.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_GROUPS = (
    definitions,
    workbench,
    daily,
    page,
    record,
    people,
    telling,
    closing,
    access,
    sources,
    batches,
    keeping,
    keys,
)
for _group in _GROUPS:
    _group.add_to(app)


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
    with rarely_collected():
        status = _status()
    leave(status)


def _status() -> int:
    """Run it; the exit status."""
    try:
        app()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except ScorelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; nothing half-done remains, run again to go on", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
    return 0


def leave(status: int) -> NoReturn:
    """End the process as Python does, but leave its objects to the system.

    Everything that holds a file or a connection was closed when its command ended; taking a
    hundred thousand other objects apart would take a quarter of a second.
    """
    atexit._run_exitfuncs()  # noqa: SLF001 - what Python itself does at its end
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads any more
            stream.flush()
    os._exit(status)
