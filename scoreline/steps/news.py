"""What there is to tell: changes of status, sources in trouble, digests, check-ins due.

What belongs here: comparing what is recorded with what was told, and the facts that
templates show. What does not: rendering (notify), the outbox (store), sending (telling).

Subjects that are told of have a state that the store remembers: `key_result <id>` its
status, `stream <name>` ok, failed or blocked, `check_in <id>` the day it was due since and
how often that was told. A key result seen for the first time is no change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from scoreline.core.model import KeyResult, Plan
from scoreline.steps.discipline import (
    DueCheckIn,
    due_check_ins,
    newest_days,
)
from scoreline.steps.project import Project
from scoreline.steps.reports import SourceReport, StreamReport
from scoreline.store.rows import StoredScore


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A key result whose status is another than people were told."""

    key_result: KeyResult
    before: str
    score: StoredScore


@dataclass(frozen=True, slots=True)
class StreamNews:
    """A stream that failed, is blocked, or is well again."""

    stream: str
    state: str
    reason: str = ""
    batches: tuple[str, ...] = ()


@dataclass(slots=True)
class News:
    """Everything there is to tell, with the states before and after."""

    today: date
    as_of: date
    known: dict[str, str | None] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    changes: list[StatusChange] = field(default_factory=list)
    streams: list[StreamNews] = field(default_factory=list)
    reminders: list[DueCheckIn] = field(default_factory=list)
    due: list[DueCheckIn] = field(default_factory=list)
    scores: Mapping[str, StoredScore] = field(default_factory=dict)

    def note(self, told: Mapping[str, str], subject: str, state: str) -> str | None:
        """Remember a state that differs from the told one; returns the told one."""
        before = told.get(subject)
        if before != state:
            self.known[subject], self.states[subject] = before, state
        return before


def gather_news(project: Project, sources: Mapping[str, SourceReport] | None) -> News:
    """What there is to tell now.

    Args:
        project: the open project.
        sources: what a run has just done; None where there was none.
    """
    store, day = project.store, project.default_day()
    news = News(project.now().astimezone(project.zone).date(), day)
    news.scores = store.latest_scores(day)
    told = store.told()
    _statuses(project.plan, told, news)
    _streams(project, sources, told, news)
    _check_ins(project, told, news)
    return news


def _statuses(plan: Plan, told: Mapping[str, str], news: News) -> None:
    for kr in plan.key_results.values():
        score = news.scores.get(kr.id)
        if score is not None:
            before = news.note(told, f"key_result {kr.id}", score.status)
            if before not in (None, score.status):
                news.changes.append(StatusChange(kr, str(before), score))


def _streams(
    project: Project,
    sources: Mapping[str, SourceReport] | None,
    told: Mapping[str, str],
    news: News,
) -> None:
    for name in project.plan.streams:
        found = _stream(project, sources, told, name)
        if found is not None:
            before = news.note(told, f"stream {name}", found.state)
            if before != found.state and (before is not None or found.state != "ok"):
                news.streams.append(found)


def _stream(
    project: Project,
    sources: Mapping[str, SourceReport] | None,
    told: Mapping[str, str],
    name: str,
) -> StreamNews | None:
    """How a stream is; None where nothing is known that was not known before."""
    source = (sources or {}).get(name.split(".", 1)[0])
    report = source.streams.get(name) if source else None
    if source is not None and source.error:
        return StreamNews(name, "failed", source.error)
    if report is not None:
        return _reported(report)
    blocked = project.store.batches(name, ["blocked"])
    if blocked:
        return StreamNews(name, "blocked", _reasons(blocked), tuple(b.id for b in blocked))
    return StreamNews(name, "ok") if told.get(f"stream {name}") == "blocked" else None


def _reported(report: StreamReport) -> StreamNews:
    if report.error is not None:
        return StreamNews(report.stream, "failed", report.error)
    if report.blocked:
        reason = "; ".join(dict.fromkeys(filter(None, report.block_reasons)))
        return StreamNews(report.stream, "blocked", reason, report.blocked)
    return StreamNews(report.stream, "ok")


def _reasons(blocked: Sequence[Any]) -> str:
    return "; ".join(dict.fromkeys(b.reason for b in blocked if b.reason))


def _check_ins(project: Project, told: Mapping[str, str], news: News) -> None:
    said = newest_days(project.store.check_ins())
    statuses = {name: score.status for name, score in news.scores.items()}
    news.due = due_check_ins(project.plan, said, statuses, news.today)
    for due in news.due:
        state = f"{due.since.isoformat()} {due.missed}"
        if news.note(told, f"check_in {due.key_result.id}", state) != state:
            news.reminders.append(due)
