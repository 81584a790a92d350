"""Warnings that need data: filter values never seen, targets already reached.

What belongs here: comparing the definitions with facts that somebody else has read.
What does not: reading them (warehouse, store), and warnings without data (lint).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from scoreline.core.errors import Problem
from scoreline.core.model import Filter, KeyResult, Milestones, Plan, Reach
from scoreline.definitions.canonical import metric_closure
from scoreline.definitions.spec_base import listed, nearest


@dataclass(frozen=True, slots=True)
class Facts:
    """What the data shows.

    Attributes:
        dimension_values: every value of a dimension, by (stream or model, column); a pair
            that is absent is not known and makes no warning.
        newest: the newest value of a key result, in shown units.
    """

    dimension_values: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    newest: Mapping[str, Fraction] = field(default_factory=dict)


def lint_data(plan: Plan, facts: Facts) -> list[Problem]:
    """Every warning that the facts give rise to."""
    found: list[Problem] = []
    for key_result in plan.key_results.values():
        if key_result.withdrawn is None:
            for metric, filter_ in _filters(key_result):
                found += _unseen(plan, facts, key_result, metric, filter_)
            found += _reached(facts, key_result)
    return found


def _filters(key_result: KeyResult) -> Iterator[tuple[str, Filter]]:
    if key_result.metric:
        yield key_result.metric, key_result.filter
    if isinstance(key_result.kind, Milestones):
        for step in key_result.kind.steps:
            if step.done_when:
                yield step.done_when.metric, step.done_when.filter


def _unseen(
    plan: Plan, facts: Facts, key_result: KeyResult, metric: str, filter_: Filter
) -> Iterator[Problem]:
    relations = [m.from_ for m in metric_closure(plan, [metric]).values() if m.from_]
    for column, values in filter_:
        known = [facts.dimension_values.get((name, column)) for name in relations]
        seen = [values for values in known if values is not None]
        if len(seen) < len(relations) or not seen:
            continue
        every = frozenset().union(*seen)
        for value in values:
            if value not in every:
                message = f"the data has never shown {column} = {value}: the filter finds no row"
                legal = listed(sorted(every)) or "no value yet"
                yield Problem(
                    "warning", "unseen-filter-value", key_result.place, message, value, legal,
                    nearest(value, every), key_result.id,
                )  # fmt: skip


def _reached(facts: Facts, key_result: KeyResult) -> Iterator[Problem]:
    newest, kind = facts.newest.get(key_result.id), key_result.kind
    if newest is None or not isinstance(kind, Reach):
        return
    if not isinstance(kind.baseline, Decimal) or not isinstance(kind.target, Decimal):
        return
    rises = kind.target > kind.baseline
    if newest >= kind.target if rises else newest <= kind.target:
        message = "the newest value has reached the target already: nothing is left to reach for"
        hint = "set a target that the newest value does not meet"
        yield Problem(
            "warning", "already-reached", key_result.place, message, str(kind.target), "", hint,
            key_result.id,
        )  # fmt: skip
