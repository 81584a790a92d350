"""From models/<name>.sql to the models of the plan.

What belongs here: which streams and models a query reads, unknown names, circles. What
does not: which SQL is allowed, and the types of its columns (measures).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from scoreline.core.errors import Problem
from scoreline.core.model import Model
from scoreline.definitions.findings import Entry
from scoreline.definitions.relations import Relations
from scoreline.definitions.spec_base import as_sql_name, listed, nearest

_MAX_SQL = 200_000


def resolve_models(
    entries: Mapping[str, Entry], texts: Mapping[str, str], relations: Relations
) -> dict[str, Model]:
    """The models that are whole, by full name.

    Args:
        entries: one for each model's file, by file stem.
        texts: the SQL, by file stem.
        relations: the streams and the declared models.
    """
    reads: dict[str, tuple[str, ...]] = {}
    for name, entry in entries.items():
        _check_name(entry, name)
        reads[f"models.{name}"] = tables(entry, texts[name]) if entry.ok else ()
    for name, entry in entries.items():
        _check_reads(entry, texts[name], reads[f"models.{name}"], relations)
    _check_circles(entries, texts, reads)
    return _whole(entries, texts, reads)


def tables(entry: Entry, sql: str) -> tuple[str, ...]:
    """The full names in the query's FROMs, sorted; `<source>.<stream>` or `models.<name>`."""
    from sqlglot import exp, parse
    from sqlglot.errors import ParseError, SqlglotError

    if len(sql) > _MAX_SQL:
        message = f"the query has {len(sql)} characters"
        _sql_error(entry, sql, "bad-sql", message, "", f"at most {_MAX_SQL}")
        return ()
    try:
        trees = [tree for tree in parse(sql, read="duckdb") if tree is not None]
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, LookupError) as e:
        detail = e.errors[0] if isinstance(e, ParseError) and e.errors else {}
        message = f"the query cannot be parsed: {_reason(e, str(detail.get('description') or ''))}"
        _sql_error(entry, sql, "bad-sql", message, str(detail.get("highlight") or ""))
        return ()
    if len(trees) != 1:
        message = f"one query is expected, found {len(trees)} statements"
        _sql_error(entry, sql, "bad-sql", message, "", "one SELECT")
        return ()
    if not isinstance(trees[0], exp.Query):
        message = f"a query is expected, found {trees[0].key.upper()}"
        _sql_error(entry, sql, "bad-sql", message, "", "one SELECT")
        return ()
    ctes = {cte.alias_or_name.lower() for cte in trees[0].find_all(exp.CTE)}
    names: dict[str, None] = {}
    for table in trees[0].find_all(exp.Table):
        is_cte = not table.db and table.name.lower() in ctes
        if not is_cte and not isinstance(table.this, exp.Func):
            is_plain = isinstance(table.this, exp.Identifier)
            names[".".join(p.name for p in table.parts) if is_plain else table.sql()] = None
    return tuple(sorted(names))


def _reason(error: Exception, description: str) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if "<class" in description:
        return "something is missing here"
    return description or str(error).split("\n")[0] or type(error).__name__


def _check_name(entry: Entry, name: str) -> None:
    try:
        as_sql_name(name)
    except ValueError:
        legal = "letters, digits and single _, beginning with a letter"
        message = "the file's name is the model's name, and SQL cannot use this one"
        entry.error("bad-name", message, found=name, legal=legal)


def _check_reads(entry: Entry, sql: str, reads: Iterable[str], relations: Relations) -> None:
    for name in reads:
        state = relations.state(name)
        if state == "unknown":
            message = f"the query reads {name}, which is neither a stream nor a model"
            names = relations.names()
            hint = nearest(name, names)
            _sql_error(entry, sql, "unknown-reference", message, name, listed(names), hint)
        elif state == "in error":
            message = f"the query reads {name}, which is in error"
            _sql_error(entry, sql, "depends-on-error", message, name)


def _sql_error(
    entry: Entry, sql: str, code: str, message: str, found: str, legal: str = "", hint: str = ""
) -> None:
    match = re.search(rf"(?<![\w.]){re.escape(found)}(?![\w.])", sql) if found else None
    line = sql.count("\n", 0, match.start()) + 1 if match else 1
    column = match.start() - sql.rfind("\n", 0, match.start()) if match else 1
    entry.ok = False
    place = type(entry.place)(entry.document.file, line, column)
    problem = Problem("error", code, place, message, found, legal, hint, entry.scope)
    entry.problems.append(problem)


def _check_circles(
    entries: Mapping[str, Entry], texts: Mapping[str, str], reads: Mapping[str, tuple[str, ...]]
) -> None:
    for name, entry in entries.items():
        path = circle(f"models.{name}", reads)
        if path:
            message = f"models read each other in a circle: {' > '.join(path)}"
            _sql_error(entry, texts[name], "reference-cycle", message, path[1], "no circle")


def circle(start: str, edges: Mapping[str, Iterable[str]]) -> list[str]:
    """The shortest path from `start` back to `start` along the edges; empty if none."""
    paths: list[list[str]] = [[start]]
    seen: set[str] = set()
    for path in paths:
        for target in edges.get(path[-1], ()):
            if target == start:
                return [*path, start]
            if target not in seen:
                seen.add(target)
                paths.append([*path, target])
    return []


def _whole(
    entries: Mapping[str, Entry], texts: Mapping[str, str], reads: Mapping[str, tuple[str, ...]]
) -> dict[str, Model]:
    changed = True
    while changed:
        changed = False
        for name, entry in entries.items():
            broken = [r for r in reads[f"models.{name}"] if _is_broken(r, entries)]
            if entry.ok and broken:
                message = f"the query reads {broken[0]}, which is in error"
                _sql_error(entry, texts[name], "depends-on-error", message, broken[0])
                changed = True
    return {
        f"models.{name}": Model(name, texts[name], reads[f"models.{name}"], place=entry.place)
        for name, entry in entries.items()
        if entry.ok
    }


def _is_broken(full_name: str, entries: Mapping[str, Entry]) -> bool:
    prefix, _, name = full_name.partition(".")
    return prefix == "models" and name in entries and not entries[name].ok
