"""Derived metrics: their formulas, the metrics they name, circles, dimensions.

What belongs here: everything that is known about a formula before there is data. What
does not: its grammar and arithmetic (core.formula).
"""

from __future__ import annotations

from collections.abc import Mapping

from scoreline.core.errors import ExpressionError
from scoreline.core.formula import Node, parse, references
from scoreline.core.model import Metric
from scoreline.definitions.findings import Entry
from scoreline.definitions.resolve_models import circle
from scoreline.definitions.spec_base import listed, nearest
from scoreline.definitions.specs_metrics import MetricSpec

Drafts = Mapping[str, tuple[Entry, MetricSpec]]


def resolve_derived(
    drafts: Drafts,
    simple: Mapping[str, Metric],
    declared: set[str],
    unreadable: tuple[str, ...] = (),
) -> dict[str, Metric]:
    """The derived metrics that are whole, by name.

    Args:
        drafts: the derived metrics as written.
        simple: the metrics over rows that are whole.
        declared: the names of all metrics in the files, whole or not.
        unreadable: metrics files that cannot be read, and may hold any metric.
    """
    parts = {name: _parts(entry, spec) for name, (entry, spec) in drafts.items()}
    for name, (entry, _) in drafts.items():
        _check_known(entry, parts[name], declared, unreadable)
        path = circle(name, parts)
        if path:
            message = f"metrics are derived from each other in a circle: {' > '.join(path)}"
            entry.error("reference-cycle", message, "derived", legal="no circle")
    done: dict[str, Metric] = {}
    for name in _in_order(parts):
        entry, spec = drafts[name]
        known = {**simple, **done}
        broken = [p for p in parts[name] if p in declared and p not in known]
        if entry.ok and broken:
            message = f"the formula names {broken[0]}, which is in error"
            hint = f"mend {broken[0]} first"
            entry.error("depends-on-error", message, "derived", hint=hint)
        elif entry.ok:
            metric = _metric(entry, name, spec, [known[p] for p in parts[name]])
            done |= {name: metric} if metric else {}
    return done


def _parts(entry: Entry, spec: MetricSpec) -> list[str]:
    try:
        tree: Node = parse(spec.derived or "")
    except ExpressionError as error:
        entry.error("bad-formula", str(error), "derived")
        return []
    names = list(dict.fromkeys(ref.metric for ref in references(tree)))
    if not names:
        message = "the formula names no metric"
        entry.error("bad-formula", message, "derived", legal="at least one metric's name")
    return names


def _check_known(
    entry: Entry, parts: list[str], declared: set[str], unreadable: tuple[str, ...]
) -> None:
    for part in parts:
        if part not in declared and unreadable:
            message = f"the formula names {part}, which may stand in {unreadable[0]}"
            entry.error("depends-on-error", message, "derived", hint=f"mend {unreadable[0]} first")
        elif part not in declared:
            message = f"the formula names {part}, which is no metric"
            hint = nearest(part, declared)
            legal = listed(sorted(declared))
            entry.error("unknown-reference", message, "derived", legal=legal, hint=hint)


def _in_order(parts: Mapping[str, list[str]]) -> list[str]:
    """Derived metrics, each after those it is derived from; circles in any order."""
    order: dict[str, None] = {}
    waiting = list(parts)
    while waiting:
        ready = [n for n in waiting if all(p in order or p not in parts for p in parts[n])]
        for name in ready or waiting:
            order[name] = None
        waiting = [n for n in waiting if n not in order]
    return list(order)


def _metric(entry: Entry, name: str, spec: MetricSpec, parts: list[Metric]) -> Metric | None:
    common = [d for d in parts[0].dimensions if all(d in p.dimensions for p in parts)]
    for index, dimension in enumerate(spec.dimensions):
        if dimension not in common:
            without = next(p.name for p in parts if dimension not in p.dimensions)
            message = f"the part {without} has no dimension {dimension}"
            legal = listed(common) or f"none, unless {without} declares it"
            hint = nearest(dimension, common)
            entry.error("unknown-dimension", message, "dimensions", index, legal=legal, hint=hint)
    if not entry.ok:
        return None
    return Metric(
        name=name,
        title=spec.title,
        unit=spec.unit,
        file=entry.document.file,
        description=spec.description or "",
        owner=spec.owner,
        derived=spec.derived,
        dimensions=tuple(spec.dimensions) or tuple(common),
        settle_days=max(p.settle_days for p in parts) if spec.settle is None else spec.settle,
        place=entry.place,
    )
