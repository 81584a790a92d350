"""The rows that an aggregate counts: keys that can be grouped by, and the rest.

What belongs here: a relation's columns, and a `where` with a filter taken apart into
equalities with texts (keys) and one remaining condition. What does not: statements.

A key is an expression of text type: a row belongs to a key condition where the expression
is one of some texts. Metrics that ask for other texts of the same keys share a grouping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from scoreline.core.errors import UsageError
from scoreline.core.model import ColumnType, Filter, Metric, Plan
from scoreline.measures.allowlist import check_where, sql_text

ModelColumns = Mapping[str, Mapping[str, str]]
"""DuckDB's type of each column of each model, by the model's full name; may lack models."""

MOST_KEYS = 8
"""A cell has at most so many keys: three from a `where` (further equalities join its
remaining condition), the others from a filter."""

_MOST_WHERE_KEYS = 3

_TEXT = ColumnType("text")
_DUCKDB_KINDS = {
    "VARCHAR": _TEXT,
    "BOOLEAN": ColumnType("boolean"),
    "DATE": ColumnType("date"),
    "TIMESTAMP": ColumnType("timestamp"),
    "TIMESTAMP WITH TIME ZONE": ColumnType("timestamp"),
    "JSON": ColumnType("json"),
}
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


@dataclass(frozen=True, slots=True)
class Condition:
    """Rows whose keys have one of the given texts and for which `rest` is true.

    Attributes:
        keys: (key expression, its legal texts), sorted by expression.
        rest: SQL of a condition, or None.
    """

    keys: tuple[tuple[str, frozenset[str]], ...] = ()
    rest: str | None = None

    def narrowed(self, filter_: Filter, columns: Mapping[str, ColumnType] | None) -> Condition:
        """The condition and a filter together.

        Raises:
            UsageError: more keys than `MOST_KEYS`.
        """
        if not filter_:
            return self
        keys = dict(self.keys)
        for dimension, values in filter_:
            _narrow(keys, key_expression(dimension, columns), frozenset(values))
        if len(keys) > MOST_KEYS:
            raise UsageError(
                f"a filter of {len(filter_)} dimensions and the metric's own conditions make "
                f"{len(keys)}; legal: at most {MOST_KEYS} together"
            )
        return Condition(tuple(sorted(keys.items())), self.rest)

    @property
    def key_names(self) -> tuple[str, ...]:
        """The key expressions, sorted."""
        return tuple(key for key, _ in self.keys)


def quoted(name: str) -> str:
    """An identifier as DuckDB quotes it."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def relation_sql(full_name: str, *, history: bool = False) -> str:
    """A stream or model as SQL names it; with `history`, the view of all its versions."""
    schema, _, name = full_name.partition(".")
    return f"{quoted(schema)}.{quoted(name + '__history' if history else name)}"


def columns_of(
    plan: Plan, relation: str, model_columns: ModelColumns | None
) -> dict[str, ColumnType] | None:
    """The columns of a stream or model with their types; None where they are not known.

    A model's column of a type that a contract cannot declare (DOUBLE, a list) is given
    as `json`: it can be named, but nothing can be computed from it exactly.
    """
    stream = plan.streams.get(relation)
    if stream is not None:
        return {column.name: column.type for column in stream.columns}
    known = (model_columns or {}).get(relation)
    return None if known is None else {n: duckdb_type(text) for n, text in known.items()}


def duckdb_type(text: str) -> ColumnType:
    """DuckDB's name of a type, such as `DECIMAL(18,2)`, as a declared type."""
    name = text.upper().replace(" ", "") if text.upper().startswith("DECIMAL") else text.upper()
    if name in _WHOLE or (name.startswith("U") and name[1:] in _WHOLE):
        return ColumnType("integer")
    if name.startswith("DECIMAL(") and name.endswith(")"):
        precision, _, scale = name[8:-1].partition(",")
        return ColumnType("decimal", int(precision), int(scale or "0"))
    return _DUCKDB_KINDS.get(name, ColumnType("json"))


def key_expression(
    column: str, columns: Mapping[str, ColumnType] | None, row: str | None = "r"
) -> str:
    """A column as text: what filters compare with; qualified by `row` unless that is None."""
    name = quoted(column) if row is None else f"{quoted(row)}.{quoted(column)}"
    if columns is not None and columns.get(column) == _TEXT:
        return name
    return f"CAST({name} AS VARCHAR)"


def condition_of(
    wheres: tuple[str | None, ...], columns: Mapping[str, ColumnType] | None
) -> Condition:
    """The condition that all the `where` texts make together.

    Args:
        wheres: texts of an aggregate and of its ratio; None where there is none.
        columns: the relation's columns if they are known.

    Raises:
        ExpressionError: a `where` is not allowed.
    """
    keys: dict[str, frozenset[str]] = {}
    rest: list[str] = []
    for where in wheres:
        for term in _terms(where, columns):
            found = _equality(term, columns)
            if found is not None and (found[0] in keys or len(keys) < _MOST_WHERE_KEYS):
                _narrow(keys, *found)
            else:
                rest.append(row_sql(term))
    text = " AND ".join(sorted({f"({term})" for term in rest}))
    return Condition(tuple(sorted(keys.items())), text or None)


def row_sql(tree: exp.Expr) -> str:
    """A checked condition as SQL over the row `r`."""
    copy = tree.copy()
    for column in copy.find_all(exp.Column):
        column.set("table", exp.to_identifier("r"))
    return sql_text(copy)


def relation_of(metric: Metric) -> str:
    """The full name of the stream or model that a simple metric is measured over."""
    if metric.from_ is None:
        raise UsageError(f"metric {metric.name} is derived: it has no rows of its own")
    return metric.from_


def _narrow(keys: dict[str, frozenset[str]], key: str, values: frozenset[str]) -> None:
    keys[key] = keys[key] & values if key in keys else values


def _terms(where: str | None, columns: Mapping[str, ColumnType] | None) -> Iterator[exp.Expr]:
    """The conditions that AND joins at the top of a `where`."""
    if where is None:
        return
    waiting = [check_where(where, columns)]
    while waiting:
        term = waiting.pop()
        while isinstance(term, exp.Paren):
            term = term.this
        if isinstance(term, exp.And):
            waiting += [term.expression, term.this]
        else:
            yield term


def _equality(
    term: exp.Expr, columns: Mapping[str, ColumnType] | None
) -> tuple[str, frozenset[str]] | None:
    """`column = 'text'` or `column IN ('text', …)` on a text column, as a key."""
    if isinstance(term, exp.EQ):
        values = [term.expression]
    elif isinstance(term, exp.In):
        values = term.expressions
    else:
        return None
    column = term.this
    if not isinstance(column, exp.Column) or columns is None:
        return None
    if columns.get(column.name) != _TEXT:
        return None
    if not all(isinstance(value, exp.Literal) and value.is_string for value in values):
        return None
    return key_expression(column.name, columns), frozenset(str(value.this) for value in values)
