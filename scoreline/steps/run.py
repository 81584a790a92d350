"""Runs: a source, the scores, or everything, each under the project's lock.

What belongs here: the order of the steps and what a failure isolates. What does not: how
a step is done. The command line and Dagster call these functions and no others to work.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from scoreline.core.errors import ScorelineError, UsageError, WarehouseError
from scoreline.core.garbage import rarely_collected
from scoreline.core.model import Stream
from scoreline.steps.expiring import Expiry, expire, find_expired, is_declared
from scoreline.steps.forgetting import Found, Request
from scoreline.steps.forgetting import forget as forget_person
from scoreline.steps.freshness import newest_event
from scoreline.steps.gate import Gated, gate_stream
from scoreline.steps.ingest import land_stream, read_again
from scoreline.steps.lineage.emitting import emit_run
from scoreline.steps.loading import Load, load_stream
from scoreline.steps.ports import Extractor, SourceFailure
from scoreline.steps.project import Project
from scoreline.steps.rebuilding import make_warehouse_again
from scoreline.steps.removing import sweep
from scoreline.steps.reports import RunReport, ScoreReport, SourceReport, StreamReport
from scoreline.steps.scoring import score_day
from scoreline.warehouse.warehouse import Warehouse


def run_all(project: Project, as_of: date | None = None) -> RunReport:
    """Ingest every source, then measure, score and record one day.

    A source, stream, metric or definition that fails is reported; all else goes on.

    Args:
        project: the open project.
        as_of: the day to score; what `evaluate` says if None.
    """
    day = as_of or project.default_day()
    report = RunReport(day, problems=[str(p) for p in project.errors])
    summary: dict[str, Any] = {}
    with _run(project, "run", day, summary) as (run, warehouse):
        wanted = dict.fromkeys(project.plan.sources)
        report.sources.update(_ingest(project, warehouse, run, wanted))
        summary |= _summary(report.sources)
        report.expired = _expire(project, warehouse, run)
        report.scores = score_day(project, warehouse, run, day)
        summary |= _failed_metrics(report.scores)
    return report


def ingest_source(
    project: Project, source: str, streams: Collection[str] | None = None
) -> SourceReport:
    """Extract, land, validate, gate and load one source.

    Args:
        project: the open project.
        source: its name.
        streams: full names of the streams to take; all if None.

    Raises:
        UsageError: there is no such source or stream.
    """
    _known(project, source, streams)
    summary: dict[str, Any] = {}
    with _run(project, f"ingest {source}", None, summary) as (run, warehouse):
        reports = _ingest(project, warehouse, run, {source: streams})
        summary |= _summary(reports)
        return reports[source]


def score(project: Project, as_of: date | None = None) -> ScoreReport:
    """Measure, score and record one day, on what is loaded.

    Args:
        project: the open project.
        as_of: the day; what `evaluate` says if None.
    """
    day = as_of or project.default_day()
    summary: dict[str, Any] = {}
    with loaded_run(project, "score", day, summary) as (run, warehouse):
        _expire(project, warehouse, run)
        report = score_day(project, warehouse, run, day)
        summary |= _failed_metrics(report)
        return report


def prune(project: Project, decide: Callable[[Expiry], bool]) -> Expiry:
    """Remove what has reached the age up to which it is kept, if `decide` says so.

    Args:
        project: the open project.
        decide: is shown what would go and what stays.

    Returns:
        What was found; removed only where `decide` agreed.
    """
    with loaded_run(project, "prune", project.default_day()) as (run, warehouse):
        found = find_expired(project, warehouse)
        if found and decide(found):
            expire(project, warehouse, found, run)
    return found


def forget(project: Project, request: Request) -> Found:
    """Erase a person from a stream, and make the warehouse again without them.

    Raises:
        UsageError: nothing is of that person, or it cannot be looked for.
    """
    with project.working("forget"):
        project.files.clean()
        found = forget_person(project, request)
        make_warehouse_again(project)
    return found


def _expire(project: Project, warehouse: Warehouse, run: str) -> Expiry | None:
    """Remove what has reached its age, where an age is declared for anything."""
    if not is_declared(project.plan):
        return None
    found = find_expired(project, warehouse)
    expire(project, warehouse, found, run)
    return found


@contextmanager
def loaded_run(
    project: Project, kind: str, day: date, summary: Mapping[str, Any] | None = None
) -> Iterator[tuple[str, Warehouse]]:
    """A run with every stream's table as its batches say; nothing is read from sources."""
    with _run(project, kind, day, summary) as (run, warehouse):
        known = {b.stream for b in project.store.batches()}
        for stream in project.plan.streams.values():
            if stream.full_name in known:
                try:
                    load_stream(project, warehouse, stream)
                except WarehouseError as error:  # its metrics fail, all else goes on
                    project.trouble(f"{stream.full_name} could not be loaded: {error}")
        yield run, warehouse


def _summary(reports: Mapping[str, SourceReport]) -> dict[str, Any]:
    """What is noted of a run for those who look at it later: what failed, and what came."""
    streams = {s.stream: s for r in reports.values() for s in r.streams.values()}
    failed = {n: r.error for n, r in reports.items() if r.error}
    failed |= {n: s.error for n, s in streams.items() if s.error}
    counts = {
        n: {
            "landed": s.landed,
            "loaded": s.loaded,
            "rows_received": s.rows_received,
            "rows_inserted": s.rows_inserted,
        }
        for n, s in streams.items()
        if s.landed or s.loaded
    }
    return {"sources": failed, "streams": counts}


def _failed_metrics(report: ScoreReport) -> dict[str, Any]:
    """What is noted of metrics that could not be computed; nothing where all could."""
    return {"metrics": dict(report.errors)} if report.errors else {}


@contextmanager
def _run(
    project: Project, kind: str, day: date | None, summary: Mapping[str, Any] | None = None
) -> Iterator[tuple[str, Warehouse]]:
    """A run: locked, noted in the store, with the warehouse open and in step.

    Its lineage goes out when it is over and another process may work.
    """
    begun: list[str] = []
    try:
        with rarely_collected(), project.working(kind):
            project.files.clean()
            sweep(project)
            began = project.now()
            run = project.store.begin_run(kind, day, project.version, began)
            begun.append(run)
            outcome = "failed"
            try:
                with project.warehouse() as warehouse:
                    warehouse.prepare(project.plan.streams.values())
                    yield run, warehouse
                outcome = "finished"
            finally:
                project.store.seal(run, project.now())
                read = _read_since(project, began)
                project.store.end_run(run, outcome, project.now(), {**(summary or {}), **read})
    finally:
        for run in begun:
            emit_run(project, run)


def _read_since(project: Project, began: datetime) -> dict[str, dict[str, str]]:
    """When this run read which stream's source: how fresh a stream was can be asked later."""
    read = {s: at for s, at in project.store.extractions().items() if at >= began}
    return {"extracted": {s: at.isoformat() for s, at in read.items()}} if read else {}


def _known(project: Project, source: str, streams: Collection[str] | None) -> None:
    if source not in project.plan.sources:
        known = ", ".join(project.plan.sources) or "none"
        raise UsageError(f"there is no source {source!r}; the definitions have: {known}")
    legal = [s.full_name for s in project.plan.sources[source].streams]
    for name in streams or ():
        if name not in legal:
            raise UsageError(f"{source} has no stream {name!r}; it has: {', '.join(legal)}")


def _ingest(
    project: Project,
    warehouse: Warehouse,
    run: str,
    wanted: Mapping[str, Collection[str] | None],
) -> dict[str, SourceReport]:
    """Ingest sources (all of their streams where None), each stream by itself.

    The next stream is read while the batches of the one before are being checked: the
    checks run in a process of their own.
    """
    reports: dict[str, SourceReport] = {}
    under_way: list[tuple[Stream, StreamReport, Future[Gated]]] = []
    checking = ThreadPoolExecutor(1, thread_name_prefix="gate")
    try:
        for name, streams in wanted.items():
            source = project.plan.sources[name]
            reports[name] = SourceReport(name)
            extractor = project.extractor(source)
            for stream in source.streams:
                if streams is None or stream.full_name in streams:
                    report = _land_stream(project, extractor, stream, run)
                    reports[name].streams[stream.full_name] = report
                    gate = checking.submit(gate_stream, project, stream)
                    under_way.append((stream, report, gate))
        for stream, report, gate in under_way:
            _load_stream(project, warehouse, stream, report, gate)
    finally:
        checking.shutdown(cancel_futures=True)
    return reports


def _land_stream(project: Project, extractor: Extractor, stream: Stream, run: str) -> StreamReport:
    report = StreamReport(stream.full_name)
    try:
        read_again(project, extractor, stream)
        landing = land_stream(project, extractor, stream, run)
        report.landed, report.unchanged = len(landing.landed), landing.unchanged
        report.unsettled = landing.unsettled
        report.rows_forgotten = sum(b.rows_forgotten for b in landing.landed)
        report.copies = landing.copies
        report.rows_received = sum(b.rows_received for b in landing.landed)
    except SourceFailure as failure:
        report.error, report.transient = str(failure), failure.transient
        report.retry_after = failure.retry_after
    except ScorelineError as error:
        report.error = str(error)
    return report


def _load_stream(
    project: Project,
    warehouse: Warehouse,
    stream: Stream,
    report: StreamReport,
    gate: Future[Gated],
) -> None:
    """Load what the gate let through; where it failed, bring the table to what stands."""
    errors = [report.error]
    try:
        gated = gate.result()
        report.passed, report.checks = len(gated.passed), gated.results
        report.rows_quarantined = gated.quarantined
    except ScorelineError as error:
        errors.append(str(error))
    try:
        _note_load(project, stream, report, load_stream(project, warehouse, stream))
    except ScorelineError as error:
        errors.append(str(error))
    report.error = "; ".join(filter(None, errors)) or None


def _note_load(project: Project, stream: Stream, report: StreamReport, done: Load) -> None:
    counts = [c for _, c in done.batches]
    report.loaded, report.remade, report.waiting = len(counts), done.remade, done.waiting
    report.rows_inserted = sum(c.inserted for c in counts)
    report.rows_repeated = sum(c.repeated for c in counts)
    report.rows_superseded = sum(c.superseded for c in counts)
    report.rows_quarantined += sum(c.refused for c in counts)
    blocked = project.store.batches(stream.full_name, ["blocked"])
    report.blocked = tuple(b.id for b in blocked)
    report.block_reasons = tuple(b.reason or "" for b in blocked)
    state = project.store.stream_state(stream.full_name)
    if state is not None:
        report.rows_in_stream = state.rows
        newest = newest_event(state, project.now())
        report.newest_event = newest.isoformat() if newest else None
