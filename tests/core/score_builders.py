"""Small builders for key results, observations and plans: no test stands here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from scoreline.core.exact import Exact
from scoreline.core.model import (
    Cycle,
    Done,
    DoneWhen,
    Keep,
    KeyResult,
    Milestone,
    Milestones,
    Objective,
    Organisation,
    Plan,
    Reach,
    Team,
)
from scoreline.core.scoring import Observations, Rules, Score, score

START, DUE = date(2026, 7, 1), date(2026, 12, 31)
MIDDLE = date(2026, 9, 30)
RULES = Rules()


def plain(number: str | int | Fraction) -> Exact:
    """A plain value."""
    return Exact(Fraction(number))


def always(number: str | int | Fraction | None) -> Callable[[date], Exact | None]:
    """The same value on every day, or none at all."""
    return lambda _day: None if number is None else plain(number)


def on_days(values: Mapping[date, Any]) -> Callable[[date], Exact | None]:
    """A value on the days that are listed, none on others."""
    return lambda day: plain(values[day]) if day in values else None


def reach(baseline: str = "0", target: str = "100", **fields: Any) -> KeyResult:
    """A key result from a baseline to a target."""
    kind = Reach(Decimal(baseline), Decimal(target))
    return replace(_key_result(kind), metric="m", **fields)


def keep(**bounds: Any) -> KeyResult:
    """A key result that stays at most 2, unless bounds say otherwise."""
    return replace(_key_result(Keep(**(bounds or {"at_most": Decimal(2)}))), metric="m")


def done(on: date | None) -> KeyResult:
    """A key result that is done or not."""
    return _key_result(Done(on))


def milestones(*steps: Milestone) -> KeyResult:
    """A key result of steps."""
    return _key_result(Milestones(steps))


def step(weight: int, due: date = DUE, done: date | None = None, **bounds: Any) -> Milestone:
    """A milestone; with bounds, one that data completes."""
    when = DoneWhen("regions_live", **bounds) if bounds else None
    return Milestone(f"step {weight}", Decimal(weight), due, done, when)


def _key_result(kind: Any) -> KeyResult:
    return KeyResult("2026-H2/learning/o/k", "A key result", kind, START, DUE, "o.yaml")


def seen(value: Any = None, baseline: Any = 0, target: Any = 100, **fields: Any) -> Observations:
    """Observations with one value on every day."""
    ends = {"baseline": _number(baseline), "target": _number(target)}
    return Observations(**{"value_on": always(value), **ends, **fields})


def _number(x: Any) -> Fraction | None:
    return None if x is None else Fraction(x)


def scored(kr: KeyResult, observations: Observations, as_of: date = MIDDLE) -> Score:
    """The score by the default rules."""
    return score(kr, RULES, observations, as_of)


def linear_day(baseline: str, target: str, value: Any, x: Fraction) -> Score:
    """A score in a span of 100 days with the share `x` of its time gone."""
    start = date(2026, 1, 1)
    day = date.fromordinal(start.toordinal() + int(x * 100))
    kr = reach(baseline, target, start=start, due=date(2026, 4, 11))
    return scored(kr, seen(value, baseline, target), day)


def objective(name: str, *key_results: KeyResult, **fields: Any) -> Objective:
    """An objective `<cycle>/<team>/<name>` whose key results are named after it."""
    cycle, team = fields.pop("cycle", "2026-H2"), fields.pop("team", "learning")
    full = f"{cycle}/{team}/{name}"
    named = tuple(replace(kr, id=f"{full}/k{n}") for n, kr in enumerate(key_results))
    return Objective(full, cycle, team, f"Objective {name}", "o.yaml", named, **fields)


def plan(*objectives: Objective, **teams: Team) -> Plan:
    """A plan with one cycle for every name that the objectives use."""
    cycles = {o.cycle: Cycle(o.cycle, START, DUE) for o in objectives}
    known = teams or {o.team: Team(o.team) for o in objectives}
    organisation = Organisation("Acme Training", "Europe/Berlin", cycles, known)
    return Plan(organisation, objectives={o.id: o for o in objectives})
