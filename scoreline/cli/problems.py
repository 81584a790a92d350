"""Problems of the definitions as text with the offending lines, JSON, SARIF or annotations.

What belongs here: how each form is printed. What does not: finding problems, and SARIF's own
structure (workbench.sarif).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from rich.console import Console

from scoreline.cli.console import console, print_json, safe
from scoreline.core.errors import Place, Problem
from scoreline.definitions.project import FOLDER, problems_as_json
from scoreline.workbench.excerpts import Excerpts
from scoreline.workbench.sarif import as_sarif, in_one

Form = Literal["text", "json", "sarif", "github"]


def print_problems(root: Path, problems: Sequence[Problem], form: Form) -> None:
    """Print every problem in one of the forms."""
    if form == "text":
        _print_text(root, problems)
    elif form == "json":
        print_json(problems_as_json(list(problems)))
    elif form == "sarif":
        home, named = _from_here(root, problems)
        print_json(as_sarif(named, Excerpts(home), version("scoreline")))
    else:
        home, named = _from_here(root, problems)
        excerpts = Excerpts(home)
        sys.stdout.writelines(_annotation(p, excerpts) + "\n" for p in named)


def _from_here(root: Path, problems: Sequence[Problem]) -> tuple[Path, list[Problem]]:
    """The problems with files named from the present folder, where the project is below it.

    Code hosts want paths from the top of the repository, and commands run there.
    """
    here, root = Path.cwd().resolve(), root.resolve()
    if root == here or not root.is_relative_to(here):
        return root, list(problems)
    before = root.relative_to(here).as_posix()
    return here, [
        replace(p, place=Place(f"{before}/{p.place.file}", p.place.line, p.place.column))
        for p in problems
    ]


def _annotation(problem: Problem, excerpts: Excerpts) -> str:
    """A workflow command of GitHub Actions."""
    place, excerpt = problem.place, excerpts.of(problem)
    where = {"file": place.file}
    if place.line:
        where |= {"line": str(place.line), "col": str(max(place.column, 1))}
        if excerpt is not None:
            where["endColumn"] = str(max(place.column, 1) + excerpt.length)
    where["title"] = problem.code
    words = ",".join(f"{k}={_escaped(v, ':,')}" for k, v in where.items())
    return f"::{problem.severity} {words}::{_escaped(in_one(problem))}"


def _escaped(text: str, more: str = "") -> str:
    """Percent-encoded where the command's own syntax needs it."""
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _print_text(root: Path, problems: Sequence[Problem]) -> None:
    out, excerpts = console(), Excerpts(root)
    for problem in problems:
        colour = "red" if problem.severity == "error" else "yellow"
        out.print(
            f"[bold]{safe(problem.place)}[/] [{colour}]{problem.severity}[/] "
            f"{safe(problem.message)} [dim]{problem.code}[/]"
        )
        _print_excerpt(problem, excerpts, colour, out)
        for word, text in (
            ("found", problem.found),
            ("legal", problem.legal),
            ("hint", problem.hint),
        ):
            if text:
                out.print(f"    [dim]{word}:[/] {safe(text)}")
    errors = sum(p.severity == "error" for p in problems)
    warnings = len(problems) - errors
    if not problems:
        out.print(f"[green]✔[/] the definitions in {safe(root / FOLDER)} are in order")
    else:
        out.print(f"\n{counted(errors, 'error')}, {counted(warnings, 'warning')}")


def _print_excerpt(problem: Problem, excerpts: Excerpts, colour: str, out: Console) -> None:
    excerpt = excerpts.of(problem)
    if excerpt is None:
        return
    number = f"{excerpt.line:>5}"
    out.print(
        f"[dim]{number} │[/] {safe(excerpt.text)}", no_wrap=True, overflow="ignore", crop=False
    )
    marks = f"[dim]{'':>5} │[/] [{colour}]{excerpt.marks}[/]"
    out.print(marks, no_wrap=True, overflow="ignore", crop=False)


def counted(number: int, word: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {word}{'' if number == 1 else 's'}"
