"""The keys of metrics/<topic>.yaml, as written.

What belongs here: shapes and defaults. What does not: whether a column or a metric
exists (resolve_metrics), and the SQL of a `where` (measures).
"""

from __future__ import annotations

from pydantic import Field

from scoreline.core.model import Unit
from scoreline.definitions.spec_base import Spec, SqlName, Text
from scoreline.definitions.words import SettleWord, UnitWord, WindowWord


class AggregateSpec(Spec):
    """One aggregate, with an optional condition."""

    count: Text | None = None
    count_distinct: Text | None = None
    sum: Text | None = None
    min: Text | None = None
    max: Text | None = None
    average: Text | None = None
    where: Text | None = None


class RatioSpec(Spec):
    """Two aggregates over the same stream."""

    numerator: AggregateSpec
    denominator: AggregateSpec


class MeasureSpec(AggregateSpec):
    """One aggregate or a ratio of two."""

    ratio: RatioSpec | None = None


class MetricSpec(Spec):
    """A number with a meaning, an owner and a unit."""

    title: Text
    description: Text | None = None
    owner: Text | None = None
    unit: UnitWord = Unit("number")
    from_: Text | None = Field(default=None, alias="from")
    measure: MeasureSpec | None = None
    derived: Text | None = None
    time: Text | None = None
    window: WindowWord | None = None
    dimensions: list[Text] = Field(default_factory=list)
    settle: SettleWord | None = None


class MetricsHead(Spec):
    """A metrics file without its metrics: nothing else stands there."""


class MetricsSpec(MetricsHead):
    """The whole of a metrics file."""

    metrics: dict[SqlName, MetricSpec] = Field(min_length=1)
