"""Why a score moved between two of its records: one step after another, adding up exactly.

What belongs here: the order of the steps, and the value after each. What does not: what
single rows do (why_rows), the two clocks (clocks), printing.

From the earlier record to the later one, each step changes one thing and keeps the others:

    released    a hold that ended: the value on the data in place of the last good one
    time        the later day, on the same data: windows that moved on
    added, changed, removed   rows that differ between the two states of the streams
    definition  what was declared otherwise
    people      check-ins, overrides, frozen baselines
    held        a hold that began: the last good value in place of the data's
    closed      the cycle was closed

A step's contribution is the value after it less the value before, an exact fraction; the
sum over all steps is the difference between the two records by construction. What cannot
be told (no value before or after) has no contribution, and is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any

from scoreline.core.errors import UsageError
from scoreline.core.model import KeyResult
from scoreline.core.records import StreamVersion, ValueRecord
from scoreline.core.scoring import Score
from scoreline.definitions.diff import semantic_diff
from scoreline.measures.requests import asked_of, streams_read
from scoreline.steps.clocks import Clocks, project_then
from scoreline.steps.evaluating import evaluate, gather
from scoreline.steps.project import Project
from scoreline.steps.row_effects import RowsStep
from scoreline.steps.why_rows import Mixture
from scoreline.store.rows import StoredScore

WORDS: Mapping[str, str] = {
    "released": "a hold ended",
    "time": "time alone",
    "added": "rows added",
    "changed": "rows changed",
    "removed": "rows removed",
    "definition": "the definition",
    "people": "what people said",
    "held": "a hold began",
    "closed": "the cycle was closed",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that changed: the result before and after it, and what is known of it."""

    kind: str
    before: Score
    after: Score
    rows: RowsStep | None = None
    notes: tuple[str, ...] = ()

    @property
    def value(self) -> Fraction | None:
        """What the step adds to the value; None where one of the two is missing."""
        return _difference(self.before.value, self.after.value)

    @property
    def progress(self) -> Fraction | None:
        """What the step adds to the progress."""
        return _difference(self.before.progress, self.after.progress)


@dataclass(slots=True)
class Why:
    """Two records of a key result's score, and the steps from one to the other."""

    key_result: KeyResult
    since: StoredScore
    until: StoredScore
    first: Score
    last: Score
    steps: list[Step] = field(default_factory=list)

    @property
    def value(self) -> Fraction | None:
        """What the value moved by."""
        return _difference(self.first.value, self.last.value)

    @property
    def progress(self) -> Fraction | None:
        """What the progress moved by."""
        return _difference(self.first.progress, self.last.progress)


def _difference(before: Fraction | None, after: Fraction | None) -> Fraction | None:
    return None if before is None or after is None else after - before


def why(project: Project, kr: KeyResult, since: date, until: date | None) -> Why:
    """What moved a key result's score between two days, as recorded.

    The earlier record is the first one of the newest day up to `since`, the later one the
    last one of the newest day up to `until` (None: of all).

    Raises:
        UsageError: nothing is recorded for the days.
        WarehouseError: a stored file is missing or damaged.
    """
    first, last = _records(project, kr, since, until)
    return _Path(project, kr, first, last).walk()


def _records(
    project: Project, kr: KeyResult, since: date, until: date | None
) -> tuple[StoredScore, StoredScore]:
    history = project.store.score_history(kr.id)
    if not history:
        raise UsageError(f"no score of {kr.id} is recorded yet: `scoreline run` records one")
    before = [s for s in history if s.as_of <= since]
    after = [s for s in history if until is None or s.as_of <= until]
    if not before:
        raise UsageError(
            f"no score of {kr.id} is recorded for {since} or before; the first one "
            f"is of {history[0].as_of}"
        )
    if not after or after[-1].as_of < before[-1].as_of:
        raise UsageError(f"--until {until} lies before --since {since}")
    first = next(s for s in before if s.as_of == before[-1].as_of)
    return first, after[-1]


class _Path:
    """The way from one record to another."""

    def __init__(
        self, project: Project, kr: KeyResult, since: StoredScore, until: StoredScore
    ) -> None:
        self.kr, self.since, self.until = kr, since, until
        t0, t1 = since.recorded_at.isoformat(), until.recorded_at.isoformat()
        day0, day1 = since.as_of, until.as_of
        self.old = project_then(project, Clocks(t0), day0, kr.id, only=True)
        self.new = project_then(project, Clocks(t1), day1, kr.id, only=True)
        self.mixed = project_then(project, Clocks(t1, t0), day1, kr.id, only=True)
        self.old_kr, self.new_kr = (p.plan.key_results[kr.id] for p in (self.old, self.new))

    def walk(self) -> Why:
        old, new = self._values(self.old), self._values(self.new)
        mixed = self._values(self.mixed)
        first = self._score(self.old, self.since.as_of, old, holds=True, early=True)
        free = self._score(self.old, self.since.as_of, old, early=True)
        later = self._score(self.old, self.until.as_of, old)
        data = self._score(self.old, self.until.as_of, mixed)
        defined = self._score(self.old, self.until.as_of, new, plan_of=self.new)
        said = self._score(self.new, self.until.as_of, new)
        held = self._score(self.new, self.until.as_of, new, holds=True, closed=False)
        last = self._score(self.new, self.until.as_of, new, holds=True)
        found = Why(self.kr, self.since, self.until, first, last)
        steps = [
            Step("released", first, free),
            Step("time", free, later, notes=self._time(free, later)),
            *self._rows(later, data),
            Step("definition", data, defined, notes=self._definition()),
            Step("people", defined, said, notes=self._people()),
            Step("held", said, held, notes=(held.reason,) if held.reason else ()),
            Step("closed", held, last),
        ]
        found.steps = [s for s in steps if _says_something(s)]
        return found

    def _values(self, project: Project) -> dict[str, ValueRecord]:
        return project.store.values()

    def _score(
        self,
        project: Project,
        day: date,
        values: Mapping[str, ValueRecord],
        *,
        holds: bool = False,
        closed: bool | None = None,
        early: bool = False,
        plan_of: Project | None = None,
    ) -> Score:
        """The score by a project's record, with a plan and values that need not be its own."""
        plan = (plan_of or project).plan
        kr = plan.key_results[self.kr.id]
        evidence = gather(project, plan, day, values, (plan_of or project).failed, kr)
        evidence.now = (self.since if early else self.until).recorded_at
        if not holds:
            evidence.blocked = {}
        if not (holds if closed is None else closed):
            evidence.closings = {}
        scored = evaluate(replace(project, plan=plan), evidence, day, kr)
        return scored[0].score

    # --- the steps' contents -----------------------------------------------------------------

    def _rows(self, before: Score, after: Score) -> list[Step]:
        """The steps of rows, from the streams' versions that differ."""
        names = [s for m, _ in asked_of(self.old_kr) for s in self._streams(m)]
        old, new = self._versions(self.old, names), self._versions(self.new, names)
        if {n: v.digest for n, v in old.items()} == {n: v.digest for n, v in new.items()}:
            return [] if before == after else [Step("changed", before, after)]
        with Mixture(self.mixed, self.kr.id, self.until.as_of, old, new) as mixture:
            found = mixture.compare()
            kinds, steps = [k for k, n in found.items() if n], []
            if not kinds:  # no row differs; what was received last may still move `latest`
                return [Step("changed", before, after)]
            for n, kind in enumerate(kinds):
                here = after
                if n + 1 < len(kinds):
                    values = mixture.values(kinds[: n + 1])
                    here = self._score(self.old, self.until.as_of, values)
                steps.append(Step(kind, before, here, mixture.rows(kinds[:n], kind, found[kind])))
                before = here
        return steps

    def _streams(self, metric: str) -> tuple[str, ...]:
        plan = self.mixed.plan
        return tuple(streams_read(plan, metric)) if metric in plan.metrics else ()

    def _versions(self, project: Project, names: list[str]) -> dict[str, StreamVersion]:
        states = project.store.stream_states()
        return project.store.streams_then({n: states[n].digest for n in names if n in states})

    def _time(self, before: Score, after: Score) -> tuple[str, ...]:
        notes = []
        if before.expected != after.expected:
            notes.append(
                f"expected by {after.day}: {float_free(after.expected)} "
                f"(on {before.day}: {float_free(before.expected)})"
            )
        return tuple(notes)

    def _definition(self) -> tuple[str, ...]:
        """Every difference between the definitions that the two records name."""
        old: Mapping[str, Any] = self.since.body.get("definitions") or {}
        new: Mapping[str, Any] = self.until.body.get("definitions") or {}
        names = [n for n in {**old, **new} if old.get(n) != new.get(n)]
        store = self.old.store
        notes = []
        for name in names:
            versions = {v.version.digest: v.version for v in store.definition_versions(name)}
            before, after = versions.get(old.get(name, "")), versions.get(new.get(name, ""))
            changes = semantic_diff(before.body if before else None, after.body if after else {})
            notes += [f"{name}: {change}" for change in changes[:10]]
        return tuple(notes)

    def _people(self) -> tuple[str, ...]:
        old = self.old.store.check_ins(self.kr.id, upto=self.until.as_of)
        new = self.new.store.check_ins(self.kr.id, upto=self.until.as_of)
        return tuple(
            f"{c.who} on {c.day}: {c.value or '–'}"
            + (f" until {c.until} ({c.reason})" if c.until else f" {c.note or ''}".rstrip())
            for c in new
            if c not in old
        )


def _says_something(step: Step) -> bool:
    before, after = step.before, step.after
    moved = (before.value, before.progress) != (after.value, after.progress)
    if step.kind in ("added", "changed", "removed"):
        return moved or bool(step.rows and step.rows.count)
    return (
        moved
        or (step.kind == "definition" and bool(step.notes))
        or (step.kind in ("released", "held", "closed") and before.status != after.status)
    )


def float_free(number: Fraction) -> str:
    """A share in percent with one decimal, half-even."""
    tenths = round(number * 1000)
    return f"{tenths // 10}.{abs(tenths) % 10} %"
