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


@dataclass(slots=True)
class Verification:
    """What was looked at, and what is wrong: (place, words).

    `removed` counts the files that a record says were removed, by cause: `expired`,
    `erased`, `rekeyed`. That they are not there is no finding; that one is there is.
    """

    records: int
    blocks: int
    files: int
    findings: list[tuple[str, str]]
    removed: dict[str, int] = field(default_factory=dict)


def verify(
    store: ControlStore, files: FileStore, begin: Callable[[int], None], advance: Callable[[], None]
) -> Verification:
    """Check every record, block and stored file; reads everything, changes nothing.

    `begin` is told the number of files, `advance` is called after each.
    """
    findings = [(f.place, f.what) for f in store.verify_ledger()]
    blocks, kept = store.blocks(), _stored_files(store)
    begin(len(kept))
    damaged: dict[StoredFile, tuple[str, str]] = {}
    for file, place in kept.items():
        wrong = files.check(file)
        if wrong is not None:
            damaged[file] = (place, wrong)
        advance()
    if damaged:  # a run may have removed some, with a record of it, in the meantime
        still = _stored_files(store)
        damaged = {file: found for file, found in damaged.items() if file in still}
    findings += damaged.values()
    removed = store.files_removed()
    for file, cause in removed.items():
        if files.has(file):
            words = f"was removed ({cause}), and is there: `scoreline prune` removes it for good"
            findings.append((f"stored file {file.name}", words))
    counts = dict(Counter(removed.values()))
    return Verification(sum(b.count for b in blocks), len(blocks), len(kept), findings, counts)


def _stored_files(store: ControlStore) -> dict[StoredFile, str]:
    """Every stored file that a manifest names, with who needs it."""
    found: dict[StoredFile, str] = {}
    for batch in store.batches():
        for file in (batch.received, batch.typed, batch.broken, batch.kept):
            if file is not None:
                found.setdefault(file, f"batch {batch.id} of {batch.stream} ({batch.object})")
    for aside in store.quarantines():
        if aside.file is not None:
            found.setdefault(aside.file, f"rows set aside {aside.id} of {aside.stream}")
    return found
