"""What stands around every page: as of when, recorded when, and what is wrong.

What belongs here: the banners and the words of the head and foot. What does not: any
page's own content.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from scoreline.core.observed import RULES_VERSION
from scoreline.core.records import Batch
from scoreline.steps.freshness import staleness
from scoreline.steps.project import Project
from scoreline.store.rows import Pulse, RunRow

OVERDUE = timedelta(hours=6)
"""A run that has not ended after this long is taken for one that was killed."""


LOOKED_AT = 100
"""How many of the newest runs are looked through for sources that failed."""


@dataclass(frozen=True, slots=True)
class Banner:
    """One thing that a reader must know before believing the page.

    `door` names the page that says more: `health` or nothing.
    """

    tone: Literal["bad", "warn", "note"]
    text: str
    door: Literal["health"] | None = "health"


@dataclass(frozen=True, slots=True)
class Frame:
    """The head and foot of a page.

    `recorded_at` is when anything was last written to the record, None before the first
    run; `newest_day` the newest day of which scores were recorded.
    """

    organisation: str
    zone: ZoneInfo
    as_of: date
    is_default_day: bool
    now: datetime
    recorded_at: datetime | None
    pulse: Pulse
    run: RunRow | None
    banners: tuple[Banner, ...]
    version: str
    rules: str = RULES_VERSION


def frame_of(project: Project, day: date, definitions_error: str | None = None) -> Frame:
    """The head and foot of a page about a day, from the store as it stands."""
    store, now = project.store, project.now()
    pulse = store.pulse()
    runs = store.runs(LOOKED_AT)
    run = runs[0] if runs else None
    banners = (
        *_run_banners(runs, now),
        *_definition_banners(project, definitions_error),
        *_blocked_banners(store.batches(None, ["blocked"])),
        *_stale_banners(project, day),
        *_unrecorded(project, day, run),
    )
    return Frame(
        organisation=project.plan.organisation.name,
        zone=project.zone,
        as_of=day,
        is_default_day=day == project.default_day(),
        now=now,
        recorded_at=pulse.recorded_at,
        pulse=pulse,
        run=run,
        banners=tuple(banners),
        version=project.version,
    )


def _run_banners(runs: list[RunRow], now: datetime) -> list[Banner]:
    if not runs:
        return [Banner("warn", "Nothing has run yet: `scoreline run` reads and scores.", None)]
    newest = runs[0]
    if newest.outcome == "failed":
        return [Banner("bad", "The newest run failed; what you see is what was known before it.")]
    if newest.outcome is None and now - newest.started_at > OVERDUE:
        return [Banner("bad", "The newest run began long ago and never ended.")]
    failed = failed_sources(runs)
    if failed:
        return [Banner("bad", f"The newest run could not read {_listed(list(failed))}.")]
    if newest.outcome is None:
        return [Banner("note", "A run is under way; what it finds shows when it is recorded.")]
    return []


def failed_sources(runs: list[RunRow]) -> dict[str, str]:
    """Sources and streams that the newest run which tried them could not read, with why."""
    seen: set[str] = set()
    failed: dict[str, str] = {}
    for run in runs:
        if run.outcome is None or not (run.kind == "run" or run.kind.startswith("ingest ")):
            continue
        tried = run.kind.removeprefix("ingest ") if run.kind != "run" else None
        for name, why in (run.summary.get("sources") or {}).items():
            if name.split(".", 1)[0] not in seen:
                failed.setdefault(name, str(why))
        if tried is None:
            break
        seen.add(tried)
    return failed


def _definition_banners(project: Project, error: str | None) -> list[Banner]:
    if error is not None:
        text = "The definition files cannot be used at all; the ones before them are shown."
        return [Banner("bad", text)]
    count = len(project.errors)
    if not count:
        return []
    what = "a mistake" if count == 1 else f"{count} mistakes"
    return [Banner("warn", f"The definitions contain {what}: what they concern is left out.")]


def _blocked_banners(blocked: list[Batch]) -> list[Banner]:
    streams = list(dict.fromkeys(b.stream for b in blocked))
    if not streams:
        return []
    what = "is held" if len(streams) == 1 else "are held"
    text = f"{_listed(streams)} {what}: a batch waits for somebody's decision."
    return [Banner("warn", text)]


def _stale_banners(project: Project, day: date) -> list[Banner]:
    stale = stale_streams(project, day)
    if not stale:
        return []
    what = "is stale" if len(stale) == 1 else "are stale"
    return [Banner("warn", f"{_listed(list(stale))} {what}: nothing new came in time.")]


def stale_streams(project: Project, day: date) -> dict[str, str]:
    """Streams that are stale on a day, with why."""
    states, extracted = project.store.stream_states(), project.store.extractions()
    found = {}
    for name, stream in project.plan.streams.items():
        why = staleness(
            project.plan, stream, states.get(name), extracted.get(name), day, project.now()
        )
        if why:
            found[name] = why
    return found


def _unrecorded(project: Project, day: date, run: RunRow | None) -> list[Banner]:
    """A default day that no run has scored: the page computes, the record has nothing."""
    if run is None or day != project.default_day():
        return []
    newest = project.store.newest_scored_day()
    if newest is None or newest >= day:
        return []
    text = (
        f"Nothing has been recorded for this day yet (the newest is {newest:%-d %B %Y}): "
        "values may be missing or old."
    )
    return [Banner("warn", text)]


def _listed(names: list[str], most: int = 3) -> str:
    more = len(names) - most
    shown = names[:most] if more > 0 else names
    text = ", ".join(shown)
    return f"{text} and {more} more" if more > 0 else text
