"""Verify: the store against its ledger, and every stored file against its digest.

What belongs here: putting the findings together. What does not: the ledger's rules
(store), hashing files (warehouse), printing.
"""

from __future__ import annotations

from dataclasses import dataclass

from scoreline.core.records import StoredFile
from scoreline.steps.project import Project


@dataclass(slots=True)
class Verification:
    """What was looked at, and what is wrong: (place, words)."""

    records: int
    blocks: int
    files: int
    findings: list[tuple[str, str]]


def verify(project: Project) -> Verification:
    """Check every record, block and stored file; reads everything, changes nothing."""
    findings = [(f.place, f.what) for f in project.store.verify_ledger()]
    blocks = project.store.blocks()
    files: dict[StoredFile, str] = {}
    for batch in project.store.batches():
        for file in (batch.received, batch.typed, batch.broken, batch.kept):
            if file is not None:
                files.setdefault(file, f"batch {batch.id} of {batch.stream} ({batch.object})")
    for aside in project.store.quarantines():
        files.setdefault(aside.file, f"rows set aside {aside.id} of {aside.stream}")
    project.listener.begin("hashing stored files", len(files))
    try:
        for file, place in files.items():
            wrong = project.files.check(file)
            if wrong is not None:
                findings.append((place, wrong))
            project.listener.advance()
    finally:
        project.listener.end()
    return Verification(sum(b.count for b in blocks), len(blocks), len(files), findings)
