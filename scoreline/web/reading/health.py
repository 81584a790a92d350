"""Health: whether what the page says can be relied on, and what waits for somebody.

What belongs here: sources, runs, blocked batches, rows set aside, mistakes in definitions.
What does not: deciding anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from scoreline.core.errors import Problem
from scoreline.core.moments import end_of_day
from scoreline.core.records import Batch, Quarantine
from scoreline.measures.requests import asked_of, streams_read
from scoreline.steps.freshness import newest_event, staleness
from scoreline.steps.project import Project
from scoreline.store.rows import RunRow
from scoreline.web.reading.frame import LOOKED_AT, Frame, failed_sources, frame_of
from scoreline.web.reading.lines import person_name

RUNS = 15
MOST = 100
"""How many lines a list has at most; the rest is counted."""


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """One stream: what came last, and what is wrong.

    `held`, `stale` and `failed` are words or None; `used_by` counts key results.
    """

    name: str
    rows: int
    newest: datetime | None
    read: datetime | None
    limit: str
    held: Batch | None
    stale: str | None
    failed: str | None
    waiting: int
    used_by: int

    @property
    def status(self) -> str:
        """The worst of it, as a status with a shape."""
        if self.failed:
            return "missed"
        if self.held:
            return "held"
        if self.stale:
            return "stale"
        return "on_track" if self.rows or self.newest else "no_data"

    @property
    def words(self) -> str:
        """That in words."""
        return {"missed": "could not be read", "on_track": "fresh"}.get(self.status, self.status)


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source and its streams; `failed` where nothing of it could be tried."""

    name: str
    owner: str
    schedule: str
    failed: str | None
    streams: Sequence[StreamHealth]


@dataclass(frozen=True, slots=True)
class Health:
    """Everything that the page of health shows."""

    frame: Frame
    sources: Sequence[SourceHealth]
    blocked: Sequence[Batch]
    aside: Sequence[Quarantine]
    aside_total: int
    runs: Sequence[RunRow]
    problems: Sequence[Problem]
    definitions_error: str | None

    @property
    def trouble(self) -> list[str]:
        """What is wrong or waits, counted, the worst first; empty if all is well."""
        streams = [s for source in self.sources for s in source.streams]
        failed = sum(s.status == "missed" for s in streams)
        failed += sum(source.failed is not None for source in self.sources)
        counted = (
            (int(self.definitions_error is not None), "the definitions cannot be used", ""),
            (failed, "could not be read", "could not be read"),
            (len(self.blocked), "batch waits for a decision", "batches wait for a decision"),
            (sum(s.status == "stale" for s in streams), "stream is stale", "streams are stale"),
            (sum(s.status == "no_data" for s in streams), "stream is empty", "streams are empty"),
            (len(self.problems), "mistake in the definitions", "mistakes in the definitions"),
            (sum(q.rows for q in self.aside), "row is set aside", "rows are set aside"),
        )
        return [
            f"{n:,} {one if n == 1 else many}" if many else one for n, one, many in counted if n
        ]

    @property
    def well(self) -> bool:
        """Whether nothing waits and nothing is wrong."""
        return not self.trouble


def health(project: Project, as_of: date | None, definitions_error: str | None = None) -> Health:
    """The health of a project as of a day, from a store that stands still."""
    store, day = project.store, as_of or project.default_day()
    runs = store.runs(LOOKED_AT)
    unloaded = {n: f"could not be loaded: {why}" for n, why in store.load_failures().items()}
    failed = failed_sources(runs) | unloaded
    aside = store.quarantines(state="held")
    blocked = store.batches(None, ["blocked"])
    states = _Streams(project, day, blocked, failed)
    return Health(
        frame=frame_of(project, day, definitions_error),
        sources=[
            SourceHealth(
                name=source.name,
                owner=person_name(project.plan, source.owner),
                schedule=source.schedule or "",
                failed=failed.get(source.name),
                streams=[states.of(s.full_name) for s in source.streams],
            )
            for source in project.plan.sources.values()
        ],
        blocked=blocked[:MOST],
        aside=aside[:MOST],
        aside_total=len(aside),
        runs=runs[:RUNS],
        problems=project.problems[:MOST],
        definitions_error=definitions_error,
    )


class _Streams:
    """What is known of every stream, read once."""

    def __init__(
        self, project: Project, day: date, blocked: Sequence[Batch], failed: Mapping[str, str]
    ) -> None:
        self.project, self.day, self.failed = project, day, failed
        self.states = project.store.stream_states()
        self.read = project.store.extractions()
        self.blocked = {b.stream: b for b in reversed(blocked)}
        self.waiting: dict[str, int] = {}
        for batch in project.store.batches(None, ["landed", "passed"]):
            self.waiting[batch.stream] = self.waiting.get(batch.stream, 0) + 1
        self.used = _used(project)

    def of(self, name: str) -> StreamHealth:
        """One stream."""
        project, state = self.project, self.states.get(name)
        stream = project.plan.streams[name]
        moment = min(project.now(), end_of_day(self.day, project.zone))
        return StreamHealth(
            name=name,
            rows=state.rows if state else 0,
            newest=newest_event(state, moment) if state else None,
            read=self.read.get(name),
            limit=str(stream.fresh_within) if stream.fresh_within else "",
            held=self.blocked.get(name),
            stale=staleness(
                project.plan, stream, state, self.read.get(name), self.day, project.now()
            ),
            failed=self.failed.get(name),
            waiting=self.waiting.get(name, 0),
            used_by=self.used.get(name, 0),
        )


def _used(project: Project) -> dict[str, int]:
    """How many key results read each stream."""
    plan = project.plan
    reads = {metric: streams_read(plan, metric) for metric in plan.metrics}
    found: dict[str, int] = {}
    for kr in plan.key_results.values():
        names = {s for m, _ in asked_of(kr) if m in reads for s in reads[m]}
        for name in names:
            found[name] = found.get(name, 0) + 1
    return found
