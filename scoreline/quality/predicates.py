"""The rows that break a check, as a SQL condition of our own.

What belongs here: one condition for each row-level expectation type, with the meaning of
nulls that Great Expectations gives it on SQL (its `*_condition_partial` decorators: a
column map ignores null values unless it is about nulls; a pair or several columns ignore
rows as `ignore_row_if` says; an unknown comparison is not a break). What does not: running
it. The number of rows that a condition finds is held against Great Expectations' count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from scoreline.core.errors import CheckError

BATCH = "batch"
"""The relation that a condition is about; it must have every column of the typed file."""

Arguments = Mapping[str, Any]


def predicate(name: str, arguments: Arguments, condition: str = "") -> str:
    """The SQL condition, over the relation `batch`, of the rows that break the check.

    Args:
        name: a row-level type.
        arguments: read as the types of the columns (`arguments.read_arguments`).
        condition: the check's `row_condition` in SQL; empty for none.

    Raises:
        CheckError: the arguments make no condition, or the type is not row-level.
    """
    build = _BREAKS.get(name)
    if build is None:
        raise CheckError(f"{name} judges the batch as a whole, not its rows")
    scope = " AND ".join(f"({part})" for part in (condition, _considered(name, arguments)) if part)
    broken = build(arguments, scope)
    return f"({scope}) AND ({broken})" if scope else broken


def quote(name: str) -> str:
    """A SQL identifier."""
    if "\0" in name:
        raise CheckError("a column's name holds a NUL character")
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A SQL literal of exactly that value.

    Raises:
        CheckError: the value is of no type that a check compares with, or holds a NUL.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return f"({value})" if value < 0 else str(value)
    if isinstance(value, Decimal):
        return f"({value:f})" if value < 0 else f"{value:f}"
    if isinstance(value, datetime):
        return f"TIMESTAMPTZ '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, str) and "\0" not in value:
        return "'" + value.replace("'", "''") + "'"
    raise CheckError(f"cannot compare with {value!r}")


def _considered(name: str, a: Arguments) -> str:
    if "column_A" in a:
        columns = [quote(str(a["column_A"])), quote(str(a["column_B"]))]
        ignore = a.get("ignore_row_if") or "both_values_are_missing"
    elif "column_list" in a:
        columns = [quote(str(c)) for c in a["column_list"]]
        ignore = a.get("ignore_row_if") or "all_values_are_missing"
    elif "to_be_null" in name or "not_be_null" in name:
        return ""
    else:
        return f"{quote(str(a['column']))} IS NOT NULL"
    if ignore in ("neither", "never"):
        return ""
    word = " AND " if ignore in ("both_values_are_missing", "all_values_are_missing") else " OR "
    return f"NOT ({word.join(f'{c} IS NULL' for c in columns)})"


def _not(condition: str) -> str:
    return f"NOT ({condition})"


def _between(subject: str, a: Arguments) -> str:
    parts = []
    if a.get("min_value") is not None:
        parts.append(f"{subject} {'>' if a.get('strict_min') else '>='} {literal(a['min_value'])}")
    if a.get("max_value") is not None:
        parts.append(f"{subject} {'<' if a.get('strict_max') else '<='} {literal(a['max_value'])}")
    if not parts:
        raise CheckError("min_value, max_value or both are needed")
    return _not(" AND ".join(parts))


def _in(a: Arguments, *, wanted: bool) -> str:
    values = ", ".join(literal(v) for v in a["value_set"] if v is not None)
    if not values:
        return "TRUE" if wanted else "FALSE"
    return f"{quote(str(a['column']))} {'NOT IN' if wanted else 'IN'} ({values})"


def _unique(columns: Sequence[str], scope: str) -> str:
    names = ", ".join(quote(c) for c in columns)
    filled = " AND ".join(f"{quote(c)} IS NOT NULL" for c in columns)
    within = f"{filled} AND {scope}" if scope else filled
    repeated = f"SELECT {names} FROM {BATCH} WHERE {within} GROUP BY ALL HAVING count(*) > 1"
    return f"{filled} AND ({names}) IN ({repeated})"


def _any_or_all(parts: Sequence[str], match_on: Any) -> str:
    if not parts:
        raise CheckError("the list of patterns is empty")
    return (" AND " if match_on == "all" else " OR ").join(f"({part})" for part in parts)


def _regexes(a: Arguments, patterns: Sequence[Any], match_on: Any = "any") -> str:
    column = quote(str(a["column"]))
    return _any_or_all([f"regexp_matches({column}, {literal(p)})" for p in patterns], match_on)


def _likes(a: Arguments, patterns: Sequence[Any], match_on: Any = "any") -> str:
    escape = f" ESCAPE {literal(a['escape'])}" if a.get("escape") else ""
    column = quote(str(a["column"]))
    return _any_or_all([f"{column} LIKE {literal(p)}{escape}" for p in patterns], match_on)


def _greater(a: Arguments) -> str:
    left, right = quote(str(a["column_A"])), quote(str(a["column_B"]))
    if a.get("or_equal"):
        return f"{left} >= {right} OR ({left} IS NULL AND {right} IS NULL)"
    return f"{left} > {right}"


def _pair_equal(a: Arguments) -> str:
    left, right = quote(str(a["column_A"])), quote(str(a["column_B"]))
    return f"{left} = {right} AND {left} IS NOT NULL AND {right} IS NOT NULL"


def _equals(column: Any, value: Any) -> str:
    name = quote(str(column))
    return f"{name} IS NULL" if value is None else f"{name} = {literal(value)}"


def _pair_in(a: Arguments) -> str:
    return " OR ".join(
        f"({_equals(a['column_A'], x)} AND {_equals(a['column_B'], y)})"
        for x, y in a["value_pairs_set"]
    )


def _sum(a: Arguments) -> str:
    columns = " + ".join(quote(str(c)) for c in a["column_list"])
    return f"({columns}) = {literal(a['sum_total'])}"


def _same(left: str, right: str) -> str:
    return f"({left} IS NOT DISTINCT FROM {right})"


def _all_equal(a: Arguments) -> str:
    first, *others = [quote(str(c)) for c in a["column_list"]]
    return " AND ".join(_same(first, other) for other in others) or "TRUE"


def _some_equal(a: Arguments) -> str:
    columns = [quote(str(c)) for c in a["column_list"]]
    pairs = [
        f"{left} = {right} OR ({left} IS NULL AND {right} IS NULL)"
        for i, left in enumerate(columns)
        for right in columns[i + 1 :]
    ]
    return " OR ".join(pairs) or "FALSE"


def _length(a: Arguments) -> str:
    return f"length({quote(str(a['column']))})"


_BREAKS: Mapping[str, Callable[[Arguments, str], str]] = {
    "expect_column_values_to_not_be_null": lambda a, _: f"{quote(str(a['column']))} IS NULL",
    "expect_column_values_to_be_null": lambda a, _: f"{quote(str(a['column']))} IS NOT NULL",
    "expect_column_values_to_be_between": lambda a, _: _between(quote(str(a["column"])), a),
    "expect_column_values_to_be_in_set": lambda a, _: _in(a, wanted=True),
    "expect_column_values_to_not_be_in_set": lambda a, _: _in(a, wanted=False),
    "expect_column_values_to_be_unique": lambda a, scope: _unique([str(a["column"])], scope),
    "expect_column_values_to_match_regex": lambda a, _: _not(_regexes(a, [a["regex"]])),
    "expect_column_values_to_not_match_regex": lambda a, _: _regexes(a, [a["regex"]]),
    "expect_column_values_to_match_regex_list": lambda a, _: _not(
        _regexes(a, a["regex_list"], a.get("match_on"))
    ),
    "expect_column_values_to_not_match_regex_list": lambda a, _: _regexes(a, a["regex_list"]),
    "expect_column_values_to_match_like_pattern": lambda a, _: _not(_likes(a, [a["like_pattern"]])),
    "expect_column_values_to_not_match_like_pattern": lambda a, _: _likes(a, [a["like_pattern"]]),
    "expect_column_values_to_match_like_pattern_list": lambda a, _: _not(
        _likes(a, a["like_pattern_list"], a.get("match_on"))
    ),
    "expect_column_values_to_not_match_like_pattern_list": lambda a, _: _likes(
        a, a["like_pattern_list"]
    ),
    "expect_column_value_lengths_to_be_between": lambda a, _: _between(_length(a), a),
    "expect_column_value_lengths_to_equal": lambda a, _: f"{_length(a)} <> {literal(a['value'])}",
    "expect_column_pair_values_a_to_be_greater_than_b": lambda a, _: _not(_greater(a)),
    "expect_column_pair_values_to_be_equal": lambda a, _: _not(_pair_equal(a)),
    "expect_column_pair_values_to_be_in_set": lambda a, _: _not(_pair_in(a)),
    "expect_compound_columns_to_be_unique": lambda a, scope: _unique(a["column_list"], scope),
    "expect_select_column_values_to_be_unique_within_record": lambda a, _: _some_equal(a),
    "expect_multicolumn_sum_to_equal": lambda a, _: _not(_sum(a)),
    "expect_multicolumn_values_to_be_equal": lambda a, _: _not(_all_equal(a)),
}
