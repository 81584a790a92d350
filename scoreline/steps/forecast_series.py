"""The series that a forecast goes on: which days count and where a window starts again.

What belongs here: the values of one key result day by day, its goal and its restarts.
What does not: the forecast (core.forecast) and its report (forecasting).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from scoreline.core.forecast import UNBOUNDED, Bounds, Goal, Point
from scoreline.core.model import KeyResult, Metric, Reach, Unit, Window
from scoreline.core.moments import end_of_day
from scoreline.core.progress import outside_unit
from scoreline.measures.calendars import calendar_of
from scoreline.measures.requests import Offset, closure, parts, requests_for
from scoreline.steps.evaluating import Scored, evaluate, gather
from scoreline.steps.evidence import Evidence
from scoreline.steps.project import Project

_NO_RESTART = frozenset({"trailing", "all", "latest"})


def subjects(project: Project, day: date, only: KeyResult | None) -> Iterator[Subject]:
    """Every key result (or `only` this one), scored as of a day, in their order."""
    plan = project.plan
    values = project.store.values([request.id for request in requests_for(plan)])
    evidence = gather(project, plan, day, values, {})
    restarts = _Restarts(evidence)
    for scored in evaluate(project, evidence, day):
        if only is None or scored.kr.id == only.id:
            yield Subject(evidence, restarts, scored)


def subject_of(evidence: Evidence, scored: Scored) -> Subject:
    """One key result that is scored already."""
    return Subject(evidence, _Restarts(evidence), scored)


@dataclass(frozen=True)
class Subject:
    """One key result with its score and the evidence behind it."""

    evidence: Evidence
    restarts: _Restarts
    scored: Scored

    @property
    def kr(self) -> KeyResult:
        """The key result itself."""
        return self.scored.kr

    @cached_property
    def metric(self) -> Metric | None:
        """Its metric; None where it is manual or has none."""
        kr = self.kr
        return self.evidence.plan.metrics.get(kr.metric) if kr.metric and not kr.manual else None

    def goal(self) -> Goal | None:
        """The target and its direction; None where there is none."""
        baseline, target = self.scored.score.baseline, self.scored.score.target
        if baseline is None or target is None or baseline == target:
            return None
        return Goal(target, target > baseline)

    def unfit(self) -> str | None:
        """Why this key result is not forecast on any day; None if it is."""
        kind = self.kr.kind
        if not isinstance(kind, Reach):
            name = type(kind).__name__.lower()
            return f"a key result of kind {name} has no target value to forecast"
        return self.kr.broken

    def restart_days(self) -> tuple[date, ...]:
        """The days of start..due on which the window of the metric or a part starts again."""
        return self.restarts.of(self.kr, self.metric)

    def bounds(self) -> Bounds:
        """The values that its unit allows."""
        return UNBOUNDED if self.metric is None else _bounds(self.metric.unit)

    def series(self, until: date) -> list[Point]:
        """The settled values from the start to a day, in shown units."""
        return [
            (day, value) for day in self._days(until) if (value := self._value(day)) is not None
        ]

    def _days(self, until: date) -> Iterator[date]:
        """Every day; for a manual key result, the days of its check-ins."""
        kr, last = self.kr, min(until, self.kr.due)
        if kr.manual:
            said = self.evidence.check_ins.get(kr.id, ())
            days = {c.day for c in said if c.value is not None and c.until is None}
            yield from sorted(d for d in days if kr.start <= d <= last)
            return
        last = min(last, self._settled(last))
        for step in range((last - kr.start).days + 1):
            yield kr.start + timedelta(days=step)

    def _settled(self, last: date) -> date:
        """The newest day up to `last` that is not provisional any more."""
        if self.metric is None:
            return last
        plan, now = self.evidence.plan, self.evidence.now
        names = closure(plan, self.metric.name)
        settle = timedelta(days=max(plan.metrics[name].settle_days for name in names))
        while settle and last >= self.kr.start and now < self._end(last + settle):
            last -= timedelta(days=1)
        return last

    def _end(self, day: date) -> datetime:
        return end_of_day(day, self.evidence.zone)

    def _value(self, day: date) -> Fraction | None:
        """The value in shown units; None where there is none or its unit does not allow it."""
        seen = self.scored.observed.seen
        raw = seen.value_on(day)
        if raw is None or raw.fraction is None:
            return None
        value = raw.fraction * seen.factor
        allowed = self.metric is None or outside_unit(value, self.metric.unit) is None
        return value if allowed else None


class _Restarts:
    """The restart days of windows; each window and offset is gone through once."""

    def __init__(self, evidence: Evidence) -> None:
        self._plan = evidence.plan
        self._known: dict[tuple[Window, str | None, Offset, date, date], tuple[date, ...]] = {}

    def of(self, kr: KeyResult, metric: Metric | None) -> tuple[date, ...]:
        if metric is None:
            return ()
        cycle = kr.id.split("/", 1)[0]
        found: set[date] = set()
        for part, part_cycle, offset in parts(self._plan, metric.name, cycle):
            if part.window.kind not in _NO_RESTART:
                found.update(self._days((part.window, part_cycle, offset, kr.start, kr.due)))
        return tuple(sorted(found))

    def _days(self, asked: tuple[Window, str | None, Offset, date, date]) -> tuple[date, ...]:
        if asked not in self._known:
            window, cycle, offset, start, due = asked
            days = tuple(start + timedelta(days=n) for n in range((due - start).days + 1))
            rows = calendar_of(self._plan, window, (cycle, offset), days, False)
            self._known[asked] = tuple(b.day for a, b in pairwise(rows) if a.lo != b.lo)
        return self._known[asked]


def _bounds(unit: Unit) -> Bounds:
    """The values that a unit allows."""
    if unit.kind == "share":
        return Fraction(0), Fraction(100)
    return (Fraction(0), None) if unit.kind == "count" else UNBOUNDED
