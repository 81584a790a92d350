"""The rows behind a value: the same rows as the measure reads, each with what it contributes.

What belongs here: from a metric on a day to one SELECT for each of its simple parts. What
does not: running it (warehouse), and which version of a stream is meant (audit).

Of each row the SELECT gives what it adds to the numerator and the denominator, so that
both columns add up to the value exactly. A distinct count counts an item at its first row;
a lowest or highest value stands at the first row that has it; all others add 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlglot import exp

from scoreline.core.model import Aggregate, ColumnType, Filter, Metric, Plan
from scoreline.core.moments import end_of_day
from scoreline.measures.allowlist import check_where
from scoreline.measures.calendars import calendar_of, shifted
from scoreline.measures.conditions import ModelColumns, columns_of, quoted
from scoreline.measures.layout import Role, Source, parts_of, source_of
from scoreline.measures.provenance import FROM, traced_name
from scoreline.measures.requests import Offset, parts, request_id, streams_read
from scoreline.measures.single import filter_sql, where_sql, window_sql


@dataclass(frozen=True, slots=True)
class RowsQuery:
    """One simple part of a metric on one day.

    The SELECT gives `n` (from 1), `seq` and `line` (batch and data row; null for models),
    `origins` (for models: the source rows), `numerator`, `denominator` (null where the row
    is not in it), then the columns as `c1`, `c2` …

    Attributes:
        request: the id of the series that the part's value stands in.
        metric: the simple metric; `offset` says how far from the day it is read.
        relation: a stream's or model's full name; `is_model` says which.
        columns: the names of `c1`, `c2` …
        day: the day that is read, after the offset.
        first: the first day that counts, None where there is no such bound.
        last: the last day that counts; None where the day has no window, hence no rows.
        until: for streams read as they stood, the end of the day.
        has_denominator: whether the value is a quotient.
        is_extreme: whether the value is a lowest or highest: none without rows.
        sql: DuckDB's SQL with the parameters `parameters`.
    """

    request: str
    metric: Metric
    offset: Offset
    relation: str
    is_model: bool
    columns: tuple[str, ...]
    day: date
    first: date | None
    last: date | None
    until: datetime | None
    has_denominator: bool
    is_extreme: bool
    sql: str
    parameters: Mapping[str, date | datetime]


@dataclass(frozen=True, slots=True)
class Asked:
    """A metric's value on a day, and what has to be known to find its rows.

    Attributes:
        plan: the resolved definitions.
        metric: a metric of the plan, simple or derived.
        filter: the key result's filter.
        cycle: the name of the key result's cycle.
        day: the day of the value.
        model_columns: DuckDB's types of the models' columns.
        received: when the first and the newest batch of each stream were received: they
            limit the days for which `latest` can be said (ADR 5).
    """

    plan: Plan
    metric: str
    filter: Filter
    cycle: str | None
    day: date
    model_columns: ModelColumns = field(default_factory=dict)
    received: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)


def rows_queries(asked: Asked) -> list[RowsQuery]:
    """The rows behind a value, part by part in the order of the metric's formula.

    Raises:
        ExpressionError: a `where` that is not allowed.
    """
    found: dict[str, RowsQuery] = {}
    for part, cycle, offset in parts(asked.plan, asked.metric, asked.cycle):
        request = request_id(part.name, asked.filter, cycle, offset)
        if request not in found:
            found[request] = _part(asked, part, cycle, offset)
    return list(found.values())


def _part(asked: Asked, metric: Metric, cycle: str | None, offset: Offset) -> RowsQuery:
    plan, source = asked.plan, source_of(asked.plan, metric)
    [span] = calendar_of(plan, metric.window, (cycle, offset), (asked.day,), with_instants=True)
    has_start = metric.window.kind not in ("all", "latest")
    types = columns_of(plan, source.relation, asked.model_columns)
    columns = _shown(asked, metric, source, types)
    read, until = shifted(asked.day, offset), None
    parameters: dict[str, date | datetime] = {}
    if source.timing == "event":
        parameters["last"] = span.hi or date.min
        if has_start:
            parameters["first"] = span.lo or date.max
    elif source.timing == "history":
        parameters["until"] = until = _until(asked, source.relation, read)
    aggregates = parts_of(metric)
    conditions = filter_sql(asked.filter, types) + window_sql(source, has_start=has_start)
    is_legal = metric.window.kind != "latest" or read >= _first_legal(asked, metric, source)
    if not is_legal:
        conditions.append("FALSE")
    return RowsQuery(
        request=request_id(metric.name, asked.filter, cycle, offset),
        metric=metric,
        offset=offset,
        relation=source.relation,
        is_model=source.relation in plan.models,
        columns=columns,
        day=read,
        first=span.lo if has_start else None,
        last=span.hi if is_legal else None,
        until=until,
        has_denominator=len(aggregates) > 1,
        is_extreme=aggregates[0][1].kind in ("min", "max"),
        sql=_statement(asked, source, aggregates, conditions, columns),
        parameters=parameters,
    )


def _until(asked: Asked, stream: str, day: date) -> datetime:
    """The end of the day; of the next one where the day is that before the first batch came."""
    zone = ZoneInfo(asked.plan.organisation.timezone)
    following = day + timedelta(days=1)
    borrowed = stream in asked.received and _local(asked, asked.received[stream][0]) == following
    return end_of_day(following if borrowed else day, zone)


def _first_legal(asked: Asked, metric: Metric, source: Source) -> date:
    """The first day for which a stream as it stands can be said.

    That is the day before its newest batch was received, or its first where versions are kept.
    """
    which = 0 if source.timing == "history" else 1
    streams = streams_read(asked.plan, metric.name)
    days = [_local(asked, asked.received[s][which]) for s in streams if s in asked.received]
    return max(days) - timedelta(days=1) if days else date.min


def _local(asked: Asked, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(asked.plan.organisation.timezone)).date()


def _shown(
    asked: Asked, metric: Metric, source: Source, types: Mapping[str, ColumnType] | None
) -> tuple[str, ...]:
    """A stream's key and every column that the measure looks at; of a model, all columns."""
    stream = asked.plan.streams.get(source.relation)
    if stream is None:
        return tuple(types or ())
    named = {*stream.key, *(dimension for dimension, _ in asked.filter)}
    if source.time is not None:
        named.add(source.time)
    for _, aggregate, wheres in parts_of(metric):
        named.update([aggregate.column] if aggregate.column else [])
        for where in filter(None, wheres):
            named.update(c.name for c in check_where(where, types).find_all(exp.Column))
    return tuple(c.name for c in stream.columns if c.name in named and c.personal != "drop")


_SQL = """\
WITH rows_read AS (
  SELECT {identity}, {columns}{operands}
  FROM {relation}{conditions}
),
counted AS (
  SELECT *, row_number() OVER (ORDER BY {order}) AS n FROM rows_read WHERE {counts}
)
SELECT n, seq, line, origins, {contributions}{listed} FROM counted ORDER BY n"""


def _statement(
    asked: Asked,
    source: Source,
    aggregates: Sequence[tuple[Role, Aggregate, tuple[str | None, ...]]],
    conditions: list[str],
    columns: tuple[str, ...],
) -> str:
    is_model = source.relation in asked.plan.models
    numbered = [f"c{n}" for n in range(1, len(columns) + 1)]
    pairs = zip(columns, numbered, strict=True)
    contributions = [f"{_contribution(role, a)} AS {role}" for role, a, _ in aggregates]
    if len(contributions) == 1:
        contributions.append("NULL AS denominator")
    return _SQL.format(
        identity=f"NULL AS seq, NULL AS line, {quoted(FROM)} AS origins"
        if is_model
        else "_seq AS seq, _row AS line, NULL AS origins",
        columns=", ".join(f"{quoted(c)} AS {n}" for c, n in pairs) or "NULL AS c0",
        operands="".join(_operand(asked, source, *part) for part in aggregates),
        relation=_relation(source, is_model=is_model),
        conditions="\n  WHERE " + "\n    AND ".join(conditions) if conditions else "",
        order=", ".join([*numbered, "origins"]) if is_model else "seq, line",
        counts=" OR ".join(f"in_{role}" for role, _, _ in aggregates),
        contributions=", ".join(contributions),
        listed="".join(f", {n}" for n in numbered),
    )


def _operand(
    asked: Asked, source: Source, role: Role, aggregate: Aggregate, wheres: tuple[str | None, ...]
) -> str:
    """Whether a row is in a part, and what is aggregated there, as two columns."""
    texts = [w for w in wheres if w is not None]
    tests = [where_sql(w, asked.plan, source, asked.model_columns) for w in texts]
    operand = "NULL" if aggregate.column is None else quoted(aggregate.column)
    if aggregate.column is not None:
        tests.append(f"{operand} IS NOT NULL")
    test = " AND ".join(tests) or "TRUE"
    return f",\n    coalesce({test}, FALSE) AS in_{role}, {operand} AS of_{role}"


def _relation(source: Source, *, is_model: bool) -> str:
    if is_model:
        return traced_name(source.relation)
    schema = "_history" if source.timing == "history" else "_rows"
    return f"{quoted(schema)}.{quoted(source.relation)}"


def _contribution(role: Role, aggregate: Aggregate) -> str:
    """What a row adds to the numerator or denominator; null where it is not in it."""
    operand, first = f"of_{role}", None
    if aggregate.kind == "count":
        added = "1"
    elif aggregate.kind == "sum":
        added = operand
    elif aggregate.kind == "count_distinct":
        added, first = "1", f"PARTITION BY in_{role}, {operand} ORDER BY n"
    else:
        downward = " DESC" if aggregate.kind == "max" else ""
        added, first = operand, f"PARTITION BY in_{role} ORDER BY {operand}{downward}, n"
    if first is not None:
        added = f"CASE WHEN row_number() OVER ({first}) = 1 THEN {added} ELSE 0 END"
    return f"CASE WHEN in_{role} THEN {added} END"
