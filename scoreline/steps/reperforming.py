"""Re-perform: every recorded value computed again from the bytes as they were received.

What belongs here: reading received bytes again by the contract of then, loading what the
streams consisted of then, computing the series again, and the cause of each difference.
What does not: scores from values (audit.rescoring), hashes (store, audit.verifying).

It works in memory and in a folder that goes away: nothing of the project is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from itertools import groupby
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from scoreline.core.contracts import reading_digest
from scoreline.core.errors import ScorelineError
from scoreline.core.model import Plan, Source, Stream
from scoreline.core.records import Batch, Part, StoredFile, StreamVersion
from scoreline.core.series import Series
from scoreline.measures.requests import requests_for
from scoreline.steps.clocks import plan_at
from scoreline.steps.ingest import read_rows
from scoreline.steps.measuring import Due, Measured, extra_days, fill, find_due, usable_plan
from scoreline.steps.ports import SourceFailure
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions
from scoreline.store.rows import StoredValue
from scoreline.store.then import StoreThen
from scoreline.warehouse.comparing import differing_rows, pick_rows, rows_not_in
from scoreline.warehouse.replaying import Replay


@dataclass(slots=True)
class Reperformance:
    """What was computed again, and what is different: (place, words with the cause).

    `batches` were read again from their bytes; of `typed_only` no bytes are kept (personal
    data, or their age), so their typed rows, whose digests are checked, were taken. `gone`
    counts the values whose rows were removed since, by cause: that is no finding.
    """

    batches: int = 0
    typed_only: int = 0
    values: int = 0
    findings: list[tuple[str, str]] = field(default_factory=list)
    gone: dict[str, int] = field(default_factory=dict)


def reperform(project: Project, since: date | None = None) -> Reperformance:
    """Compute every value recorded since a day (None: ever) again from received bytes.

    Args:
        project: the open project; nothing of it is written.
        since: the first day of recording that counts, in the organisation's time zone.
    """
    begin = None if since is None else datetime.combine(since, time(), project.zone)
    with TemporaryDirectory(prefix="scoreline-") as folder:
        return _Reperformer(project, Path(folder)).run(begin)


class _Reperformer:
    def __init__(self, project: Project, folder: Path) -> None:
        self._project, self._folder = project, folder
        self._done = Reperformance()
        self._wrong: dict[str, str] = {}
        self._removed = project.store.files_removed()
        self._batches = {b.id: b for b in project.store.batches()}
        self._aside = {q.id: q for q in project.store.quarantines()}
        self._read: set[tuple[str, str | None]] = set()
        self._versions = {
            (v.stream, v.digest): replace(v, parts=self._present(v.parts))
            for v in project.store.stream_versions()
        }
        self._runs = {run.id: run.as_of for run in project.store.runs(limit=10**9)}

    def run(self, begin: datetime | None) -> Reperformance:
        project, listener = self._project, self._project.listener
        listener.begin("computing values again from received bytes")
        replays: dict[str, Replay] = {}
        try:
            for at, recorded in self._groups(begin):
                values = [v for v in recorded if not self._is_gone(v)]
                if not values:
                    continue
                plan = plan_at(project, at)
                zone = plan.organisation.timezone
                if zone not in replays:
                    replays[zone] = Replay(project.files, zone)
                self._again(replays[zone], plan, at, values)
                listener.advance(f"{at:%Y-%m-%d %H:%M}")
        finally:
            for replay in replays.values():
                replay.close()
            listener.end()
        return self._done

    def _groups(self, begin: datetime | None) -> Iterator[tuple[datetime, list[StoredValue]]]:
        """The values of one run after the other, with the time of their block."""
        stored = self._project.store.values_in_order(begin)
        for (at, _), values in groupby(stored, key=lambda v: (v.recorded_at, v.run)):
            yield at, list(values)

    def _present(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """Parts with the files that hold the same rows under other pseudonyms, where there are."""
        return tuple(map(self._rekeyed, parts))

    def _rekeyed(self, part: Part) -> Part:
        causes = {self._removed[f] for f in part.files if f in self._removed}
        now = self._batches[part.batch.id]
        if causes != {"rekeyed"} or now.gone.get("rows"):
            return part
        return Part(now, tuple(self._aside[q.id] for q in part.released))

    def _is_gone(self, stored: StoredValue) -> bool:
        """Whether rows that a value rests on were removed since; counts it by the cause."""
        for name, digest in stored.value.inputs["streams"].items():
            version = self._versions.get((name, digest))
            for part in version.parts if version else ():
                if any(f in self._removed for f in part.files):
                    cause = str(self._batches[part.batch.id].gone.get("rows", "rekeyed"))
                    self._done.gone[cause] = self._done.gone.get(cause, 0) + 1
                    return True
        return False

    # --- one run ---------------------------------------------------------------------------

    def _again(self, replay: Replay, plan: Plan, at: datetime, values: list[StoredValue]) -> None:
        then = replace(self._project, plan=plan, store=StoreThen.of(self._project.store, at))
        day = self._runs.get(values[0].run or "") or then.default_day()
        wanted = {v.value.request: v for v in values}
        try:
            self._load(replay, plan, values)
            measured, due = self._computed(then, replay, day, wanted)
        except ScorelineError as error:
            self._done.findings.append(
                (f"values recorded {at:%Y-%m-%d %H:%M}", f"cannot be computed again: {error}")
            )
            return
        for request, stored in wanted.items():
            self._done.values += 1
            again = measured.values.get(request)
            if again is None:
                words = measured.errors.get(
                    stored.value.metric, "the definitions do not ask for it"
                )
                self._report(stored, f"is not computed again: {words}")
                continue
            changed = _other_inputs(stored.value.inputs, due.inputs[request])
            if changed:
                self._report(stored, f"does not rest on what the record says: {changed} differs")
            elif again.series != stored.value.series and stored.value.series:
                self._report(stored, self._difference(stored, again.series))

    def _computed(
        self, then: Project, replay: Replay, day: date, wanted: Mapping[str, StoredValue]
    ) -> tuple[Measured, Due]:
        plan, columns, errors = usable_plan(then.plan, replay.warehouse)
        definitions = Definitions(then.plan)
        measured = Measured(plan, definitions, errors=errors)
        found = find_due(then, plan, day, definitions.digests, set(wanted))
        requests = requests_for(plan, extra_days=extra_days(plan, day))
        every = [r for r in requests if r.id in found.inputs]
        due = Due(requests=every, inputs=found.inputs, gone=found.gone)
        fill(then, replay.warehouse, measured, columns, due)
        return measured, due

    def _load(self, replay: Replay, plan: Plan, values: list[StoredValue]) -> None:
        digests = {s: d for v in values for s, d in v.value.inputs["streams"].items()}
        for name, digest in digests.items():
            version = self._versions.get((name, digest))
            if version is None:
                raise ScorelineError(f"{name} never had the contents {digest[:12]}… in the record")
            stream = plan.streams[name]
            for part in version.parts:
                self._receive(replay, plan.sources[stream.source], stream, part)
            replay.load(stream, version.parts)
        for name, stream in plan.streams.items():  # models may name streams without rows
            if name not in digests:
                replay.load(stream, self._newest(name))

    def _newest(self, stream: str) -> tuple[Part, ...]:
        versions = [v for v in self._versions.values() if v.stream == stream]
        return max(versions, key=_record).parts if versions else ()

    # --- received bytes --------------------------------------------------------------------

    def _receive(self, replay: Replay, source: Source, stream: Stream, part: Part) -> None:
        """Read a batch's bytes again, once, and compare the rows with those stored."""
        batch = part.batch
        if batch.typed is None:
            return
        key = batch.typed.digest, batch.kept.digest if batch.kept else None
        if key in self._read:
            return
        self._read.add(key)
        if batch.received is None or batch.received in self._removed:
            self._done.typed_only += 1
            return
        self._done.batches += 1
        words = self._compared(replay, source, stream, batch)
        if words is not None:
            place = f"batch {batch.id} of {batch.stream} ({batch.object})"
            self._wrong[batch.stream] = f"batch {batch.id} ({batch.object}) {words}"
            self._done.findings.append((place, words))

    def _compared(self, replay: Replay, source: Source, stream: Stream, batch: Batch) -> str | None:
        project = self._project
        if batch.received is None or batch.typed is None:
            return None
        work = self._folder / batch.id / batch.contract[:12]
        work.mkdir(parents=True, exist_ok=True)
        copy = work / f"received{batch.received.suffix}"
        try:
            copyfile(project.files.path(batch.received), copy)
            source, stream = _as_declared(project, source, stream, batch)
            extract = project.extractor(source).reopen(stream, batch.object, copy)
            rows = read_rows(project, stream, extract, work)
            stored = project.files.path(batch.typed)
            different = differing_rows(rows.typed, stored)
            if different:
                self._instead(replay, batch, rows.typed, work)
                return f"gives other rows than were stored from it: {different:,} rows differ"
            return self._kept(batch, stored)
        except (ScorelineError, SourceFailure, OSError) as error:
            return f"cannot be read again: {error}"
        finally:
            copy.unlink(missing_ok=True)

    def _kept(self, batch: Batch, typed: Path) -> str | None:
        if batch.kept is None:
            return None
        strange = rows_not_in(self._project.files.path(batch.kept), typed)
        return f"counts {strange:,} rows that it did not receive" if strange else None

    def _instead(self, replay: Replay, batch: Batch, typed: Path, work: Path) -> None:
        """From now on, what the bytes say is loaded, not what was stored."""
        if batch.typed is not None:
            replay.instead[batch.typed.digest] = typed
        kept: StoredFile | None = batch.kept
        if kept is not None:
            target = work / "kept.parquet"
            pick_rows(typed, self._project.files.path(kept), target)
            replay.instead[kept.digest] = target

    # --- words -----------------------------------------------------------------------------

    def _report(self, stored: StoredValue, words: str) -> None:
        value = stored.value
        chosen = "; ".join(f"{k} = {', '.join(v)}" for k, v in value.filter)
        of = f"{value.metric}{value.offset or ''}{f' ({chosen})' if chosen else ''}"
        place = f"value of {of} recorded {stored.recorded_at:%Y-%m-%d %H:%M} ({stored.digest[:12]})"
        self._done.findings.append((place, words))

    def _difference(self, stored: StoredValue, again: str) -> str:
        said, found = Series.parse(stored.value.series), Series.parse(again)
        days = [d for d in found.days() if said.at(d) != found.at(d)]
        what = "its text is another"
        if days:
            old, new = (_point(s.at_text(days[0])) for s in (said, found))
            what = f"{len(days):,} days differ, first {days[0]}: recorded {old}, again {new}"
        return f"{what}; cause: {self._cause(stored)}"

    def _cause(self, stored: StoredValue) -> str:
        for stream in stored.value.inputs["streams"]:
            if stream in self._wrong:
                return self._wrong[stream]
        return "the recorded series is not what the definitions of then make of these rows"


def _record(version: StreamVersion) -> int:
    return version.record


def _as_declared(
    project: Project, source: Source, stream: Stream, batch: Batch
) -> tuple[Source, Stream]:
    """Both as the files declare them, where their contract is the batch's; else as recorded.

    A recorded declaration has the numbers of its options as text.
    """
    present = project.plan.streams.get(stream.full_name)
    if present is not None and reading_digest(present) == batch.contract:
        return project.plan.sources[stream.source], present
    return source, stream


def _other_inputs(said: Mapping[str, object], found: Mapping[str, object]) -> str:
    """The inputs that are recorded otherwise, besides the engine's version."""
    names = (said.keys() | found.keys()) - {"engine"}
    return ", ".join(sorted(n for n in names if said.get(n) != found.get(n)))


def _point(point: tuple[str, str]) -> str:
    above, below = point
    return "no value" if not above else f"{above}/{below}" if below else above
