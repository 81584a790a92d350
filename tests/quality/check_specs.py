"""A short way to write a check in a test."""

from __future__ import annotations

from typing import Any

from scoreline.quality.model import CheckSpec, Policy
from scoreline.quality.wording import describe


def check(name: str, on_failure: Policy = "block", **arguments: Any) -> CheckSpec:
    """A declared expectation; the label is the one that a definition would get."""
    return CheckSpec(name, arguments, on_failure, "expect", describe(name, arguments))


def not_null(column: str, on_failure: Policy = "quarantine") -> CheckSpec:
    """The check of a key column."""
    return check("expect_column_values_to_not_be_null", on_failure, column=column)


def at_most(column: str, value: Any, on_failure: Policy = "quarantine", **more: Any) -> CheckSpec:
    """A highest value for a column."""
    name = "expect_column_values_to_be_between"
    return check(name, on_failure, column=column, max_value=value, **more)
