"""Metrics that Great Expectations lacks on DuckDB, given through its own extension point.

What belongs here: the conditions of the regex and LIKE expectations. What does not: other
metrics, which work as they are. Great Expectations' providers for them raise
NotImplementedError for a dialect that it does not know; a class derived from
`ColumnMapMetricProvider` with the same `condition_metric_name` takes their place
(`MetricProvider.__new__` registers it), so that `mostly`, nulls, `row_condition` and the
counts remain Great Expectations' own. Importing this module registers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from great_expectations.execution_engine.sqlalchemy_execution_engine import (
    SqlAlchemyExecutionEngine,
)
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)


def _combine(parts: Sequence[Any], match_on: str | None) -> Any:
    if not parts:
        msg = "the list of patterns is empty"
        raise ValueError(msg)
    return sa.and_(*parts) if match_on == "all" else sa.or_(*parts)


def _matches(column: Any, pattern: str) -> Any:
    return sa.func.regexp_matches(column, pattern)


class MatchRegex(ColumnMapMetricProvider):
    """Values in which the pattern is found (RE2 syntax; anchor it with ^ and $)."""

    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, regex: str, **_: Any) -> Any:  # noqa: N805
        return _matches(column, regex)


class NotMatchRegex(ColumnMapMetricProvider):
    """Values in which the pattern is not found."""

    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, regex: str, **_: Any) -> Any:  # noqa: N805
        return sa.not_(_matches(column, regex))


class MatchRegexList(ColumnMapMetricProvider):
    """Values in which any (or all) of the patterns are found."""

    condition_metric_name = "column_values.match_regex_list"
    condition_value_keys = ("regex_list", "match_on")

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,  # noqa: N805
        column: Any,
        regex_list: Sequence[str],
        match_on: str | None = None,
        **_: Any,
    ) -> Any:
        return _combine([_matches(column, r) for r in regex_list], match_on)


class NotMatchRegexList(ColumnMapMetricProvider):
    """Values in which none of the patterns is found."""

    condition_metric_name = "column_values.not_match_regex_list"
    condition_value_keys = ("regex_list",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, regex_list: Sequence[str], **_: Any) -> Any:  # noqa: N805
        return sa.not_(_combine([_matches(column, r) for r in regex_list], "any"))


class MatchLikePattern(ColumnMapMetricProvider):
    """Values that the LIKE pattern describes."""

    condition_metric_name = "column_values.match_like_pattern"
    condition_value_keys = ("like_pattern", "escape")

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,  # noqa: N805
        column: Any,
        like_pattern: str,
        escape: str | None = None,
        **_: Any,
    ) -> Any:
        return column.like(like_pattern, escape=escape)


class NotMatchLikePattern(ColumnMapMetricProvider):
    """Values that the LIKE pattern does not describe."""

    condition_metric_name = "column_values.not_match_like_pattern"
    condition_value_keys = ("like_pattern", "escape")

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,  # noqa: N805
        column: Any,
        like_pattern: str,
        escape: str | None = None,
        **_: Any,
    ) -> Any:
        return sa.not_(column.like(like_pattern, escape=escape))


class MatchLikePatternList(ColumnMapMetricProvider):
    """Values that any (or all) of the LIKE patterns describe."""

    condition_metric_name = "column_values.match_like_pattern_list"
    condition_value_keys = ("like_pattern_list", "match_on", "escape")

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,  # noqa: N805
        column: Any,
        like_pattern_list: Sequence[str],
        match_on: str | None = None,
        escape: str | None = None,
        **_: Any,
    ) -> Any:
        return _combine([column.like(p, escape=escape) for p in like_pattern_list], match_on)


class NotMatchLikePatternList(ColumnMapMetricProvider):
    """Values that none of the LIKE patterns describes."""

    condition_metric_name = "column_values.not_match_like_pattern_list"
    condition_value_keys = ("like_pattern_list", "escape")

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,  # noqa: N805
        column: Any,
        like_pattern_list: Sequence[str],
        escape: str | None = None,
        **_: Any,
    ) -> Any:
        return sa.not_(_combine([column.like(p, escape=escape) for p in like_pattern_list], "any"))
