"""The expectation types that may be declared, and what each is about.

What belongs here: a static table that the lint of definitions, the child process and the
documentation share; a test holds it against Great Expectations' own list. What does not:
evaluating anything, and any import beyond the standard library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class ExpectationType:
    """One legal type.

    Attributes:
        row_level: it judges each row by itself or in its group, so that `quarantine` is legal.
        columns: the arguments that name columns which must exist.
        values: the arguments that hold values of the column, to be read as its type.
        required: arguments without which it makes no sense.
        optional: the other arguments that it takes.
    """

    row_level: bool
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """Every argument it takes, the required ones first."""
        return tuple(dict.fromkeys((*self.columns, *self.required, *self.optional)))


_WHERE = ("row_condition", "condition_parser")
_ALL_ROWS = ("neither", "never")
_BETWEEN = ("min_value", "max_value", "strict_min", "strict_max")


def _column_map(
    *required: str, optional: tuple[str, ...] = (), values: str = ""
) -> ExpectationType:
    named = ("min_value", "max_value") if values == "between" else tuple(filter(None, (values,)))
    return ExpectationType(True, ("column",), named, required, (*optional, "mostly", *_WHERE))


def _pair(*required: str, optional: tuple[str, ...] = (), where: bool = True) -> ExpectationType:
    more = (*optional, "ignore_row_if", "mostly", *(_WHERE if where else ()))
    return ExpectationType(True, ("column_A", "column_B"), (), required, more)


def _several(*required: str, mostly: bool = True) -> ExpectationType:
    more = ("ignore_row_if", *(("mostly",) if mostly else ()), *_WHERE)
    return ExpectationType(True, ("column_list",), (), required, more)


def _column(*required: str, optional: tuple[str, ...] = (), values: str = "") -> ExpectationType:
    named = ("min_value", "max_value") if values == "between" else tuple(filter(None, (values,)))
    return ExpectationType(False, ("column",), named, required, (*optional, *_WHERE))


def _table(*required: str, optional: tuple[str, ...] = ()) -> ExpectationType:
    return ExpectationType(False, (), (), required, optional)


TYPES: Mapping[str, ExpectationType] = MappingProxyType(
    {
        "expect_column_values_to_not_be_null": _column_map(),
        "expect_column_values_to_be_null": _column_map(),
        "expect_column_values_to_be_between": _column_map(optional=_BETWEEN, values="between"),
        "expect_column_values_to_be_in_set": _column_map("value_set", values="value_set"),
        "expect_column_values_to_not_be_in_set": _column_map("value_set", values="value_set"),
        "expect_column_values_to_be_unique": _column_map(),
        "expect_column_values_to_match_regex": _column_map("regex"),
        "expect_column_values_to_not_match_regex": _column_map("regex"),
        "expect_column_values_to_match_regex_list": _column_map(
            "regex_list", optional=("match_on",)
        ),
        "expect_column_values_to_not_match_regex_list": _column_map("regex_list"),
        "expect_column_values_to_match_like_pattern": _column_map(
            "like_pattern", optional=("escape",)
        ),
        "expect_column_values_to_not_match_like_pattern": _column_map(
            "like_pattern", optional=("escape",)
        ),
        "expect_column_values_to_match_like_pattern_list": _column_map(
            "like_pattern_list", optional=("match_on", "escape")
        ),
        "expect_column_values_to_not_match_like_pattern_list": _column_map(
            "like_pattern_list", optional=("escape",)
        ),
        "expect_column_value_lengths_to_be_between": _column_map(optional=_BETWEEN),
        "expect_column_value_lengths_to_equal": _column_map("value"),
        "expect_column_pair_values_a_to_be_greater_than_b": _pair(optional=("or_equal",)),
        "expect_column_pair_values_to_be_equal": _pair(),
        "expect_column_pair_values_to_be_in_set": _pair("value_pairs_set", where=False),
        "expect_compound_columns_to_be_unique": _several(),
        "expect_select_column_values_to_be_unique_within_record": _several(),
        "expect_multicolumn_sum_to_equal": _several("sum_total"),
        "expect_multicolumn_values_to_be_equal": _several(),
        "expect_column_value_z_scores_to_be_less_than": _column(
            "threshold", "double_sided", optional=("mostly",)
        ),
        "expect_column_min_to_be_between": _column(optional=_BETWEEN, values="between"),
        "expect_column_max_to_be_between": _column(optional=_BETWEEN, values="between"),
        "expect_column_sum_to_be_between": _column(optional=_BETWEEN),
        "expect_column_mean_to_be_between": _column(optional=_BETWEEN),
        "expect_column_median_to_be_between": _column(optional=_BETWEEN),
        "expect_column_stdev_to_be_between": _column(optional=_BETWEEN),
        "expect_column_quantile_values_to_be_between": _column(
            "quantile_ranges", optional=("allow_relative_error",)
        ),
        "expect_column_unique_value_count_to_be_between": _column(optional=_BETWEEN),
        "expect_column_proportion_of_unique_values_to_be_between": _column(optional=_BETWEEN),
        "expect_column_proportion_of_non_null_values_to_be_between": _column(optional=_BETWEEN),
        "expect_column_distinct_values_to_be_in_set": _column("value_set", values="value_set"),
        "expect_column_distinct_values_to_contain_set": _column("value_set", values="value_set"),
        "expect_column_distinct_values_to_equal_set": _column("value_set", values="value_set"),
        "expect_column_most_common_value_to_be_in_set": _column(
            "value_set", optional=("ties_okay",), values="value_set"
        ),
        "expect_column_to_exist": _table("column", optional=("column_index",)),
        "expect_table_row_count_to_be_between": _table(optional=(*_BETWEEN, *_WHERE)),
        "expect_table_row_count_to_equal": _table("value", optional=_WHERE),
        "expect_table_column_count_to_be_between": _table(optional=_BETWEEN),
        "expect_table_column_count_to_equal": _table("value"),
        "expect_table_columns_to_match_ordered_list": _table("column_list"),
        "expect_table_columns_to_match_set": _table("column_set", optional=("exact_match",)),
        "unexpected_rows_expectation": _table("unexpected_rows_query", optional=_WHERE),
    }
)
"""Every legal type by its name."""

_DECLARED = "declare the column's type, formats and null values in the stream's columns instead"
_ONE_BATCH = "it compares with another table or source, and a batch is checked by itself"
_ORDER = "rows of a batch have no order that a query could rely on"
_FLOATING = "it is not available on DuckDB; use a z-score, quantile or min and max expectation"

NOT_OFFERED: Mapping[str, str] = MappingProxyType(
    {
        "expect_column_values_to_be_of_type": _DECLARED,
        "expect_column_values_to_be_in_type_list": _DECLARED,
        "expect_column_type_to_be": _DECLARED,
        "expect_column_values_to_be_dateutil_parseable": _DECLARED,
        "expect_column_values_to_match_strftime_format": _DECLARED,
        "expect_column_values_to_be_json_parseable": _DECLARED,
        "expect_column_values_to_match_json_schema": "it is not available on DuckDB",
        "expect_column_values_to_be_increasing": _ORDER,
        "expect_column_values_to_be_decreasing": _ORDER,
        "expect_column_values_to_not_be_outliers": _FLOATING,
        "expect_column_kl_divergence_to_be_less_than": _FLOATING,
        "expect_query_results_to_match_comparison": _ONE_BATCH,
        "expect_table_row_count_to_equal_other_table": _ONE_BATCH,
        "expect_multicolumn_values_to_be_unique": (
            "use expect_select_column_values_to_be_unique_within_record"
        ),
    }
)
"""Types that Great Expectations has and a stream may not declare, each with the reason."""


def legal_types() -> Mapping[str, bool]:
    """Every legal expectation type, and whether it is row-level (so may quarantine)."""
    return {name: entry.row_level for name, entry in TYPES.items()}


def why_not(name: str) -> str:
    """Why that type may not be used, with what would be legal; empty for a legal one."""
    if name in TYPES:
        return ""
    if name in NOT_OFFERED:
        return f"{name} cannot be used here: {NOT_OFFERED[name]}"
    near = get_close_matches(name, TYPES, n=1)
    return f"there is no expectation type {name}" + (f"; did you mean {near[0]}?" if near else "")


def columns_named(name: str, arguments: Mapping[str, Any]) -> Iterator[str]:
    """The columns that the arguments of a legal type name and that must therefore exist."""
    for argument in TYPES[name].columns:
        given = arguments.get(argument)
        if isinstance(given, str):
            yield given
        elif isinstance(given, (list, tuple)):
            yield from (item for item in given if isinstance(item, str))


_NOT_WITH_CONDITION = (
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_column_pair_values_to_be_equal",
    "expect_compound_columns_to_be_unique",
)
"""Great Expectations 1.24 builds no valid SQL for these with both a condition and every row."""


def misuse(name: str, arguments: Mapping[str, Any]) -> str:
    """What is wrong with the arguments of a legal type by their names; empty if nothing."""
    entry = TYPES[name]
    for argument in (*entry.columns, *entry.required):
        if arguments.get(argument) is None:
            return f"{name} needs the argument {argument}"
    for argument in arguments:
        if argument not in entry.arguments:
            near = get_close_matches(argument, entry.arguments, n=1)
            legal = f"did you mean {near[0]}?" if near else f"legal: {', '.join(entry.arguments)}"
            return f"{name} takes no argument {argument}; {legal}"
    if "min_value" in entry.arguments and not {"min_value", "max_value"} & arguments.keys():
        return f"{name} needs min_value, max_value or both"
    ignore = arguments.get("ignore_row_if")
    if name in _NOT_WITH_CONDITION and "row_condition" in arguments and ignore in _ALL_ROWS:
        return f"{name} cannot combine row_condition with ignore_row_if: {ignore}"
    return ""
