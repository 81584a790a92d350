"""What was observed of a key result when it was scored, out of the record.

What belongs here: series, check-ins, baselines and closings known by then, and what only
the moment knew, taken from the score itself: that a batch was blocked, or that the data
was too old. What does not: definitions (meanings), computing and comparing (rescoring).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from scoreline.audit.check_ins import CheckInsThen
from scoreline.audit.meanings import Meaning
from scoreline.core.digests import digest
from scoreline.core.exact import Exact
from scoreline.core.frozen import frozen_from
from scoreline.core.model import BaselineAt, Milestones, Reach
from scoreline.core.observed import Observations, Override, ValueOn, no_value
from scoreline.core.scoring import resolve_target
from scoreline.core.series_text import SeriesText
from scoreline.measures.derived import value_function
from scoreline.store.codec import unpacked
from scoreline.store.walking import Walked

Body = Mapping[str, Any]
Facts = dict[str, Any]
"""Some of the fields of `Observations`."""

_EMPTY = digest(b"")


class ExpiredError(Exception):
    """A series that the score rests on was removed by its age: it cannot be computed again."""


class SeenThen:
    """Everything that was recorded before the score at hand, but definitions."""

    def __init__(self) -> None:
        self._values: dict[str, Walked] = {}
        self._texts: dict[str, SeriesText] = {}
        self._baselines: dict[str, Body] = {}
        self._check_ins: dict[str, list[Body]] = {}
        self._closings: dict[str, Body] = {}

    def note_value(self, record: Walked) -> None:
        """Take in a value: the newest of its request from now on."""
        request = record.request or ""
        self._values[request] = record
        self._texts.pop(request, None)

    def note(self, kind: str, body: Body) -> None:
        """Take in the body of a baseline, a check-in or a cycle."""
        if kind == "baseline":
            self._baselines[body["key_result"]] = body
        elif kind == "check_in":
            self._check_ins.setdefault(body["key_result"], []).append(body)
        elif kind == "cycle":
            self._closings[body["cycle"]] = body

    def series(self, body: Body) -> dict[str, SeriesText]:
        """The series that a score names, by their requests.

        Raises:
            KeyError: one was not the newest then.
            ExpiredError: one was removed by its age.
        """
        return {request: self._text(request, named) for request, named in body["values"].items()}

    def attempts(self, meaning: Meaning, body: Body) -> list[Facts]:
        """What the moment may have known, given what the score says; one of them was so."""
        if body["status"] == "closed":
            closing = self._closings[meaning.cycle]
            return [{"frozen": frozen_from(closing["key_results"][meaning.kr.id]["frozen"])}]
        said = _as_said(body)
        if body["status"] in ("withdrawn", "not_started"):  # it may have been held besides
            return [said, {**said, **_held(body, "held")}]
        return [said]

    def observations(
        self, meaning: Meaning, series: Mapping[str, SeriesText], as_of: date, facts: Facts
    ) -> Observations:
        """What scoring was given then."""
        kind = meaning.kr.kind
        whole = meaning.requests <= series.keys()
        value_on, override = self._said(meaning, series if whole else None, as_of)
        baseline = target = None
        if isinstance(kind, Reach):
            baseline = self._baseline(meaning)
            target = resolve_target(kind.target, baseline)
        if isinstance(kind, Milestones):
            functions, factors = _steps(meaning, kind, series if whole else None)
            facts = {**facts, "step_value_on": functions, "step_factors": factors}
        return Observations(
            value_on=value_on,
            factor=meaning.factor,
            baseline=baseline,
            target=target,
            override=override,
            **facts,
        )

    def _text(self, request: str, named: str) -> SeriesText:
        record = self._values.get(request)
        if record is None or record.series_digest != named:
            raise KeyError(f"the series {request} that it names was not the newest then")
        if not record.series and named != _EMPTY:
            raise ExpiredError
        known = self._texts.get(request)
        if known is not None:
            return known
        text = record.text
        if text is None:
            text = unpacked(record.coding or "", record.series or b"")
        found = SeriesText(text)
        self._texts[request] = found
        return found

    def _said(
        self, meaning: Meaning, series: Mapping[str, SeriesText] | None, as_of: date
    ) -> tuple[ValueOn, Override | None]:
        """The value on any day, people's among the data's, and the mark of a person's."""
        kr, metric = meaning.kr, meaning.metric
        data: ValueOn = no_value
        if metric is not None and series is not None:
            data = value_function(meaning.plan, series, metric.name, kr.filter, meaning.cycle)
        bodies = self._check_ins.get(kr.id)
        if bodies is None:
            return data, None
        said = CheckInsThen(bodies, as_of, meaning.factor)
        if kr.manual:
            data = said.plain_on
        mark = said.mark_on(min(as_of, kr.due))
        return data if said.nothing else lambda day: said.value_on(day, data), mark

    def _baseline(self, meaning: Meaning) -> Fraction | None:
        if meaning.baseline is not None:
            return meaning.baseline
        kind, taken = meaning.kr.kind, self._baselines.get(meaning.kr.id)
        if not isinstance(kind, Reach) or not isinstance(kind.baseline, BaselineAt):
            return None
        if taken is None or taken["day"] != kind.baseline.date.isoformat():
            return None
        number = Exact.parse(taken["numerator"], taken["denominator"]).fraction
        return None if number is None else number * meaning.factor


def _steps(
    meaning: Meaning, kind: Milestones, series: Mapping[str, SeriesText] | None
) -> tuple[tuple[ValueOn | None, ...], tuple[int, ...]]:
    """For milestones: each step's value function and its unit's factor."""
    functions: list[ValueOn | None] = []
    factors: list[int] = []
    for step in kind.steps:
        when = step.done_when
        metric = meaning.plan.metrics.get(when.metric) if when else None
        factors.append(metric.unit.factor if metric else 1)
        if when is None:
            functions.append(None)
        elif metric is None or not series:
            functions.append(no_value)
        else:
            of = (metric.name, when.filter, meaning.cycle)
            functions.append(value_function(meaning.plan, series, *of))
    return tuple(functions), tuple(factors)


def _as_said(body: Body) -> Facts:
    """What only the moment knew, as the score says it."""
    status, reason = body["status"], body["reason"]
    if status == "held":
        return _held(body, reason)
    return {status: reason} if status in ("stale", "no_data") else {}


def _held(body: Body, reason: str) -> Facts:
    day = body["value_day"]
    if day is None:
        return {"held": reason}
    value = Exact.parse(body["numerator"], body["denominator"])
    return {"held": reason, "last_good": (value, date.fromisoformat(day))}
