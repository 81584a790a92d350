"""Forgetting a person: their rows leave a stream, its files and the warehouse for good.

What belongs here: finding the rows, writing files again without them, the record. What does
not: leaving out rows that come again later (ingest), deleting files (removing).

The record names the person by a keyed hash only. What was received is not written again:
bytes that nobody sent are no evidence. Where they hold rows of the person they go, and their
digest stays, as it does for streams with pseudonyms.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from scoreline.core.errors import UsageError
from scoreline.core.model import Column, Stream
from scoreline.core.records import Batch, Quarantine, StoredFile
from scoreline.core.removals import Forgetting
from scoreline.definitions.canonical import relation_closure
from scoreline.steps.project import Project
from scoreline.steps.protecting import active_keys
from scoreline.steps.removing import Change, files_of, remove, superseded_files, sweep
from scoreline.warehouse.personal import key_id, mark_of, pseudonym_of
from scoreline.warehouse.rewriting import Person, Rewriter


@dataclass(frozen=True, slots=True)
class Request:
    """Whom to forget, where, why, and who says so."""

    stream: str
    column: str
    value: str
    reason: str
    who: str
    approver: str


@dataclass(slots=True)
class Found:
    """Where a person's rows are.

    Attributes:
        rows: by batch, how many of its stored rows are of the person.
        bytes_dropped: batches whose bytes as received go, for they hold such rows.
        unsearched: batches that could not be read, of which nobody can say.
        elsewhere: other streams that keep the same bytes.
        already: the person was forgotten before.
    """

    rows: dict[str, int] = field(default_factory=dict)
    bytes_dropped: list[str] = field(default_factory=list)
    unsearched: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    already: bool = False

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.rows.values())


def find_person(project: Project, request: Request) -> Found:
    """Where the person's rows are; changes nothing.

    Raises:
        UsageError: there is no such stream or column, or the column was never stored.
    """
    stream, column = _named(project, request)
    person = Person(column, _stored(project, column, request.value))
    found = Found(already=_is_forgotten(project, stream, request))
    with _rewriter(project) as rewriter:
        for batch in project.store.batches(stream.full_name):
            rows = sum(_count(project, rewriter, person, f) for f in (batch.typed, batch.broken))
            if rows:
                found.rows[batch.id] = rows
            if batch.received is not None:
                if batch.typed is None and batch.broken is None:
                    found.unsearched.append(batch.id)
                elif rows:
                    found.bytes_dropped.append(batch.id)
    found.elsewhere = _elsewhere(project, stream, found.bytes_dropped)
    return found


def forget(project: Project, request: Request) -> Found:
    """Erase the person's rows; the stream's table is to be made again afterwards.

    Forgetting again finishes what was cut short, and is no news otherwise.

    Raises:
        UsageError: as `find_person`; or nothing is of that person.
        WarehouseError: the disk refuses; nothing was recorded.
    """
    stream, column = _named(project, request)
    sweep(project)
    found = find_person(project, request)
    if not found.total and not found.already:
        raise UsageError(
            f"no row of {request.stream} has that value in {request.column}: nothing was "
            "recorded; check how the source writes it (upper and lower case count)"
        )
    if found.total or not found.already:
        person = Person(column, _stored(project, column, request.value))
        changes = _changes(project, stream, person, found)
        mark_key = project.keyring.marks(make=True) or b""
        value = _canonical(column, request.value)
        forgetting = Forgetting(
            stream=stream.full_name,
            column=column.name,
            mark=mark_of(value, mark_key, stream.full_name, column.name),
            key=key_id(mark_key),
            rows=found.total,
            batches=tuple(found.rows),
            reason=request.reason,
            who=request.who,
            approver=request.approver,
        )
        why = f"a person was forgotten in {stream.full_name}"
        remove(project, changes, "erased", why, forgetting=forgetting)
    _forget_seen_values(project, stream, column, request.value)
    return found


def _named(project: Project, request: Request) -> tuple[Stream, Column]:
    stream = project.plan.streams.get(request.stream)
    if stream is None:
        known = ", ".join(project.plan.streams) or "none"
        raise UsageError(f"there is no stream {request.stream!r}; the definitions have: {known}")
    column = stream.column(request.column)
    if column is None:
        names = ", ".join(c.name for c in stream.columns)
        raise UsageError(f"{request.stream} has no column {request.column!r}; it has: {names}")
    if column.personal == "drop":
        raise UsageError(
            f"{request.stream}.{request.column} is dropped before anything is written: nobody "
            "can be found by it; name a column that is kept or holds pseudonyms"
        )
    return stream, column


def _stored(project: Project, column: Column, value: str) -> str:
    """The value as it is stored."""
    if column.personal == "pseudonym":
        return pseudonym_of(value, active_keys(project))
    return value


def _canonical(column: Column, value: str) -> str:
    """The value as marks are made of it: by its type, so that 007 and 7 are one number."""
    if column.type.kind == "integer" and column.personal == "keep":
        try:
            return str(int(value))
        except ValueError:
            return value
    return value


def _is_forgotten(project: Project, stream: Stream, request: Request) -> bool:
    mark_key = project.keyring.marks()
    column = stream.column(request.column)
    if mark_key is None or column is None:
        return False
    value = _canonical(column, request.value)
    mark = mark_of(value, mark_key, stream.full_name, column.name)
    return any(f.forgetting.mark == mark for f in project.store.forgotten(stream.full_name))


def _aside(project: Project, stream: Stream) -> dict[str, list[Quarantine]]:
    found: dict[str, list[Quarantine]] = {}
    for rows in project.store.quarantines(stream.full_name):
        found.setdefault(rows.batch, []).append(rows)
    return found


def _rewriter(project: Project) -> Rewriter:
    project.paths.temp.mkdir(parents=True, exist_ok=True)
    return Rewriter(project.plan.organisation.timezone, project.paths.temp)


def _count(project: Project, rewriter: Rewriter, person: Person, file: StoredFile | None) -> int:
    """How many rows of the person a file of rows has."""
    return 0 if file is None else rewriter.rows_of(project.files.path(file), person)[1]


def _elsewhere(project: Project, stream: Stream, batches: list[str]) -> list[str]:
    """Other streams that keep the bytes which hold the person's rows."""
    if not batches:
        return []
    every = {b.id: b for b in project.store.batches()}
    used = project.store.files_in_use()
    files = [every[b].received for b in batches]
    names = {every[user].stream for f in files if f is not None for user in used.get(f, ())}
    return sorted(names - {stream.full_name})


def _changes(project: Project, stream: Stream, person: Person, found: Found) -> list[Change]:
    """What is left of the stream's batches without the person's rows."""
    aside = _aside(project, stream)
    batches = {b.id: b for b in project.store.batches(stream.full_name)}
    former = superseded_files(project, stream.full_name, batches)
    changes = []
    with _rewriter(project) as rewriter, project.files.workspace() as work:
        for name, batch in batches.items():
            old = {
                f
                for f in former[name]
                if f.suffix == ".parquet" and _holds(project, rewriter, person, f)
            }
            if name in found.rows:
                rewritten = _Rewritten(project, rewriter, person, work)
                changes.append(rewritten.change(batch, aside.get(name, []), old))
            elif old:
                changes.append(Change(batch, tuple(aside.get(name, ())), frozenset(old)))
    return changes


def _holds(project: Project, rewriter: Rewriter, person: Person, file: StoredFile) -> bool:
    return project.files.has(file) and bool(_count(project, rewriter, person, file))


class _Rewritten:
    """The files of one batch, each written again once."""

    def __init__(self, project: Project, rewriter: Rewriter, person: Person, work: Path) -> None:
        self._project, self._rewriter, self._person = project, rewriter, person
        self._work, self._known = work, dict[StoredFile, tuple[StoredFile, int]]()

    def change(self, batch: Batch, aside: list[Quarantine], former: set[StoredFile]) -> Change:
        """What is left of the batch; `former` files go with it."""
        typed, of_typed = self._without(batch.typed)
        broken, of_broken = self._without(batch.broken)
        kept, of_kept = self._without(batch.kept)
        was_checked = batch.rows_kept + batch.rows_quarantined == batch.rows_typed
        from_kept = of_kept if batch.kept else of_typed
        gone = {**batch.gone, "rows": "erased", "change": batch.gone.get("change", 0) + 1}
        if batch.received is not None:
            gone["received"] = "erased"
        after = replace(
            batch,
            received=None,
            typed=typed,
            broken=broken,
            kept=kept,
            rows_typed=batch.rows_typed - of_typed,
            rows_broken=batch.rows_broken - of_broken,
            rows_forgotten=batch.rows_forgotten + of_typed + of_broken,
            rows_kept=batch.rows_kept - (from_kept if was_checked else 0),
            rows_quarantined=batch.rows_quarantined - (of_typed - from_kept if was_checked else 0),
            gone=gone,
        )
        left = []
        for rows in aside:
            file, taken = self._without(rows.file)
            left.append(replace(rows, file=file, rows=rows.rows - taken))
        dropped = (files_of(batch, aside) | former) - files_of(after, left)
        return Change(after, tuple(left), frozenset(dropped), of_typed + of_broken)

    def _without(self, file: StoredFile | None) -> tuple[StoredFile | None, int]:
        """A file without the person's rows, and how many those were."""
        if file is None:
            return None, 0
        if file not in self._known:
            path = self._project.files.path(file)
            rows = self._rewriter.rows_of(path, self._person)[1]
            made = file
            if rows:
                target = self._work / f"{file.digest}.parquet"
                self._rewriter.without(path, self._person, target)
                made = self._project.files.put(target, ".parquet")
            self._known[file] = made, rows
        return self._known[file]


def _forget_seen_values(project: Project, stream: Stream, column: Column, value: str) -> None:
    """Take the person out of the values that dimensions were seen with."""
    plan, name = project.plan, stream.full_name
    reading = [m for m in plan.models if name in relation_closure(plan, [m])]
    for stored in {_stored(project, column, value), value}:
        project.store.drop_dimension_values([name, *reading], value=stored)
