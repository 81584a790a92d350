"""Warnings from OKR practice, each with its reason.

What belongs here: what is legal and yet likely a mistake, seen from the definitions
alone. What does not: errors (resolve_*), and warnings that need data (lint_data, which
`lint` calls where facts are given).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from scoreline.core.errors import Place, Problem
from scoreline.core.model import (
    Aggregate,
    KeyResult,
    Metric,
    Objective,
    Organisation,
    Plan,
    Reach,
    Unit,
)
from scoreline.core.periods import period_start
from scoreline.definitions.canonical import (
    metric_closure,
    metrics_of,
    refs_of,
    relation_closure,
)
from scoreline.definitions.lint_data import Facts, lint_data

__all__ = ["Facts", "lint"]

_MOST = 5
_FEWEST = 2
_ACTIVITIES = ("hold", "run", "do", "organise", "organize", "conduct", "host", "attend")


def lint(plan: Plan, facts: Facts | None = None) -> list[Problem]:
    """Every warning, in the order of the files.

    Args:
        plan: the definitions as resolved.
        facts: what the data shows; without it the warnings that need data are not made.
    """
    found = [
        *_owners(plan),
        *_sizes(plan),
        *_activities(plan),
        *_double_counting(plan),
        *_orphans(plan),
        *_restarts(plan),
        *_beyond_unit(plan),
        *_workdays(plan),
        *_unused(plan),
    ]
    found += lint_data(plan, facts) if facts is not None else []
    return sorted(found, key=lambda p: (p.place, p.scope, p.code))


def _warning(
    code: str, place: Place, message: str, scope: str, *, found: str = "", hint: str = ""
) -> Problem:
    return Problem("warning", code, place, message, found, "", hint, scope)


def _owners(plan: Plan) -> Iterator[Problem]:
    why = "a number that nobody owns is nobody's to mend"
    for metric in plan.metrics.values():
        if metric.owner is None:
            message = f"the metric {metric.name} has no owner: {why}"
            yield _warning("no-owner", metric.place, message, f"metric {metric.name}",
                           hint="owner: name@company")  # fmt: skip
    why = "a goal that nobody owns moves for nobody"
    for objective in plan.objectives.values():
        if objective.owner is None:
            message = f"the objective {objective.id} has no owner: {why}"
            yield _warning("no-owner", objective.place, message, f"objective {objective.id}",
                           hint="owner: name@company")  # fmt: skip


def _sizes(plan: Plan) -> Iterator[Problem]:
    teams: dict[tuple[str, str], list[Objective]] = defaultdict(list)
    for objective in plan.objectives.values():
        teams[objective.cycle, objective.team].append(objective)
    for (cycle, team), objectives in teams.items():
        if len(objectives) > _MOST:
            place = objectives[_MOST].place
            message = f"{team} has {len(objectives)} objectives in {cycle}: more than {_MOST}"
            message += " divide attention until none is a priority"
            yield _warning("many-objectives", place, message, f"{cycle}/{team}")
    for objective in plan.objectives.values():
        count = len([k for k in objective.key_results if k.withdrawn is None])
        scope = f"objective {objective.id}"
        if count > _MOST:
            message = f"{count} key results: with more than {_MOST} it is unclear what decides"
            yield _warning("many-key-results", objective.place, message, scope)
        elif count < _FEWEST and objective.roll_up == "key_results":
            message = f"{count} key results: fewer than {_FEWEST} rarely show"
            message += " the whole of an objective"
            yield _warning("few-key-results", objective.place, message, scope)


def _activities(plan: Plan) -> Iterator[Problem]:
    for key_result in _live(plan):
        metric = plan.metrics.get(key_result.metric or "")
        measure = metric.measure if metric else None
        is_count = isinstance(measure, Aggregate) and measure == Aggregate("count")
        first = key_result.title.split()[:1]
        if is_count or (first and first[0].lower() in _ACTIVITIES):
            message = "it counts an activity: doing much is not yet an effect"
            hint = "measure what changes when the activity works"
            yield _warning("activity", key_result.place, message, key_result.id,
                           found=key_result.title, hint=hint)  # fmt: skip


def _double_counting(plan: Plan) -> Iterator[Problem]:
    first: dict[object, KeyResult] = {}
    for objective in plan.objectives.values():
        for key_result in objective.key_results:
            if key_result.metric is None or key_result.withdrawn is not None:
                continue
            same = (objective.cycle, key_result.metric, key_result.filter)
            other = first.setdefault(same, key_result)
            if other is not key_result:
                message = f"it measures what {other.id} measures: one change counts twice"
                yield _warning("double-counting", key_result.place, message, key_result.id,
                               found=key_result.metric)  # fmt: skip


def _orphans(plan: Plan) -> Iterator[Problem]:
    for objective in plan.objectives.values():
        team = plan.organisation.teams.get(objective.team)
        if objective.supports is None and team is not None and team.parent is not None:
            message = "it supports no other objective: work that no larger goal asks for"
            hint = f"supports: {team.parent}/<objective>"
            yield _warning("orphan-objective", objective.place, message,
                           f"objective {objective.id}", hint=hint)  # fmt: skip


def _restarts(plan: Plan) -> Iterator[Problem]:
    for key_result in _live(plan):
        if not isinstance(key_result.kind, Reach):
            continue
        for metric in metric_closure(plan, metrics_of(key_result)).values():
            restart = _restart(metric, key_result, plan.organisation)
            if restart is not None:
                message = f"the window {metric.window} of {metric.name} starts again on {restart},"
                message += " between start and due: the value falls back to nothing there"
                yield _warning("restarting-window", key_result.place, message, key_result.id,
                               hint="window: cycle, last … or trailing …")  # fmt: skip
                break


def _restart(metric: Metric, key_result: KeyResult, organisation: Organisation) -> date | None:
    """The newest day in start..due on which a running period starts anew."""
    window = metric.window
    if metric.derived or window.kind == "last" or window.period is None:
        return None
    newest = period_start(window.period, key_result.due, organisation.fiscal_year_starts)
    return newest if newest > key_result.start else None


def _beyond_unit(plan: Plan) -> Iterator[Problem]:
    for key_result in _live(plan):
        metric = plan.metrics.get(key_result.metric or "")
        target = key_result.kind.target if isinstance(key_result.kind, Reach) else None
        if metric is None or not isinstance(target, Decimal):
            continue
        legal = _beyond(metric.unit, target)
        if legal:
            message = f"the target {target} lies outside the unit {metric.unit}: it takes {legal}"
            yield _warning("target-outside-unit", key_result.place, message, key_result.id,
                           found=str(target))  # fmt: skip


def _beyond(unit: Unit, value: Decimal) -> str:
    """What the unit takes, where it does not take the value; empty where it does."""
    if unit.kind == "share" and not 0 <= value <= 100:
        return "0 to 100"
    is_count = value >= 0 and value == value.to_integral_value()
    return "whole numbers from 0" if unit.kind == "count" and not is_count else ""


def _workdays(plan: Plan) -> Iterator[Problem]:
    if plan.organisation.holidays:
        return
    for key_result in _live(plan):
        if key_result.expected.kind == "workdays":
            message = "it expects progress on working days, and no holidays are declared"
            yield _warning("no-holidays", key_result.place, message, key_result.id,
                           hint="holidays: in organisation.yaml")  # fmt: skip


def _unused(plan: Plan) -> Iterator[Problem]:
    why = "what nobody uses is computed and checked for nothing"
    named = {name for k in plan.key_results.values() for name in metrics_of(k)}
    named |= {ref.metric for metric in plan.metrics.values() for ref in refs_of(metric)}
    for metric in plan.metrics.values():
        if metric.name not in named:
            message = f"no key result and no metric uses {metric.name}: {why}"
            yield _warning("unused-metric", metric.place, message, f"metric {metric.name}")
    read = set(relation_closure(plan, (m.from_ for m in plan.metrics.values() if m.from_)))
    for model in plan.models.values():
        if model.full_name not in read:
            message = f"no metric reads {model.full_name}: {why}"
            yield _warning("unused-model", model.place, message, f"model {model.name}")
    for stream in plan.streams.values():
        if stream.full_name not in read:
            message = f"no metric reads {stream.full_name}: {why}"
            yield _warning("unused-stream", stream.place, message, f"stream {stream.full_name}")


def _live(plan: Plan) -> Iterator[KeyResult]:
    return (k for k in plan.key_results.values() if k.withdrawn is None)
