"""A model's SQL with a column more: the source rows that each of its rows is made from.

What belongs here: rewriting a checked query. What does not: running it, and what is done
with the rows (warehouse).

Each relation has a view in the schema `_traced`, named by its full name, with its columns
and `_from`: a list of structs (s: the stream, b: the order of reception of the batch, r:
the data row). A joined row is made from the rows of both sides, a group from all of its
rows; rows that only decided (in WHERE, IN, EXISTS) are not among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from scoreline.core.model import Model
from scoreline.measures.allowlist import sql_text
from scoreline.measures.conditions import quoted, text_literal
from scoreline.measures.model_lineage import qualified

SCHEMA = "_traced"
FROM = "_from"
NOTHING = "CAST([] AS STRUCT(s VARCHAR, b BIGINT, r BIGINT)[])"


class Untraceable(ValueError):  # noqa: N818  an answer, not a fault
    """The rows of a query cannot be followed to their sources; its text says why."""


def traced_name(full_name: str) -> str:
    """The quoted name of a relation's traced view."""
    return f"{quoted(SCHEMA)}.{quoted(full_name)}"


def traced_stream(full_name: str, columns: Iterable[str], table: str) -> str:
    """The SELECT of a stream's traced view over a table with `_seq` and `_row`.

    Args:
        full_name: the stream's.
        columns: their names.
        table: the quoted name of the table.
    """
    names = "".join(f"{quoted(c)}, " for c in columns)
    origin = f"{{'s': {text_literal(full_name)}, 'b': _seq, 'r': _row}}"
    return f"SELECT {names}[{origin}] AS {quoted(FROM)} FROM {table}"


def traced_model(model: Model, reads: Mapping[str, Iterable[str]]) -> str:
    """The SELECT of a model's traced view.

    Args:
        model: one that the allow-list accepts.
        reads: the columns of each relation that it reads, by full name.

    Raises:
        Untraceable: it holds something through which rows cannot be followed.
        ExpressionError: the allow-list refuses it.
    """
    try:
        return sql_text(_query(qualified(model, reads)))
    except (SqlglotError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise Untraceable(f"{model.full_name} cannot be taken apart: {error}") from error


def _query(node: exp.Expr) -> exp.Expr:
    clause = node.args.get("with_")
    for cte in clause.expressions if clause is not None else ():
        cte.set("this", _query(cte.this))
        _name_columns(cte.args.get("alias"))
    if isinstance(node, exp.Subquery):
        node.set("this", _query(node.this))
        return node
    if isinstance(node, exp.SetOperation):
        return _set_operation(node)
    if isinstance(node, exp.Select):
        return _select(node)
    raise Untraceable(f"rows cannot be followed through {node.key.upper()}")


def _set_operation(node: exp.SetOperation) -> exp.Expr:
    if not isinstance(node, exp.Union):
        raise Untraceable(f"rows cannot be followed through {node.key.upper()}")
    names = node.named_selects
    node.set("this", _query(node.this))
    node.set("expression", _query(node.expression))
    if not node.args.get("distinct"):
        return node
    node.set("distinct", False)
    return _once(node, names)


def _select(node: exp.Select) -> exp.Expr:
    names = node.named_selects
    origins = [f"coalesce({quoted(alias)}.{quoted(FROM)}, {NOTHING})" for alias in _sources(node)]
    origin = origins[0] if origins else NOTHING
    for other in origins[1:]:
        origin = f"list_concat({origin}, {other})"
    if _is_grouped(node):
        origin = f"list_distinct(flatten(list({origin})))"
    distinct = node.args.get("distinct")
    node.set("distinct", None)
    column = exp.alias_(sqlglot.parse_one(origin, dialect="duckdb"), FROM, quoted=True)
    node.append("expressions", column)
    return node if distinct is None else _once(node, names)


def _once(node: exp.Query, names: list[str]) -> exp.Expr:
    """Equal rows as one row, made from all that the equal ones were made from."""
    if node.args.get("limit") is not None or node.args.get("offset") is not None:
        raise Untraceable("rows cannot be followed through DISTINCT with LIMIT")
    clause = node.args.pop("with_", None)
    columns = ", ".join(quoted(name) for name in names)
    outer = sqlglot.parse_one(
        f"SELECT {columns}, flatten(list({quoted(FROM)})) AS {quoted(FROM)} "
        f"FROM (SELECT 1) AS _every GROUP BY {columns}",
        dialect="duckdb",
    )
    inner = outer.find(exp.Subquery)
    if inner is not None:
        inner.set("this", node)
    outer.set("with_", clause)
    return outer


def _sources(node: exp.Select) -> list[str]:
    """The aliases in FROM and JOIN that have `_from`, after tracing what stands there."""
    clause = node.args.get("from_")
    waiting = ([] if clause is None else [clause.this]) + [
        join.this for join in node.args.get("joins") or ()
    ]
    found = []
    while waiting:
        item = waiting.pop(0)
        waiting += [join.this for join in item.args.get("joins") or ()]
        if isinstance(item, exp.Table):
            if item.db:
                item.set("this", exp.to_identifier(f"{item.db}.{item.name}", quoted=True))
                item.set("db", exp.to_identifier(SCHEMA, quoted=True))
        elif isinstance(item, exp.Subquery):
            item.set("this", _query(item.this))
        else:
            continue  # VALUES: not from a source
        _name_columns(item.args.get("alias"))
        found.append(item.alias_or_name)
    return found


def _name_columns(alias: exp.Expr | None) -> None:
    """Where an alias names the columns, it names one more."""
    if alias is not None and alias.args.get("columns"):
        alias.append("columns", exp.to_identifier(FROM, quoted=True))


def _is_grouped(node: exp.Select) -> bool:
    if node.args.get("group") is not None:
        return True
    waiting: list[exp.Expr] = [*node.expressions]
    waiting += [c for c in (node.args.get("having"), node.args.get("qualify")) if c is not None]
    while waiting:
        part = waiting.pop()
        if isinstance(part, exp.Query):
            continue
        if isinstance(part, exp.AggFunc) and not _in_window(part):
            return True
        waiting += part.iter_expressions()
    return False


def _in_window(node: exp.Expr) -> bool:
    """Whether an aggregate is the function of a window, which groups nothing."""
    above = node.parent
    while isinstance(above, (exp.Filter, exp.IgnoreNulls)):
        above = above.parent
    return isinstance(above, exp.Window)
