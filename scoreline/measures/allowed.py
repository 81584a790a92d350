"""Every `where` and model of a plan against the allow-list, and models against their types.

What belongs here: finding the texts and reporting what is wrong with each as a Problem.
What does not: what is legal in SQL (allowlist), what only the YAML shows (definitions).
"""

from __future__ import annotations

from collections.abc import Iterator

from scoreline.core.errors import ExpressionError, Problem
from scoreline.core.model import Aggregate, Metric, Model, Plan, Ratio
from scoreline.measures.allowlist import check_model, check_where
from scoreline.measures.conditions import ModelColumns, columns_of
from scoreline.measures.position import nearest

__all__ = ["check_model", "check_where", "validate"]

_EXACT_WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"})
_TIMES = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"})


def validate(plan: Plan, model_columns: ModelColumns | None = None) -> list[Problem]:
    """What is wrong with the plan's SQL, all of it at once.

    Args:
        plan: the resolved definitions.
        model_columns: DuckDB's type of each column of each model that was built; names
            and types of a model that is not among them are not checked.

    Returns:
        Errors with the scope `metric NAME` or `model NAME`, at the place of the metric or
        model; `prune` takes those out.
    """
    problems: list[Problem] = []
    for model in plan.models.values():
        problems += _model(plan, model)
    for metric in plan.metrics.values():
        if metric.measure is not None:
            problems += _metric(plan, metric, model_columns)
    return problems


def _model(plan: Plan, model: Model) -> Iterator[Problem]:
    known = [name for name in (*plan.streams, *plan.models) if name != model.full_name]
    try:
        check_model(model.sql, model.reads or known)
    except ExpressionError as error:
        yield Problem(
            severity="error",
            code="model-not-allowed",
            place=model.place,
            message=f"model {model.name}: {error}",
            hint="a model is one SELECT that gives the same rows whenever it is run",
            scope=f"model {model.name}",
        )


def _metric(plan: Plan, metric: Metric, model_columns: ModelColumns | None) -> Iterator[Problem]:
    relation = metric.from_ or ""
    columns = columns_of(plan, relation, model_columns)
    for where in _wheres(metric):
        try:
            check_where(where, columns)
        except ExpressionError as error:
            yield _problem(
                metric,
                "where-not-allowed",
                f"the where of metric {metric.name} is not allowed: {error}",
                found=where,
                hint="what needs more SQL than a condition over one row goes into a model",
            )
    yield from _averages(metric)
    types = (model_columns or {}).get(relation)
    if types is not None and relation in plan.models:
        yield from _model_types(metric, {name: text.upper() for name, text in types.items()})


def _wheres(metric: Metric) -> list[str]:
    measure = metric.measure
    found = [a.where for a in _aggregates(metric)]
    if isinstance(measure, Ratio):
        found.append(measure.where)
    return [where for where in dict.fromkeys(found) if where is not None]


def _aggregates(metric: Metric) -> list[Aggregate]:
    measure = metric.measure
    if isinstance(measure, Ratio):
        return [measure.numerator, measure.denominator]
    return [] if measure is None else [measure]


def _averages(metric: Metric) -> Iterator[Problem]:
    parts = _aggregates(metric) if isinstance(metric.measure, Ratio) else []
    if any(aggregate.kind == "average" for aggregate in parts):
        yield _problem(
            metric,
            "average-in-ratio",
            f"the ratio of metric {metric.name} holds an average: it has no one denominator",
            found="average",
            legal="count, count_distinct, sum, min, max",
            hint="use sum and count, or derive the metric from two averages",
        )


def _model_types(metric: Metric, types: dict[str, str]) -> Iterator[Problem]:
    """Columns of a model that the metric names: they exist and are of a fitting type."""
    for column in dict.fromkeys([*metric.dimensions, *_counted(metric), *_times(metric)]):
        if column not in types:
            yield _problem(
                metric,
                "unknown-column",
                f"metric {metric.name} names a column that {metric.from_} does not have",
                found=column,
                legal=nearest(column, types),
                hint="a model's columns are those of its SELECT",
            )
    for aggregate in _aggregates(metric):
        if aggregate.kind in ("sum", "min", "max", "average"):
            yield from _exact(metric, aggregate, types.get(aggregate.column or ""))
    for time in _times(metric):
        if types.get(time, "DATE") not in _TIMES:
            yield _problem(
                metric,
                "wrong-type",
                f"the time column of metric {metric.name} is of type {types[time]}",
                found=time,
                legal="a date or timestamp column",
                hint="cast it in the model: CAST(x AS DATE)",
            )


def _exact(metric: Metric, aggregate: Aggregate, type_: str | None) -> Iterator[Problem]:
    whole = type_ is None or type_.removeprefix("U") in _EXACT_WHOLE
    if not whole and not (type_ or "").startswith("DECIMAL("):
        yield _problem(
            metric,
            "wrong-type",
            f"metric {metric.name} takes a {aggregate.kind} over a column of type {type_}",
            found=aggregate.column or "",
            legal="an integer or decimal column",
            hint="cast it in the model: CAST(x AS DECIMAL(18,6))",
        )


def _counted(metric: Metric) -> list[str]:
    return [a.column for a in _aggregates(metric) if a.column is not None]


def _times(metric: Metric) -> list[str]:
    return [metric.time] if metric.time is not None else []


def _problem(
    metric: Metric, code: str, message: str, *, found: str = "", legal: str = "", hint: str = ""
) -> Problem:
    return Problem(
        severity="error",
        code=code,
        place=metric.place,
        message=message,
        found=found,
        legal=legal,
        hint=hint,
        scope=f"metric {metric.name}",
    )
