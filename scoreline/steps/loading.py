"""Load: batches that passed join their streams, in the order of reception.

What belongs here: which batches make up a stream now, and bringing its table there from
whatever state it is in. What does not: how rows are joined (warehouse).

A stream is made of its passed and loaded batches up to the first one that is blocked or
not yet validated. Where its table holds anything else (it was lost, a decision changed an
earlier batch, quarantined rows were released), the stream is made again from the files.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

from scoreline.core import faults
from scoreline.core.contracts import joining_digest, reading_digest
from scoreline.core.digests import digest_of
from scoreline.core.errors import WarehouseError
from scoreline.core.model import Stream
from scoreline.core.records import Batch, Part, Quarantine, StreamState
from scoreline.steps.gate import quarantine_id
from scoreline.steps.project import Project
from scoreline.warehouse.keys import Loaded
from scoreline.warehouse.warehouse import Warehouse, rows_in


@dataclass(slots=True)
class Load:
    """What loading a stream did: each newly loaded batch with its row counts."""

    stream: str
    batches: list[tuple[str, Loaded]] = field(default_factory=list)
    remade: bool = False
    waiting: int = 0


def load_stream(project: Project, warehouse: Warehouse, stream: Stream) -> Load:
    """Bring a stream's table to what its batches say; loads only what is missing.

    That it could not be done is noted, and holds what is computed from the stream, until
    it can.

    Raises:
        WarehouseError: a stored file is missing, DuckDB cannot load it, or a batch is not
            read or checked by the stream's contract yet.
    """
    try:
        report = _bring(project, warehouse, stream)
    except WarehouseError as error:
        project.store.note_load_failure(stream.full_name, str(error), project.now())
        raise
    project.store.note_load_failure(stream.full_name, None, project.now())
    return report


def _bring(project: Project, warehouse: Warehouse, stream: Stream) -> Load:
    name = stream.full_name
    batches = project.store.batches(name)
    due, waiting = due_batches(batches)
    _refuse_unready(project, stream, batches, due)
    released = _released(project, stream)
    wanted = [token(batch, released) for batch in due]
    report, have = Load(name, waiting=waiting), warehouse.loaded(name)
    if have != wanted[: len(have)] or not _in_place(project, warehouse, due):
        warehouse.reset(stream)
        have, report.remade = [], True
    missing = due[len(have) :]
    if missing:
        project.listener.begin(f"loading {name}", len(missing))
        try:
            for batch in missing:
                done = _load(project, warehouse, stream, batch, released)
                report.batches.append((batch.id, done))
                project.listener.advance(batch.object)
        finally:
            project.listener.end()
    _mark(project, warehouse, stream, due, released)
    return report


def _refuse_unready(
    project: Project, stream: Stream, batches: list[Batch], due: list[Batch]
) -> None:
    """Refuse a stream of which a part is not yet what the present contract makes of it.

    Rows that another contract read lack what this one adds, and a batch that is read again
    but not checked would leave its stream without it: both give numbers that look whole.
    """
    contract = reading_digest(stream)
    words = "; `scoreline run` does it"
    other = next((b for b in due if b.contract != contract and b.received), None)
    if other is not None:
        raise WarehouseError(
            f"batch {other.id} ({other.object}) is not read by the present contract yet{words}"
        )
    state = project.store.stream_state(stream.full_name)
    was_in = set(state.batches) if state else set()
    left = next((b for b in batches if b.state == "landed" and b.id in was_in), None)
    if left is not None:
        raise WarehouseError(
            f"batch {left.id} ({left.object}) was read again and is not checked yet{words}"
        )


def stands(project: Project, stream: Stream) -> bool:
    """Whether the record says of a stream what its contract and its batches make of it."""
    state = project.store.stream_state(stream.full_name)
    due, _ = due_batches(project.store.batches(stream.full_name))
    if state is None:
        return not due
    return state.digest == stream_digest(stream, due, _released(project, stream))


def tokens(project: Project, stream: Stream) -> list[str]:
    """What the stream's table holds if it is in step: a token for each of its batches."""
    due, _ = due_batches(project.store.batches(stream.full_name))
    released = _released(project, stream)
    return [token(batch, released) for batch in due]


def parts_due(project: Project, stream: Stream) -> list[Part]:
    """What the stream consists of now, for loading it elsewhere: in the order of loading."""
    due, _ = due_batches(project.store.batches(stream.full_name))
    released = _released(project, stream)
    return [Part(batch, tuple(q for q in released if q.batch == batch.id)) for batch in due]


def _released(project: Project, stream: Stream) -> list[Quarantine]:
    aside = project.store.quarantines(stream.full_name)
    return [q for q in aside if q.state == "released"]


def files_for(project: Project, stream: Stream, batches: list[Batch]) -> list[Path]:
    """The stored files with the rows of batches."""
    released = _released(project, stream)
    return [path for batch in batches for path in _files(project, batch, released)]


def _files(project: Project, batch: Batch, released: list[Quarantine]) -> list[Path]:
    """The stored files with a batch's rows, those released later among them."""
    files = [batch.rows_file] if batch.rows_file else []
    files += [q.file for q in released if q.batch == batch.id and q.file]
    find = project.files.proved if batch.state == "loaded" else project.files.path
    return [find(f) for f in files]


def _in_place(project: Project, warehouse: Warehouse, due: list[Batch]) -> bool:
    """Whether the files that the table reads where they lie are those of its batches.

    They are not where the project was moved, or a batch got another file.
    """
    read = warehouse.in_place(due[0].stream) if due else []
    if not read:
        return True
    return set(read) <= {project.files.path(b.rows_file) for b in due if b.rows_file}


def damaged_files(project: Project, warehouse: Warehouse, stream: str) -> str | None:
    """What is wrong with a file that the stream's rows are read from where it lies.

    DuckDB would read a changed byte as another value without a word, so the files are
    hashed before something is computed from them.
    """
    read = set(warehouse.in_place(stream))
    if not read:
        return None
    due, _ = due_batches(project.store.batches(stream))
    files = [b.rows_file for b in due if b.rows_file]
    found = (project.files.check(f) for f in files if project.files.path(f) in read)
    return next((problem for problem in found if problem), None)


def due_batches(batches: list[Batch]) -> tuple[list[Batch], int]:
    """The batches that make up a stream, and how many wait behind a blocked one.

    Batches whose rows reached their age are no part of it any more.
    """
    standing = [b for b in batches if b.state != "rejected" and not b.expired]
    held = next((n for n, b in enumerate(standing) if b.state in ("blocked", "landed")), None)
    if held is None:
        return standing, 0
    return standing[:held], len(standing) - held - 1


def token(batch: Batch, released: list[Quarantine]) -> str:
    """What names a loaded batch with the released rows that belong to it."""
    more = sorted(q.id for q in released if q.batch == batch.id)
    change = batch.gone.get("change")
    return "+".join([batch.id, batch.contract[:8], *more]) + (f"~{change}" if change else "")


def _load(
    project: Project,
    warehouse: Warehouse,
    stream: Stream,
    batch: Batch,
    released: list[Quarantine],
) -> Loaded:
    files = _files(project, batch, released)
    with project.files.workspace() as work:
        refused = work / "refused.parquet"
        faults.reach("load.begun")
        done = warehouse.load(
            stream,
            batch,
            token(batch, released),
            files,
            refused,
            lambda counts: project.store.record_load(
                batch.id, asdict(counts), _refused(project, batch, refused), project.now()
            ),
        )
        faults.reach("load.committed")
    return done


def _refused(project: Project, batch: Batch, path: Path) -> Quarantine | None:
    """The rows that `append` refused: known keys with other contents."""
    if not path.exists():
        return None
    rows = rows_in(path)
    return Quarantine(
        id=quarantine_id(batch.id, "append"),
        batch=batch.id,
        stream=batch.stream,
        check="append",
        reason=f"{rows} rows have a key that is known with other contents; an append stream "
        "does not change rows (declare `load: merge` if they are corrections)",
        rows=rows,
        file=project.files.put(path, ".parquet"),
        releasable=False,
    )


def _mark(
    project: Project,
    warehouse: Warehouse,
    stream: Stream,
    due: list[Batch],
    released: list[Quarantine],
) -> None:
    """Record the stream's state and its batches as loaded, where that is news."""
    contents = stream_digest(stream, due, released)
    known = project.store.stream_state(stream.full_name)
    if known is not None and known.digest == contents and all(b.state == "loaded" for b in due):
        return
    if not due and known is None:
        return
    state = StreamState(
        stream=stream.full_name,
        digest=contents,
        rows=warehouse.rows(stream),
        batches=tuple(b.id for b in due),
        events=warehouse.event_days(stream),
        loaded_at=project.now(),
    )
    project.store.mark_loaded([b.id for b in due if b.state != "loaded"], state)
    faults.reach("load.marked")


def stream_digest(stream: Stream, due: list[Batch], released: list[Quarantine]) -> str:
    """What a stream consists of, by content: received bytes, contract, released rows.

    Neither clocks nor ids of runs enter, so that the same files give the same digest.
    """
    body = {
        "contract": joining_digest(stream),
        "batches": [
            [
                b.object,
                b.object_digest,
                b.rows_kept,
                *sorted(q.id for q in released if q.batch == b.id),
                *sorted(q.rows for q in released if q.batch == b.id and b.gone.get("rows")),
            ]
            for b in due
        ],
    }
    return digest_of(body)
