"""The keys of tests/<topic>.yaml, as written.

What belongs here: shapes and defaults. What does not: whether a metric, stream or column
exists (metric_tests), and running a test (steps).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, Tag, WithJsonSchema

from scoreline.definitions.documents import YamlNumber
from scoreline.definitions.spec_base import (
    ByShape,
    Day,
    Name,
    Number,
    Spec,
    Text,
    as_decimal,
    as_value_text,
    bad,
    described,
)
from scoreline.definitions.specs_objectives import FilterSpec

NO_VALUE: Literal["no value"] = "no value"


def _as_expected(value: Any) -> Decimal | str:
    if value == NO_VALUE:
        return NO_VALUE
    if isinstance(value, YamlNumber):
        return as_decimal(value)
    message = f"a number or `no value` is expected, found {described(value)}"
    raise bad("not-a-number", message, "a number, no value, or {value, numerator, denominator}")


def _as_cell(value: Any) -> str | None:
    return None if value is None else as_value_text(value)


ExpectedWord = Annotated[
    Any,
    PlainValidator(_as_expected),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"const": NO_VALUE}]}),
]
Cell = Annotated[
    str | None,
    PlainValidator(_as_cell),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]


class ExpectedSpec(Spec):
    """A value in shown units, and what it is a quotient of."""

    value: Number | None = None
    numerator: Number | None = None
    denominator: Number | None = None


Expect = Annotated[
    Annotated[ExpectedSpec, Tag("<map>")] | Annotated[ExpectedWord, Tag("<one>")], ByShape
]


class MetricTestSpec(Spec):
    """Rows that are given, and the value that a metric has over them."""

    title: Text | None = None
    metric: Text
    as_of: Day
    cycle: Text | None = None
    filter: FilterSpec = Field(default_factory=dict)
    rows: dict[Text, list[dict[Text, Cell]]] = Field(default_factory=dict)
    expect: Expect | None = None
    expect_by: dict[Text, dict[Text, Expect]] = Field(default_factory=dict)


class TestsHead(Spec):
    """A tests file without its tests: nothing else stands there."""


class TestsSpec(TestsHead):
    """The whole of a tests file."""

    tests: dict[Name, MetricTestSpec] = Field(min_length=1)
