"""What the assets ask of the product: the one resource, `scoreline`.

What belongs here: opening the project when a run needs it, and handing over what a step
did as plain values. What does not: Dagster's own types, and any step itself. The product's
heavy parts are imported when a step begins, never when a code location loads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from scoreline.core.errors import Problem
from scoreline.core.model import Plan
from scoreline.core.records import Batch

if TYPE_CHECKING:
    from scoreline.quality.model import Validator
    from scoreline.steps.ports import Clock, Found, Listener
    from scoreline.steps.project import Project
    from scoreline.steps.reports import ScoreReport, SourceReport


@dataclass(frozen=True, slots=True)
class Ingested:
    """What ingesting a source did.

    Attributes:
        plan: the plan it was done by.
        errors: every error in the definitions.
        report: None where the definitions have no such source any more, or it is broken.
        batches: the newest batches of each stream by its full name, oldest first.
        stale: why a stream with `fresh_within` is too old on the default day; None if not.
    """

    plan: Plan
    errors: tuple[Problem, ...]
    report: SourceReport | None
    batches: Mapping[str, Sequence[Batch]] = field(default_factory=dict)
    stale: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scored:
    """What scoring one day did, by which plan, and every error in the definitions."""

    plan: Plan
    errors: tuple[Problem, ...]
    report: ScoreReport


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a source found: a line for each new object, or why it failed."""

    news: tuple[str, ...] = ()
    error: str | None = None


class Steps(Protocol):
    """The steps as the assets see them.

    Every method raises ScorelineError where the project as a whole cannot be used.
    """

    def ingest(self, source: str, streams: Collection[str], listener: Listener) -> Ingested:
        """Extract, land, validate, gate and load streams (full names) of one source."""
        ...

    def score(self, days: Iterable[date | None], listener: Listener) -> Iterator[Scored]:
        """Measure, score and record each day in order; None is the default day."""
        ...

    def look(self, sources: Collection[str]) -> Mapping[str, Look]:
        """What is new at each source, without a lock and without reading any of it."""
        ...

    def newest_day(self) -> date:
        """The newest day that can be scored: today, or a later one that is fixed."""
        ...


class ProjectSteps:
    """`Steps` on a project's folder.

    Args:
        root: the folder that holds `okr_defs/`.
        validator: what evaluates checks; the product's own if None.
        clock: the time; the machine's if None.
        keep_open: share one open project between calls; end it with `close`.
    """

    shown_batches = 20

    def __init__(
        self,
        root: Path,
        *,
        validator: Validator | None = None,
        clock: Clock | None = None,
        keep_open: bool = False,
    ) -> None:
        self._root, self._validator, self._clock = root, validator, clock
        self._keep_open = keep_open
        self._project: Project | None = None

    def ingest(self, source: str, streams: Collection[str], listener: Listener) -> Ingested:
        """See `Steps`."""
        from scoreline.steps.run import ingest_source

        with self._open(listener) as project:
            plan, errors = project.plan, project.errors
            if source not in plan.sources:
                return Ingested(plan, errors, None)
            known = [s for s in plan.sources[source].streams if s.full_name in streams]
            names = [s.full_name for s in known]
            report = ingest_source(project, source, names)
            _tell(project, {source: report})
            batches = {n: project.store.batches(n)[-self.shown_batches :] for n in names}
            return Ingested(plan, errors, report, batches, _stale(project, names))

    def score(self, days: Iterable[date | None], listener: Listener) -> Iterator[Scored]:
        """See `Steps`."""
        from scoreline.steps.run import score

        with self._open(listener) as project:
            for day in days:
                yield Scored(project.plan, project.errors, score(project, day))
            _tell(project, None)

    def look(self, sources: Collection[str]) -> Mapping[str, Look]:
        """See `Steps`."""
        with self._open(None) as project:
            return {n: _look(project, n) for n in project.plan.sources if n in sources}

    def newest_day(self) -> date:
        """See `Steps`."""
        with self._open(None) as project:
            return max(project.now().astimezone(project.zone).date(), project.default_day())

    def close(self) -> None:
        """End what `keep_open` keeps."""
        if self._project is not None:
            self._project.close()
            self._project = None

    @contextmanager
    def _open(self, listener: Listener | None) -> Iterator[Project]:
        from scoreline.steps.ports import Silence
        from scoreline.wiring import open_project, utc_now

        project = self._project or open_project(
            self._root, validator=self._validator, clock=self._clock or utc_now
        )
        project.listener = listener or Silence()
        if self._keep_open:
            self._project = project
        try:
            yield project
        finally:
            if not self._keep_open:
                project.close()


def _tell(project: Project, sources: Mapping[str, SourceReport] | None) -> None:
    """Send messages as `scoreline run` does; one that fails fails no asset: it is said."""
    from scoreline.steps.telling import tell

    told = tell(project, sources)
    for message in told.failed:
        project.listener.say(f"message {message.key} was not sent: {message.error}")
    for problem in told.problems:
        project.listener.say(f"message: {problem}")


def _stale(project: Project, streams: Iterable[str]) -> dict[str, str | None]:
    from scoreline.steps.freshness import staleness

    found = {}
    for name in streams:
        stream = project.plan.streams[name]
        state = project.store.stream_state(name)
        if stream.fresh_within is not None and state is not None:
            extracted = project.store.extracted_at(name)
            day, now = project.default_day(), project.now()
            found[name] = staleness(project.plan, stream, state, extracted, day, now)
    return found


def _look(project: Project, source: str) -> Look:
    from scoreline.steps.ports import SourceFailure

    store, news = project.store, []
    try:
        extractor = project.extractor(project.plan.sources[source])
        for stream in project.plan.sources[source].streams:
            name = stream.full_name
            seen = {o.object: (o.digest, o.signature) for o in store.stream_objects(name)}
            found = extractor.discover(stream, seen, store.digests(name), store.cursor(name))
            news += [f"{name} {item.name} {_signature(item)}" for item in found.new]
    except SourceFailure as failure:
        return Look(tuple(news), str(failure))
    return Look(tuple(news))


def _signature(found: Found) -> str:
    """What changes whenever the object does."""
    return found.signature or str(found.size)
