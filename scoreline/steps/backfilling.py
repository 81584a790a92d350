"""Backfill: scores of past days, on what is loaded now, shown before they are recorded.

What belongs here: which records a range of days would add or replace, and committing
them. What does not: how one day is scored (evaluating), reading sources.

It is idempotent: a day whose scores say the same as recorded adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from scoreline.core.digests import digest
from scoreline.core.errors import UsageError
from scoreline.core.records import ScoreRecord, ValueRecord
from scoreline.steps.defining import new_versions
from scoreline.steps.evaluating import evaluate, gather, same_content
from scoreline.steps.measuring import Measured, measure
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions, score_record
from scoreline.steps.run import loaded_run


@dataclass(frozen=True, slots=True)
class Day:
    """What a backfill would do to one day: numbers of key results."""

    day: date
    new: int
    changed: int
    unchanged: int


@dataclass(slots=True)
class Backfill:
    """What a backfill would do, day by day, and what it did."""

    days: list[Day] = field(default_factory=list)
    recorded: int = 0
    block: str | None = None

    @property
    def pending(self) -> int:
        """How many score records it would write."""
        return sum(d.new + d.changed for d in self.days)


def days_between(first: date, last: date) -> list[date]:
    """Every day of a range, both ends included.

    Raises:
        UsageError: the range is empty, or longer than ten years.
    """
    length = (last - first).days + 1
    if length < 1:
        raise UsageError(f"--from {first} lies after --to {last}")
    if length > 3660:
        raise UsageError(f"{length:,} days are too many for one backfill: take a year at a time")
    return [first + timedelta(days=n) for n in range(length)]


def backfill(
    project: Project, first: date, last: date, agree: Callable[[Backfill], bool]
) -> Backfill:
    """Score every day of a range, show what that would record, and record it if agreed.

    Args:
        project: the open project.
        first: the first day.
        last: the last day.
        agree: is shown the plan; nothing is recorded where it returns False.

    Raises:
        UsageError: a bad range, or a day that is not over.
    """
    days = days_between(first, last)
    today = project.now().astimezone(project.zone).date()
    if last > today:
        raise UsageError(f"--to {last} lies in the future; today is {today}")
    with loaded_run(project, "backfill", last) as (run, warehouse):
        measured = measure(project, warehouse, first)
        definitions = measured.definitions
        plan, fresh = Backfill(), []
        project.listener.begin("scoring days", len(days))
        for day, records in _scored(project, measured, definitions, days):
            plan.days.append(_compared(project, day, records))
            fresh += records
            project.listener.advance(str(day))
        project.listener.end()
        if plan.pending and agree(plan):
            commit = project.store.commit_run(
                run,
                values=[measured.values[r] for r in measured.computed],
                definitions=new_versions(project, definitions, whole=measured.whole(project)),
                scores=fresh,
                now=project.now(),
            )
            plan.recorded, plan.block = commit.counts["scores"], commit.block
    return plan


def _scored(
    project: Project, measured: Measured, definitions: Definitions, days: list[date]
) -> Iterator[tuple[date, list[ScoreRecord]]]:
    values: dict[str, ValueRecord] = measured.values
    series = {r: digest(v.series.encode()) for r, v in values.items()}
    for day in days:
        evidence = gather(project, measured.plan, day, values, measured.errors)
        yield (
            day,
            [
                score_record(s.kr, s.score, s.observed, definitions, evidence.streams, series)
                for s in evaluate(project, evidence, day)
            ],
        )


def _compared(project: Project, day: date, records: list[ScoreRecord]) -> Day:
    stored = project.store.latest_scores(day)
    known = [(r, stored.get(r.key_result)) for r in records]
    same = sum(s is not None and same_content(s.body, r.body) for r, s in known)
    new = sum(s is None for _, s in known)
    return Day(day, new, len(records) - new - same, same)
