"""What the definitions that a score names mean, out of their records.

What belongs here: bodies by name and digest, and the plan, key result and rules made of
them. What does not: values, people, computing a score (rescoring).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from scoreline.core.digests import digest_of
from scoreline.core.model import BaselineAt, KeyResult, Metric, Plan, Reach
from scoreline.core.observed import Rules
from scoreline.definitions.recorded import key_result_from, objects_of, plan_from
from scoreline.measures.derived import request_ids
from scoreline.measures.requests import asked_of


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the definitions named by a score mean.

    Attributes:
        names: the definitions, each by its digest.
        kr: the key result.
        plan: the other definitions.
        rules: the organisation's.
        cycle: the name of the key result's cycle.
        metric: its metric; None for kinds without one, and where it was in error.
        factor: what a raw value is multiplied by to be shown.
        requests: the ids of the series that it needs.
        broken: whether a metric that it names was in error then.
        baseline: a fixed one; None where it has none, or one that was taken on a day.
    """

    names: Mapping[str, str]
    kr: KeyResult
    plan: Plan
    rules: Rules
    cycle: str
    metric: Metric | None
    factor: int
    requests: frozenset[str]
    broken: bool
    baseline: Fraction | None


class Meanings:
    """The meaning of every set of definitions that scores name."""

    def __init__(self) -> None:
        self._definitions: dict[tuple[str, str], tuple[str, Any]] = {}
        self._meanings: dict[str, Meaning] = {}
        self._shared: dict[tuple[str, str], Any] = {}

    def note(self, body: Mapping[str, Any]) -> None:
        """Take in the body of a definition's record."""
        self._definitions[body["name"], body["digest"]] = body["kind"], body["definition"]

    def named(self, body: Mapping[str, Any]) -> bool:
        """Whether the digest that a score gives is that of the definitions it names."""
        known = self._meanings.get(body["definition"])
        if known is not None and known.names == body["definitions"]:
            return True
        return bool(digest_of(body["definitions"]) == body["definition"])

    def of(self, body: Mapping[str, Any]) -> Meaning:
        """What the definitions of a score mean.

        Raises:
            KeyError: one of them is not recorded.
            DefinitionError: a record of them cannot be read.
        """
        found = self._meanings.get(body["definition"])
        if found is None:
            found = self._meanings[body["definition"]] = self._resolve(body)
        return found

    def _resolve(self, body: Mapping[str, Any]) -> Meaning:
        bodies = {}
        for name, version in body["definitions"].items():
            if (name, version) not in self._definitions:
                raise KeyError(f"the definition of {name} that it names is not recorded")
            bodies[name] = self._definitions[name, version]
        kr = key_result_from(bodies[f"key_result {body['key_result']}"][1])
        plan = self._plan(body["definitions"], bodies)
        organisation = plan.organisation
        rules = Rules(
            thresholds=organisation.thresholds,
            holidays=organisation.holidays,
            fiscal_year_starts=organisation.fiscal_year_starts,
            version=body["rules"],
        )
        cycle = kr.id.split("/", 1)[0]
        names = asked_of(kr)
        known = [(metric, filter_) for metric, filter_ in names if metric in plan.metrics]
        own = None if kr.manual or kr.metric is None else plan.metrics.get(kr.metric)
        return Meaning(
            names=body["definitions"],
            kr=kr,
            plan=plan,
            rules=rules,
            cycle=cycle,
            metric=own,
            factor=own.unit.factor if own else 1,
            requests=frozenset(r for m, f in known for r in request_ids(plan, m, f, cycle)),
            broken=len(known) < len(names),
            baseline=_fixed_baseline(kr),
        )

    def _plan(self, names: Mapping[str, str], bodies: Mapping[str, tuple[str, Any]]) -> Plan:
        """The plan of the definitions; what another one has as well is read once."""
        shared = {n: self._shared[n, v] for n, v in names.items() if (n, v) in self._shared}
        plan = plan_from({n: b for n, b in bodies.items() if b[0] != "key_result"}, shared)
        self._shared |= {(n, names[n]): o for n, o in objects_of(plan)}
        return plan


def _fixed_baseline(kr: KeyResult) -> Fraction | None:
    if not isinstance(kr.kind, Reach) or isinstance(kr.kind.baseline, BaselineAt):
        return None
    return Fraction(kr.kind.baseline)
