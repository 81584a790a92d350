"""Removing files of batches: recorded first, deleted then, finished by whoever comes next.

What belongs here: from what is left of batches to their records, and deleting what no
manifest names. What does not: which files go (expiring, forgetting, rekeying).

The record is the commit. Killed before it, everything is as it was, but for files that no
record names; killed after it, the next run, `prune` or `forget` deletes what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scoreline.core import faults
from scoreline.core.records import Batch, Quarantine, StoredFile
from scoreline.core.removals import Cause, Forgetting, Removal
from scoreline.steps.project import Project
from scoreline.warehouse.lock import project_lock


@dataclass(frozen=True, slots=True)
class Change:
    """What is left of a batch: as it is from now on, its rows set aside, files that go.

    `rows` counts the rows that are gone.
    """

    batch: Batch
    aside: tuple[Quarantine, ...]
    dropped: frozenset[StoredFile]
    rows: int = 0


def files_of(batch: Batch, aside: Iterable[Quarantine]) -> set[StoredFile]:
    """The files that a manifest and its rows set aside name."""
    own = (batch.received, batch.typed, batch.broken, batch.kept)
    return {f for f in (*own, *(q.file for q in aside)) if f is not None}


def remove(
    project: Project,
    changes: Sequence[Change],
    cause: Cause,
    why: str,
    *,
    run: str | None = None,
    forgetting: Forgetting | None = None,
    pseudonyms: tuple[Sequence[str], str, str] | None = None,
) -> list[Removal]:
    """Record what is left of batches, then delete the files that nothing names any more."""
    removals = [
        Removal(c.batch, c.aside, cause, why, tuple(gone), c.rows)
        for c, gone in zip(changes, _unused(project, changes), strict=True)
    ]
    faults.reach("remove.rewritten")
    project.store.remove(
        removals, project.now(), run=run, forgetting=forgetting, pseudonyms=pseudonyms
    )
    faults.reach("remove.recorded")
    sweep(project)
    faults.reach("remove.deleted")
    return removals


def _unused(project: Project, changes: Sequence[Change]) -> list[list[StoredFile]]:
    """For each change, the dropped files that no manifest will name."""
    users = {file: set(names) for file, names in project.store.files_in_use().items()}
    for change in changes:
        for file in change.dropped:
            users.get(file, set()).discard(change.batch.id)
    for change in changes:
        for file in files_of(change.batch, change.aside):
            users.setdefault(file, set()).add(change.batch.id)
    return [
        sorted((f for f in change.dropped if not users.get(f)), key=lambda f: f.name)
        for change in changes
    ]


def sweep(project: Project) -> int:
    """Delete every file that a record says was removed and that is still there; how many.

    A backup that goes on is waited for: it copies what was there when it began.
    """
    left = [f for f in project.store.files_removed() if project.files.has(f)]
    if left:
        lock = project.paths.state / "backup.lock"
        with project_lock(lock, "removing files", project.now(), tell=project.listener.say):
            for file in left:
                project.files.remove(file)
    return len(left)


def superseded_files(
    project: Project, stream: str, batches: Mapping[str, Batch]
) -> dict[str, set[StoredFile]]:
    """By batch, files that only earlier records name: of an earlier contract, key or removal."""
    used = project.store.files_in_use()
    removed = project.store.files_removed()
    named = project.store.files_named(stream)
    return {
        batch: {f for f in named.get(batch, ()) if f not in used and f not in removed}
        for batch in batches
    }
