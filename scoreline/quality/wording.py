"""Sentences about checks: what one expects, and what was found.

What belongs here: text for people, from a check's type, its arguments and its counts.
What does not: deciding an outcome, and any data value (a row is named by its number).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

Arguments = Mapping[str, Any]

_SHOWN = 5
"""So many values of a set, and so many row numbers, stand in a sentence."""


def describe(name: str, arguments: Arguments) -> str:
    """What a check of that type expects, e.g. `score between 0 and 100`.

    Types without a phrase of their own are named by their type and columns.
    """
    phrase = _PHRASES.get(name)
    try:
        text = phrase(arguments) if phrase else _plain(name, arguments)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        text = _plain(name, arguments)
    mostly = arguments.get("mostly")
    if isinstance(mostly, (int, Decimal)) and mostly != 1:
        text += f", for at least {(Decimal(mostly) * 100).normalize():f} %"
    condition = arguments.get("row_condition")
    return f"{text}, where {condition}" if isinstance(condition, str) else text


def rows_sentence(
    label: str, name: str, unexpected: int, evaluated: int | None, rows: Sequence[int]
) -> str:
    """The finding of a row-level check that failed."""
    of = f" of {evaluated:,}" if evaluated is not None else ""
    noun = "row" if (evaluated if evaluated is not None else unexpected) == 1 else "rows"
    return f"{label}: {unexpected:,}{of} {noun} {_found(name)}{_first(rows, unexpected)}"


def observed_sentence(label: str, observed: Any, outcome: str) -> str:
    """The finding of a check of the whole batch."""
    if observed is None:
        return f"{label}: {'holds' if outcome == 'pass' else 'does not hold'}"
    return f"{label}: found {_value(observed)}"


def pass_sentence(label: str, unexpected: int | None, evaluated: int | None) -> str:
    """The finding of a row-level check that passed."""
    if unexpected:
        of = f" of {evaluated:,}" if evaluated is not None else ""
        return f"{label}: holds; {unexpected:,}{of} rows do not, which is allowed"
    return f"{label}: holds" + (f" for {evaluated:,} rows" if evaluated is not None else "")


def error_sentence(label: str, reason: str) -> str:
    """The finding of a check that could not be evaluated."""
    return f"{label}: could not be evaluated: {reason}"


def _first(rows: Sequence[int], unexpected: int) -> str:
    if not rows:
        return ""
    if unexpected == 1:
        return f" (row {rows[0]})"
    shown = ", ".join(str(r) for r in rows[:_SHOWN])
    return f" ({'first ' if unexpected > _SHOWN else ''}rows {shown})"


def _found(name: str) -> str:
    if "not_be_null" in name:
        return "empty"
    if name.endswith("_to_be_between"):
        return "outside"
    if "to_be_unique" in name and "within_record" not in name:
        return "repeated"
    return "with another value" if name.endswith("_to_be_in_set") else "break it"


def _plain(name: str, arguments: Arguments) -> str:
    columns = [arguments.get(key) for key in ("column", "column_A", "column_B")]
    columns += [arguments.get("column_list")]
    return f"{name}({', '.join(_value(c) for c in columns if c is not None)})"


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        shown = ", ".join(_value(item) for item in value[:_SHOWN])
        return shown + (f", … ({len(value)} in all)" if len(value) > _SHOWN else "")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def _bounds(arguments: Arguments) -> str:
    low, high = arguments.get("min_value"), arguments.get("max_value")
    if low is not None and high is not None:
        ends = (bool(arguments.get("strict_min")), bool(arguments.get("strict_max")))
        note = {(False, False): "", (True, True): ", both excluded"}.get(
            ends, ", the lower excluded" if ends[0] else ", the upper excluded"
        )
        return f"between {_value(low)} and {_value(high)}{note}"
    if low is not None:
        return f"{'above' if arguments.get('strict_min') else 'at least'} {_value(low)}"
    return f"{'below' if arguments.get('strict_max') else 'at most'} {_value(high)}"


def _set(a: Arguments, verb: str = "is one of") -> str:
    return f"{_value(a['column'])} {verb} {_value(a['value_set'])}"


def _patterns(verb: str, argument: str) -> Callable[[Arguments], str]:
    def phrase(a: Arguments) -> str:
        many = " all of" if a.get("match_on") == "all" else ""
        return f"{_value(a['column'])} {verb}{many} {_value(a[argument])}"

    return phrase


def _statistic(words: str) -> Callable[[Arguments], str]:
    return lambda a: f"{words} {_value(a['column'])} {_bounds(a)}"


_PHRASES: Mapping[str, Callable[[Arguments], str]] = {
    "expect_column_values_to_not_be_null": lambda a: f"{_value(a['column'])} is not empty",
    "expect_column_values_to_be_null": lambda a: f"{_value(a['column'])} is empty",
    "expect_column_values_to_be_between": lambda a: f"{_value(a['column'])} {_bounds(a)}",
    "expect_column_values_to_be_in_set": _set,
    "expect_column_values_to_not_be_in_set": lambda a: _set(a, "is none of"),
    "expect_column_values_to_be_unique": lambda a: f"{_value(a['column'])} is unique",
    "expect_column_values_to_match_regex": _patterns("matches", "regex"),
    "expect_column_values_to_not_match_regex": _patterns("does not match", "regex"),
    "expect_column_values_to_match_regex_list": _patterns("matches", "regex_list"),
    "expect_column_values_to_not_match_regex_list": _patterns("does not match", "regex_list"),
    "expect_column_values_to_match_like_pattern": _patterns("is like", "like_pattern"),
    "expect_column_values_to_not_match_like_pattern": _patterns("is not like", "like_pattern"),
    "expect_column_values_to_match_like_pattern_list": _patterns("is like", "like_pattern_list"),
    "expect_column_values_to_not_match_like_pattern_list": _patterns(
        "is not like", "like_pattern_list"
    ),
    "expect_column_value_lengths_to_be_between": _statistic("length of"),
    "expect_column_value_lengths_to_equal": lambda a: (
        f"length of {_value(a['column'])} is {_value(a['value'])}"
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": lambda a: (
        f"{_value(a['column_A'])} {'at least' if a.get('or_equal') else 'above'} "
        f"{_value(a['column_B'])}"
    ),
    "expect_column_pair_values_to_be_equal": lambda a: (
        f"{_value(a['column_A'])} equals {_value(a['column_B'])}"
    ),
    "expect_compound_columns_to_be_unique": lambda a: (
        f"{_value(a['column_list'])} are unique together"
    ),
    "expect_select_column_values_to_be_unique_within_record": lambda a: (
        f"{_value(a['column_list'])} differ within a row"
    ),
    "expect_multicolumn_sum_to_equal": lambda a: (
        f"{_value(a['column_list'])} add up to {_value(a['sum_total'])}"
    ),
    "expect_multicolumn_values_to_be_equal": lambda a: f"{_value(a['column_list'])} are equal",
    "expect_column_min_to_be_between": _statistic("lowest"),
    "expect_column_max_to_be_between": _statistic("highest"),
    "expect_column_sum_to_be_between": _statistic("sum of"),
    "expect_column_mean_to_be_between": _statistic("mean of"),
    "expect_column_median_to_be_between": _statistic("median of"),
    "expect_column_stdev_to_be_between": _statistic("standard deviation of"),
    "expect_column_unique_value_count_to_be_between": _statistic("distinct values of"),
    "expect_column_proportion_of_unique_values_to_be_between": _statistic(
        "share of distinct values of"
    ),
    "expect_column_proportion_of_non_null_values_to_be_between": _statistic(
        "share of non-empty values of"
    ),
    "expect_column_to_exist": lambda a: f"column {_value(a['column'])} exists",
    "expect_table_row_count_to_be_between": lambda a: f"number of rows {_bounds(a)}",
    "expect_table_row_count_to_equal": lambda a: f"number of rows is {_value(a['value'])}",
    "expect_table_column_count_to_be_between": lambda a: f"number of columns {_bounds(a)}",
    "expect_table_column_count_to_equal": lambda a: f"number of columns is {_value(a['value'])}",
    "unexpected_rows_expectation": lambda a: (
        f"no row from: {' '.join(_value(a['unexpected_rows_query']).split())[:120]}"
    ),
}
