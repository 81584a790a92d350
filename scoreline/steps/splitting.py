"""Split: the value of a key result by the values of a dimension, from the stored files.

What belongs here: the streams as they are recorded, loaded aside, and the values measured on
them. What does not: a metric in the making (previewing), printing. Nothing is written, and
the project's lock is not needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from scoreline.core.errors import UsageError
from scoreline.core.exact import Exact
from scoreline.core.model import KeyResult, Plan
from scoreline.measures.requests import parts, streams_read
from scoreline.steps.previewing import MetricWork, Wish
from scoreline.steps.project import Project
from scoreline.warehouse.replaying import Replay


@dataclass(frozen=True, slots=True)
class Segment:
    """One value of the dimension: what the metric is there; None where it has no value."""

    label: str
    value: Fraction | None
    numerator: Fraction | None
    denominator: Fraction | None


@dataclass(frozen=True, slots=True)
class Split:
    """A value and its segments, in shown units, the largest first."""

    metric: str
    dimension: str
    day: date
    whole: Segment
    segments: tuple[Segment, ...]


def dimensions_of(plan: Plan, kr: KeyResult) -> list[str]:
    """The dimensions that a key result's value can be split by: declared by every part.

    One that its filter fixes to a single value is left out.
    """
    if kr.metric not in plan.metrics or kr.manual or kr.metric is None:
        return []
    cycle = kr.id.split("/", 1)[0]
    sets = [p.dimensions for p, _, _ in parts(plan, kr.metric, cycle)]
    fixed = {name for name, values in kr.filter if len(values) == 1}
    common = [d for d in sets[0] if all(d in others for others in sets)] if sets else []
    return [d for d in common if d not in fixed]


def split(project: Project, kr: KeyResult, day: date, dimension: str) -> Split:
    """A key result's value on a day by a dimension.

    Raises:
        UsageError: it cannot be split so; names what is legal.
        WarehouseError: a stored file is missing or damaged.
    """
    legal, plan = dimensions_of(project.plan, kr), project.plan
    if kr.metric is None or dimension not in legal:
        words = f"legal: {', '.join(legal)}" if legal else "its metric declares no dimension"
        raise UsageError(f"{kr.id} cannot be split by {dimension!r}; {words}")
    streams = streams_read(plan, kr.metric)
    states = project.store.stream_states()
    known = {name: states[name].digest for name in streams if name in states}
    versions = project.store.streams_then(known)
    factor = plan.metrics[kr.metric].unit.factor
    with Replay(project.files, plan.organisation.timezone) as replay:
        replay.warehouse.prepare(plan.streams.values())
        for name, version in versions.items():
            replay.load(plan.streams[name], version.parts)
        work = MetricWork(project, replay.warehouse, kr.id.split("/", 1)[0])
        wish = Wish(kr.metric, day, 1, kr.filter, dimension)
        filters = [kr.filter, *work.segments(kr.metric, wish)]
        values = [found[-1] for found in work.values(kr.metric, filters, (day,))]
    whole, *rest = values
    kept = next((v for name, v in kr.filter if name == dimension), None)
    segments = [
        _segment(label, value, factor)
        for label, value in zip(work.labels, rest, strict=True)
        if kept is None or label in kept
    ]
    segments.sort(key=lambda s: (s.value is None, -(s.value or 0), s.label))
    return Split(kr.metric, dimension, day, _segment("", whole, factor), tuple(segments))


def _segment(label: str, value: Exact | None, factor: int) -> Segment:
    if value is None or value.fraction is None:
        return Segment(label, None, None, None)
    return Segment(label, value.fraction * factor, value.numerator, value.denominator)
