"""Closing a cycle: scores, inputs and definitions are fixed; reopening takes that back.

What belongs here: what a closing demands and what it freezes. What does not: what later
data do beside it (restating), drafts for the next cycle (carrying), asking people (cli).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from scoreline.core.errors import UsageError
from scoreline.core.exact import shown
from scoreline.core.frozen import frozen_body
from scoreline.core.model import Cycle
from scoreline.core.records import CycleEvent
from scoreline.core.scoring import freeze
from scoreline.steps.evaluating import evaluate, rolled_up
from scoreline.steps.project import Project
from scoreline.steps.reports import KeyResultRow
from scoreline.steps.run import loaded_run
from scoreline.steps.scoring import score_day
from scoreline.steps.status import objective_json, standing

PASSES: Mapping[str, Fraction] = {"committed": Fraction(1), "aspirational": Fraction(7, 10)}
"""The least score that passes, by commitment."""


@dataclass(frozen=True, slots=True)
class Closing:
    """What is asked for.

    `as_of` is the day whose scores are frozen, after the cycle's end; what `evaluate` says
    if None. `misses` are written reasons by key result.
    """

    cycle: str
    reason: str
    who: str
    approver: str | None = None
    as_of: date | None = None
    misses: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """What a closing froze: its record's digest, and the event."""

    record: str
    event: CycleEvent


Ask = Callable[[KeyResultRow], str | None]
"""Asks a person for the reason of a committed miss; None where nobody can be asked."""


def close_cycle(project: Project, wish: Closing, ask: Ask) -> Closed:
    """Score a cycle's key results on what is loaded, and fix the scores.

    Raises:
        UsageError: there is no such cycle, it is not over or closed already, or a committed
            miss has no reason; the scores are recorded all the same.
    """
    cycle, day = _cycle(project, wish.cycle), wish.as_of or project.default_day()
    _refuse(project, cycle, day)
    with loaded_run(project, f"close {cycle.name}", day) as (run, warehouse):
        report = score_day(project, warehouse, run, day)
        mine = [r for r in report.key_results if _is_of(r.id, cycle.name)]
        event = CycleEvent(
            cycle=cycle.name,
            state="closed",
            reason=wish.reason,
            who=wish.who,
            approver=wish.approver,
            as_of=day,
            misses=_reasons(project, mine, wish.misses or {}, ask),
            key_results=_frozen(project, mine, day),
        )
        event = replace(event, objectives=_objectives(project, event, day))
        record = project.store.record_cycle(event, project.now())
    return Closed(record, event)


def reopen_cycle(project: Project, name: str, reason: str, who: str, approver: str) -> str:
    """Take a closing back; its scores stay in the record.

    Returns:
        The digest of the record.

    Raises:
        UsageError: there is no such cycle, or it is not closed.
    """
    cycle = _cycle(project, name)
    with project.working(f"reopen {name}"):
        closing = project.store.closings().get(cycle.name)
        event = CycleEvent(
            cycle=cycle.name,
            state="reopened",
            reason=reason,
            who=who,
            approver=approver,
            closing=closing.digest if closing else None,
        )
        return project.store.record_cycle(event, project.now())


def _cycle(project: Project, name: str) -> Cycle:
    cycles = project.plan.organisation.cycles
    if name not in cycles:
        raise UsageError(f"there is no cycle {name!r}; organisation.yaml has: {', '.join(cycles)}")
    return cycles[name]


def _refuse(project: Project, cycle: Cycle, day: date) -> None:
    if day <= cycle.end:
        raise UsageError(
            f"the cycle {cycle.name} ends on {cycle.end} and would be closed as of {day}: whether "
            "something was missed is known from the day after on; wait, or give --as-of DATE"
        )
    today = project.now().astimezone(project.zone).date()
    if day > today:
        raise UsageError(f"--as-of {day} lies in the future; today is {today}")
    if cycle.name in project.store.closings():
        raise UsageError(
            f"the cycle {cycle.name} is closed already: `scoreline reopen {cycle.name}` takes "
            "that back, with a reason"
        )


def _is_of(key_result: str, cycle: str) -> bool:
    return key_result.split("/", 1)[0] == cycle


def committed_misses(project: Project, rows: Sequence[KeyResultRow]) -> list[KeyResultRow]:
    """The key results of committed objectives that do not pass, without those withdrawn."""
    objectives = project.plan.objectives
    found = []
    for row in rows:
        objective = objectives[row.id.rsplit("/", 1)[0]]
        if objective.commitment != "committed" or row.score.status in ("withdrawn", "not_started"):
            continue
        score = freeze(row.score).score
        if score is None or score < PASSES["committed"]:
            found.append(row)
    return found


def _reasons(
    project: Project, rows: Sequence[KeyResultRow], given: Mapping[str, str], ask: Ask
) -> dict[str, str]:
    """The written reason of every committed miss.

    Raises:
        UsageError: one is missing, or one is given for what is no committed miss.
    """
    misses = committed_misses(project, rows)
    names = [row.id for row in misses]
    strange = [name for name in given if name not in names]
    if strange:
        raise UsageError(
            f"--miss {strange[0]}: it is no committed miss of this cycle; those are: "
            f"{', '.join(names) or 'none'}"
        )
    reasons = {row.id: (given.get(row.id) or ask(row) or "").strip() for row in misses}
    missing = [name for name, reason in reasons.items() if not reason]
    if missing:
        listed = "".join(f'\n  --miss {name}="…"' for name in missing)
        raise UsageError(
            f"{len(missing)} committed key results missed their target, and closing needs the "
            f"reason of each:{listed}"
        )
    return reasons


def _frozen(project: Project, rows: Sequence[KeyResultRow], day: date) -> dict[str, Any]:
    """What is fixed of each key result, and the digests of what it rests on."""
    stored = project.store.latest_scores(day)
    found = {}
    for row in rows:
        frozen, record = freeze(row.score), stored[row.id]
        commitment = project.plan.objectives[row.id.rsplit("/", 1)[0]].commitment
        found[row.id] = {
            "frozen": frozen_body(frozen),
            "commitment": commitment,
            "passes": None if frozen.score is None else frozen.score >= PASSES[commitment],
            "record": record.digest,
            "definition": record.body["definition"],
            "definitions": record.body["definitions"],
            "inputs": record.body["inputs"],
            "values": record.body["values"],
        }
    return found


def _objectives(project: Project, event: CycleEvent, day: date) -> list[dict[str, Any]]:
    """What the frozen scores add up to, by the roll-up that everything else uses."""
    evidence = standing(project, day).evidence
    evidence.closings = {**evidence.closings, event.cycle: event}
    scored = evaluate(project, evidence, day)
    rolled = rolled_up(project, project.plan, scored, day)
    return [objective_json(o) for o in rolled if _is_of(o.id, event.cycle)]


def band(score: Fraction | None) -> str:
    """The colour of a score: below 0.4 red, below 0.7 yellow, else green; none without one."""
    if score is None:
        return "none"
    if score < Fraction(4, 10):
        return "red"
    return "yellow" if score < Fraction(7, 10) else "green"


def score_words(score: Fraction | None) -> str:
    """A score with two decimals and its colour."""
    return "no score" if score is None else f"{shown(score, 2)} {band(score)}"
