"""A project made ready for the page: reads only, follows changes of the definitions.

What belongs here: choosing what the page reads from. What does not: the page.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING

from scoreline.steps.planning import load_plan

if TYPE_CHECKING:
    from scoreline.steps.project import Project
    from scoreline.web.reading.live import Live


def open_live(project: Project, settled: Callable[[], None] = lambda: None) -> Live:
    """A project as the page sees it, from then on for as long as it serves.

    Args:
        project: an open project; whoever opened it closes it.
        settled: called when a new state was read.
    """
    from scoreline.web.reading.live import Live

    root = project.paths.root
    return Live(project, lambda: load_plan(root, check_sql=False), lambda: _mark(root), settled)


def _mark(root: Path) -> Hashable:
    """Names, sizes and times of the definition files."""
    found = []
    for path in sorted((root / "okr_defs").rglob("*")):
        try:
            stat = path.stat()
        except OSError:  # gone between the two looks
            continue
        found.append((str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(found)
