"""The allow-list: a `where` or a model is parsed, checked node by node, or refused.

What belongs here: parsing and the walk over the tree. What does not: the list itself
(vocabulary), finding the texts in a plan (allowed), running anything.

The tree that comes back, written out again by `sql_text`, is what may be executed; the
text as it was written never is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from scoreline.core.errors import ExpressionError
from scoreline.core.model import ColumnType
from scoreline.measures import vocabulary as words
from scoreline.measures.details import wrong
from scoreline.measures.naming import settle_columns, settle_tables
from scoreline.measures.position import position_of, refusal, text_of

SQLGLOT_VERSION: str = version("sqlglot")

_DIALECT = "duckdb"
_LONGEST = 20_000
_DEEPEST = 40
_LONGEST_CHAIN = 250
_TOO_DEEP = f"the text is nested or chained too deeply; legal: at most {_LONGEST_CHAIN} levels"
_BROKEN = (
    SqlglotError,
    ValueError,
    RecursionError,
    KeyError,
    IndexError,
    AttributeError,
    TypeError,
)
_QUERIES = (exp.Select, exp.SetOperation, exp.Subquery)
_WHERE_WORDS = {name: frozenset(args.split()) for name, args in words.SCALAR.items()}
_MODEL_WORDS = _WHERE_WORDS | {
    name: frozenset(args.split()) for name, args in (words.MODEL_ONLY | words.MODEL_IN).items()
}


def check_where(sql: str, columns: Mapping[str, ColumnType] | None) -> exp.Expr:
    """The tree of a condition over one row.

    Args:
        sql: the text of a `where`, in DuckDB's dialect.
        columns: the relation's columns; None where they are not known yet (a model that
            was never built), then any plain name passes.

    Returns:
        A tree of listed nodes only, its columns written as they are declared. It is read
        once and shared by all who ask for it: copy it to change it.

    Raises:
        ExpressionError: naming the offending text, where it stands and what is legal.
    """
    return _checked_where(sql, None if columns is None else tuple(columns.items()))


@lru_cache(maxsize=8192)
def _checked_where(sql: str, declared: tuple[tuple[str, ColumnType], ...] | None) -> exp.Expr:
    columns = None if declared is None else dict(declared)
    tree = _parsed(sql, exp.Condition, "one condition over a row's columns")
    _Walk(sql, _WHERE_WORDS, "a where").check(tree)
    settle_columns(sql, tree, columns)
    return tree


def check_model(sql: str, reads: Collection[str]) -> exp.Expr:
    """The tree of a model: one SELECT over streams and models.

    Args:
        sql: the model's text, in DuckDB's dialect.
        reads: the full names it may read, `<source>.<stream>` and `models.<name>`.

    Returns:
        A tree of listed nodes only; tables are written as in `reads`.

    Raises:
        ExpressionError: naming the offending text, where it stands and what is legal.
    """
    opening = re.match(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*(\w*)", sql, re.DOTALL)
    if opening is None or opening[1].lower() not in ("select", "with", "from"):
        found = opening[1] if opening is not None else ""
        raise refusal(sql, found or sql[:20], None, "a model is one SELECT statement", "SELECT")
    tree = _parsed(sql, None, "one SELECT statement")
    if not isinstance(tree, _QUERIES):
        raise refusal(sql, sql[:40], None, "a model is one SELECT statement", "SELECT")
    _Walk(sql, _MODEL_WORDS, "a model").check(tree)
    settle_tables(sql, tree, reads)
    return tree


def sql_text(tree: exp.Expr, *, pretty: bool = False) -> str:
    """A checked tree as DuckDB's SQL, every name quoted, without comments."""
    return tree.sql(_DIALECT, identify=True, comments=False, pretty=pretty)


def _parsed(sql: str, kind: type[exp.Condition] | None, legal: str) -> exp.Expr:
    """One statement of that kind, or the reason why not."""
    if len(sql) > _LONGEST:
        raise ExpressionError(f"the text has {len(sql)} characters; legal: at most {_LONGEST}")
    if "\0" in sql or not sql.strip():
        raise ExpressionError(f"the text is empty or holds a NUL character; legal: {legal}")
    _check_depth(sql)
    try:
        tokens = sqlglot.tokenize(sql, read=_DIALECT)
        ends = [t for t in tokens if t.token_type == sqlglot.TokenType.SEMICOLON]
        if ends and tokens[-1] is not ends[0]:
            raise refusal(
                sql, ";", (ends[0].line, ends[0].col), "a second statement is not allowed", legal
            )
        body = sql[: ends[0].start] if ends else sql
        if kind is None:
            return sqlglot.parse_one(body, dialect=_DIALECT)
        return sqlglot.parse_one(body, dialect=_DIALECT, into=kind)
    except ExpressionError:
        raise
    except _BROKEN as error:
        raise _unreadable(sql, error, legal) from error


def _check_depth(sql: str) -> None:
    depth = 0
    for position, character in enumerate(sql):
        depth += (character in "([{") - (character in ")]}")
        if depth > _DEEPEST:
            raise ExpressionError(
                f"at character {position + 1}: brackets are more than {_DEEPEST} deep; "
                f"legal: at most {_DEEPEST}"
            )


def _unreadable(sql: str, error: Exception, legal: str) -> ExpressionError:
    details = getattr(error, "errors", None)
    if details:
        first = details[0]
        found = str(first.get("highlight") or "the end")
        at = (first.get("line"), first.get("col"))
        return refusal(sql, found, at if all(at) else None, "it cannot be read as SQL here", legal)
    if isinstance(error, RecursionError):
        return ExpressionError(_TOO_DEEP)
    return ExpressionError(f"`{sql[:60]}` cannot be read as SQL; legal: {legal}")


@dataclass(frozen=True, slots=True)
class _Walk:
    """Every node of a tree against the list; the first that is not on it ends the walk."""

    sql: str
    legal: Mapping[str, frozenset[str]]
    where: str

    def check(self, tree: exp.Expr) -> None:
        stack: list[tuple[exp.Expr, int]] = [(tree, 0)]
        while stack:
            node, depth = stack.pop()
            if depth > _LONGEST_CHAIN:
                raise ExpressionError(_TOO_DEEP)
            name = type(node).__name__
            if name not in self.legal:
                raise self._refused(node, _advice(node))
            extra = [k for k, v in node.args.items() if _set(v) and k not in self.legal[name]]
            if extra:
                raise self._refused(node, f"`{extra[0].strip('_')}` is not allowed with it")
            reason = wrong(node)
            if reason:
                raise self._refused(node, reason)
            stack.extend((child, depth + 1) for child in _children(node))

    def _refused(self, node: exp.Expr, reason: str) -> ExpressionError:
        legal = "comparisons, and/or/not, in, between, like, case, casts, text, number and date"
        if self.where == "a model":
            legal += " functions, exact aggregates, windows with ORDER BY, joins, WITH"
        else:
            legal += " functions over the row's columns"
        text, at = text_of(node), position_of(node)
        return refusal(self.sql, text, at, f"not allowed in {self.where}: {reason}", legal)


def _set(value: object) -> bool:
    return value is not None and value is not False and value != []


def _children(node: exp.Expr) -> Iterator[exp.Expr]:
    for value in node.args.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, exp.Expr):
                yield item


def _advice(node: exp.Expr) -> str:
    name = type(node).__name__.lower()
    return words.ADVICE.get(name, "it is not on the list of what is known to be safe and exact")
