"""Runs that something asks for: new files, and scoring after an ingestion.

What belongs here: looking cheaply and asking once for each change. What does not: reading
what is new (the jobs do), holding a lock, or opening DuckDB.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import dagster as dg

from pipelines.catalogue import Catalogue
from pipelines.jobs import INGEST, SCORE, STEP_TAG, Job, ingest_job_name
from pipelines.outcomes import clear_failures
from pipelines.project import Look, Steps
from pipelines.texts import counted, printable

FILES = "files"
SECONDS = 60
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
_BEGUN = [dg.DagsterRunStatus.STARTED]


def build_sensors(
    catalogue: Catalogue, ingest: dict[str, Job], score: Job | None
) -> list[dg.SensorDefinition]:
    """The sensor for new files, and the one that scores after an ingestion."""
    plan = catalogue.plan
    watched = {n: j for n, j in ingest.items() if plan and plan.sources[n].connector == FILES}
    found = [new_files_sensor(watched)] if watched else []
    if score is not None and ingest:
        found.append(score_sensor(score, frozenset(catalogue.streams.values())))
    return found


def change_key(source: str, news: Iterable[str]) -> str:
    """The run key of a set of new objects: the same for the same names and signatures."""
    text = "\n".join(sorted(news))
    return f"{source}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def new_files_sensor(jobs: dict[str, Job]) -> dg.SensorDefinition:
    """Looks at every source of files and asks for its job when something is new there."""

    @dg.sensor(
        name="new_files",
        jobs=list(jobs.values()),
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"scoreline"},
        description="Ingest a source as soon as it has files that were not read yet.",
    )
    def new_files(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        steps: Steps = context.resources.scoreline
        with clear_failures():
            looks = steps.look(list(jobs))
        quiet = True
        for source, look in looks.items():
            if look.error is not None:
                context.log.warning("%s cannot be looked at: %s", source, printable(look.error))
            if look.news:
                quiet = False
                key = change_key(source, look.news)
                tags = {"scoreline/new_objects": str(len(look.news))}
                yield dg.RunRequest(key, job_name=ingest_job_name(source), tags=tags)
        if quiet:
            yield dg.SkipReason(_quiet_words(looks))

    return new_files


def _quiet_words(looks: Mapping[str, Look]) -> str:
    """What a quiet look says; a source that nobody could look at is not one without news."""
    failed = {n: printable(look.error) for n, look in looks.items() if look.error is not None}
    words = f"nothing new at {counted(len(looks) - len(failed), 'source')} of files"
    lines = [f"{name} cannot be looked at: {why}" for name, why in failed.items()]
    return "; ".join([words, *lines])


def score_sensor(score: Job, streams: frozenset[dg.AssetKey]) -> dg.SensorDefinition:
    """Asks for one scoring run after ingestions ended, however many and however they ended.

    Its cursor is the moment up to which ended ingestions were followed by scoring.
    """

    @dg.sensor(
        name="score_after_ingest",
        job=score,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Score after any ingestion, once for all that ended meanwhile.",
    )
    def score_after_ingest(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        since = _moment(context.cursor)
        under_way = context.instance.get_run_records(dg.RunsFilter(statuses=_UNDER_WAY))
        if any(_ingests(r.dagster_run, streams) for r in under_way):
            return dg.SensorResult(skip_reason="an ingestion is under way or queued")
        ended = _ended(context.instance, since, streams)
        if not ended:
            return dg.SensorResult(skip_reason="no ingestion ended since the last scoring")
        newest = max(r.update_timestamp for r in ended)
        cursor = newest.astimezone(UTC).isoformat()
        if any(_waits_to_score(r.dagster_run) for r in under_way):
            words = "a scoring run is queued already; it will take everything"
            return dg.SensorResult(skip_reason=words, cursor=cursor)
        request = dg.RunRequest(run_key=f"{SCORE}-{cursor}")
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    return score_after_ingest


def _ended(
    instance: dg.DagsterInstance, since: datetime | None, streams: frozenset[dg.AssetKey]
) -> list[dg.RunRecord]:
    """Ingestions that ended after a moment; without one, only the newest runs are looked at."""
    wanted = dg.RunsFilter(statuses=_ENDED, updated_after=since)
    records: Sequence[dg.RunRecord] = instance.get_run_records(wanted, limit=200)
    return [
        r
        for r in records
        if _ingests(r.dagster_run, streams) and (since is None or r.update_timestamp > since)
    ]


def _moment(cursor: str | None) -> datetime | None:
    return datetime.fromisoformat(cursor) if cursor else None


def _ingests(run: dg.DagsterRun, streams: frozenset[dg.AssetKey]) -> bool:
    """Whether a run ingests: a source's job, or streams materialised by hand."""
    if run.tags.get(STEP_TAG) == INGEST:
        return True
    return bool(streams & (run.asset_selection or frozenset()))


def _waits_to_score(run: dg.DagsterRun) -> bool:
    return run.tags.get(STEP_TAG) == SCORE and run.status not in _BEGUN
