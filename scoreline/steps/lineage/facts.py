"""What one run did, as the record says: the ground of its lineage events.

What belongs here: gathering from the control store. What does not: OpenLineage's words.

Everything is taken as it was known when the run ended, so that the events of a run are the
same whether they are made at its end or a year later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scoreline.core.digests import digest_of
from scoreline.core.model import Plan
from scoreline.core.records import Batch, CheckResult
from scoreline.definitions.recorded import is_removed
from scoreline.steps.clocks import plan_at
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions
from scoreline.store.rows import RunRow, StoredScore
from scoreline.store.then import StoreThen

_SCORING = frozenset(("run", "score", "backfill", "close"))
"""The first words of the kinds of runs that score."""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a run did with one stream.

    `read_at` is when its source was read with success; None where that failed (`error`), or
    where only batches received earlier were dealt with. `rows` were inserted
    (None: the release that ran did not note it).
    """

    batches: tuple[Batch, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    read_at: datetime | None = None
    error: str | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run did.

    `digests` are those of the streams' contents, `definitions` those of the objects in
    force, `scores` the scores in force of its day; all at the run's end. `failed` are metrics
    that could not be computed, with words.
    """

    run: RunRow
    plan: Plan
    streams: Mapping[str, StreamFacts]
    digests: Mapping[str, str]
    definitions: Mapping[str, str]
    scores: Mapping[str, StoredScore] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def scored(self) -> bool:
        """Whether the run measured and scored."""
        return self.run.as_of is not None and self.run.kind.split(" ", 1)[0] in _SCORING


def facts_of(project: Project, run: RunRow, batches: Sequence[Batch]) -> RunFacts | None:
    """What a run did; None where no definitions were recorded by its end.

    Args:
        project: the open project.
        run: a run that ended.
        batches: those that it received.
    """
    ended = run.ended_at or run.started_at
    then = StoreThen.of(project.store, ended)
    bodies = project.store.current_definitions(known_at=ended)
    definitions = {n: digest_of(v.body) for n, v in bodies.items() if not is_removed(v.body)}
    plan = _plan(project, definitions, ended)
    if plan is None:
        return None
    facts = RunFacts(
        run=run,
        plan=plan,
        streams=_streams(project, plan, run, batches),
        digests={name: s.digest for name, s in then.stream_states().items()},
        definitions=definitions,
        failed=run.summary.get("metrics", {}),
    )
    if not facts.scored or run.as_of is None:
        return facts
    return RunFacts(
        run=run,
        plan=plan,
        streams=facts.streams,
        digests=facts.digests,
        definitions=definitions,
        scores=then.latest_scores(run.as_of),
        failed=facts.failed,
    )


def _plan(project: Project, definitions: Mapping[str, str], at: datetime) -> Plan | None:
    """The plan of the files where it is the recorded one: it knows owners of sources too."""
    if not definitions or Definitions(project.plan).digests == definitions:
        return project.plan
    return plan_at(project, at) if "organisation" in definitions else None


def _streams(
    project: Project, plan: Plan, run: RunRow, batches: Iterable[Batch]
) -> dict[str, StreamFacts]:
    """The streams that the run read, tried to read, or received batches of."""
    received: dict[str, list[Batch]] = {}
    for batch in batches:
        received.setdefault(batch.stream, []).append(batch)
    read: Mapping[str, str] = run.summary.get("extracted", {})
    errors: Mapping[str, str] = run.summary.get("sources", {})
    loaded: Mapping[str, Mapping[str, int]] = run.summary.get("streams", {})
    found = {}
    for name, stream in plan.streams.items():
        error = errors.get(name) or errors.get(stream.source)
        if name not in read and name not in received and error is None:
            continue
        own = tuple(received.get(name, ()))
        known = {b.id for b in own}
        checks = project.store.check_results(stream=name) if own else []
        found[name] = StreamFacts(
            batches=own,
            checks=tuple(c for c in checks if c.batch in known),
            read_at=datetime.fromisoformat(read[name]) if name in read else None,
            error=error,
            rows=loaded[name].get("rows_inserted") if name in loaded else 0,
        )
    return found
