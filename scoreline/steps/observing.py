"""Observations: what is known of each key result on a day, from the control store alone.

What belongs here: putting together what one key result's values and their state are. What does
not: where values come from (seen_values), why one cannot be used (withholding), scoring them
(core), DuckDB, or the clock (passed in).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from scoreline.core.exact import Exact, as_fraction, exact_text
from scoreline.core.frozen import frozen_from
from scoreline.core.model import BaselineAt, KeyResult, Reach
from scoreline.core.observed import FrozenScore, Observations, Override
from scoreline.core.records import Baseline, CheckIn
from scoreline.core.scoring import resolve_target
from scoreline.steps import withholding
from scoreline.steps.evidence import Evidence, LookedUp
from scoreline.steps.seen_values import Values


@dataclass(frozen=True, slots=True)
class Observed:
    """One key result's observations, and what is shown beside the score.

    `new_baseline` is a baseline that was taken from the data just now.
    """

    seen: Observations
    streams: tuple[str, ...]
    values: tuple[str, ...]
    observed_at: str | None
    provisional: bool
    new_baseline: Baseline | None = None


class Observer:
    """Observes one key result after another on the same evidence."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._looked_up = LookedUp(evidence)

    def observe(self, kr: KeyResult, as_of: date) -> Observed:
        """What is known of a key result as of a day."""
        found = _observed(Values(self._looked_up, kr, min(as_of, kr.due)))
        frozen = self._frozen(kr, as_of)
        if frozen is None:
            return found
        return replace(found, seen=replace(found.seen, frozen=frozen))

    def _frozen(self, kr: KeyResult, as_of: date) -> FrozenScore | None:
        """What the closing of the cycle fixed, on its day and later ones."""
        if not self._evidence.closings:
            return None
        closing = self._evidence.closings.get(kr.id.split("/", 1)[0])
        if closing is None or closing.as_of is None or as_of < closing.as_of:
            return None
        body = closing.key_results.get(kr.id)
        return None if body is None else frozen_from(body["frozen"])


def _baseline(seen: Values) -> tuple[Fraction | None, Baseline | None]:
    """The baseline in shown units, and a record where it was taken just now."""
    kind = seen.kr.kind
    if not isinstance(kind, Reach):
        return None, None
    if not isinstance(kind.baseline, BaselineAt):
        return as_fraction(kind.baseline), None
    frozen = seen.evidence.baselines.get(seen.kr.id)
    if frozen is not None and frozen.day == kind.baseline.date:
        number = Exact.parse(frozen.numerator, frozen.denominator).fraction
        return None if number is None else number * seen.factor, None
    value = seen.data_value(kind.baseline.date)
    if value is None or value.fraction is None:
        return None, None
    below = value.denominator
    taken = Baseline(
        key_result=seen.kr.id,
        day=kind.baseline.date,
        numerator=exact_text(value.numerator),
        denominator=None if below is None else exact_text(below),
        source={
            s: seen.evidence.streams[s].digest for s in seen.streams if s in seen.evidence.streams
        },
    )
    return value.fraction * seen.factor, taken


def _observed(seen: Values) -> Observed:
    baseline, taken = _baseline(seen)
    kind = seen.kr.kind
    target = resolve_target(kind.target, baseline) if isinstance(kind, Reach) else None
    override = seen.said.override_on(seen.day)
    why_held = None if override else withholding.held(seen)
    functions, factors = seen.steps()
    good = None if why_held is None else withholding.last_good(seen)
    has_value = why_held is None and override is None and seen.number is not None
    observations = Observations(
        value_on=seen.value_on,
        factor=seen.factor,
        baseline=baseline,
        target=target,
        held=why_held,
        last_good=good,
        stale=None if override else withholding.stale(seen),
        no_data=None if has_value else withholding.no_data(seen, baseline),
        step_value_on=functions,
        step_factors=factors,
        override=_mark(override),
    )
    return Observed(
        seen=observations,
        streams=seen.streams,
        values=seen.series,
        observed_at=_observed_at(seen, good),
        provisional=seen.looked_up.provisional(seen.metrics, seen.day),
        new_baseline=taken,
    )


def _observed_at(seen: Values, good: tuple[Exact | None, date] | None) -> str | None:
    if seen.kr.manual:
        found = seen.said.checked_in(seen.day)
        return found.day.isoformat() if found else None
    if good is not None:
        return good[1].isoformat()
    return seen.looked_up.newest_text(seen.streams, seen.day)


def _mark(check_in: CheckIn | None) -> Override | None:
    if check_in is None:
        return None
    return Override(check_in.who, check_in.reason or "", check_in.until)
