"""`init`: a project from a few answers.

What belongs here: the questions, and what is printed at the end. What does not: the files.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import typer

from scoreline.cli.console import console, print_json, safe
from scoreline.cli.drafting import Wanted, draft_of
from scoreline.core.errors import UsageError
from scoreline.workbench.drafting import Draft
from scoreline.workbench.editor import write_schemas
from scoreline.workbench.first_metric import FirstMetric, candidates, of_form
from scoreline.workbench.sample import SAMPLE, write_sample
from scoreline.workbench.starting import (
    Choices,
    Started,
    project_files,
    refuse_existing,
    write_project,
)


@dataclass(frozen=True, slots=True)
class Answers:
    """What the command line already says; None is asked for, or chosen."""

    csv: str | None = None
    measure: str | None = None
    baseline: str | None = None
    target: str | None = None
    organisation: str | None = None
    team: str | None = None
    owner: str | None = None
    timezone: str | None = None


def start_project(folder: Path, answers: Answers, *, ask: bool, json: bool) -> int:
    """Write a project and print how to go on; returns 0."""
    root = folder.expanduser().resolve()
    refuse_existing(root)
    asks = _Questions(ask and not json and sys.stdin.isatty())
    organisation = answers.organisation or asks.text("Organisation", _title(root))
    timezone = _zone(answers.timezone or asks.text("Time zone", _local_zone()))
    owner = answers.owner or asks.text("Your e-mail address", _git_email())
    team = answers.team or asks.text("Team", "company")
    csv = answers.csv or asks.text("An export to begin with (empty: a small example)", "")
    root.mkdir(parents=True, exist_ok=True)
    where = csv or str(write_sample(root))
    try:
        draft = draft_of(root, Wanted(where), timezone)
        metric = _metric(draft, answers.measure, asks)
    except BaseException:
        _clean_up(root)
        raise
    choices = Choices(
        organisation, timezone, team, owner, metric,
        _number(answers.baseline or asks.number("It begins at", metric.value), "--baseline"),
        _number(answers.target or asks.number("and should reach", metric.target), "--target"),
    )  # fmt: skip
    today = datetime.now(ZoneInfo(timezone)).date()
    started = write_project(root, project_files(draft, choices, today), draft.proposal.name)
    write_schemas(root)
    if json:
        print_json(_as_json(root, draft, metric, started))
    else:
        _print(root, draft, metric, started)
    return 0


class _Questions:
    """Asks on a terminal; elsewhere everything is as proposed."""

    def __init__(self, asking: bool) -> None:
        self.asking = asking

    def text(self, question: str, proposed: str) -> str:
        """An answer, or what is proposed."""
        if not self.asking:
            return proposed
        return str(typer.prompt(question, default=proposed, show_default=bool(proposed)))

    def number(self, question: str, proposed: Decimal) -> str | None:
        """A number as text, None where nobody is asked."""
        return self.text(question, format(proposed, "f")) if self.asking else None

    def choice(self, question: str, options: list[str]) -> int:
        """The place of the chosen option; the first where nobody is asked."""
        if not self.asking:
            return 0
        for number, option in enumerate(options, start=1):
            typer.echo(f"  {number}  {option}")
        while True:
            number = int(typer.prompt(question, default=1, type=int))
            if 1 <= number <= len(options):
                return number - 1
            typer.echo(f"1 to {len(options)} is possible")


def _metric(draft: Draft, form: str | None, asks: _Questions) -> FirstMetric:
    if form is not None:
        return of_form(form, draft)
    found = candidates(draft)
    shown = [f"{m.title}: {m.value}{' %' if m.unit == 'share' else ''} today" for m in found]
    return found[asks.choice("What should be measured first", shown)]


def _number(text: str | None, option: str) -> Decimal | None:
    if text is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise UsageError(f"{option} must be a number such as 90 or 4.5, found {text!r}")
    return number


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise UsageError(f"there is no time zone {name!r}: write it like Europe/Berlin or UTC")
    return name


def _local_zone() -> str:
    """This machine's zone by its IANA name; UTC where it does not say."""
    named = os.environ.get("TZ", "")
    linked = os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    found = next((n for n in (named, linked) if n in available_timezones()), "UTC")
    return "UTC" if found in ("Etc/UTC", "Etc/UCT", "Universal", "Zulu") else found


def _git_email() -> str:
    """The address that git knows; a placeholder that cannot be anybody's if none."""
    try:
        found = subprocess.run(
            ["git", "config", "user.email"],  # noqa: S607  wherever git is
            capture_output=True, text=True, timeout=5, check=False,
        ).stdout.strip()  # fmt: skip
    except OSError:
        found = ""
    return found or "you@company.example"


def _title(root: Path) -> str:
    return root.name.replace("-", " ").replace("_", " ").strip().title() or "Our organisation"


def _clean_up(root: Path) -> None:
    """Take away what was made for nothing: the sample, and a folder that stayed empty."""
    sample = root / SAMPLE
    if sample.exists():
        sample.unlink()
        sample.parent.rmdir()
    if root.is_dir() and not any(root.iterdir()):
        root.rmdir()


def _steps(root: Path, draft: Draft) -> list[tuple[str, str]]:
    """Each next step: what to type, and what it does."""
    return [
        (f"cd {shlex.quote(str(root))}", ""),
        ("scoreline check", "every mistake at once, with its place"),
        (f"scoreline sources test {draft.proposal.name}", "first rows, and what would be refused"),
        ("scoreline run", "read, check, load, measure, score, record"),
        ("scoreline status", "where the key result stands"),
        ('DAGSTER_HOME="$PWD" dagster dev -w workspace.yaml', "the same on a schedule"),
    ]


def _print(root: Path, draft: Draft, metric: FirstMetric, started: Started) -> None:
    out = console()
    columns = draft.proposal.stream.columns
    hidden = [c.name for c in columns if c.personal != "keep"]
    out.print(f"[green]✔[/] {len(started.written)} files in {safe(root)}", soft_wrap=True)
    for name in started.kept:
        out.print(f"  [yellow]kept as it was:[/] {safe(name)}")
    out.print(
        f"  source [bold]{safe(draft.proposal.name)}[/]: {draft.rows:,} rows, {len(columns)} "
        f"columns, key {safe(', '.join(draft.proposal.stream.key) or 'none')}"
    )
    if hidden:
        out.print(f"  taken for personal, never stored as received: {safe(', '.join(hidden))}")
    if draft.refused:
        out.print(f"  [yellow]{draft.refused:,} rows cannot be cut into cells: set aside[/]")
    out.print(f"  metric [bold]{safe(metric.name)}[/]: {safe(metric.title)}")
    out.print("\nNext:")
    for command, about in _steps(root, draft):
        note = f"   [dim]# {safe(about)}[/]" if about else ""
        out.print(f"  {safe(command)}{note}", soft_wrap=True)
    out.print("\nYours to decide, each with a comment beside it:")
    out.print(f"  {safe(started.objectives)}   [dim]titles and target[/]")
    out.print(
        f"  okr_defs/sources/{safe(started.source)}.yaml   [dim]the contract, line by line[/]"
    )


def _as_json(root: Path, draft: Draft, metric: FirstMetric, started: Started) -> dict[str, object]:
    return {
        "project": str(root),
        "written": list(started.written),
        "kept": list(started.kept),
        "source": draft.proposal.name,
        "rows": draft.rows,
        "refused": draft.refused,
        "metric": metric.name,
        "next": [command for command, _ in _steps(root, draft)],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
