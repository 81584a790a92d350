"""Verify: the store against its ledger, and every stored file against its digest.

What belongs here: putting the findings together. What does not: the ledger's rules
(store), hashing files (warehouse), printing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from scoreline.core.records import StoredFile
from scoreline.store.store import ControlStore
from scoreline.warehouse.files import FileStore


@dataclass(frozen=True, slots=True)
class Damaged:
    """A stored file that is missing or changed, who needs it, and what is wrong with it."""

    file: StoredFile
    place: str
    stream: str
    what: str


@dataclass(slots=True)
class Verification:
    """What was looked at, and what is wrong: (place, words).

    `removed` counts the files that a record says were removed, by cause: `expired`,
    `erased`, `rekeyed`. That they are not there is no finding; that one is there is.
    `damaged` are the stored files among the findings.
    """

    records: int
    blocks: int
    files: int
    findings: list[tuple[str, str]]
    removed: dict[str, int] = field(default_factory=dict)
    damaged: list[Damaged] = field(default_factory=list)


def verify(
    store: ControlStore,
    files: FileStore,
    begin: Callable[[int], None],
    advance: Callable[[], None],
    *,
    records: bool = True,
) -> Verification:
    """Check every record, block and stored file; reads everything, changes nothing.

    Args:
        store: the control store.
        files: the stored files.
        begin: is told the number of files.
        advance: is called after each.
        records: look at each record; False where `rescoring_parts` does so.
    """
    findings = [(f.place, f.what) for f in store.verify_ledger(records=records)]
    blocks, kept = store.blocks(), _stored_files(store)
    begin(len(kept))
    damaged: dict[StoredFile, Damaged] = {}
    for file, place in kept.items():
        wrong = files.check(file)
        if wrong is not None:
            damaged[file] = Damaged(file, *place, wrong)
        advance()
    if damaged:  # a run may have removed some, with a record of it, in the meantime
        still = _stored_files(store)
        damaged = {file: found for file, found in damaged.items() if file in still}
    findings += [(found.place, found.what) for found in damaged.values()]
    removed = store.files_removed()
    for file, cause in removed.items():
        if files.has(file):
            words = f"was removed ({cause}), and is there: `scoreline prune` removes it for good"
            findings.append((f"stored file {file.name}", words))
    counts = dict(Counter(removed.values()))
    sealed = sum(b.count for b in blocks)
    wrong_files = list(damaged.values())
    return Verification(sealed, len(blocks), len(kept), findings, counts, wrong_files)


def damaged_files(store: ControlStore, files: FileStore) -> list[Damaged]:
    """Every stored file that is missing or changed."""
    checked = ((file, place, files.check(file)) for file, place in _stored_files(store).items())
    return [Damaged(file, *place, wrong) for file, place, wrong in checked if wrong is not None]


def _stored_files(store: ControlStore) -> dict[StoredFile, tuple[str, str]]:
    """Every stored file that a manifest names: who needs it, and whose stream that is."""
    found: dict[StoredFile, tuple[str, str]] = {}
    for batch in store.batches():
        for file in (batch.received, batch.typed, batch.broken, batch.kept):
            if file is not None:
                words = f"batch {batch.id} of {batch.stream} ({batch.object})"
                found.setdefault(file, (words, batch.stream))
    for aside in store.quarantines():
        if aside.file is not None:
            words = f"rows set aside {aside.id} of {aside.stream}"
            found.setdefault(aside.file, (words, aside.stream))
    return found
