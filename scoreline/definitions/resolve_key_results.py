"""From a key result as written to the key result of the plan.

What belongs here: which kind it is, its dates, its metric and filter. What does not: the
rules inside one kind (resolve_kinds), scoring.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from scoreline.core.model import (
    Cycle,
    Done,
    Expected,
    Filter,
    KeyResult,
    Kind,
    Metric,
    Milestones,
    Waypoint,
    Withdrawn,
)
from scoreline.definitions.findings import Entry
from scoreline.definitions.resolve_kinds import as_filter, keep, milestones, reach
from scoreline.definitions.spec_base import listed, nearest
from scoreline.definitions.specs_objectives import FilterSpec, KeyResultSpec

_SOURCES = ("metric", "manual", "milestones", "done")
_NUMERIC_KEYS = ("baseline", "target", "curve", "keep", "filter")


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics that are whole, and the names of all that stand in the files.

    `unreadable` are metrics files that cannot be read, and may hold any metric.
    """

    whole: Mapping[str, Metric]
    declared: frozenset[str]
    unreadable: tuple[str, ...] = ()


def resolve_key_result(
    entry: Entry,
    name: str,
    spec: KeyResultSpec,
    cycle: Cycle,
    owner: str | None,
    metrics: Metrics,
) -> KeyResult | None:
    """The key result, or None with its errors reported.

    A key result whose own text is fine and whose metric is unknown or in error stays,
    with `broken` saying why.
    """
    start, due = spec.start or cycle.start, spec.due or cycle.end
    _check_dates(entry, spec, start, due, cycle)
    kind = _kind(entry, spec, start, due)
    expected = _expected(entry, spec, kind, start, due)
    if spec.cap < 1:
        entry.error("out-of-range", "the cap is at least 1", "cap", legal="1 or more, as 1.2")
    broken = _broken(entry, spec, metrics) if kind is not None else None
    filter_ = _filter(entry, spec.filter, spec.metric, metrics, "filter")
    if not entry.ok or kind is None:
        return None
    return KeyResult(
        id=name,
        title=spec.title,
        kind=kind,
        start=start,
        due=due,
        file=entry.document.file,
        owner=spec.owner or owner,
        metric=spec.metric,
        filter=filter_,
        manual=spec.manual,
        weight=spec.weight,
        expected=expected,
        cap=spec.cap,
        withdrawn=Withdrawn(spec.withdrawn.date, spec.withdrawn.why) if spec.withdrawn else None,
        moved_from=_moved(entry, spec, name),
        description=spec.description or "",
        broken=broken,
        place=entry.place,
    )


def _moved(entry: Entry, spec: KeyResultSpec, name: str) -> str | None:
    if spec.moved_from == name:
        message = "moved_from names the key result itself"
        entry.note("bad-move", message, "moved_from", legal="its earlier full name")
        return None
    return spec.moved_from


def _check_dates(entry: Entry, spec: KeyResultSpec, start: date, due: date, cycle: Cycle) -> None:
    if spec.due and spec.due > cycle.end:
        message = f"it is due after the cycle {cycle.name} ends on {cycle.end}"
        entry.error("due-after-cycle", message, "due", legal=f"at most {cycle.end}")
    elif start >= due:
        at = "start" if spec.start else "due"
        message = f"the start ({start}) must be before the due date ({due})"
        entry.error("inverted-dates", message, at, legal=f"start before {due}")


def _kind(entry: Entry, spec: KeyResultSpec, start: date, due: date) -> Kind | None:
    written = spec.model_fields_set
    chosen = [s for s in _SOURCES if s in written and (s != "manual" or spec.manual)]
    chosen = [s for s in chosen if s == "done" or getattr(spec, s) is not None]
    legal = "metric, manual: true, milestones or done"
    if len(chosen) != 1:
        message = f"exactly one of {legal} is expected, found {listed(chosen) or 'none'}"
        at = sorted(chosen, key=lambda key: entry.at(key))[-1:]
        found = listed(chosen)
        entry.error("not-exactly-one", message, *at, found=found, legal=legal, on_key=True)
        return None
    source = chosen[0]
    if source in ("milestones", "done"):
        _refuse(entry, spec, source, _NUMERIC_KEYS)
        steps = milestones(entry, spec.milestones or [], start, due)
        return Milestones(steps) if source == "milestones" else Done(spec.done)
    if source == "manual":
        _refuse(entry, spec, source, ("filter",))
    if spec.keep is None:
        return reach(entry, spec)
    _refuse(entry, spec, "keep", ("baseline", "target", "curve"))
    return keep(entry, spec.keep)


def _refuse(entry: Entry, spec: KeyResultSpec, kind: str, keys: tuple[str, ...]) -> None:
    for key in keys:
        if getattr(spec, key) not in (None, [], {}):
            message = f"{key} says nothing beside {kind}"
            hint = f"remove {key} or {kind}"
            entry.error("not-applicable", message, key, hint=hint, on_key=True)


def _expected(
    entry: Entry, spec: KeyResultSpec, kind: Kind | None, start: date, due: date
) -> Expected:
    if "expected" in spec.model_fields_set and kind is not None and not _can_expect(spec):
        message = "expected is fixed for keep, milestones and done"
        hint = "remove it; milestones follow their due dates"
        entry.error("not-applicable", message, "expected", hint=hint, on_key=True)
    if isinstance(spec.expected, str):
        return Expected(spec.expected)
    points = spec.expected.waypoints
    before, progress = start, None
    for index, point in enumerate(points):
        at = ("expected", "waypoints", index)
        if not before < point.date < due:
            message = (
                f"waypoints lie between the start ({start}) and the due date ({due}), in order"
            )
            legal = f"after {before} and before {due}"
            entry.error("bad-waypoint", message, *at, "date", legal=legal)
        if progress is not None and point.progress < progress:
            message = "the expected progress falls from one waypoint to the next"
            entry.error("bad-waypoint", message, *at, "progress", legal=f"{progress} to 1")
        before, progress = max(before, point.date), point.progress
    return Expected("waypoints", tuple(Waypoint(p.date, p.progress) for p in points))


def _can_expect(spec: KeyResultSpec) -> bool:
    return spec.keep is None and spec.milestones is None and "done" not in spec.model_fields_set


def _broken(entry: Entry, spec: KeyResultSpec, metrics: Metrics) -> str | None:
    """Why the key result's metrics cannot be computed; None where they can."""
    reasons = [_missing(entry, spec.metric, metrics, "metric")] if spec.metric else []
    for index, step in enumerate(spec.milestones or []):
        when = step.done_when
        if when is not None:
            at = ("milestones", index, "done_when")
            _filter(entry, when.filter, when.metric, metrics, *at, "filter")
            reasons.append(_missing(entry, when.metric, metrics, *at, "metric"))
    return next((reason for reason in reasons if reason is not None), None)


def _missing(entry: Entry, name: str, metrics: Metrics, *path: str | int) -> str | None:
    if name in metrics.whole:
        return None
    if name in metrics.declared:
        return f"the definition of metric {name} is in error"
    message = f"there is no metric {name}"
    if metrics.unreadable:
        return f"{message}: {metrics.unreadable[0]} cannot be read"
    hint = nearest(name, metrics.declared)
    legal = listed(sorted(metrics.declared)) or "no metric is declared"
    entry.note("unknown-reference", message, *path, legal=legal, hint=hint)
    return message


def _filter(
    entry: Entry, spec: FilterSpec, metric_name: str | None, metrics: Metrics, *path: str | int
) -> Filter:
    metric = metrics.whole.get(metric_name or "")
    for key in spec:
        if metric is not None and key not in metric.dimensions:
            message = f"the metric {metric.name} has no dimension {key}"
            legal = listed(metric.dimensions) or "none: declare dimensions on the metric"
            hint = nearest(key, metric.dimensions)
            entry.error(
                "unknown-dimension", message, *path, key, found=key, legal=legal, hint=hint,
                on_key=True,
            )  # fmt: skip
    return as_filter(spec)
