"""What has reached the age up to which it is kept, and what stays in spite of it.

What belongs here: from the declared ages to the batches and series that go, each with its
rule, and to what stays, each with its reason. What does not: removing (removing), printing.

Ages count from the day on which a batch was received, for series from their last day. A
batch goes as a whole: its rows are part of the stream no more. It stays

- while it waits for a decision, or its rows set aside could still be released;
- while it is the newest snapshot of a `replace` stream;
- where a file that stays holds a version of a row that lost against the batch's;
- where a key result of a cycle that is not over needs rows of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial

from scoreline.core.errors import WarehouseError
from scoreline.core.model import KeyResult, Plan, Stream
from scoreline.core.periods import shift
from scoreline.core.records import Batch, Quarantine
from scoreline.core.retention import FOREVER, Age, Retention
from scoreline.core.series import Series
from scoreline.measures.kept import retention_of
from scoreline.measures.reach import Need, needs
from scoreline.steps.loading import due_batches, files_for, load_stream
from scoreline.steps.project import Project
from scoreline.steps.removing import Change, files_of, remove, superseded_files
from scoreline.warehouse.aging import Leaving, leaving
from scoreline.warehouse.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Going:
    """A batch that loses its bytes, or its bytes and rows, by a rule."""

    change: Change
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Staying:
    """What is old enough and stays: the stream, how many batches, and why."""

    stream: str
    batches: int
    why: str


@dataclass(slots=True)
class Expiry:
    """What has reached its age: batches, series by rule (digests of records), what stays."""

    going: list[Going] = field(default_factory=list)
    series: dict[str, list[str]] = field(default_factory=dict)
    staying: list[Staying] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """The size of the files that go."""
        return sum(f.size for g in self.going for f in g.change.dropped)

    def __bool__(self) -> bool:
        return bool(self.going or self.series)


def is_declared(plan: Plan) -> bool:
    """Whether an age is declared for anything."""
    return plan.organisation.retention is not None or any(
        s.retention is not None for s in plan.streams.values()
    )


def find_expired(project: Project, warehouse: Warehouse) -> Expiry:
    """What has reached its age; the tables of the streams must be in step."""
    found = Expiry()
    today = project.now().astimezone(project.zone).date()
    wanted = needs(project.plan, open_key_results(project, today), project.store.baselines())
    for stream in project.plan.streams.values():
        rules = retention_of(project.plan, stream.full_name)
        _batches(project, warehouse, stream, rules, today, wanted, found)
    _series(project, today, found)
    return found


def expire(project: Project, warehouse: Warehouse, found: Expiry, run: str | None) -> None:
    """Remove what was found, and bring the streams' tables to what is left."""
    rules: dict[str, list[Change]] = {}
    for going in found.going:
        rules.setdefault(going.why, []).append(going.change)
    for why, changes in rules.items():
        remove(project, changes, "expired", why, run=run)
    for why, values in found.series.items():
        project.store.expire_series(why, values, project.now())
    for name in dict.fromkeys(g.change.batch.stream for g in found.going if g.what == "rows"):
        try:
            load_stream(project, warehouse, project.plan.streams[name])
        except WarehouseError as error:  # noted: what is computed from it is held
            project.trouble(f"{name} could not be loaded: {error}")


def open_key_results(project: Project, today: date) -> list[KeyResult]:
    """Those of cycles that go on, or that are neither closed nor scored up to their last day."""
    cycles = project.plan.organisation.cycles
    scored, closed = project.store.newest_scores(), project.store.closings()
    found = []
    for kr in project.plan.key_results.values():
        if kr.id.split("/", 1)[0] in closed:
            continue
        last = str(scored.get(kr.id, {}).get("as_of", ""))
        over = cycles[kr.id.split("/", 1)[0]].end < today
        if not over or last < kr.due.isoformat():
            found.append(kr)
    return found


# --- batches -----------------------------------------------------------------------------


def _batches(
    project: Project,
    warehouse: Warehouse,
    stream: Stream,
    rules: Retention,
    today: date,
    wanted: Sequence[Need],
    found: Expiry,
) -> None:
    name = stream.full_name
    raw, rows = _cutoff(rules.of("raw"), today), _cutoff(rules.of("rows"), today)
    if raw is None and rows is None:
        return
    batches = project.store.batches(name)
    aside: dict[str, list[Quarantine]] = {}
    for q in project.store.quarantines(name):
        aside.setdefault(q.batch, []).append(q)
    is_before = partial(_is_before, project)
    old = [b for b in batches if is_before(b.received_at, rows) and not b.expired]
    going, losses = _choose(project, warehouse, stream, batches, old, aside, wanted, found)
    former = superseded_files(project, name, {b.id: b for b in going}) if going else {}
    for batch in going:
        change = _without_rows(batch, aside.get(batch.id, []), losses.get(batch.seq))
        change = replace(change, dropped=change.dropped | former.get(batch.id, set()))
        found.going.append(Going(change, "rows", f"retention of {name}: rows {rules.of('rows')}"))
    gone = {b.id for b in going}
    for batch in batches:
        done = batch.state in ("loaded", "rejected") and batch.id not in gone
        if done and batch.received and is_before(batch.received_at, raw):
            why = f"retention of {name}: raw {rules.of('raw')}"
            found.going.append(Going(_without_bytes(batch, aside), "raw", why))


def _cutoff(age: Age, today: date) -> date | None:
    """What was received before that day has reached the age."""
    return None if age.amount is None else shift(today, -age.amount, age.unit)


def _is_before(project: Project, moment: datetime, day: date | None) -> bool:
    return day is not None and moment.astimezone(project.zone).date() < day


def _choose(
    project: Project,
    warehouse: Warehouse,
    stream: Stream,
    batches: list[Batch],
    old: list[Batch],
    aside: Mapping[str, list[Quarantine]],
    wanted: Sequence[Need],
    found: Expiry,
) -> tuple[list[Batch], dict[int, Leaving]]:
    """Of the batches that are old enough those whose rows go, and what the stream loses."""
    due, _ = due_batches(batches)
    name, staying = stream.full_name, found.staying

    def stay(which: Iterable[Batch], why: str) -> None:
        ids = {b.id for b in which}
        if ids:
            staying.append(Staying(name, len(ids), why))
            old[:] = [b for b in old if b.id not in ids]

    stay([b for b in old if b.state not in ("loaded", "rejected")], "not decided on, or not loaded")
    open_ = {b.id for b in old if any(_may_return(q) for q in aside.get(b.id, ()))}
    stay([b for b in old if b.id in open_], "rows set aside wait for a decision")
    if stream.load == "replace":
        stay([b for b in old if due and b.id == due[-1].id], "the newest snapshot is the stream")
    elif stream.history:
        loaded = [b for b in old if b.state == "loaded"]
        stay(loaded, "history: true: later versions of its rows build on it")
    losses: dict[int, Leaving] = {}
    while loaded := [b for b in old if b.state == "loaded"]:
        ids = {b.id for b in loaded}
        files = files_for(project, stream, [b for b in due if b.id not in ids])
        seqs = [b.seq for b in loaded]
        losses = {loss.seq: loss for loss in leaving(warehouse.connection, stream, seqs, files)}
        before = len(old)
        for why, which in _kept_back(loaded, losses, [n for n in wanted if n.stream == name]):
            stay(which, why)
        if len(old) == before:
            break
    return old, losses


def _may_return(rows: Quarantine) -> bool:
    return rows.state == "held" and rows.releasable


def _kept_back(
    batches: list[Batch], losses: Mapping[int, Leaving], wanted: Sequence[Need]
) -> list[tuple[str, list[Batch]]]:
    """Batches that stay, by reason."""
    reasons: dict[str, list[Batch]] = {}
    for batch in batches:
        lost = losses.get(batch.seq)
        if lost is None:
            continue
        if lost.clashes:
            why = "a file that stays has an older version of rows of it, which would count again"
            reasons.setdefault(why, []).append(batch)
            continue
        need = next((n for n in wanted if _is_needed(n, lost)), None)
        if need is not None:
            since = f"rows since {need.first}" if need.first else "every row"
            why = f"{need.key_result} needs {since}, and its cycle is not over"
            reasons.setdefault(why, []).append(batch)
    return list(reasons.items())


def _is_needed(need: Need, lost: Leaving) -> bool:
    if not lost.rows:
        return False
    if need.first is None or need.column is None:
        return True
    newest = lost.until.get(need.column)
    return newest is not None and newest >= need.first


def _without_rows(batch: Batch, aside: list[Quarantine], lost: Leaving | None) -> Change:
    gone = {**batch.gone, "rows": "expired", "change": batch.gone.get("change", 0) + 1}
    if batch.received is not None:
        gone["received"] = "expired"
    if lost is not None and lost.rows:
        gone["left"] = lost.rows
        gone["until"] = {name: day.isoformat() for name, day in lost.until.items()}
    after = replace(batch, received=None, typed=None, broken=None, kept=None, gone=gone)
    left = tuple(replace(q, file=None) for q in aside)
    dropped = frozenset(files_of(batch, aside))
    return Change(after, left, dropped, batch.rows_typed + batch.rows_broken)


def _without_bytes(batch: Batch, aside: Mapping[str, list[Quarantine]]) -> Change:
    after = replace(batch, received=None, gone={**batch.gone, "received": "expired"})
    return Change(
        after,
        tuple(aside.get(batch.id, ())),
        frozenset({batch.received} if batch.received else ()),
    )


# --- series ------------------------------------------------------------------------------


def _series(project: Project, today: date, found: Expiry) -> None:
    """Series whose last day has reached the age of every stream that they rest on."""
    plan, cycles = project.plan, project.plan.organisation.cycles
    ages = [retention_of(plan, s).of("series") for s in (*plan.streams, "")]
    if all(age.amount is None for age in ages):
        return
    running = {kr.id.split("/", 1)[0] for kr in open_key_results(project, today)}
    for entry in project.store.old_series():
        streams = entry.inputs.get("streams", {})
        longest = _longest([retention_of(plan, s).of("series") for s in streams])
        limit = _cutoff(longest, today)
        if limit is None or entry.cycle in running:
            continue
        cycle = cycles.get(entry.cycle or "")
        if cycle is not None and cycle.end >= limit:
            continue
        last = Series.parse(entry.text).last
        if last is not None and last < limit and not _is_running(plan, running, last):
            found.series.setdefault(f"retention: series {longest}", []).append(entry.digest)


def _longest(ages: list[Age]) -> Age:
    """The age that keeps longest; for ever without any."""
    found = ages[0] if ages else FOREVER
    for age in ages:
        found = age if age.is_longer(found) else found
    return found


def _is_running(plan: Plan, running: set[str], last: date) -> bool:
    """Whether a series that ends on that day may be one of a cycle that goes on."""
    cycles = plan.organisation.cycles
    return any(cycles[name].end <= last for name in running)
