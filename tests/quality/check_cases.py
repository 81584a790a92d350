"""For every legal type: arguments that pass and arguments that fail on the small batch.

A failing row-level case names the rows that break it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Case:
    passes: dict[str, Any]
    fails: dict[str, Any]
    rows: tuple[int, ...] = ()


def column(name: str, **more: Any) -> dict[str, Any]:
    return {"column": name, **more}


def between(name: str, low: Any, high: Any) -> dict[str, Any]:
    return column(name, min_value=low, max_value=high)


def pair(a: str, b: str, **more: Any) -> dict[str, Any]:
    return {"column_A": a, "column_B": b, **more}


def several(*names: str, **more: Any) -> dict[str, Any]:
    return {"column_list": list(names), **more}


ALL = ["name", "mail", "n", "m", "d", "e", "day", "seen", "flag"]
QUARTILE = {"quantiles": [Decimal("0.5")]}

CASES: dict[str, Case] = {
    "expect_column_values_to_not_be_null": Case(
        column("name", mostly=Decimal("0.8")), column("name"), (3,)
    ),
    "expect_column_values_to_be_null": Case(column("name", mostly=0), column("name"), (1, 2, 4, 5)),
    "expect_column_values_to_be_between": Case(
        between("d", Decimal("-1.00"), Decimal("99.99")), between("d", 0, Decimal("99.98")), (2, 4)
    ),
    "expect_column_values_to_be_in_set": Case(
        column("name", value_set=["ann", "bob", "dorothea"]),
        column("name", value_set=["ann"]),
        (2, 4, 5),
    ),
    "expect_column_values_to_not_be_in_set": Case(
        column("n", value_set=[11, 12]), column("n", value_set=[10, 40]), (1, 5)
    ),
    "expect_column_values_to_be_unique": Case(column("n"), column("name"), (2, 4)),
    "expect_column_values_to_match_regex": Case(
        column("mail", regex="[a-z]"), column("mail", regex="@x[.]example$"), (2,)
    ),
    "expect_column_values_to_not_match_regex": Case(
        column("mail", regex="%"), column("mail", regex="^[a-c]"), (1, 2, 4)
    ),
    "expect_column_values_to_match_regex_list": Case(
        column("mail", regex_list=["@", "^bob$"]),
        column("mail", regex_list=["@", "_"], match_on="all"),
        (1, 2, 4),
    ),
    "expect_column_values_to_not_match_regex_list": Case(
        column("mail", regex_list=["%", "!"]), column("mail", regex_list=["_", "^a"]), (1, 5)
    ),
    "expect_column_values_to_match_like_pattern": Case(
        column("mail", like_pattern="%b%", mostly=Decimal("0.25")),
        column("mail", like_pattern="%@%"),
        (2,),
    ),
    "expect_column_values_to_not_match_like_pattern": Case(
        column("mail", like_pattern="z%"), column("mail", like_pattern="%!_%", escape="!"), (5,)
    ),
    "expect_column_values_to_match_like_pattern_list": Case(
        column("mail", like_pattern_list=["%@%", "b%"]),
        column("mail", like_pattern_list=["%@%", "a%"], match_on="all"),
        (2, 4, 5),
    ),
    "expect_column_values_to_not_match_like_pattern_list": Case(
        column("mail", like_pattern_list=["z%"]),
        column("mail", like_pattern_list=["a%", "b%"]),
        (1, 2),
    ),
    "expect_column_value_lengths_to_be_between": Case(
        between("name", 3, 8), between("name", 3, 7), (5,)
    ),
    "expect_column_value_lengths_to_equal": Case(
        column("name", value=3, mostly=Decimal("0.75")), column("name", value=3), (5,)
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": Case(
        pair("n", "m", or_equal=True), pair("n", "m"), (2,)
    ),
    "expect_column_pair_values_to_be_equal": Case(pair("name", "name"), pair("d", "e"), (4, 5)),
    "expect_column_pair_values_to_be_in_set": Case(
        pair(
            "name",
            "flag",
            value_pairs_set=[["ann", True], ["bob", True], ["bob", False], ["dorothea", True]],
        ),
        pair("name", "m", value_pairs_set=[["ann", 2], ["dorothea", None]]),
        (2, 4),
    ),
    "expect_compound_columns_to_be_unique": Case(
        several("name", "n"), several("name", "m"), (2, 4)
    ),
    "expect_select_column_values_to_be_unique_within_record": Case(
        several("n", "d"), several("d", "e"), (1, 2)
    ),
    "expect_multicolumn_sum_to_equal": Case(
        several("d", "e", sum_total=3, mostly=Decimal("0.2")),
        several("d", "e", sum_total=3),
        (2, 4),
    ),
    "expect_multicolumn_values_to_be_equal": Case(several("n", "n"), several("d", "e"), (4, 5)),
    "expect_column_value_z_scores_to_be_less_than": Case(
        column("n", threshold=3, double_sided=True), column("n", threshold=1, double_sided=True)
    ),
    "expect_column_min_to_be_between": Case(
        between("day", "2026-07-01", "2026-07-01"), between("d", 0, 1)
    ),
    "expect_column_max_to_be_between": Case(
        between("seen", "2026-07-05T10:00:00+02:00", "2026-07-05 08:00:00"),
        between("seen", "2026-07-05T08:00:01Z", "2026-07-06T00:00:00Z"),
    ),
    "expect_column_sum_to_be_between": Case(
        between("d", Decimal("107.49"), Decimal("107.49")),
        between("d", Decimal("107.50"), Decimal("200")),
    ),
    "expect_column_mean_to_be_between": Case(between("n", 25, 25), between("n", 26, 30)),
    "expect_column_median_to_be_between": Case(between("n", 25, 25), between("n", 26, 30)),
    "expect_column_stdev_to_be_between": Case(between("n", 12, 13), between("n", 13, 14)),
    "expect_column_quantile_values_to_be_between": Case(
        column("n", quantile_ranges={**QUARTILE, "value_ranges": [[20, 30]]}),
        column("n", quantile_ranges={**QUARTILE, "value_ranges": [[31, None]]}),
    ),
    "expect_column_unique_value_count_to_be_between": Case(
        between("name", 3, 3), between("name", 4, 9)
    ),
    "expect_column_proportion_of_unique_values_to_be_between": Case(
        between("name", Decimal("0.75"), Decimal("0.75")), between("name", Decimal("0.8"), 1)
    ),
    "expect_column_proportion_of_non_null_values_to_be_between": Case(
        between("m", Decimal("0.6"), Decimal("0.6")), between("m", Decimal("0.61"), 1)
    ),
    "expect_column_distinct_values_to_be_in_set": Case(
        column("flag", value_set=[True, False]), column("flag", value_set=[True])
    ),
    "expect_column_distinct_values_to_contain_set": Case(
        column("day", value_set=["2026-07-04"]), column("day", value_set=["2026-07-03"])
    ),
    "expect_column_distinct_values_to_equal_set": Case(
        column("name", value_set=["ann", "bob", "dorothea"]), column("name", value_set=["ann"])
    ),
    "expect_column_most_common_value_to_be_in_set": Case(
        column("name", value_set=["bob"]), column("name", value_set=["ann"])
    ),
    "expect_column_to_exist": Case(column("name"), column("nickname")),
    "expect_table_row_count_to_be_between": Case(
        {"min_value": 5, "max_value": 5}, {"min_value": 6}
    ),
    "expect_table_row_count_to_equal": Case({"value": 5}, {"value": 4}),
    "expect_table_column_count_to_be_between": Case(
        {"min_value": 9, "max_value": 9}, {"max_value": 8}
    ),
    "expect_table_column_count_to_equal": Case({"value": 9}, {"value": 10}),
    "expect_table_columns_to_match_ordered_list": Case(several(*ALL), several(*reversed(ALL))),
    "expect_table_columns_to_match_set": Case(
        {"column_set": ["n", "m"], "exact_match": False}, {"column_set": ["n", "m"]}
    ),
    "unexpected_rows_expectation": Case(
        {"unexpected_rows_query": "SELECT * FROM {batch} WHERE n > 40"},
        {"unexpected_rows_query": "SELECT * FROM {batch} WHERE n > 30"},
    ),
}
