"""`check`: what is wrong with the definitions.

What belongs here: printing problems with their places, and what was mended. What does not:
finding or mending them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scoreline.cli.console import console, safe
from scoreline.cli.problems import Form, counted, print_problems
from scoreline.core.errors import DefinitionError, Problem
from scoreline.definitions.project import FOLDER, load_project
from scoreline.steps.checking import all_problems
from scoreline.wiring import check_options, make_importable, recorded_facts
from scoreline.workbench.editor import refresh_schemas
from scoreline.workbench.mending import mend

FINDING = 1


def check_project(root: Path, strict: bool, form: Form, *, fix: bool = False) -> int:
    """Print every problem of the definitions; returns 1 where there is an error.

    Args:
        root: the project's folder.
        strict: warnings are findings, too.
        form: how they are printed.
        fix: mend first what can be mended without a doubt.
    """
    if fix and (root / FOLDER).is_dir():
        _mend(root.resolve())
    problems = _problems(root.resolve())
    errors = [p for p in problems if p.severity == "error"]
    print_problems(root, problems, form)
    refresh_schemas(root)
    return FINDING if errors or (strict and problems) else 0


def _problems(root: Path) -> Sequence[Problem]:
    make_importable(root)
    try:
        return all_problems(root, check_options, recorded_facts)
    except DefinitionError:
        return load_project(root).problems


def _mend(root: Path) -> None:
    """Mend what is safe and show it on standard error, beside the report."""
    out = console(stderr=True)
    found = mend(root)
    for one in found:
        for line in one.diff():
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")
            out.print(f"[{colour}]{safe(line)}[/]", soft_wrap=True)
    edits = sum(one.edits for one in found)
    if edits:
        files = counted(len(found), "file")
        out.print(f"[green]✔[/] {counted(edits, 'mistake')} mended in {files}\n")
    else:
        out.print("nothing could be mended without a doubt\n")
