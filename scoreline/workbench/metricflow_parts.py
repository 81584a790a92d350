"""The parts of dbt's metrics: measures, filters, windows, offsets, each as ours.

What belongs here: one part at a time. What does not: whole metrics (metricflow).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

_AGGREGATES = {
    "sum": "sum", "min": "min", "max": "max", "average": "average", "count": "count",
    "count_distinct": "count_distinct",
}  # fmt: skip
COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DIMENSION = re.compile(r"\{\{\s*(\w+)\(\s*['\"]([\w.]+)['\"][^)]*\)[^}]*\}\}")
_SPAN = re.compile(r"(\d+)\s+(day|week|month|quarter|year)s?")
_DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
_EXACT = ("day", "week")


class Lost(ValueError):  # noqa: N818  an answer, not a fault
    """Something has no counterpart here; the text says what."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure with its semantic model; `dimensions` are its columns by dbt's names."""

    aggregate: str
    expression: str
    relation: str
    time: str | None
    dimensions: Mapping[str, str]
    categories: tuple[str, ...]
    description: str
    non_additive: bool


def aggregate_of(measure: Measure) -> tuple[dict[str, str], str]:
    """Our aggregate and its condition.

    Raises:
        Lost: it has no counterpart.
    """
    written, kind = measure.expression.strip(), measure.aggregate
    if kind == "sum_boolean":
        return {"count": "rows"}, written
    if kind not in _AGGREGATES:
        raise Lost(f"agg: {kind} has no counterpart; take it apart in a model")
    if written in ("1", "*") and kind in ("sum", "count"):
        return {"count": "rows"}, ""
    if COLUMN.fullmatch(written):
        return {_AGGREGATES[kind]: written}, ""
    return _conditional(kind, written)


def _conditional(kind: str, written: str) -> tuple[dict[str, str], str]:
    """`case when … then … end` as a condition; anything else needs a model."""
    try:
        tree = sqlglot.parse_one(written)
    except sqlglot.errors.SqlglotError:
        tree = None
    needs_model = Lost(f"{kind} of the expression {written!r}: make it a column of a model")
    is_plain = isinstance(tree, exp.Case) and tree.this is None and len(tree.args["ifs"]) == 1
    if tree is None or not is_plain:
        raise needs_model
    branch, other = tree.args["ifs"][0], tree.args.get("default")
    nothing = other is None or isinstance(other, exp.Null)
    zero = nothing or (kind == "sum" and other is not None and other.sql() == "0")
    value = branch.args["true"]
    if kind == "sum" and zero and value.sql() == "1":
        return {"count": "rows"}, branch.this.sql()
    if isinstance(value, exp.Column) and (nothing or zero):
        return {_AGGREGATES[kind]: value.name}, branch.this.sql()
    raise needs_model


def conditions(written: Any, measure: Measure) -> list[str]:
    """The conditions of a filter, with dbt's names resolved to columns.

    Raises:
        Lost: it asks for another table, or holds other templates.
    """
    if not written:
        return []
    texts = written if isinstance(written, list) else [written]

    def column(match: re.Match[str]) -> str:
        name = match[2].rpartition("__")[2]
        if (
            match[1] not in ("Dimension", "TimeDimension", "Entity")
            or name not in measure.dimensions
        ):
            raise Lost(f"a filter by {match[0]}, which lies in another table: join in a model")
        return measure.dimensions[name]

    found = []
    for text in texts:
        plain = " ".join(_DIMENSION.sub(column, str(text)).split())
        if "{{" in plain or "{%" in plain:
            raise Lost(f"a filter with other templates: {plain}")
        found.append(f"({plain})" if re.search(r"\bor\b", plain, re.IGNORECASE) else plain)
    return found


def window_of(kind: str, params: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Our window, and what a person should know of the difference."""
    if kind == "simple":
        return "cycle", []
    more = {**params, **(params.get("cumulative_type_params") or {})}
    if more.get("grain_to_date"):
        return str(more["grain_to_date"]), []
    span = _SPAN.fullmatch(str(more.get("window") or ""))
    if span is None:
        return "all", []
    days = int(span[1]) * _DAYS[span[2]]
    exact = span[2] in _EXACT
    return f"trailing {days}d", [] if exact else [f"dbt's window is {span[0]}, which varies"]


def offset_of(more: Mapping[str, Any]) -> str:
    """The earlier time that an input of a formula is taken at, as `@-1m`; often empty.

    Raises:
        Lost: it is no plain span.
    """
    if not more.get("offset_window"):
        return ""
    span = _SPAN.fullmatch(str(more["offset_window"]))
    if span is None:
        raise Lost(f"offset_window: {more['offset_window']} has no counterpart")
    return f"@-{span[1]}{span[2][0]}"
