"""How long the rows of a stream are kept, and which key results need them for longer.

What belongs here: the ages that hold for a stream, held against what key results need. What does
not: what has reached its age by now (steps.expiring).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from scoreline.core.errors import Problem
from scoreline.core.model import Plan, Stream
from scoreline.core.periods import shift
from scoreline.core.retention import Age, Retention
from scoreline.measures.reach import Need, needs


def retention_of(plan: Plan, stream: str) -> Retention:
    """The ages that hold for a stream; its bytes are kept no longer than its rows."""
    declared = plan.streams.get(stream)
    own = (declared.retention if declared else None) or Retention()
    rules = own.over(plan.organisation.retention or Retention())
    if rules.of("raw").is_longer(rules.of("rows")):
        rules = replace(rules, raw=rules.rows)
    return rules


def outlasting(plan: Plan) -> list[Problem]:
    """A warning for each stream of which key results need rows that are older than is declared.

    Such rows stay until the key result's cycle is over, so the declared age does not hold. A
    stream that is replaced by each snapshot keeps its newest one, whatever its age.
    """
    ages = {name: retention_of(plan, name).of("rows") for name in plan.streams}
    aged = {n for n, s in plan.streams.items() if ages[n].amount and s.load != "replace"}
    live = [k for k in plan.key_results.values() if k.withdrawn is None]
    found: dict[str, dict[str, Need]] = {}
    for need in needs(plan, live) if aged else ():
        if need.stream in aged and _outlasts(plan, need, ages[need.stream]):
            known = found.setdefault(need.stream, {}).setdefault(need.key_result, need)
            if _first(need) < _first(known):
                found[need.stream][need.key_result] = need
    return [
        problem
        for name, of_stream in found.items()
        for problem in _warned(plan, plan.streams[name], ages[name], list(of_stream.values()))
    ]


def _outlasts(plan: Plan, need: Need, age: Age) -> bool:
    """Whether what arrived on the first day that is needed reaches the age within the cycle."""
    if need.first is None or age.amount is None:
        return age.amount is not None
    return shift(need.first, age.amount, age.unit) <= _until(plan, need)


def _warned(plan: Plan, stream: Stream, age: Age, wanted: list[Need]) -> Iterator[Problem]:
    most = min(wanted, key=lambda need: (_first(need), need.key_result))
    until = _until(plan, most)
    since = f"those since {most.first}" if most.first else "every one"
    others = {1: "", 2: "; so does 1 more"}.get(len(wanted), f"; so do {len(wanted) - 1} more")
    hint = "measure in a window with a start, or say rows: forever"
    if most.first is not None:
        hint = f"rows: {(until - most.first).days + 1} days or longer, or a shorter window"
    yield Problem(
        "warning",
        "outlasts-retention",
        stream.place,
        f"its rows are kept {age}, but {most.key_result} needs {since} until {until}{others}: "
        "they stay until the cycle is over, however old they are",
        found=f"rows: {age}",
        hint=hint,
        scope=f"stream {stream.full_name}",
    )


def _first(need: Need) -> date:
    return need.first or date.min


def _until(plan: Plan, need: Need) -> date:
    return plan.organisation.cycles[need.key_result.split("/", 1)[0]].end
