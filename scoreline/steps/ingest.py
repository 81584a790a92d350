"""Extract and land: what is new at a source becomes stored files and manifests.

What belongs here: one stream's objects, one after another. What does not: parsing
(connectors), typing (warehouse), and whether a batch may be used (gate).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scoreline.core import faults
from scoreline.core.contracts import reading_digest
from scoreline.core.errors import WarehouseError
from scoreline.core.model import Stream
from scoreline.core.records import Batch, StoredFile
from scoreline.steps.ports import Discovered, Extract, Extractor, Found, SourceFailure
from scoreline.steps.project import Project
from scoreline.steps.protecting import active_keys, has_pseudonyms, note_keys, protection
from scoreline.warehouse.files import sha256_of
from scoreline.warehouse.personal import key_id
from scoreline.warehouse.typing import TypedRows


@dataclass(slots=True)
class Landing:
    """What extracting one stream did."""

    landed: list[Batch] = field(default_factory=list)
    unchanged: int = 0
    unsettled: int = 0
    copies: int = 0


def land_stream(project: Project, extractor: Extractor, stream: Stream, run: str) -> Landing:
    """Read every new object of a stream and commit each as a batch.

    Raises:
        SourceFailure: the source cannot be listed, or an object cannot be read for now;
            what was landed before stays landed.
        WarehouseError: a file cannot be stored.
    """
    store, name = project.store, stream.full_name
    seen = store.stream_objects(name)
    found = extractor.discover(
        stream,
        {o.object: (o.digest, o.signature) for o in seen},
        store.digests(name),
        store.cursor(name),
    )
    if found.touched:
        store.refresh_signatures(name, found.touched)
    new, copies = _to_read(stream, found)
    landing = Landing(unchanged=found.unchanged, copies=copies, unsettled=found.unsettled)
    if new:
        if has_pseudonyms(stream):
            note_keys(project, active_keys(project))
        project.validator.start()
        project.listener.begin(f"reading {name}", len(new))
        try:
            for item in new:
                landing.landed.append(_land(project, extractor, stream, item, run))
                project.listener.advance(item.name)
        finally:
            project.listener.end()
    store.note_extraction(name, project.now())
    return landing


def _to_read(stream: Stream, found: Discovered) -> tuple[list[Found], int]:
    """What to read, in the order of names, and how many copies are passed over.

    A copy of something received says nothing new, except where being received last is
    what counts.
    """
    last_counts = stream.load == "replace" or (stream.load == "merge" and stream.version_by is None)
    if not last_counts:
        return list(found.new), len(found.copies)
    every = [*found.new, *(copy for copy, _ in found.copies)]
    return sorted(every, key=lambda f: f.name), 0


def _land(project: Project, extractor: Extractor, stream: Stream, found: Found, run: str) -> Batch:
    with project.files.workspace() as work:
        try:
            extract = extractor.extract(stream, found, work)
        except SourceFailure as failure:
            raw = _copied(work)
            if failure.transient or raw is None:
                raise
            return _commit_unreadable(project, stream, found.name, raw, str(failure), run)
        faults.reach("extract.copied")
        try:
            rows = read_rows(project, stream, extract, work)
        except SourceFailure as failure:
            if failure.transient:
                raise
            return _commit_unreadable(
                project, stream, extract.object, extract.raw_path, str(failure), run, extract
            )
        faults.reach("land.typed")
        return _commit(project, stream, extract, rows, run)


def _copied(work: Path) -> Path | None:
    """The copy of an object that could not be opened, where one was made."""
    return next((p for p in sorted(work.iterdir()) if p.is_file()), None)


def read_rows(project: Project, stream: Stream, extract: Extract, work: Path) -> TypedRows:
    """Type the rows of an extract by the stream's contract, in a database of its own.

    Raises:
        SourceFailure: the object is malformed; the connector's words.
        WarehouseError: DuckDB cannot write (disk full, read-only).
    """
    try:
        return project.reader.read(
            stream,
            extract.reader(),
            extract.layout,
            work,
            protection(project, stream),
            extract.ragged,
        )
    except WarehouseError as error:
        failure = extract.failure()
        if failure is not None:
            raise failure from error
        raise WarehouseError(
            f"the rows of {extract.object} cannot be written: {error}; free space or make "
            "the folder writable, then run again (nothing was lost)"
        ) from error


def _commit(project: Project, stream: Stream, extract: Extract, rows: TypedRows, run: str) -> Batch:
    store, files, name = project.store, project.files, stream.full_name
    contract = reading_digest(stream)
    typed = files.put(rows.typed, ".parquet")
    broken = files.put(rows.broken, ".parquet") if rows.broken else None
    received = _keep_received(project, stream, extract.raw_path, extract.digest, rows)
    faults.reach("land.stored")
    batch = Batch(
        id=store.batch_id(name, extract.object, extract.digest, contract),
        stream=name,
        object=extract.object,
        object_digest=extract.digest,
        signature=extract.signature,
        contract=contract,
        received_at=project.now(),
        run=run,
        state="landed",
        rows_received=rows.rows,
        rows_typed=rows.rows - rows.rows_broken - rows.rows_forgotten,
        rows_broken=rows.rows_broken,
        rows_forgotten=rows.rows_forgotten,
        receipt=_receipt(project, stream, extract, rows),
        received=received,
        typed=typed,
        broken=broken,
        reason=blocking_reason(stream, extract, rows),
        cursor=extract.cursor,
    )
    landed = store.land(batch, _superseded(project, name, extract.object))
    faults.reach("land.committed")
    return landed


def _commit_unreadable(
    project: Project,
    stream: Stream,
    name: str,
    raw: Path,
    why: str,
    run: str,
    extract: Extract | None = None,
) -> Batch:
    """A batch without rows, blocked: the stream waits until a person decides."""
    store, full = project.store, stream.full_name
    digest, size = (extract.digest, raw.stat().st_size) if extract else sha256_of(raw)
    contract = reading_digest(stream)
    batch = Batch(
        id=store.batch_id(full, name, digest, contract),
        stream=full,
        object=name,
        object_digest=digest,
        signature=extract.signature if extract else "",
        contract=contract,
        received_at=project.now(),
        run=run,
        state="blocked",
        rows_received=0,
        rows_typed=0,
        rows_broken=0,
        receipt={"object": name, "bytes": size, "sha256": digest, "failure": why},
        received=_keep_received(project, stream, raw, digest),
        reason=f"cannot be read: {why}",
    )
    return store.land(batch, _superseded(project, full, name))


def blocking_reason(stream: Stream, extract: Extract, rows: TypedRows) -> str | None:
    """Why the contract itself blocks what was received, before any check; None if not."""
    contract, reasons = stream.schema_contract, []
    if extract.missing_columns and contract.missing_column == "block":
        names = ", ".join(extract.missing_columns)
        reasons.append(
            f"missing column {names}; the file has: {_header(extract)} "
            "(mend the export, or declare the column's `header`, or `missing_column: null`)"
        )
    if extract.extra_columns and contract.new_column == "block":
        names = ", ".join(extract.extra_columns)
        reasons.append(f"undeclared column {names} (declare it, or `new_column: keep`)")
    if rows.blocking:
        reasons.append(f"a cell breaks a column with `on_error: block`: {rows.blocking}")
    return "; ".join(reasons) or None


def _header(extract: Extract) -> str:
    header: Any = extract.receipt().get("header") or ()
    return ", ".join(str(name) for name in header) or "no header"


def _receipt(project: Project, stream: Stream, extract: Extract, rows: TypedRows) -> dict[str, Any]:
    receipt = {**extract.receipt(), "control_totals": dict(rows.totals)}
    if has_pseudonyms(stream):
        receipt["pseudonym_keys"] = [key_id(key) for key in active_keys(project)]
    return receipt


def _keep_received(
    project: Project, stream: Stream, raw: Path, digest: str, rows: TypedRows | None = None
) -> StoredFile | None:
    """Store the bytes as received; with personal data to protect, only their digest stays.

    So it does with rows of people who were forgotten, or that nobody can tell from theirs:
    those of an object that cannot be read (no `rows`), and those that were not cut into cells.
    """
    unclear = rows is None or rows.rows_forgotten or rows.rows_ragged
    if any(c.personal != "keep" for c in stream.columns) or (
        unclear and project.store.forgotten(stream.full_name)
    ):
        raw.unlink()
        return None
    suffix = "".join(raw.suffixes[-2:]) if len("".join(raw.suffixes[-2:])) <= 16 else raw.suffix
    return project.files.put(raw, suffix or ".bin", digest)


def _superseded(project: Project, stream: str, name: str) -> str | None:
    """The blocked batch of the same object, which a new version of it supersedes."""
    blocked = project.store.batches(stream, ["blocked"])
    return next((b.id for b in reversed(blocked) if b.object == name), None)


def read_again(project: Project, extractor: Extractor, stream: Stream) -> None:
    """After a change of the contract, type the stored bytes again.

    Raises:
        SourceFailure: the bytes cannot be read that way.
    """
    for batch in to_read_again(project, stream):
        project.listener.say(f"{stream.full_name}: reading {batch.object} by its new contract")
        project.store.reland(retype(project, extractor, stream, batch))


def to_read_again(project: Project, stream: Stream) -> list[Batch]:
    """The batches that were read by another contract and whose bytes are kept."""
    contract = reading_digest(stream)
    return [
        batch
        for batch in project.store.batches(stream.full_name)
        if batch.contract != contract and batch.received and batch.state != "rejected"
    ]


def retype(project: Project, extractor: Extractor, stream: Stream, batch: Batch) -> Batch:
    """Read the stored bytes of a batch again under the stream's present contract.

    Returns:
        The batch with its new files and counts; not stored.

    Raises:
        SourceFailure: the bytes cannot be read that way.
    """
    if batch.received is None:
        return batch
    with project.files.workspace() as work:
        copy = work / f"received{batch.received.suffix}"
        shutil.copyfile(project.files.path(batch.received), copy)
        extract = extractor.reopen(stream, batch.object, copy)
        rows = read_rows(project, stream, extract, work)
        return replace(
            batch,
            contract=reading_digest(stream),
            typed=project.files.put(rows.typed, ".parquet"),
            broken=project.files.put(rows.broken, ".parquet") if rows.broken else None,
            rows_typed=rows.rows - rows.rows_broken - rows.rows_forgotten,
            rows_broken=rows.rows_broken,
            rows_forgotten=rows.rows_forgotten,
            reason=blocking_reason(stream, extract, rows),
        )
