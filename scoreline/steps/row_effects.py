"""What single rows did to a value, as it is told.

What belongs here: rows and segments with what they add, made from what a warehouse found.
What does not: finding them (why_rows).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from scoreline.core.exact import parse_exact
from scoreline.core.records import Batch
from scoreline.measures.rows import RowsQuery
from scoreline.warehouse.contents import ContentEffect
from scoreline.warehouse.mixing import Effect
from scoreline.warehouse.rows_behind import Origin, RowsBehind


@dataclass(frozen=True, slots=True)
class RowEffect:
    """One row and what it adds: to a numerator and a denominator, or simply to the number.

    `key` names it: a model's row by all of its columns. `to_value` is what it adds to the
    metric's value; None where the metric is derived from others, or the value was missing.
    `origins` are the received rows it is made of, at most 20 of `sources`.
    """

    metric: str
    kind: str
    key: Mapping[str, str | None]
    changes: Mapping[str, tuple[str | None, str | None]]
    numerator: Fraction
    denominator: Fraction | None
    to_value: Fraction | None
    origins: tuple[Origin, ...]
    sources: int = 1


@dataclass(frozen=True, slots=True)
class Segment:
    """What the rows of one value of a dimension add, in all kinds of differences together."""

    metric: str
    dimension: str
    value: str | None
    numerator: Fraction
    denominator: Fraction | None


@dataclass(slots=True)
class RowsStep:
    """Rows of one kind of difference: how many in the streams, those that did most."""

    kind: str
    count: int
    rows: list[RowEffect] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    batches: list[tuple[str, str, str]] = field(default_factory=list)


def effect_of(
    query: RowsQuery,
    batches: Mapping[int, Batch],
    effect: Effect,
    before: RowsBehind,
    after: RowsBehind,
    *,
    is_whole: bool,
) -> RowEffect:
    """What a row of a stream did."""
    batch, above = batches[effect.seq], parse_exact(effect.numerator)
    below = parse_exact(effect.denominator) if query.has_denominator else None
    return RowEffect(
        metric=query.metric.name,
        kind=effect.kind,
        key=effect.key,
        changes=effect.changes,
        numerator=above,
        denominator=below,
        to_value=_to_value(above, below, before, after) if is_whole else None,
        origins=(Origin(query.relation, batch.id, batch.object, effect.line),),
    )


def model_effect_of(
    query: RowsQuery,
    effect: ContentEffect,
    before: RowsBehind,
    after: RowsBehind,
    *,
    is_whole: bool,
) -> RowEffect:
    """What a row of a model did."""
    above = parse_exact(effect.numerator)
    below = parse_exact(effect.denominator) if query.has_denominator else None
    return RowEffect(
        metric=query.metric.name,
        kind=effect.kind,
        key=dict(zip(query.columns, effect.values, strict=True)),
        changes={},
        numerator=above,
        denominator=below,
        to_value=_to_value(above, below, before, after) if is_whole else None,
        origins=effect.origins,
        sources=effect.sources,
    )


def segments_of(
    query: RowsQuery, dimension: str, found: Sequence[tuple[str | None, str, str]]
) -> list[Segment]:
    """What rows add by the values of a dimension: (value, numerator, denominator) each."""
    return [
        Segment(
            query.metric.name,
            dimension,
            value,
            parse_exact(above),
            parse_exact(below) if query.has_denominator else None,
        )
        for value, above, below in found
    ]


def _to_value(
    above: Fraction, below: Fraction | None, before: RowsBehind, after: RowsBehind
) -> Fraction | None:
    """What a row adds to a value; over all rows that is the difference of the two values.

    Of a quotient: n1/d1 - n0/d0 = sum of (dn - n0/d0 * dd) / d1 over the rows.
    """
    if below is None:
        return above
    old = before.totals.value.fraction if before.totals.value else None
    later = after.totals.denominator
    if old is None or later is None or parse_exact(later) == 0:
        return None
    return (above - old * below) / parse_exact(later)
