"""`format`: the standard layout of definition files.

What belongs here: printing and writing. What does not: the layout itself (workbench.layout).
"""

from __future__ import annotations

import difflib
from pathlib import Path

from scoreline.cli.console import console, print_json, safe
from scoreline.cli.problems import counted
from scoreline.core.durable import write_whole
from scoreline.core.errors import UsageError
from scoreline.definitions.project import FOLDER
from scoreline.workbench.layout import Arranged, arrange_project

FINDING = 1


def format_project(root: Path, *, check: bool, json: bool) -> int:
    """Arrange every file, or (check) only say which are not; returns 1 for a finding.

    A file that cannot be arranged is a finding both ways.
    """
    if not (root / FOLDER).is_dir():
        raise UsageError(f"there is no folder {FOLDER} in {root}")
    found = arrange_project(root)
    changed = [one for one in found if one.is_changed]
    left = [one for one in found if one.problem]
    if not check:
        for one in changed:
            write_whole(root / one.file, one.after)
    if json:
        print_json(
            {
                "files": len(found),
                "changed": [one.file for one in changed],
                "left": [{"file": one.file, "why": one.problem} for one in left],
                "written": not check,
            }
        )
    else:
        _print(found, changed, left, check=check)
    return FINDING if left or (check and changed) else 0


def _print(
    found: list[Arranged], changed: list[Arranged], left: list[Arranged], *, check: bool
) -> None:
    out = console()
    for one in left:
        out.print(f"[red]✘[/] [bold]{safe(one.file)}[/] {safe(one.problem)}")
    for one in changed:
        out.print(f"{'would change' if check else 'changed'} [bold]{safe(one.file)}[/]")
        if check:
            lines = difflib.unified_diff(
                one.before.splitlines(), one.after.splitlines(), one.file, one.file,
                lineterm="", n=1,
            )  # fmt: skip
            for line in list(lines)[2:]:
                colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")
                out.print(f"[{colour}]{safe(line)}[/]", soft_wrap=True)
    as_is = counted(len(found) - len(changed) - len(left), "file")
    out.print(f"[green]✔[/] {as_is} in the standard layout already")
