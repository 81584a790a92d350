"""The SQL of one value on one day, for people who want to know what computes a number.

What belongs here: readable statements, one for each simple part of a metric. What does
not: the fused statements that compute many series at once (statement); tests hold both
to the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping

from scoreline.core.model import Aggregate, ColumnType, Filter, Metric, Plan
from scoreline.measures.allowlist import check_where, sql_text
from scoreline.measures.conditions import (
    ModelColumns,
    columns_of,
    key_expression,
    quoted,
    relation_sql,
    text_literal,
)
from scoreline.measures.layout import Source, parts_of, source_of
from scoreline.measures.requests import Offset, parts


def sql_of(
    plan: Plan,
    metric: str,
    filter_: Filter = (),
    cycle: str | None = None,
    model_columns: ModelColumns | None = None,
) -> str:
    """What computes a metric's value on one day, as readable SQL with its explanation.

    Args:
        plan: the resolved definitions.
        metric: a metric of the plan; a derived one gives its formula and every part.
        filter_: a key result's filter.
        cycle: the name of the key result's cycle, for the explanation of the window.
        model_columns: DuckDB's types of the models' columns, if known.

    Returns:
        SELECT statements with the parameters `$first` and `$last` (the window's days,
        both included) or `$until` (the end of the day), each after a comment.
    """
    found = plan.metrics[metric]
    texts = []
    if found.derived is not None:
        texts.append(f"-- {metric} = {found.derived}")
    for part, part_cycle, offset in parts(plan, metric, cycle):
        comment = _explained(plan, part, part_cycle, offset)
        texts.append(f"{comment}\n{part_sql(plan, part, filter_, model_columns)};")
    return "\n\n".join(texts) + "\n"


def part_sql(
    plan: Plan, metric: Metric, filter_: Filter, model_columns: ModelColumns | None = None
) -> str:
    """One SELECT with the columns `numerator` and, for ratios and averages, `denominator`.

    Args:
        plan: the resolved definitions.
        metric: a simple metric.
        filter_: dimensions and the values of which any will do.
        model_columns: DuckDB's types of the models' columns, if known.

    Raises:
        ExpressionError: a `where` that is not allowed.
    """
    source = source_of(plan, metric)
    columns = columns_of(plan, source.relation, model_columns)
    found = parts_of(metric)
    wheres = [[w for w in texts if w is not None] for _, _, texts in found]
    shared = [w for w in wheres[0] if all(w in others for others in wheres)]
    selected = []
    for (role, aggregate, _), own in zip(found, wheres, strict=True):
        narrow = [where_sql(w, plan, source, model_columns) for w in own if w not in shared]
        suffix = f" FILTER (WHERE {' AND '.join(narrow)})" if narrow else ""
        selected.append(f"{_zero(aggregate, _aggregate(aggregate) + suffix)} AS {role}")
    conditions = [where_sql(w, plan, source, model_columns) for w in shared]
    conditions += filter_sql(filter_, columns)
    conditions += window_sql(source, has_start=metric.window.kind not in ("all", "latest"))
    lines = ["SELECT " + ",\n  ".join(selected)]
    lines.append(f"FROM {relation_sql(source.relation, history=source.timing == 'history')}")
    if conditions:
        lines.append("WHERE " + "\n  AND ".join(conditions))
    return "\n".join(lines)


def where_sql(text: str, plan: Plan, source: Source, model_columns: ModelColumns | None) -> str:
    """A `where` as a condition in brackets.

    Raises:
        ExpressionError: it is not allowed.
    """
    tree = check_where(text, columns_of(plan, source.relation, model_columns))
    return f"({sql_text(tree)})"


def filter_sql(filter_: Filter, columns: Mapping[str, ColumnType] | None) -> list[str]:
    """A key result's filter as conditions: for each dimension, any of its values."""
    found = []
    for dimension, values in filter_:
        key = key_expression(dimension, columns, row=None)
        found.append(f"{key} IN ({', '.join(text_literal(v) for v in values)})")
    return found


def _aggregate(aggregate: Aggregate) -> str:
    if aggregate.column is None:
        return "count(*)"
    column = quoted(aggregate.column)
    if aggregate.kind == "count_distinct":
        return f"count(DISTINCT {column})"
    return f"{aggregate.kind}({column})"


def _zero(aggregate: Aggregate, sql: str) -> str:
    """A sum over no rows is 0; a minimum or maximum over none is no value."""
    return f"coalesce({sql}, 0)" if aggregate.kind == "sum" else sql


def window_sql(source: Source, *, has_start: bool) -> list[str]:
    """The rows of a window as conditions on `$first` and `$last`, or on `$until`."""
    if source.timing == "event":
        day = f"CAST({quoted(source.time or '')} AS DATE)"
        return [f"{day} BETWEEN $first AND $last" if has_start else f"{day} <= $last"]
    if source.timing == "history":
        return ['"_valid_from" < $until', '("_valid_to" IS NULL OR "_valid_to" >= $until)']
    return []


def _explained(plan: Plan, metric: Metric, cycle: str | None, offset: Offset) -> str:
    name = metric.name + "".join(f"@{amount}{unit}" for amount, unit in offset)
    window = f"window {metric.window}"
    found = plan.organisation.cycles.get(cycle) if cycle is not None else None
    if found is not None:
        window += f" ({found.name}, from {found.start})"
    how = {"event": f"by {metric.time}", "history": "as it stood at the end of the day"}
    timing = how.get(source_of(plan, metric).timing, "as it stands")
    lines = [f"-- {name}: {metric.title}", f"-- {window}, {timing}"]
    if len(parts_of(metric)) > 1:
        lines.append("-- value: numerator / denominator; none where the denominator is 0")
    return "\n".join(lines)
