"""Options and arguments that several commands share.

What belongs here: a type for each, its help and its completion. What does not: commands.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer


def _project_names(kind: str, incomplete: str) -> list[str]:
    from scoreline.cli.completion import names

    return names(kind, incomplete)


def complete_key_result(incomplete: str) -> list[str]:
    """Names of key results that `incomplete` may become."""
    return _project_names("key_results", incomplete)


def complete_metric(incomplete: str) -> list[str]:
    """Names of metrics that `incomplete` may become."""
    return _project_names("metrics", incomplete)


def complete_measured(incomplete: str) -> list[str]:
    """Names of metrics and key results that `incomplete` may become."""
    return [*complete_metric(incomplete), *complete_key_result(incomplete)]


def complete_source(incomplete: str) -> list[str]:
    """Names of sources that `incomplete` may become."""
    return _project_names("sources", incomplete)


def complete_batch(incomplete: str) -> list[str]:
    """Ids of batches that `incomplete` may become."""
    return _project_names("batches", incomplete)


def complete_recipient(incomplete: str) -> list[str]:
    """Names of recipients of messages that `incomplete` may become."""
    return _project_names("recipients", incomplete)


def complete_unsure(incomplete: str) -> list[str]:
    """Keys of messages that are unsure, which `incomplete` may become."""
    return _project_names("unsure", incomplete)


def complete_user(incomplete: str) -> list[str]:
    """Names of users that `incomplete` may become."""
    return _project_names("users", incomplete)


def complete_stream(incomplete: str) -> list[str]:
    """Names of streams that `incomplete` may become."""
    return _project_names("streams", incomplete)


def day_of(text: str) -> date:
    """A day written as YYYY-MM-DD.

    Raises:
        typer.BadParameter: it is none.
    """
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
        parser=day_of,
        help="The day that is scored; what `evaluate` says if left out.",
    ),
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at",
        metavar="TIME",
        help="Only what had arrived by then: a day (its end) or an instant of ISO 8601.",
    ),
]
DefinitionsAt = Annotated[
    str | None,
    typer.Option(
        "--definitions-at",
        metavar="TIME|DIGEST",
        help="The definitions in force then, or those of a digest; with --known-at alone, then.",
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
        autocompletion=complete_key_result,
    ),
]
HERE = Path()
