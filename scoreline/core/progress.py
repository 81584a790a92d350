"""Progress of each kind of key result on a day (scoring.md, "Progress").

What belongs here: one function a kind, from values in shown units to an unclamped
fraction and its worked text. What does not: expected curves, statuses, where values
come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from scoreline.core import worked
from scoreline.core.curves import Pace, Point, interpolate
from scoreline.core.exact import as_fraction, way_gone
from scoreline.core.model import (
    Done,
    DoneWhen,
    Keep,
    Milestone,
    Milestones,
    Period,
    Reach,
    TargetChange,
    Unit,
)
from scoreline.core.periods import keep_periods

ShownOn = Callable[[date], Fraction | None]
"""The value on a day in the unit people see (a share is 0 to 100), or None."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How far a key result is.

    Attributes:
        progress: unclamped; None where there is none.
        text: the worked formula up to the progress.
        complete: the goal is reached: progress 1, every step done, or `pass` for a keep.
        lacking: why there is no progress although it should be there; None otherwise.
        in_bounds_now: for a keep, whether the day's own value lies inside.
        steps_done: for milestones, the day on which each step was done.
    """

    progress: Fraction | None
    text: str
    complete: bool = False
    lacking: str | None = None
    in_bounds_now: bool | None = None
    steps_done: tuple[date | None, ...] = ()


def nothing(lacking: str) -> Measured:
    """No progress, and why."""
    return Measured(None, "no value", lacking=lacking)


def resolve_target(target: Decimal | TargetChange, baseline: Fraction | None) -> Fraction | None:
    """The target as a number; None while a relative one waits for its baseline."""
    if isinstance(target, Decimal):
        return as_fraction(target)
    if baseline is None:
        return None
    amount = as_fraction(target.amount)
    return baseline * (1 + amount / 100) if target.percent else baseline + amount


def outside_unit(value: Fraction, unit: Unit) -> str | None:
    """Why a value, in shown units, cannot be what its unit says; None where it can."""
    if unit.kind == "count" and (value < 0 or value.denominator != 1):
        return f"{worked.number(value)} is not a count: legal are whole numbers from 0"
    if unit.kind == "share" and not 0 <= value <= 100:
        return f"{worked.number(value)} is not a share: legal are 0 to 100"
    return None


def reach(
    kind: Reach, value: Fraction, baseline: Fraction | None, target: Fraction | None
) -> Measured:
    """The way from the baseline to the target; with a curve, the line through its points."""
    if baseline is None:
        return nothing("the baseline has no value yet")
    if target is None:
        return nothing("the target has no value yet")
    if baseline == target:
        return nothing(f"baseline and target are both {worked.number(target)}: there is no way")
    if kind.curve:
        return _curve(kind, value, baseline, target)
    progress = way_gone(value, baseline, target)
    text = worked.way(value, baseline, target) + worked.equals(progress)
    return Measured(progress, text, complete=progress >= 1)


def _curve(kind: Reach, value: Fraction, baseline: Fraction, target: Fraction) -> Measured:
    sign = 1 if target > baseline else -1
    points: list[Point] = [(sign * baseline, Fraction(0))]
    points += [(sign * as_fraction(p.value), as_fraction(p.progress)) for p in kind.curve]
    points.append((sign * target, Fraction(1)))
    if any(high[0] <= low[0] for low, high in pairwise(points)):
        ends = f"{worked.number(baseline)} to {worked.number(target)}"
        return nothing(f"the curve's points do not lead step by step from {ends}")
    progress, (low, high) = interpolate(points, sign * value)
    if low == high:
        text = f"curve at {worked.number(value)}"
    else:
        ends_shown = ((sign * low[0], low[1]), (sign * high[0], high[1]))
        text = f"curve: {worked.between(*ends_shown, value)}"
    return Measured(progress, text + worked.equals(progress), complete=progress >= 1)


def within(value: Fraction, kind: Keep | DoneWhen) -> bool:
    """Whether a value lies inside the bounds; `exclusive` leaves both bounds out."""
    exclusive = isinstance(kind, Keep) and kind.exclusive
    low = None if kind.at_least is None else _above(value, kind.at_least)
    high = None if kind.at_most is None else -_above(value, kind.at_most)
    least = 1 if exclusive else 0
    return (low is None or low >= least) and (high is None or high >= least)


def _above(value: Fraction, bound: Decimal) -> int:
    """Below 0, 0 or above it, as the value is to the bound."""
    (a, b), (c, d) = value.as_integer_ratio(), as_fraction(bound).as_integer_ratio()
    return a * d - c * b


def keep(
    kind: Keep,
    span: tuple[date, date],
    day: date,
    value_on: ShownOn,
    fiscal_year_starts: tuple[int, int],
) -> Measured:
    """Periods inside the bounds over periods with a value, of those ended by `day`.

    Args:
        kind: the bounds and the periods.
        span: start and due date, which clip the outer periods.
        day: the evaluated day; a period counts once its last day is not later.
        value_on: the metric; a period's value is that of its last day.
        fiscal_year_starts: month and day, for periods of a quarter.
    """
    now = value_on(day)
    in_bounds_now = None if now is None else within(now, kind)
    ends = _ended(kind.every, *span, fiscal_year_starts, day)
    values = [value for value in map(value_on, ends) if value is not None]
    if not values:
        why = "with a value has ended yet" if ends else "has ended yet"
        return Measured(None, f"no {kind.every} {why}", in_bounds_now=in_bounds_now)
    inside = sum(1 for value in values if within(value, kind))
    progress = Fraction(inside, len(values))
    text = worked.periods(inside, len(values), len(ends), kind.every) + worked.equals(progress)
    complete = progress >= as_fraction(kind.pass_at)
    return Measured(progress, text, complete=complete, in_bounds_now=in_bounds_now)


@lru_cache(maxsize=1024)  # key results of one cycle ask for the same
def _ended(
    every: Period, start: date, due: date, fiscal_year_starts: tuple[int, int], day: date
) -> tuple[date, ...]:
    """The last days of the periods that ended by `day`."""
    periods = keep_periods(every, start, due, fiscal_year_starts)
    return tuple(last for _, last in periods if last <= day)


def milestones(
    kind: Milestones, start: date, day: date, step_values: Sequence[ShownOn | None]
) -> Measured:
    """Weights done by `day` over all weights.

    Args:
        kind: the steps.
        start: from this day on, `done_when` is looked at.
        day: the evaluated day.
        step_values: the metric of each step's `done_when`, None where it has none.
    """
    done_on: list[date | None] = []
    for step, value_on in zip(kind.steps, step_values, strict=True):
        done = _step_done(step, start, day, value_on)
        open_step = done is None and step.done is None
        if open_step and step.done_when and (value_on is None or value_on(day) is None):
            metric = step.done_when.metric
            return nothing(f"no value of {metric} on {day} for the step {step.title!r}")
        done_on.append(done)
    total = _weight(kind.steps)
    done_steps = [s for s, on in zip(kind.steps, done_on, strict=True) if on is not None]
    progress = _weight(done_steps) / total
    text = worked.weights([s.weight for s in done_steps], total, "done") + worked.equals(progress)
    complete = all(on is not None for on in done_on)
    return Measured(progress, text, complete=complete, steps_done=tuple(done_on))


def _step_done(step: Milestone, start: date, day: date, value_on: ShownOn | None) -> date | None:
    if step.done is not None and step.done <= day:
        return step.done
    if step.done_when is None or value_on is None:
        return None
    days = (start + timedelta(days=n) for n in range((day - start).days + 1))
    values = ((on, value_on(on)) for on in days)
    return next(
        (on for on, value in values if value is not None and within(value, step.done_when)), None
    )


def milestones_expected(kind: Milestones, day: date) -> Pace:
    """The weight share of the steps that are due by `day`."""
    due = [step for step in kind.steps if step.due <= day]
    total = _weight(kind.steps)
    return Pace(_weight(due) / total, worked.weights([s.weight for s in due], total, "due"))


def _weight(steps: Iterable[Milestone]) -> Fraction:
    return sum((Fraction(step.weight) for step in steps), Fraction(0))


def done(kind: Done, day: date) -> Measured:
    """1 from the date on which it was done, else 0."""
    if kind.on is not None and kind.on <= day:
        return Measured(Fraction(1), f"done on {kind.on.isoformat()} = 1", complete=True)
    return Measured(Fraction(0), "not done = 0")
