"""The names in a tree: columns of a row, tables of a model.

What belongs here: finding each name among the legal ones and writing it as declared (in
DuckDB upper and lower case do not differ). What does not: functions and node types.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlglot import exp

from scoreline.core.errors import ExpressionError
from scoreline.core.model import ColumnType
from scoreline.measures.position import nearest, position_of, refusal

_NOT_COLUMNS = frozenset({"rowid", "filename", "file_row_number", "_valid_from", "_valid_to"})


def settle_columns(sql: str, tree: exp.Expr, columns: Mapping[str, ColumnType] | None) -> None:
    """Write every column of a condition as the relation declares it.

    Raises:
        ExpressionError: a column that the relation does not have, or a qualified one.
    """
    declared = None if columns is None else {name.lower(): name for name in columns}
    for column in list(tree.find_all(exp.Column)):
        if column.table:
            reason = "a where reads one relation: leave out what stands before the point"
            raise _refused_column(sql, column, reason, column.name)
        name = column.name.lower()
        if declared is None:
            if name in _NOT_COLUMNS:
                raise _refused_column(sql, column, "it is not a column", "a declared column")
            continue
        if name not in declared:
            reason = "the relation has no such column"
            raise _refused_column(sql, column, reason, nearest(column.name, declared.values()))
        column.this.set("this", declared[name])


def settle_tables(sql: str, tree: exp.Expr, reads: Collection[str]) -> None:
    """Write every table of a model as in `reads`; a bare name must be a WITH above it.

    Raises:
        ExpressionError: a table that is neither, or a pseudo-column such as `rowid`.
    """
    for column in tree.find_all(exp.Column):
        if column.name.lower() in _NOT_COLUMNS:
            raise _refused_column(sql, column, "it is not a column", "a declared column")
    declared = {name.lower(): name for name in reads}
    known = _with_names(sql, tree)
    for table in list(tree.find_all(exp.Table)):
        full = ".".join(part.name for part in table.parts)
        if "." not in full and known.get(full.lower(), -1) >= 0:
            if _standing(table, known) > known[full.lower()]:
                continue
        elif full.lower() in declared:
            schema, name = declared[full.lower()].split(".", 1)
            table.set("db", exp.to_identifier(schema))
            table.set("this", exp.to_identifier(name))
            continue
        at = position_of(table)
        reason = "not allowed in a model: it is neither a stream nor a model nor a WITH above"
        raise refusal(sql, full, at, reason, nearest(full, declared.values()))


def _with_names(sql: str, tree: exp.Expr) -> dict[str, int]:
    """The names of the statement's WITH, in lower case, with their order from 0."""
    clause = tree.args.get("with_")
    names: dict[str, int] = {}
    for order, part in enumerate(clause.expressions if clause is not None else ()):
        if part.alias.lower() in names:
            raise refusal(sql, part.alias, None, "stands twice in WITH", "one query a name")
        names[part.alias.lower()] = order
    return names


def _standing(table: exp.Expr, known: Mapping[str, int]) -> int:
    """How many of the WITH queries stand above the table."""
    part = table.find_ancestor(exp.CTE)
    return len(known) if part is None else known[part.alias.lower()]


def _refused_column(sql: str, column: exp.Column, reason: str, legal: str) -> ExpressionError:
    return refusal(sql, column.sql("duckdb"), position_of(column), reason, legal)
