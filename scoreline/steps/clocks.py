"""Two clocks: a project as its data were known at one time, by the definitions of another.

What belongs here: making such a project, which answers every question that only reads. What
does not: the questions themselves (status, explaining), the store at a moment (store.then).

- **as of** is the day that a score is about.
- **known at** rolls back what had been recorded: batches, decisions, check-ins, values.
- **definitions at** chooses the definitions that were in force at a time.

A series that was ever computed from the same inputs is taken from the record. Where the two
times meet in a way that was never run, it is computed from the stored files, in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scoreline.core.contracts import reading_digest
from scoreline.core.digests import digest_of
from scoreline.core.errors import UsageError
from scoreline.core.model import Plan
from scoreline.core.records import StreamVersion
from scoreline.definitions.recorded import plan_from
from scoreline.measures.derived import request_ids
from scoreline.measures.requests import SeriesRequest, asked_of, streams_read
from scoreline.steps.measuring import Due, Measured, fill, find_due, usable_plan
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions
from scoreline.store.then import StoreThen
from scoreline.warehouse.replaying import Replay


@dataclass(frozen=True, slots=True)
class Clocks:
    """What was asked for, as written; None where now is meant.

    `known_at`, `definitions_at` are a day (its end, in the organisation's time zone), an
    instant of ISO 8601, or, for definitions, the digest of one: 8 digits or more.
    """

    known_at: str | None = None
    definitions_at: str | None = None

    @property
    def moved(self) -> bool:
        """Whether anything else than now is asked for."""
        return self.known_at is not None or self.definitions_at is not None


def project_then(
    project: Project,
    clocks: Clocks,
    day: date | None = None,
    of: str | None = None,
    *,
    only: bool = False,
) -> Project:
    """A project that knows what the clocks say; it shares what is open with the given one.

    Args:
        project: the open project.
        clocks: which times.
        day: the as-of day that will be asked about; what `evaluate` says then if None.
        of: a key result whose recorded definition a digest may name.
        only: nothing else than that key result will be asked about.

    Raises:
        UsageError: a time or digest that cannot be read, or nothing was recorded by then.
        WarehouseError: a stored file that is needed is missing or damaged.
    """
    if not clocks.moved:
        return project
    now, zone = project.now(), project.zone
    known_at = now if clocks.known_at is None else moment_of(clocks.known_at, zone)
    defined = _definitions_at(project, clocks.definitions_at, of) or known_at
    plan = plan_at(project, min(defined, now))
    store = StoreThen.of(project.store, min(known_at, now))
    then = replace(project, plan=plan, store=store, clock=lambda: min(known_at, now))
    wanted = _series_of(plan, of) if only and of else None
    measured = measured_then(then, store, day or then.default_day(), wanted)
    store.measured = measured.values
    return replace(then, plan=measured.plan, failed=measured.errors)


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """An instant of ISO 8601, in the organisation's zone if it names none; a day is its end.

    Raises:
        UsageError: it is neither.
    """
    try:
        if len(text) == 10:
            after = date.fromisoformat(text) + timedelta(days=1)
            return datetime.combine(after, time(), zone) - timedelta(microseconds=1)
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no time: write a day (2026-11-22, its end is meant) or an instant "
            "(2026-11-22T06:00, 2026-11-22T06:00:00Z)"
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def _definitions_at(project: Project, text: str | None, of: str | None) -> datetime | None:
    if text is None:
        return None
    is_digest = 8 <= len(text) <= 64 and set(text.lower()) <= set("0123456789abcdef")
    if not is_digest:
        return moment_of(text, project.zone)
    return _first_in_force(project, text.lower(), of)


def _first_in_force(project: Project, digest: str, of: str | None) -> datetime:
    """When the definition of that digest was first in force."""
    store = project.store
    for stored in store.score_history(of) if of else ():
        if str(stored.body.get("definition", "")).startswith(digest):
            return stored.recorded_at
    for name in store.definition_digests():
        for version in store.definition_versions(name):
            if version.version.digest.startswith(digest) or version.digest.startswith(digest):
                return version.recorded_at
    raise UsageError(
        f"no definition {digest!r} was ever recorded"
        + (f" for {of}" if of else "; `scoreline explain KEY_RESULT` finds that of a score")
    )


def plan_at(project: Project, at: datetime) -> Plan:
    """The definitions that were in force at a moment.

    Raises:
        UsageError: nothing was recorded by then.
    """
    bodies = project.store.current_definitions(known_at=at)
    if "organisation" not in bodies:
        first = project.store.definition_versions("organisation")
        begin = (
            f"the record begins at {first[0].recorded_at:%Y-%m-%dT%H:%M:%SZ}"
            if first
            else ("nothing is recorded yet: `scoreline run` begins")
        )
        raise UsageError(f"no definitions were recorded by {at:%Y-%m-%dT%H:%M:%SZ}: {begin}")
    return plan_from({name: (v.kind, v.body) for name, v in bodies.items()})


def _series_of(plan: Plan, name: str) -> set[str]:
    """The requests that one key result needs; none where the plan lacks it."""
    kr, cycle = plan.key_results.get(name), name.split("/", 1)[0]
    asked = asked_of(kr) if kr else []
    known = [(m, f) for m, f in asked if m in plan.metrics]
    return {r for m, f in known for r in request_ids(plan, m, f, cycle)}


def measured_then(
    project: Project, store: StoreThen, day: date, wanted: set[str] | None = None
) -> Measured:
    """Every series that the plan needs on what was known: recorded, or computed in memory."""
    definitions = Definitions(project.plan)
    due = find_due(project, project.plan, day, definitions.digests, wanted)
    inputs = {request: digest_of(body) for request, body in due.inputs.items()}
    known = store.values_of({r: d for r, d in inputs.items() if r not in due.standing})
    measured = Measured(project.plan, definitions)
    measured.values.update(store.values(due.standing))
    measured.values.update(known)
    left = [r for r in due.requests if r.id not in known]
    if left:
        _compute(project, measured, Due(requests=left, inputs=due.inputs))
    return measured


def _compute(project: Project, measured: Measured, due: Due) -> None:
    """Compute series from the stored files, in a warehouse in memory."""
    plan = project.plan
    streams = dict.fromkeys(s for r in due.requests for s in streams_read(plan, r.metric))
    with Replay(project.files, plan.organisation.timezone) as replay:
        replay.warehouse.prepare(plan.streams.values())
        unreadable = _load(project, replay, streams)
        usable, columns, errors = usable_plan(plan, replay.warehouse)
        measured.plan = usable
        measured.definitions = Definitions(usable)
        measured.errors.update(errors)
        requests = _readable(usable, due.requests, unreadable, measured.errors)
        fill(
            project, replay.warehouse, measured, columns, Due(requests=requests, inputs=due.inputs)
        )


def _load(project: Project, replay: Replay, streams: Iterable[str]) -> dict[str, str]:
    """Load streams as they were; those that cannot be read by the plan's contract, and why."""
    states = project.store.stream_states()
    versions = project.store.streams_then({s: states[s].digest for s in streams})
    unreadable = {}
    for name in streams:
        words = _unreadable(project.plan, versions.get(name), name)
        if words is None:
            replay.load(project.plan.streams[name], versions[name].parts)
        else:
            unreadable[name] = words
    return unreadable


def _unreadable(plan: Plan, version: StreamVersion | None, name: str) -> str | None:
    """Why a stream's stored rows cannot be used by the plan's contract; None if they can."""
    if version is None:
        return f"{name} has no version in the record that could be loaded again"
    contract = reading_digest(plan.streams[name])
    other = next((p.batch for p in version.parts if p.batch.contract != contract), None)
    if other is None:
        return None
    return (
        f"the contract of {name} changed between the two times: batch {other.id} ({other.object}) "
        "was read by the other one; name times with one contract"
    )


def _readable(
    plan: Plan,
    requests: Iterable[SeriesRequest],
    unreadable: dict[str, str],
    errors: dict[str, str],
) -> list[SeriesRequest]:
    """Requests whose metric and streams can be used; errors for those whose streams cannot."""
    found = []
    for request in requests:
        if request.metric not in plan.metrics:
            continue
        words = [unreadable[s] for s in streams_read(plan, request.metric) if s in unreadable]
        if words:
            errors[request.metric] = words[0]
        else:
            found.append(request)
    return found
