"""Every recorded score computed again from what the record says it was computed from.

What belongs here: definitions by their digests, values by theirs, check-ins and frozen
baselines in the order of the ledger, and the one scoring function. What does not: the
steps of a run (an auditor's second computation shares no code with them above `core`).

What only the moment knew is taken from the score itself: that a batch was blocked, or that
the data was too old then. All else (value, progress, expected, status, formula) must come
out again to the last digit.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Any

from scoreline.audit.check_ins import CheckInsThen
from scoreline.core.errors import ScorelineError
from scoreline.core.exact import Exact, parse_exact
from scoreline.core.frozen import frozen_from
from scoreline.core.model import BaselineAt, Filter, KeyResult, Metric, Milestones, Plan, Reach
from scoreline.core.observed import Observations, Rules, ValueOn
from scoreline.core.records import digest, digest_of
from scoreline.core.score_fields import score_fields
from scoreline.core.scoring import resolve_target, score
from scoreline.core.series_text import SeriesText
from scoreline.definitions.recorded import key_result_from, objects_of, plan_from
from scoreline.measures.derived import request_ids, value_function
from scoreline.store.codec import unpacked
from scoreline.store.walking import Walked

EVERY = 500
"""How many scores are one step of progress."""

_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, zlib.error)
"""What a record that was not written by this program may cause."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A recorded score that does not come out again, and why."""

    seq: int
    key_result: str
    as_of: str
    what: str

    @property
    def place(self) -> str:
        """Where, for a list of findings."""
        return f"score of {self.key_result} on {self.as_of} (record {self.seq})"


@dataclass(slots=True)
class Rescoring:
    """What one walk did."""

    scores: int = 0
    expired: int = 0
    differences: list[Difference] = field(default_factory=list)


def rescore(walk: Iterable[Walked], advance: Callable[[], None] = lambda: None) -> Rescoring:
    """Compute every score of a walk again.

    Args:
        walk: the records, oldest first.
        advance: called after every 500 scores.

    Returns:
        How many were computed; how many rest on a series that was removed by its age; and
        every difference.
    """
    known, done = _Known(), Rescoring()
    for record in walk:
        if record.kind != "score":
            known.note(record)
            continue
        done.scores += 1
        try:
            done.differences += known.check(record)
        except _Expired:
            done.expired += 1
        if done.scores % EVERY == 0:
            advance()
    return done


class _Expired(Exception):  # noqa: N818  it is an answer
    """A series that the score rests on was removed by its age."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What the definitions named by a score mean."""

    names: Mapping[str, str]
    kr: KeyResult
    plan: Plan
    rules: Rules
    requests: tuple[str, ...]

    @property
    def cycle(self) -> str:
        return self.kr.id.split("/", 1)[0]

    @property
    def metric(self) -> Metric | None:
        own = None if self.kr.manual else self.kr.metric
        return self.plan.metrics.get(own) if own is not None else None


class _Known:
    """Everything that was recorded before the score at hand."""

    def __init__(self) -> None:
        self._definitions: dict[tuple[str, str], tuple[str, Any]] = {}
        self._meanings: dict[str, _Meaning] = {}
        self._shared: dict[tuple[str, str], Any] = {}
        self._values: dict[str, Walked] = {}
        self._baselines: dict[str, Mapping[str, Any]] = {}
        self._check_ins: dict[str, list[Mapping[str, Any]]] = {}
        self._closings: dict[str, Mapping[str, Any]] = {}

    def note(self, record: Walked) -> None:
        """Take in a record that is no score."""
        if record.kind == "value":
            self._values[record.request or ""] = record
            return
        body = json.loads(record.body or b"{}")
        if record.kind == "definition":
            self._definitions[body["name"], body["digest"]] = body["kind"], body["definition"]
        elif record.kind == "baseline":
            self._baselines[body["key_result"]] = body
        elif record.kind == "check_in":
            self._check_ins.setdefault(body["key_result"], []).append(body)
        elif record.kind == "cycle":
            self._closings[body["cycle"]] = body

    def check(self, record: Walked) -> list[Difference]:
        """What differs where a score is computed again.

        Raises:
            _Expired: it cannot be, for a series is gone by its age.
        """
        try:
            body = json.loads(record.body or b"")
            what = self._wrong(body)
            named = body["key_result"], body["as_of"]
        except _DAMAGED as error:
            return [Difference(record.seq, "?", "?", f"it cannot be read: {_words(error)}")]
        return [Difference(record.seq, *named, what)] if what else []

    def _wrong(self, body: Mapping[str, Any]) -> str | None:
        """What does not come out again, in words."""
        meaning = self._meanings.get(body["definition"])
        known = meaning is not None and meaning.names == body["definitions"]
        if not known and digest_of(body["definitions"]) != body["definition"]:
            return "its definition's digest is not that of the definitions it names"
        try:
            wrong = self._different(self._meaning(body), body)
        except (ScorelineError, *_DAMAGED) as error:
            return f"it cannot be computed again: {_words(error)}"
        return "; ".join(
            f"{key} is recorded as {_short(body.get(key))}, computed again it is {_short(found)}"
            for key, found in list(wrong.items())[:3]
        )

    # --- definitions -----------------------------------------------------------------------

    def _meaning(self, body: Mapping[str, Any]) -> _Meaning:
        found = self._meanings.get(body["definition"])
        if found is None:
            found = self._meanings[body["definition"]] = self._resolve(body)
        return found

    def _resolve(self, body: Mapping[str, Any]) -> _Meaning:
        bodies = {}
        for name, version in body["definitions"].items():
            if (name, version) not in self._definitions:
                raise KeyError(f"the definition of {name} that it names is not recorded")
            bodies[name] = self._definitions[name, version]
        kr = key_result_from(bodies[f"key_result {body['key_result']}"][1])
        named = body["definitions"].items()
        shared = {n: self._shared[n, v] for n, v in named if (n, v) in self._shared}
        plan = plan_from({n: b for n, b in bodies.items() if b[0] != "key_result"}, shared)
        self._shared |= {(n, body["definitions"][n]): o for n, o in objects_of(plan)}
        organisation = plan.organisation
        rules = Rules(
            thresholds=organisation.thresholds,
            holidays=organisation.holidays,
            fiscal_year_starts=organisation.fiscal_year_starts,
            version=body["rules"],
        )
        cycle = kr.id.split("/", 1)[0]
        asked = [(m, f) for m, f in _asked(kr) if m in plan.metrics]
        ids = dict.fromkeys(r for m, f in asked for r in request_ids(plan, m, f, cycle))
        return _Meaning(body["definitions"], kr, plan, rules, tuple(ids))

    # --- values ----------------------------------------------------------------------------

    def _series(self, body: Mapping[str, Any]) -> dict[str, SeriesText]:
        found = {}
        for request, named in body["values"].items():
            record = self._values.get(request)
            if record is None or record.series_digest != named:
                raise KeyError(f"the series {request} that it names was not the newest then")
            if not record.series and named != digest(b""):
                raise _Expired
            found[request] = _text_of(record.coding or "", record.series or b"")
        return found

    def _different(self, meaning: _Meaning, body: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that come out otherwise, as they come out."""
        as_of = date.fromisoformat(body["as_of"])
        series = self._series(body)
        kr, attempts = meaning.kr, [_as_said(body)]
        if body["status"] == "closed":
            closing = self._closings[meaning.cycle]
            attempts = [{"frozen": frozen_from(closing["key_results"][kr.id]["frozen"])}]
        if body["status"] in ("withdrawn", "not_started"):  # it may have been held besides
            attempts.append({**attempts[0], **_held(body, "held")})
        if body["status"] == "no_data" and set(meaning.requests) - set(series):
            kr = replace(kr, broken=body["reason"]) if _is_broken(meaning) else kr
        wrong: dict[str, Any] = {}
        for facts in attempts:
            seen = self._observations(meaning, series, as_of, facts)
            fields = score_fields(score(kr, meaning.rules, seen, as_of))
            if fields.items() <= body.items():
                return {}
            wrong = {k: v for k, v in fields.items() if not _same(k, body.get(k), v)}
            if not wrong:
                break
        return wrong

    def _observations(
        self,
        meaning: _Meaning,
        series: Mapping[str, SeriesText],
        as_of: date,
        facts: Mapping[str, Any],
    ) -> Observations:
        kr, kind = meaning.kr, meaning.kr.kind
        factor = meaning.metric.unit.factor if meaning.metric else 1
        whole = not set(meaning.requests) - set(series)
        said = CheckInsThen(self._check_ins.get(kr.id, ()), as_of, factor)
        data: ValueOn = _nothing
        if kr.manual:
            data = said.plain_on
        elif meaning.metric is not None and whole:
            data = value_function(
                meaning.plan, series, meaning.metric.name, kr.filter, meaning.cycle
            )
        baseline = self._baseline(kr, factor)
        functions, factors = _steps(meaning, series if whole else {})
        return Observations(
            **facts,
            value_on=data if said.nothing else lambda day: said.value_on(day, data),
            factor=factor,
            baseline=baseline,
            target=resolve_target(kind.target, baseline) if isinstance(kind, Reach) else None,
            step_value_on=functions,
            step_factors=factors,
            override=said.mark_on(min(as_of, kr.due)),
        )

    def _baseline(self, kr: KeyResult, factor: int) -> Any:
        if not isinstance(kr.kind, Reach):
            return None
        if not isinstance(kr.kind.baseline, BaselineAt):
            return Fraction(kr.kind.baseline)
        taken = self._baselines.get(kr.id)
        if taken is None or taken["day"] != kr.kind.baseline.date.isoformat():
            return None
        number = _exact(taken["numerator"], taken["denominator"]).fraction
        return None if number is None else number * factor


@lru_cache(maxsize=2048)
def _text_of(coding: str, content: bytes) -> SeriesText:
    """A packed series; one that did not change serves the scores of many days."""
    return SeriesText(unpacked(coding, content))


def _asked(kr: KeyResult) -> Iterator[tuple[str, Filter]]:
    if kr.metric is not None and not kr.manual:
        yield kr.metric, kr.filter
    if isinstance(kr.kind, Milestones):
        for step in kr.kind.steps:
            if step.done_when is not None:
                yield step.done_when.metric, step.done_when.filter


def _steps(
    meaning: _Meaning, series: Mapping[str, SeriesText]
) -> tuple[tuple[ValueOn | None, ...], tuple[int, ...]]:
    """For milestones: each step's value function and its unit's factor."""
    kind = meaning.kr.kind
    if not isinstance(kind, Milestones):
        return (), ()
    functions: list[ValueOn | None] = []
    factors: list[int] = []
    for step in kind.steps:
        when = step.done_when
        metric = meaning.plan.metrics.get(when.metric) if when else None
        factors.append(metric.unit.factor if metric else 1)
        if when is None:
            functions.append(None)
        elif metric is None or not series:
            functions.append(_nothing)
        else:
            of = (metric.name, when.filter, meaning.cycle)
            functions.append(value_function(meaning.plan, series, *of))
    return tuple(functions), tuple(factors)


def _is_broken(meaning: _Meaning) -> bool:
    """Whether a metric that the key result names was in error then."""
    return any(metric not in meaning.plan.metrics for metric, _ in _asked(meaning.kr))


def _as_said(body: Mapping[str, Any]) -> dict[str, Any]:
    """What only the moment knew, as the score says it."""
    status, reason = body["status"], body["reason"]
    if status == "held":
        return _held(body, reason)
    return {
        "stale": reason if status == "stale" else None,
        "no_data": reason if status == "no_data" else None,
    }


def _held(body: Mapping[str, Any], reason: str) -> dict[str, Any]:
    day = _day(body["value_day"])
    if day is None:
        return {"held": reason}
    return {"held": reason, "last_good": (_exact(body["numerator"], body["denominator"]), day)}


def _same(key: str, said: Any, found: Any) -> bool:
    """Whether two fields agree; thresholds as numbers, for definitions drop final zeros."""
    if said == found:
        return True
    if key == "thresholds" and isinstance(said, dict):
        return {k: parse_exact(v) for k, v in said.items()} == {
            k: parse_exact(v) for k, v in found.items()
        }
    return False


def _nothing(_day: date) -> Exact | None:
    return None


def _exact(numerator: str, denominator: str | None) -> Exact:
    return Exact(parse_exact(numerator), parse_exact(denominator) if denominator else None)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _words(error: Exception) -> str:
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:119] + "…"
