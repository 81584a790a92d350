"""Rebuild: the warehouse made again from the stored files, aside, and then put in place.

What belongs here: the order of that. What does not: loading a stream (loading).

The warehouse that is there stays until the new one is whole: where a stored file is missing,
what the warehouse still holds is not lost.
"""

from __future__ import annotations

from collections.abc import Mapping

from scoreline.core.errors import WarehouseError
from scoreline.core.model import Stream
from scoreline.steps.loading import load_stream
from scoreline.steps.project import Project
from scoreline.steps.removing import sweep

Contents = tuple[int, str]
"""Rows and digest of a stream's table."""

Digests = dict[str, tuple[Contents | None, Contents]]


def rebuild(project: Project) -> Digests:
    """Make the warehouse again from the stored files.

    Returns:
        For each stream (rows, digest) before, None where it could not be read, and after.

    Raises:
        WarehouseError: a stored file is missing; the warehouse is as it was.
    """
    before: dict[str, Contents] = {}
    with project.working("rebuild"):
        project.files.clean()
        sweep(project)
        loaded = _received(project)
        try:
            with project.warehouse() as warehouse:
                warehouse.prepare(project.plan.streams.values())
                for name, stream in loaded.items():
                    load_stream(project, warehouse, stream)
                    before[name] = warehouse.digest(stream)
        except WarehouseError as error:
            project.listener.say(f"the warehouse could not be read: {error}")
        after = make_warehouse_again(project)
    return {name: (before.get(name), contents) for name, contents in after.items()}


def make_warehouse_again(project: Project) -> dict[str, Contents]:
    """A new warehouse in the place of the old one, of which no byte is left; only `working`.

    Raises:
        WarehouseError: a stored file is missing; the warehouse is as it was.
    """
    old = project.paths.warehouse
    new = old.with_name(f"{old.name}.new")
    for left in (new, new.with_name(f"{new.name}.wal")):
        left.unlink(missing_ok=True)
    after: dict[str, Contents] = {}
    with project.warehouse(new) as warehouse:
        warehouse.prepare(project.plan.streams.values())
        for name, stream in _received(project).items():
            load_stream(project, warehouse, stream)
            after[name] = warehouse.digest(stream)
        warehouse.connection.execute("CHECKPOINT")
    old.with_name(f"{old.name}.wal").unlink(missing_ok=True)
    new.replace(old)
    return after


def _received(project: Project) -> Mapping[str, Stream]:
    """The streams of which anything was received."""
    known = {b.stream for b in project.store.batches()}
    return {name: s for name, s in project.plan.streams.items() if name in known}
