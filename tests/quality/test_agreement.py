"""Our condition and Great Expectations' count agree: no disagreement turns into an error."""

from __future__ import annotations

import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any

import check_batches
import pytest
from check_specs import check

from scoreline.quality.catalogue import TYPES, misuse
from scoreline.quality.gx import GxValidator

QUERY = """
SELECT i AS _row,
    CASE WHEN hash(i, 1) % 4 > 0 THEN (hash(i, 2) % 7)::BIGINT END AS a,
    CASE WHEN hash(i, 3) % 4 > 0 THEN (hash(i, 4) % 7)::BIGINT END AS b,
    CASE WHEN hash(i, 5) % 4 > 0 THEN (hash(i, 6) % 900 / 100)::DECIMAL(9,2) END AS c,
    CASE WHEN hash(i, 7) % 4 > 0 THEN substr('abc%_''d', (hash(i, 8) % 5 + 1)::INTEGER, 3) END AS t
FROM range(1, 401) AS r(i)
"""
PAIR = {"column_A": "a", "column_B": "b"}
LIST = {"column_list": ["a", "b", "c"]}
WHERE = {"row_condition": 'col("a") > 2'}
OF_A = {"column": "a"}
OF_T = {"column": "t"}

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "expect_column_values_to_not_be_null": [OF_A, {**OF_T, **WHERE}],
    "expect_column_values_to_be_null": [OF_A, {**OF_T, **WHERE}],
    "expect_column_values_to_be_between": [
        {"column": "c", "min_value": Decimal("2.5"), "max_value": Decimal("6.25"), **ends, **where}
        for ends in ({}, {"strict_min": True}, {"strict_max": True})
        for where in ({}, WHERE)
    ],
    "expect_column_values_to_be_in_set": [
        {**OF_A, "value_set": s} for s in ([1, 2], [1, None], [], [Decimal("1.5")])
    ],
    "expect_column_values_to_not_be_in_set": [
        {**OF_A, "value_set": s} for s in ([1, 2], [1, None], [])
    ],
    "expect_column_values_to_be_unique": [OF_A, {**OF_A, **WHERE}],
    "expect_column_values_to_match_regex": [{**OF_T, "regex": r} for r in ("^a", "[%'_]", "")],
    "expect_column_values_to_not_match_regex": [{**OF_T, "regex": r} for r in ("^a", "'")],
    "expect_column_values_to_match_regex_list": [
        {**OF_T, "regex_list": ["a", "%"], "match_on": m} for m in ("any", "all")
    ],
    "expect_column_values_to_not_match_regex_list": [{**OF_T, "regex_list": ["a", "'"]}],
    "expect_column_values_to_match_like_pattern": [
        {**OF_T, "like_pattern": "%\\%%", "escape": "\\"},
        {**OF_T, "like_pattern": "_b%"},
    ],
    "expect_column_values_to_not_match_like_pattern": [
        {**OF_T, "like_pattern": "%!_%", "escape": "!"},
        {**OF_T, "like_pattern": "%'%"},
    ],
    "expect_column_values_to_match_like_pattern_list": [
        {**OF_T, "like_pattern_list": ["a%", "%c%"], "match_on": m} for m in ("any", "all")
    ],
    "expect_column_values_to_not_match_like_pattern_list": [
        {**OF_T, "like_pattern_list": ["a%", "%!%%"], "escape": "!"}
    ],
    "expect_column_value_lengths_to_be_between": [{**OF_T, "min_value": 4}],
    "expect_column_value_lengths_to_equal": [{**OF_T, "value": 2}],
    "expect_column_pair_values_a_to_be_greater_than_b": [
        {**PAIR, "or_equal": o, "ignore_row_if": i, **w}
        for o, i, w in itertools.product(
            (True, False),
            ("both_values_are_missing", "either_value_is_missing", "neither"),
            ({}, WHERE),
        )
    ],
    "expect_column_pair_values_to_be_equal": [
        {**PAIR, "ignore_row_if": i}
        for i in ("both_values_are_missing", "either_value_is_missing", "neither")
    ],
    "expect_column_pair_values_to_be_in_set": [
        {**PAIR, "value_pairs_set": [[1, 2], [3, None]], "ignore_row_if": i}
        for i in ("both_values_are_missing", "either_value_is_missing", "neither")
    ],
}
VARIANTS |= {
    name: [
        {**LIST, **more, "ignore_row_if": i, **w}
        for i in ("all_values_are_missing", "any_value_is_missing", "never")
        for w in ({}, WHERE)
    ]
    for name, more in {
        "expect_compound_columns_to_be_unique": {"column_list": ["a", "b"]},
        "expect_select_column_values_to_be_unique_within_record": {},
        "expect_multicolumn_sum_to_equal": {"sum_total": 8, "column_list": ["a", "b"]},
        "expect_multicolumn_values_to_be_equal": {"column_list": ["a", "b"]},
    }.items()
}


def test_every_row_level_type_is_compared() -> None:
    """No row-level type is left out of the comparison."""
    assert set(VARIANTS) == {name for name, entry in TYPES.items() if entry.row_level}


def test_agreement(gx: GxValidator, tmp_path: Path, subtests: pytest.Subtests) -> None:
    """For each row-level type, nulls, conditions and options included, both find as many rows."""
    typed = check_batches.write(tmp_path / "typed.parquet", QUERY)
    checks = [
        check(n, "warn", **a)
        for n, variants in VARIANTS.items()
        for a in variants
        if not misuse(n, a)
    ]
    verdict = gx.validate(typed, [], checks, tmp_path / "out")
    for outcome in verdict.outcomes:
        with subtests.test(outcome.spec.label):
            assert outcome.outcome in ("pass", "fail"), outcome.message
    assert sum(o.outcome == "fail" for o in verdict.outcomes) > len(checks) * 0.8
