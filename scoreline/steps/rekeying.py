"""Another key for pseudonyms: every stored one is put through it, without the values.

What belongs here: which files hold pseudonyms, and writing them again. What does not: the
chain of keys (warehouse.personal), keeping keys (wiring), deleting files (removing).

All streams change in one record: pseudonyms of the same person are equal in all of them
before it and after it. No value changes with it, so nothing is measured again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from scoreline.core.errors import UsageError
from scoreline.core.model import Aggregate, Plan, Ratio, Stream
from scoreline.core.records import Batch, Quarantine, StoredFile
from scoreline.definitions.canonical import relation_closure
from scoreline.steps.project import Project
from scoreline.steps.protecting import active_keys, has_pseudonyms, note_keys
from scoreline.steps.rebuilding import make_warehouse_again
from scoreline.steps.removing import Change, files_of, remove, superseded_files, sweep
from scoreline.warehouse.personal import key_id
from scoreline.warehouse.rewriting import Rewriter

_PSEUDONYM = re.compile(r"\b[0-9a-f]{64}\b")


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a change of the key did: the ids of the keys now, streams, batches."""

    keys: tuple[str, ...]
    streams: tuple[str, ...]
    batches: int


def rotate_pseudonyms(project: Project, reason: str, who: str) -> Rotation:
    """Have one more key in the chain, and every stored pseudonym put through it.

    Raises:
        UsageError: the definitions name pseudonyms, or there is no further key to take.
        WarehouseError: the disk refuses; nothing was changed.
    """
    _refuse_named(project.plan)
    with project.working("keys pseudonym rotate"):
        project.files.clean()
        sweep(project)
        used = active_keys(project)
        note_keys(project, used)
        keys = project.keyring.further(len(used))
        ids = tuple(key_id(key) for key in keys)
        streams = [s for s in project.plan.streams.values() if has_pseudonyms(s)]
        changes = [c for s in streams for c in _changes(project, s, keys[-1], ids)]
        remove(project, changes, "rekeyed", reason, pseudonyms=(ids, reason, who))
        for stream in streams:
            _forget_seen_values(project, stream)
        make_warehouse_again(project)
    return Rotation(ids, tuple(s.full_name for s in streams), len(changes))


def _refuse_named(plan: Plan) -> None:
    """Raise UsageError where the definitions name a pseudonym: it would mean nobody."""
    for place, text in _texts(plan):
        if _PSEUDONYM.search(text):
            raise UsageError(
                f"{place} names a pseudonym: with another key it would mean nobody; name people "
                "by a column that is kept, then change the key"
            )


def _texts(plan: Plan) -> Iterator[tuple[str, str]]:
    for kr in plan.key_results.values():
        for _, values in kr.filter:
            yield from ((kr.id, value) for value in values)
    for model in plan.models.values():
        yield f"model {model.name}", model.sql
    for metric in plan.metrics.values():
        measure = metric.measure
        if isinstance(measure, Ratio):
            parts = [measure.where, measure.numerator.where, measure.denominator.where]
        else:
            parts = [measure.where] if isinstance(measure, Aggregate) else []
        yield from ((f"metric {metric.name}", where) for where in parts if where)


def _columns(stream: Stream) -> list[str]:
    return [c.name for c in stream.columns if c.personal == "pseudonym"]


def _changes(
    project: Project, stream: Stream, key: bytes, ids: tuple[str, ...]
) -> Iterator[Change]:
    """Every batch of a stream with its files written again."""
    batches = {b.id: b for b in project.store.batches(stream.full_name)}
    former = superseded_files(project, stream.full_name, batches)
    aside: dict[str, list[Quarantine]] = {}
    for rows in project.store.quarantines(stream.full_name):
        aside.setdefault(rows.batch, []).append(rows)
    temp = project.paths.temp
    temp.mkdir(parents=True, exist_ok=True)
    zone = project.plan.organisation.timezone
    with Rewriter(zone, temp) as rewriter, project.files.workspace() as work:
        for name, batch in batches.items():
            made = _Rekeyed(project, rewriter, _columns(stream), key, work)
            change = made.change(batch, aside.get(name, []), ids)
            old = {f for f in former[name] if f.suffix == ".parquet"}
            yield replace(change, dropped=change.dropped | old)


class _Rekeyed:
    """The files of one batch, each written again once."""

    def __init__(
        self, project: Project, rewriter: Rewriter, columns: list[str], key: bytes, work: Path
    ) -> None:
        self._project, self._rewriter, self._work = project, rewriter, work
        self._columns, self._key = columns, key
        self._known: dict[StoredFile, StoredFile] = {}

    def change(self, batch: Batch, aside: list[Quarantine], ids: tuple[str, ...]) -> Change:
        """The batch with new files."""
        after = replace(
            batch,
            typed=self._again(batch.typed),
            broken=self._again(batch.broken),
            kept=self._again(batch.kept),
            receipt={**batch.receipt, "pseudonym_keys": list(ids)},
            gone={**batch.gone, "change": batch.gone.get("change", 0) + 1},
        )
        left = tuple(replace(rows, file=self._again(rows.file)) for rows in aside)
        return Change(after, left, frozenset(files_of(batch, aside) - files_of(after, left)))

    def _again(self, file: StoredFile | None) -> StoredFile | None:
        if file is None:
            return None
        if file not in self._known:
            target = self._work / f"{file.digest}.parquet"
            path = self._project.files.path(file)
            self._rewriter.rekeyed(path, self._columns, self._key, target)
            self._known[file] = self._project.files.put(target, ".parquet")
        return self._known[file]


def _forget_seen_values(project: Project, stream: Stream) -> None:
    """Take the former pseudonyms out of the values that dimensions were seen with."""
    plan, name = project.plan, stream.full_name
    reading = [m for m in plan.models if name in relation_closure(plan, [m])]
    for column in _columns(stream):
        project.store.drop_dimension_values([name, *reading], column=column)
