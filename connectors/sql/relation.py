"""What a stream reads: a table or a query, as one relation that can be selected from.

What belongs here: naming it, checking a query's text, building the statements that read it.
What does not: running them, and how far an extraction goes (window).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.selectable import FromClause

from connectors.base import StreamSpec
from connectors.errors import OptionError, PermanentError
from connectors.sql.failures import among
from connectors.sql.kinds import ResultColumn
from connectors.sql.mark import Mark
from connectors.sql.options import SqlStream

SQLGLOT = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql"}


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or a query.

    Attributes:
        name: of its objects: the table with its schema, or the stream.
        source: what remembered positions belong to; another text, another relation.
        clause: to select from.
        table: the table's name without schema; None for a query.
        schema: the table's schema, where one is named.
    """

    name: str
    source: str
    clause: FromClause
    table: str | None = None
    schema: str | None = None

    def nothing(self) -> sa.Select[Any]:
        """Every column and no row."""
        return sa.select(sa.text("*")).select_from(self.clause).where(sa.text("1 = 0"))


def relation_of(spec: StreamSpec, options: SqlStream, schema: str | None, backend: str) -> Relation:
    """The relation of a stream; `schema` is the source's default.

    Raises:
        OptionError: the query is not one SELECT.
    """
    if options.table is not None:
        before, _, table = options.table.rpartition(".")
        schema = before or schema
        name = f"{schema}.{table}" if schema else table
        return Relation(name, name, sa.table(table, schema=schema), table, schema)
    query = _one_select(options.query or "", backend)
    digest = hashlib.sha256(query.encode()).hexdigest()[:16]
    inner = sa.text(query.replace(":", "\\:") + "\n")  # ends a comment; no colon is a parameter
    return Relation(spec.name, f"query {digest}", _derived(inner))


def _derived(inner: sa.TextClause) -> FromClause:
    return sa.TextualSelect(inner, []).alias("q")


def _one_select(text: str, backend: str) -> str:
    import sqlglot
    from sqlglot import errors, exp

    try:
        parsed = sqlglot.parse(text, dialect=SQLGLOT.get(backend, backend))
    except errors.SqlglotError as error:
        where = error.errors[0] if isinstance(error, errors.ParseError) and error.errors else {}
        near = f" near {where['highlight']!r}" if where.get("highlight") else ""
        raise _not_a_select(f"cannot be read as SQL{near}") from None
    except ValueError:  # a dialect that the parser does not know
        parsed = sqlglot.parse(text)
    statements = [s for s in parsed if s is not None and not isinstance(s, exp.Semicolon)]
    if len(statements) != 1:
        raise _not_a_select(f"holds {len(statements)} statements")
    if not isinstance(statements[0], exp.Query):
        raise _not_a_select(f"begins with {text.split(maxsplit=1)[0].upper()[:20]}")
    if statements[0].find(exp.DML, exp.DDL, exp.Command, exp.Into) not in (None, statements[0]):
        raise _not_a_select("holds a statement that writes")
    return re.sub(r"[;\s]+\Z", "", text)


def _not_a_select(what: str) -> OptionError:
    return OptionError("query", what, legal="one SELECT, with or without WITH; no semicolon")


@dataclass(frozen=True, slots=True)
class Reading:
    """The relation with its columns found: what statements are made of.

    Attributes:
        relation: what is read.
        columns: what is selected, in the relation's order.
        left_out: columns of the relation that are not asked for.
        cursor: the cursor column; None where everything is read.
        key: the columns that order rows of equal cursor.
    """

    relation: Relation
    columns: tuple[ResultColumn, ...]
    left_out: tuple[str, ...]
    cursor: ResultColumn | None
    key: tuple[str, ...]

    def rows(self) -> sa.Select[Any]:
        """All rows, by key."""
        return self._selected().order_by(*map(column, self.key))

    def rows_from(self, low: Mark | None) -> sa.Select[Any]:
        """Rows that have a cursor, from `low` on, by (cursor, key)."""
        order = [self._cursor(), *map(column, self.key)]
        return self._selected().where(self.reaches(low)).order_by(*order)

    def rows_without(self) -> sa.Select[Any]:
        """Rows without a cursor, by key."""
        without = self._selected().where(self._cursor().is_(None))
        return without.order_by(*map(column, self.key))

    def reaches(self, low: Mark | None) -> sa.ColumnElement[bool]:
        """The condition that a row has a cursor, of at least `low`."""
        if low is None:
            return self._cursor().is_not(None)
        bound: sa.BindParameter[Any] = sa.bindparam("low", low.value(), type_=sa.types.NullType())
        return self._cursor() >= bound

    def count(self, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """How many rows meet the conditions."""
        counted = sa.select(sa.func.count()).select_from(self.relation.clause)
        return counted.where(*conditions)

    def newest(self, low: Mark | None) -> sa.Executable:
        """The highest cursor and the number of rows from `low` on."""
        return (
            sa.select(sa.func.max(self._cursor()), sa.func.count())
            .select_from(self.relation.clause)
            .where(self.reaches(low))
        )

    def has_no_cursor(self) -> sa.ColumnElement[bool]:
        """The condition that a row has no cursor."""
        return self._cursor().is_(None)

    def _selected(self) -> sa.Select[Any]:
        chosen = [column(c.name) for c in self.columns]
        return sa.select(*chosen).select_from(self.relation.clause)

    def _cursor(self) -> sa.ColumnElement[Any]:
        if self.cursor is None:
            raise RuntimeError(f"{self.relation.name} is read without a cursor")
        return column(self.cursor.name)


def column(name: str) -> sa.ColumnElement[Any]:
    """A column by its name, quoted where it must be; values pass as the driver gives them."""
    return sa.column(name)


def reading_of(relation: Relation, spec: StreamSpec, found: Sequence[ResultColumn]) -> Reading:
    """Finds the contract's cursor, key and columns among those that are there.

    Raises:
        PermanentError: a column is there twice, or the cursor or a part of the key is not.
    """
    names = [c.name for c in found]
    doubled = sorted({n for n in names if names.count(n) > 1})
    if doubled or "" in names:
        raise PermanentError(
            f"the column {doubled[0]!r} is there twice" if doubled else "a column has no name",
            where=relation.name,
            do="Give each column a name of its own by AS",
        )
    headers = {c.name: c.wanted for c in spec.columns}
    if spec.cursor is not None and not spec.key:
        raise PermanentError(
            "a stream with a cursor needs a key, to order rows of equal cursor",
            where=f"stream {spec.name}",
            do="Declare the key",
        )
    by_name = {c.name: c for c in found}
    needed = [n for n in (spec.cursor, *spec.key) if n is not None]
    for name in needed:
        _require(headers.get(name, name), name, names, relation)
    wanted = set(headers.values()) | {headers.get(n, n) for n in needed}
    chosen = [c for c in found if spec.new_column != "drop" or c.name in wanted]
    return Reading(
        relation,
        tuple(chosen) or tuple(found),
        tuple(c.name for c in found if chosen and c not in chosen),
        None if spec.cursor is None else by_name[headers.get(spec.cursor, spec.cursor)],
        tuple(headers.get(n, n) for n in spec.key),
    )


def _require(header: str, name: str, there: list[str], relation: Relation) -> None:
    if header in there:
        return
    what = f"has no column {header!r}"
    do = f"the stream's cursor or key names it as {name}" if name != header else "Correct the name"
    raise PermanentError(
        f"{what}: {among(header, there)}", where=relation.name, do=do[:1].upper() + do[1:]
    )
