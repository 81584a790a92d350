"""What goes into a score and what comes out of it: frozen values only.

What belongs here: the rules' settings, the observations, the score and their words. What
does not: computing anything (scoring), or how these are stored (records).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from scoreline.core.exact import Exact
from scoreline.core.model import Thresholds
from scoreline.core.periods import CALENDAR_YEAR

RULES_VERSION = "1"
"""The version of scoring.md that this release computes; every score names its own."""

Status = Literal[
    "closed",
    "withdrawn",
    "not_started",
    "held",
    "no_data",
    "stale",
    "achieved",
    "missed",
    "pending",
    "on_track",
    "at_risk",
    "off_track",
]
ValueOn = Callable[[date], Exact | None]
"""The raw value on a day, or None; asked for any day in start..due and the as-of day."""

WITHOUT_VALUE = frozenset({"held", "no_data", "stale"})
"""Statuses that count as without a value: never 0, never green."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the organisation fixes for every score."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    holidays: frozenset[date] = frozenset()
    fiscal_year_starts: tuple[int, int] = CALENDAR_YEAR
    version: str = RULES_VERSION


@dataclass(frozen=True, slots=True)
class Override:
    """The mark of a value set by a person: who, why, and the last day it is in force."""

    who: str
    why: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class FrozenScore:
    """What the closing of a cycle fixed: the score, and everything shown with it.

    `status` is the one at closing. `score` is None where there was nothing to score:
    withdrawn, not started, or without a value.
    """

    score: Fraction | None
    status: Status
    progress: Fraction | None
    expected: Fraction
    formula: str
    day: date
    value: Fraction | None = None
    numerator: Fraction | None = None
    denominator: Fraction | None = None
    value_day: date | None = None
    baseline: Fraction | None = None
    target: Fraction | None = None
    in_bounds_now: bool | None = None
    steps_done: tuple[date | None, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)
    rules_version: str = RULES_VERSION


def no_value(_day: date) -> Exact | None:
    """The value of what has none on any day."""
    return None


@dataclass(frozen=True, slots=True)
class Observations:
    """What was seen of one key result.

    Attributes:
        value_on: the raw value on a day, an override already inside it.
        factor: what a raw value is multiplied by to be shown: 100 for share and percent.
        baseline: the baseline as a number, in shown units; None while it has no value.
        target: the target as a number, in shown units.
        held: why the data cannot be used (a batch is blocked, the value is outside its
            unit), else None. Where an override is in force the data does not count, so a
            caller leaves `held` and `stale` out.
        last_good: the last good value and its day, shown while held; its value is None
            for kinds that have none.
        stale: why the data is too old, else None.
        no_data: the words to show if there is no value.
        step_value_on: for milestones, one for each step; None where it has no `done_when`.
        step_factors: the factor of each step's metric; 1 where left out.
        override: set where a person's value is in force; it only marks the score.
        frozen: set once the cycle is closed.
    """

    value_on: ValueOn = no_value
    factor: int = 1
    baseline: Fraction | None = None
    target: Fraction | None = None
    held: str | None = None
    last_good: tuple[Exact | None, date] | None = None
    stale: str | None = None
    no_data: str | None = None
    step_value_on: tuple[ValueOn | None, ...] = ()
    step_factors: tuple[int, ...] = ()
    override: Override | None = None
    frozen: FrozenScore | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """One key result on one day.

    Attributes:
        key_result: its full name.
        as_of: the day asked for; `day` is the evaluated one, min(as_of, due).
        value: in shown units; `numerator` and `denominator` are the raw ones.
        value_day: the day of the value, an earlier one while held.
        progress: unclamped; `clamped` is between 0 and the key result's cap.
        expected: expected progress; x: the share of time gone; ratio: the first over
            the second, None without progress.
        reason: why, for statuses that need one.
        in_bounds_now: for a keep, whether the day's own value lies inside.
        steps_done: for milestones, the day each step was done.
        formula: the worked example, numbers filled in.
        score: 0 to 1, null until the cycle is closed.
        status_at_close: what the status was when the cycle was closed.
    """

    key_result: str
    as_of: date
    day: date
    value: Fraction | None
    numerator: Fraction | None
    denominator: Fraction | None
    value_day: date | None
    baseline: Fraction | None
    target: Fraction | None
    progress: Fraction | None
    clamped: Fraction | None
    expected: Fraction
    x: Fraction
    ratio: Fraction | None
    status: Status
    reason: str | None
    in_bounds_now: bool | None
    steps_done: tuple[date | None, ...]
    formula: str
    score: Fraction | None
    rules_version: str
    thresholds: Thresholds
    override: Override | None = None
    status_at_close: Status | None = None
