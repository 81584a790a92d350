"""The keys of sources/<source>.yaml, as written.

What belongs here: shapes and defaults of sources, streams and columns. What does not:
rules between keys (resolve_sources), and the options that a connector knows.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, Tag, WithJsonSchema

from scoreline.definitions.spec_base import (
    AnyText,
    Bool,
    ByShape,
    ColumnName,
    Count,
    Options,
    Share,
    Spec,
    SqlName,
    Text,
    ValueText,
    as_text,
    bad,
    one_of,
)
from scoreline.definitions.specs_retention import RetentionSpec
from scoreline.definitions.words import CronWord, DurationWord, FormatWord, TypeWord, ZoneWord


def _as_expectation(value: Any) -> str:
    text = as_text(value)
    if not text.startswith("expect_"):
        legal = "a Great Expectations type such as expect_column_values_to_not_be_null"
        raise bad("bad-expectation", "there is no such expectation", legal)
    return text


def _word(*words: str) -> tuple[PlainValidator, WithJsonSchema]:
    return PlainValidator(one_of(words)), WithJsonSchema({"enum": list(words)})


def _mark(*marks: str) -> tuple[PlainValidator, WithJsonSchema]:
    """A punctuation mark; the legal ones are quoted, as they would get lost in a list."""
    legal = " or ".join(f'"{mark}"' for mark in marks)

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in marks:
            raise bad("not-one-of", "this mark is not legal here", legal)
        return value

    return PlainValidator(check), WithJsonSchema({"enum": list(marks)})


Load = Annotated[Literal["append", "merge", "replace"], *_word("append", "merge", "replace")]
FreshBy = Annotated[Literal["event", "extract"], *_word("event", "extract")]
Ambiguous = Annotated[Literal["earlier", "later"], *_word("earlier", "later")]
DecimalMark = Annotated[Literal[".", ","], *_mark(".", ",")]
ThousandsMark = Annotated[Literal[",", ".", " ", "'"], *_mark(",", ".", " ", "'")]
Personal = Annotated[Literal["keep", "pseudonym", "drop"], *_word("keep", "pseudonym", "drop")]
OnError = Annotated[Literal["quarantine", "block"], *_word("quarantine", "block")]
OnFailure = Annotated[Literal["block", "quarantine", "warn"], *_word("block", "quarantine", "warn")]
NewColumn = Annotated[Literal["keep", "drop", "block"], *_word("keep", "drop", "block")]
MissingColumn = Annotated[Literal["block", "null"], *_word("block", "null")]
TypeChange = Annotated[Literal["block", "cast"], *_word("block", "cast")]


class ColumnSpec(Spec):
    """A column in its long form."""

    type: TypeWord
    header: AnyText | None = None
    position: Count | None = None
    format: Annotated[
        Annotated[FormatWord, Tag("<one>")] | Annotated[list[FormatWord], Tag("<list>")], ByShape
    ] = Field(default_factory=list)
    timezone: ZoneWord | None = None
    ambiguous: Ambiguous | None = None
    one_of: list[ValueText] = Field(default_factory=list)
    null_values: list[AnyText] = Field(default_factory=lambda: [""])
    personal: Personal = "keep"
    on_error: OnError = "quarantine"
    decimal: DecimalMark = "."
    thousands: ThousandsMark | None = None
    description: Text | None = None


Column = Annotated[Annotated[TypeWord, Tag("<one>")] | Annotated[ColumnSpec, Tag("<map>")], ByShape]


def _null_word(value: Any) -> Any:
    """`missing_column: null` reads as nothing in YAML; the word is meant."""
    if isinstance(value, dict) and "missing_column" in value and value["missing_column"] is None:
        return {**value, "missing_column": "null"}
    return value


class SchemaContractSpec(Spec):
    """What happens when the source's columns differ from the contract."""

    new_column: NewColumn = "keep"
    missing_column: MissingColumn = "block"
    type_change: TypeChange = "block"
    shrink_below: Share = Decimal("0.5")


class ExpectationSpec(Spec):
    """A Great Expectations type; its arguments stand beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: Annotated[
        str,
        PlainValidator(_as_expectation),
        WithJsonSchema({"type": "string", "pattern": "^expect_[a-z_]+$"}),
    ]
    on_failure: OnFailure = "block"


class StreamSpec(Spec):
    """A stream and its contract."""

    columns: dict[ColumnName, Column] = Field(min_length=1)
    options: Options = Field(default_factory=dict)
    key: Annotated[
        Annotated[Text, Tag("<one>")] | Annotated[list[Text], Tag("<list>")], ByShape
    ] = Field(default_factory=list)
    load: Load = "append"
    history: Bool = False
    version_by: Text | None = None
    event_time: Text | None = None
    cursor: Text | None = None
    fresh_within: DurationWord | None = None
    fresh_by: FreshBy = "event"
    schema_contract: Annotated[SchemaContractSpec, BeforeValidator(_null_word)] = (
        SchemaContractSpec()
    )
    expect: list[ExpectationSpec] = Field(default_factory=list)
    retention: RetentionSpec | None = None
    description: Text | None = None


class SourceHead(Spec):
    """A source without its streams."""

    source: SqlName
    connector: Text
    options: Options = Field(default_factory=dict)
    schedule: CronWord | None = None
    owner: Text | None = None
    description: Text | None = None


class SourceSpec(SourceHead):
    """The whole of a source file."""

    streams: dict[SqlName, StreamSpec] = Field(min_length=1)
