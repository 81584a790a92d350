"""Printing: tables and colours for people, JSON for programs, progress on a terminal.

What belongs here: how anything is written out. What does not: what is written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from scoreline.core.figures import number, percent

__all__ = [
    "STATUS_LOOK",
    "TerminalListener",
    "bar",
    "console",
    "number",
    "opened",
    "percent",
    "print_json",
    "safe",
    "status_text",
    "table",
]

STATUS_LOOK = {
    "achieved": ("✔", "bold green"),
    "on_track": ("●", "green"),
    "at_risk": ("▲", "yellow"),
    "off_track": ("▼", "red"),
    "missed": ("✘", "bold red"),
    "pending": ("○", "cyan"),
    "not_started": ("·", "dim"),
    "held": ("‖", "magenta"),
    "stale": ("⌛", "magenta"),
    "no_data": ("?", "magenta"),
    "incomplete": ("◐", "magenta"),
    "withdrawn": ("–", "dim"),
    "closed": ("■", "bold"),
}
_BAR = 20


def console(*, stderr: bool = False) -> Console:
    """The console for people; 120 columns wide where the output is not a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 120, highlight=False)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def safe(text: object) -> str:
    """A text from data or definitions: no markup, no control characters, no escapes."""
    plain = "".join(c if c.isprintable() or c == "\n" else "�" for c in str(text))
    return escape(plain)


def status_text(status: str, *, plain: bool = False) -> str:
    """A status with its shape and (unless plain) colour; the words alone say it too."""
    shape, style = STATUS_LOOK.get(status, ("", ""))
    if plain:
        return f"{shape} {status}"
    return f"[{style}]{shape} {status.replace('_', ' ')}[/]" if style else status


def bar(progress: Fraction | None, expected: Fraction | None, status: str) -> str:
    """A bar of 20 cells from 0 to 1 with the expected mark `┃`; dots where there is no value."""
    mark = None if expected is None else min(_BAR - 1, _cells(expected))
    full = 0 if progress is None else _cells(progress)
    empty = "·" if progress is None else "░"
    cells = ["█" if n < full else empty for n in range(_BAR)]
    style = STATUS_LOOK.get(status, ("", "white"))[1]
    text = "".join("┃" if n == mark else c for n, c in enumerate(cells))
    return f"[{style}]{text}[/]"


def _cells(share: Fraction) -> int:
    """How many cells of a bar a share fills, between none and all."""
    return int(min(max(share, Fraction(0)), Fraction(1)) * _BAR)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A plain table; a column whose name ends with `#` is set to the right."""
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        right = name.endswith("#")
        made.add_column(name.rstrip("#"), justify="right" if right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(str(cell) for cell in row))
    return made


class TerminalListener:
    """Draws progress on a terminal, and only there; what is said goes to standard error."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bars: Progress | None = None
        self._task: Any = None

    def begin(self, what: str, total: int | None = None) -> None:
        """Begin a bar."""
        if not self._console.is_terminal:
            return
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", style="dim"),
            console=self._console,
            transient=True,
        )
        self._bars.start()
        self._task = self._bars.add_task(safe(what), total=total, note="")

    def advance(self, note: str = "") -> None:
        """One step on."""
        if self._bars is not None:
            self._bars.update(self._task, advance=1, note=safe(note)[-60:])

    def end(self) -> None:
        """Take the bar away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(safe(text), style="dim")

    def warn(self, text: str) -> None:
        """Print a line that stands out."""
        self._console.print(f"[bold red]warning[/] {safe(text)}")


@contextmanager
def opened(project: Any, *, check_sql: bool = True) -> Iterator[Any]:
    """An open project that is closed at the end, with progress on the terminal."""
    from scoreline.wiring import open_project

    found = open_project(project, listener=TerminalListener(), check_sql=check_sql)
    try:
        yield found
    finally:
        found.close()


def exit_status(project: Any, done: int = 0) -> int:
    """A command's exit status: 3 where it did its work but something beside it failed."""
    return done or (3 if project.troubles else 0)
