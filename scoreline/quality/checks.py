"""The checks that a stream's definition asks for.

What belongs here: turning a stream's key, `one_of` and `expect` into one list of checks.
What does not: evaluating them, and judging whether they are legal (the outcome says so).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scoreline.core.model import Stream
from scoreline.quality.catalogue import TYPES, columns_named
from scoreline.quality.model import CheckSpec, Origin, Policy
from scoreline.quality.wording import describe

_NOT_NULL = "expect_column_values_to_not_be_null"
_IN_SET = "expect_column_values_to_be_in_set"
_UNIQUE = "expect_column_values_to_be_unique"
_UNIQUE_TOGETHER = "expect_compound_columns_to_be_unique"


def checks_for(stream: Stream) -> tuple[list[CheckSpec], list[CheckSpec]]:
    """The contract checks and the declared expectations of a stream, each in its order.

    A key column must not be empty. A key must be unique only where the batch replaces the
    whole stream; `merge` and `append` expect repeats and settle them themselves. A broken
    contract quarantines the row unless the column says `on_error: block`; a repeated key
    has no row to blame and blocks.
    """
    contract = [_not_null(stream, name) for name in stream.key]
    if stream.load == "replace" and stream.key:
        contract.append(_unique(stream))
    contract += [
        _check(
            stream,
            _IN_SET,
            {"column": column.name, "value_set": list(column.one_of)},
            column.on_error,
            "one_of",
        )
        for column in stream.columns
        if column.one_of and column.personal != "drop"
    ]
    declared = [
        _check(stream, item.type, item.arguments, item.on_failure, "expect")
        for item in stream.expect
    ]
    return contract, declared


def _not_null(stream: Stream, name: str) -> CheckSpec:
    column = stream.column(name)
    policy: Policy = column.on_error if column else "quarantine"
    return _check(stream, _NOT_NULL, {"column": name}, policy, "key")


def _unique(stream: Stream) -> CheckSpec:
    if len(stream.key) == 1:
        return _check(stream, _UNIQUE, {"column": stream.key[0]}, "block", "key")
    return _check(stream, _UNIQUE_TOGETHER, {"column_list": list(stream.key)}, "block", "key")


def _check(
    stream: Stream, name: str, arguments: Mapping[str, Any], policy: Policy, origin: Origin
) -> CheckSpec:
    dropped = [
        c
        for c in (columns_named(name, arguments) if name in TYPES else ())
        if (column := stream.column(c)) and column.personal == "drop"
    ]
    refused = (
        f"column {dropped[0]} of {stream.full_name} is dropped before anything is written "
        "(personal: drop); remove the check or pseudonymise the column"
        if dropped
        else ""
    )
    return CheckSpec(name, dict(arguments), policy, origin, describe(name, arguments), refused)
