"""Repair: stored files made whole again from what is intact, never by inventing.

What belongs here: where the right bytes may be found, in which order. What does not:
finding what is damaged (audit.verifying), restoring a whole project (restoring).

A file is put back only if its bytes have the digest that the ledger names. They may come

1. from a backup of the project,
2. from the source, which may still have the object as it was received,
3. from the received bytes, typed again by the contract of then, and checked again.

What was damaged is moved aside, below `.scoreline/damaged/`, and never deleted.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scoreline.audit.verifying import Damaged, damaged_files
from scoreline.core.contracts import reading_digest
from scoreline.core.errors import ScorelineError, WarehouseError
from scoreline.core.model import Stream
from scoreline.core.records import Batch, StoredFile
from scoreline.quality.checks import checks_for
from scoreline.steps.backup_manifest import opened
from scoreline.steps.clocks import plan_at
from scoreline.steps.ingest import read_rows
from scoreline.steps.ports import SourceFailure
from scoreline.steps.project import Project
from scoreline.steps.rebuilding import make_warehouse_again
from scoreline.warehouse.files import sha256_of


@dataclass(frozen=True, slots=True)
class Mended:
    """A stored file that is whole again, and where its bytes came from."""

    damaged: Damaged
    source: str


@dataclass(slots=True)
class Repair:
    """What a repair did.

    `left` could not be mended. `store` are findings in the control store, which nothing
    here can mend. `warehouse` says whether the warehouse was made again.
    """

    mended: list[Mended] = field(default_factory=list)
    left: list[Damaged] = field(default_factory=list)
    store: list[str] = field(default_factory=list)
    warehouse: bool = False


def repair(project: Project, backup: Path | None) -> Repair:
    """Put damaged and lost stored files right, as far as their bytes can be found.

    Args:
        project: the open project.
        backup: a backup of it, a folder or an archive.

    Raises:
        UsageError: there is no backup at that place.
    """
    with project.working("repair"), ExitStack() as held:
        done = Repair(store=[str(f) for f in project.store.verify_ledger()])
        places = [held.enter_context(opened(backup))] if backup else []
        project.files.clean()
        wrong = damaged_files(project.store, project.files)
        received = {b.received for b in project.store.batches()}
        wrong.sort(key=lambda d: d.file not in received)  # others are made from these
        project.listener.begin("mending stored files", len(wrong))
        try:
            for damaged in wrong:
                source = _mend(project, damaged, places)
                if source is None:
                    done.left.append(damaged)
                else:
                    done.mended.append(Mended(damaged, source))
                project.listener.advance(damaged.file.name)
        finally:
            project.listener.end()
        done.warehouse = _warehouse(project, remake=bool(done.mended))
    return done


def _mend(project: Project, damaged: Damaged, places: list[Any]) -> str | None:
    """Find a file's bytes and put them in place; where they came from, None if nowhere."""
    with project.files.workspace() as work:
        for path, source in _candidates(project, damaged, places, work):
            if sha256_of(path)[0] == damaged.file.digest:
                _set_aside(project, damaged.file)
                project.files.put(path, damaged.file.suffix)
                return source
    return None


def _candidates(
    project: Project, damaged: Damaged, places: list[Any], work: Path
) -> Iterator[tuple[Path, str]]:
    """Copies of what may be the file, the cheapest first; each with where it came from."""
    for place in places:
        with suppress(OSError, KeyError, zipfile.BadZipFile):
            copy = work / "from-backup"
            with (place / "files" / damaged.file.name).open("rb") as found, copy.open("wb") as to:
                shutil.copyfileobj(found, to)
            yield copy, "the backup"
    for batch in project.store.batches(damaged.stream):
        if damaged.file == batch.received:
            yield from _from_source(project, batch, work)
        elif damaged.file in (batch.typed, batch.broken):
            yield from _typed_again(project, batch, work)
        elif damaged.file == batch.kept or damaged.file in _aside(project, batch):
            yield from _checked_again(project, batch, work)


def _aside(project: Project, batch: Batch) -> list[StoredFile | None]:
    return [q.file for q in project.store.quarantines(batch.stream) if q.batch == batch.id]


def _from_source(project: Project, batch: Batch, work: Path) -> Iterator[tuple[Path, str]]:
    """Read the object from its source again."""
    stream = project.plan.streams.get(batch.stream)
    if stream is None:
        return
    extractor = project.extractor(project.plan.sources[stream.source])
    with suppress(SourceFailure):
        found = extractor.discover(stream, {}, frozenset(), None)
        for item in found.new:
            if item.name == batch.object:
                extract = extractor.extract(stream, item, work)
                yield extract.raw_path, f"{stream.source}, which still has {batch.object}"


def _typed_again(project: Project, batch: Batch, work: Path) -> Iterator[tuple[Path, str]]:
    """Type the received bytes again, by the contract that the batch was read by."""
    stream = _contract(project, batch)
    if stream is None or batch.received is None or project.files.check(batch.received):
        return
    copy = work / f"received{batch.received.suffix}"
    shutil.copyfile(project.files.path(batch.received), copy)
    with suppress(SourceFailure, WarehouseError):
        extractor = project.extractor(project.plan.sources[stream.source])
        rows = read_rows(project, stream, extractor.reopen(stream, batch.object, copy), work)
        for path in filter(None, (rows.typed, rows.broken)):
            yield path, f"the bytes received ({batch.received.name})"


def _checked_again(project: Project, batch: Batch, work: Path) -> Iterator[tuple[Path, str]]:
    """Check the typed rows again: rows kept and rows set aside."""
    stream = _contract(project, batch)
    if stream is None or batch.typed is None or project.files.check(batch.typed):
        return
    with suppress(ScorelineError):
        out = work / "checked"
        out.mkdir()
        typed = project.files.path(batch.typed)
        verdict = project.validator.validate(typed, *checks_for(stream), out)
        for path in filter(None, (verdict.kept_file, verdict.quarantine_file)):
            yield path, f"the typed rows ({batch.typed.name}), checked again"


def _contract(project: Project, batch: Batch) -> Stream | None:
    """The declaration of the stream that the batch was read by, now or as recorded."""
    stream = project.plan.streams.get(batch.stream)
    if stream is not None and reading_digest(stream) == batch.contract:
        return stream
    for version in project.store.definition_versions(f"stream {batch.stream}"):
        found = plan_at(project, version.recorded_at).streams.get(batch.stream)
        if found is not None and reading_digest(found) == batch.contract:
            return found
    return None


def _set_aside(project: Project, file: StoredFile) -> None:
    """Move what is damaged out of the way."""
    there = project.paths.files / file.name
    if there.exists():
        aside = project.paths.state / "damaged" / there.name
        aside.parent.mkdir(parents=True, exist_ok=True)
        number = 1
        while aside.exists():
            number += 1
            aside = aside.with_name(f"{there.name}.{number}")
        there.rename(aside)


def _warehouse(project: Project, *, remake: bool) -> bool:
    """Make the warehouse again where files were mended or it cannot be read; whether it was."""
    if not remake:
        try:
            with project.warehouse() as warehouse:
                warehouse.prepare(project.plan.streams.values())
        except WarehouseError as error:
            project.listener.say(f"the warehouse could not be read: {error}")
        else:
            return False
    try:
        make_warehouse_again(project)
    except WarehouseError as error:
        project.trouble(f"the warehouse could not be made again: {error}")
        return False
    return True
