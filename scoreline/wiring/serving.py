"""A project made ready for the page: reads only, follows changes of the definitions.

What belongs here: choosing what the page reads from. What does not: the page.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scoreline.steps.change.approving import asks_for_approval, counting
from scoreline.steps.planning import LoadedPlan, load_plan

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

    return Live(project, lambda: _counting(project), lambda: _mark(project), settled)


def _counting(project: Project) -> LoadedPlan:
    """The definitions in the files, changed targets that wait for approval as they were."""
    loaded = load_plan(project.paths.root, check_sql=False)
    plan, waiting = counting(loaded.plan, project.store)
    return replace(loaded, plan=plan, waiting=waiting)


def _mark(project: Project) -> Hashable:
    """What tells that other definitions count: the files, and what was approved since."""
    asked = asks_for_approval(project.plan, project.store)
    approved = tuple(sorted(project.store.definition_digests().items())) if asked else ()
    return _files(project.paths.root), approved


def _files(root: Path) -> Hashable:
    """Names, sizes and times of the definition files."""
    found = []
    for path in sorted((root / "okr_defs").rglob("*")):
        try:
            stat = path.stat()
        except OSError:  # gone between the two looks
            continue
        found.append((str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(found)
