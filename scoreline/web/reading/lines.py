"""One key result or objective as a line of a list.

What belongs here: what a list shows of it. What does not: which lines a page shows
(overview), the page of one key result (detail).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from scoreline.core.model import Keep, KeyResult, Objective, Plan, Unit
from scoreline.core.moments import end_of_day
from scoreline.core.rollup import RolledUp
from scoreline.steps.evaluating import Scored
from scoreline.web.drawing.bars import Bar, bar
from scoreline.web.drawing.sparkline import sparkline
from scoreline.web.reading.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Line:
    """One key result as a list shows it.

    `change` is the difference of progress to a week before, as the data are known now;
    None where there is none to say. `seen` is how old the newest data behind it were at
    the end of the day, `confidence` what a person said last.
    """

    id: str
    title: str
    owner: str
    status: str
    reason: str | None
    progress: Fraction | None
    value: Fraction | None
    target: Fraction | None
    unit: Unit | None
    bar: Bar
    change: Fraction | None
    spark: str
    spark_end: tuple[int, int] | None
    confidence: Fraction | None
    observed: datetime | None
    age: timedelta | None
    due: date
    provisional: bool
    by_hand: bool
    keep: str


def line_of(snapshot: Snapshot, scored: Scored) -> Line:
    """The line of one key result."""
    kr, score = scored.kr, scored.score
    row = snapshot.rows[kr.id]
    observed = moment_of(row.observed_at)
    path, end = _spark(snapshot, scored)
    check_in = snapshot.newest_check_in(kr)
    said = check_in.confidence if check_in else None
    return Line(
        id=kr.id,
        title=kr.title,
        owner=person_name(snapshot.plan, kr.owner),
        status=score.status,
        reason=score.reason,
        progress=score.progress,
        value=score.value,
        target=score.target,
        unit=unit_of(snapshot.plan, kr),
        bar=bar(score.progress, score.expected),
        change=snapshot.change(kr.id),
        spark=path,
        spark_end=end,
        confidence=Fraction(said) if said else None,
        observed=observed,
        age=age_on(snapshot, observed),
        due=kr.due,
        provisional=row.provisional,
        by_hand=score.override is not None,
        keep=bounds_words(kr),
    )


@dataclass(frozen=True, slots=True)
class Head:
    """An objective, a team or the organisation as a list shows it."""

    rolled: RolledUp
    bar: Bar
    owner: str
    objective: Objective | None = None

    @property
    def partial(self) -> bool:
        """Whether some of what counts has no value."""
        return self.rolled.coverage is not None and self.rolled.coverage < 1


def head_of(snapshot: Snapshot, entry: RolledUp) -> Head:
    """The heading of a rolled-up entry."""
    return Head(
        rolled=entry,
        bar=bar(entry.progress, entry.expected),
        owner=person_name(snapshot.plan, entry.owner),
        objective=snapshot.plan.objectives.get(entry.id),
    )


def person_name(plan: Plan, email: str | None) -> str:
    """A person's name where the organisation declares it, else the address; may be empty."""
    if email is None:
        return ""
    person = plan.organisation.people.get(email)
    return person.name if person else email


def unit_of(plan: Plan, kr: KeyResult) -> Unit | None:
    """The unit of a key result's value; None without a metric."""
    metric = plan.metrics.get(kr.metric) if kr.metric else None
    return metric.unit if metric else None


def moment_of(text: str | None) -> datetime | None:
    """The moment of `observed_at`; of a day alone, its noon in UTC."""
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(hour=12, tzinfo=UTC)


def age_on(snapshot: Snapshot, observed: datetime | None) -> timedelta | None:
    """How old data were at the end of the snapshot's day, or now if that is earlier."""
    if observed is None:
        return None
    until = min(snapshot.frame.now, end_of_day(snapshot.day, snapshot.frame.zone))
    return max(until - observed, timedelta(0))


def bounds_words(kr: KeyResult) -> str:
    """What a keep is to stay inside: `at least 4`, `2 to 5`; empty for other kinds."""
    kind = kr.kind
    if not isinstance(kind, Keep):
        return ""
    if kind.at_least is not None and kind.at_most is not None:
        return f"{kind.at_least} to {kind.at_most}"
    if kind.at_least is not None:
        return f"{'more than' if kind.exclusive else 'at least'} {kind.at_least}"
    return f"{'less than' if kind.exclusive else 'at most'} {kind.at_most}"


def _spark(snapshot: Snapshot, scored: Scored) -> tuple[str, tuple[int, int] | None]:
    seen, kr = scored.observed.seen, scored.kr

    def value_on(day: date) -> Fraction | None:
        found = seen.value_on(day)
        return found.fraction if found is not None else None

    return sparkline(value_on, kr.start, min(snapshot.day, kr.due))
