"""What a model's columns and rows depend on: its SQL taken apart, clause by clause.

What belongs here: the walk over a query's tree. What does not: streams and metrics
(lineage), which SQL is allowed (allowlist).

sqlglot's own `lineage()` follows the SELECT list only. Here every clause counts: WHERE,
JOIN, GROUP BY, HAVING, QUALIFY, DISTINCT, ORDER BY where LIMIT cuts, windows, CASE
conditions, FILTER, subqueries behind IN and EXISTS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify

from scoreline.core.model import Model
from scoreline.measures.allowlist import check_model
from scoreline.measures.lineage import NONE, How, Relation, Uses, direct, indirect

_Env = Mapping[str, Relation]
_FAILED = (SqlglotError, ValueError, KeyError, AttributeError, TypeError, RecursionError)


def model_relation(model: Model, reads: Mapping[str, Relation]) -> Relation:
    """The lineage of a model's columns and rows.

    Args:
        model: one that the allow-list accepts.
        reads: the streams and models that it reads, by full name.

    Returns:
        Where the query cannot be taken apart, every column that it could read is taken to
        decide about everything: lineage may then name too much, never too little.

    Raises:
        ExpressionError: the allow-list refuses the SQL.
    """
    try:
        tree = qualified(model, {name: r.columns for name, r in reads.items()})
        found = _Walk(model.full_name, {name.lower(): r for name, r in reads.items()})
        return found.query(tree, {})
    except _FAILED:
        every = NONE.union(*(r.everything() | r.rows for r in reads.values()))
        return _Anything(indirect(every, "CONDITIONAL", f"{model.full_name}: SQL"))


def qualified(model: Model, reads: Mapping[str, Iterable[str]]) -> exp.Expr:
    """A model's checked tree with every column qualified and every star written out.

    Args:
        model: the model.
        reads: the columns of each stream and model that it reads, by full name.

    Raises:
        ExpressionError: the allow-list refuses the SQL.
        SqlglotError: a name has more than one meaning.
    """
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for name, columns in reads.items():
        source, _, relation = name.lower().partition(".")
        schema.setdefault(source, {})[relation] = {column.lower(): "TEXT" for column in columns}
    tree = check_model(model.sql, model.reads)
    return qualify(
        tree,
        schema=schema,  # type: ignore[arg-type]
        dialect="duckdb",
        validate_qualify_columns=False,
        quote_identifiers=True,
    )


class _Anything(Relation):
    """A relation of which any column depends on everything."""

    def __init__(self, uses: Uses) -> None:
        super().__init__({"*": uses}, uses)

    def column(self, name: str) -> Uses:
        """The same for every name."""
        return self.rows


class _Walk:
    """The walk over one model's qualified tree."""

    def __init__(self, place: str, reads: _Env) -> None:
        self._place, self._reads = place, reads

    # --- queries -------------------------------------------------------------------------

    def query(self, node: exp.Expr, env: _Env) -> Relation:
        """The lineage of a query; `env` has the aliases and WITH names that it can see."""
        env = {**env, **self._with(node, env)}
        if isinstance(node, exp.Subquery):
            return self.query(node.this, env)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, env)
        if isinstance(node, exp.Select):
            return self._select(node, env)
        if isinstance(node, exp.Values):
            return Relation({})
        raise ValueError(f"{type(node).__name__} is no query")

    def _with(self, node: exp.Expr, env: _Env) -> dict[str, Relation]:
        clause = node.args.get("with_")
        found: dict[str, Relation] = {}
        for cte in clause.expressions if clause is not None else ():
            relation = self.query(cte.this, {**env, **found})
            found[f"with {cte.alias.lower()}"] = _renamed(relation, cte.args.get("alias"))
        return found

    def _set_operation(self, node: exp.SetOperation, env: _Env) -> Relation:
        left, right = self.query(node.this, env), self.query(node.expression, env)
        pairs = zip(left.columns.items(), right.columns.values(), strict=False)
        columns = {name: uses | other for (name, uses), other in pairs}
        rows = left.rows | right.rows
        plain_union = isinstance(node, exp.Union) and not node.args.get("distinct")
        if not plain_union:
            rows |= self._rows(left.everything() | right.everything(), "GROUP_BY", node.key)
        found = Relation(columns, rows)
        return Relation(columns, rows | self._cut(node, {**env, "": found}))

    def _select(self, node: exp.Select, env: _Env) -> Relation:
        rows, sources = self._sources(node, env)
        env = {**env, **sources}
        for name in ("where", "having", "qualify"):
            clause = node.args.get(name)
            if clause is not None:
                rows |= self._decides(clause.this, env, "FILTER", name.upper())
        for projection in node.expressions:
            rows |= self._nested_rows(projection, env)
        columns = {
            p.alias_or_name.lower(): self._value(p, env, "IDENTITY") for p in node.expressions
        }
        rows |= self._grouping(node, env)
        if node.args.get("distinct") is not None:
            rows |= self._rows(NONE.union(*columns.values()), "GROUP_BY", "DISTINCT")
        rows |= self._cut(node, env)
        return Relation(columns, rows)

    def _sources(self, node: exp.Select, env: _Env) -> tuple[Uses, dict[str, Relation]]:
        """What stands in FROM and JOIN, by alias, and what that does to the rows."""
        clause = node.args.get("from_")
        items = [] if clause is None else [clause.this]
        joins = list(node.args.get("joins") or ())
        found: dict[str, Relation] = {}
        rows: Uses = NONE
        for item in [*items, *(join.this for join in joins)]:
            joins += item.args.get("joins") or ()
            relation = self._source(item, env)
            found[item.alias_or_name.lower()] = relation
            rows |= relation.rows
        for join in joins:
            condition = join.args.get("on")
            if condition is not None:
                rows |= self._decides(condition, {**env, **found}, "JOIN", "JOIN")
        return rows, found

    def _source(self, item: exp.Expr, env: _Env) -> Relation:
        if isinstance(item, exp.Table):
            if not item.db:
                return _renamed(env[f"with {item.name.lower()}"], item.args.get("alias"))
            return _renamed(self._reads[f"{item.db}.{item.name}".lower()], item.args.get("alias"))
        return _renamed(self.query(item, env), item.args.get("alias"))

    def _grouping(self, node: exp.Select, env: _Env) -> Uses:
        group = node.args.get("group")
        if group is None:
            return NONE
        keys = list(group.expressions)
        if group.args.get("all"):
            keys = [p for p in node.expressions if p.find(exp.AggFunc) is None]
        return self._all_decide(keys, env, "GROUP_BY", "GROUP BY")

    def _cut(self, node: exp.Expr, env: _Env) -> Uses:
        """ORDER BY decides which rows there are where LIMIT or OFFSET cuts them off."""
        if node.args.get("limit") is None and node.args.get("offset") is None:
            return NONE
        order = node.args.get("order")
        return NONE if order is None else self._decides(order, env, "SORT", "ORDER BY")

    # --- expressions ---------------------------------------------------------------------

    def _rows(self, uses: Uses, how: How, clause: str) -> Uses:
        return indirect(uses, how, f"{self._place}: {clause.upper()}")

    def _decides(self, node: exp.Expr, env: _Env, how: How, clause: str) -> Uses:
        """An expression that decides about rows or values, with the subqueries inside it."""
        uses = self._value(node, env, "TRANSFORMATION") | self._nested_rows(node, env)
        return self._rows(uses, how, clause)

    def _all_decide(self, nodes: Iterable[exp.Expr], env: _Env, how: How, clause: str) -> Uses:
        return NONE.union(*(self._decides(node, env, how, clause) for node in nodes))

    def _nested_rows(self, node: exp.Expr, env: _Env) -> Uses:
        """What decides the rows of the queries nested in an expression."""
        found: Uses = NONE
        waiting = [node]
        while waiting:
            part = waiting.pop()
            if isinstance(part, exp.Query):
                found |= self.query(part, env).rows
            else:
                waiting += part.iter_expressions()
        return found

    def _value(self, node: exp.Expr, env: _Env, how: How) -> Uses:
        """The uses of an expression's value; `how` is that of what stands around it."""
        if isinstance(node, exp.Column):
            return direct(self._column(node, env), how)
        if isinstance(node, exp.Query):
            return direct(self.query(node, env).everything(), how)
        if isinstance(node, exp.Exists):
            return NONE  # whether there are rows: `_nested_rows` has what decides that
        own = _how(node, how)
        found: Uses = NONE
        for name, part in _parts(node):
            decided = _DECIDED.get((type(node), name))
            if decided is not None:
                found |= self._decides(part, env, decided[0], decided[1])
            else:
                found |= self._value(part, env, own)
        return found

    def _column(self, node: exp.Column, env: _Env) -> Uses:
        if node.table:
            return env[node.table.lower()].column(node.name)
        if "" in env:  # the columns of a set operation, in its ORDER BY
            return env[""].column(node.name)
        return NONE.union(
            *(r.column(node.name) for n, r in env.items() if not n.startswith("with "))
        )


_DECIDED: dict[tuple[type[exp.Expr], str], tuple[How, str]] = {
    (exp.Window, "partition_by"): ("WINDOW", "OVER"),
    (exp.Window, "order"): ("WINDOW", "OVER"),
    (exp.Filter, "expression"): ("FILTER", "FILTER"),
    (exp.If, "this"): ("CONDITIONAL", "CASE"),
    (exp.Case, "this"): ("CONDITIONAL", "CASE"),
    (exp.Order, "expressions"): ("SORT", "ORDER BY"),
    (exp.ArgMin, "expression"): ("SORT", "arg_min"),
    (exp.ArgMax, "expression"): ("SORT", "arg_max"),
}
"""Parts of an expression that decide about its value without going into it."""


def _how(node: exp.Expr, how: How) -> How:
    """How what stands below a node goes into what stands above it."""
    if isinstance(node, (exp.Alias, exp.Paren, exp.Order, exp.Ordered)) or how == "AGGREGATION":
        return how
    return "AGGREGATION" if isinstance(node, exp.AggFunc) else "TRANSFORMATION"


def _parts(node: exp.Expr) -> Iterable[tuple[str, exp.Expr]]:
    for name, value in node.args.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, exp.Expr):
                yield name, item


def _renamed(relation: Relation, alias: exp.Expr | None) -> Relation:
    """The relation under an alias that may name its columns: `FROM (…) AS t(a, b)`."""
    names = [] if alias is None else [c.name.lower() for c in alias.args.get("columns") or ()]
    if not names or isinstance(relation, _Anything):
        return relation
    if not relation.columns:  # VALUES: nothing from a source
        return Relation(dict.fromkeys(names, NONE), relation.rows)
    own = list(relation.columns)
    renamed = {**dict(zip(own, own, strict=True)), **dict(zip(own, names, strict=False))}
    return Relation({renamed[n]: uses for n, uses in relation.columns.items()}, relation.rows)
