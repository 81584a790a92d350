"""The keys of organisation.yaml, as written.

What belongs here: shapes and defaults. What does not: rules between keys
(resolve_organisation).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, Tag, WithJsonSchema

from scoreline.definitions.spec_base import (
    ByShape,
    Day,
    Name,
    Positive,
    Share,
    Spec,
    Text,
    as_day,
    bad,
    described,
    nearest,
    one_of,
)
from scoreline.definitions.specs_notify import WebAddress
from scoreline.definitions.specs_retention import RetentionSpec
from scoreline.definitions.words import CronWord, MonthDayWord, ZoneWord

_EVALUATE = ("last_complete_day", "today")
_CHECK_INS = ("weekly", "biweekly", "monthly", "quarterly")


def _as_evaluate(value: Any) -> Any:
    text = described(value)
    if text in _EVALUATE:
        return text
    try:
        return as_day(value)
    except ValueError:
        hint = nearest(text, _EVALUATE)
        legal = "last_complete_day, today or YYYY-MM-DD"
        raise bad("not-one-of", "this word is not legal here", legal, hint) from None


def _as_nothing_or_map(value: Any) -> Any:
    return {} if value is None else value


Evaluate = Annotated[
    Literal["last_complete_day", "today"] | date,
    PlainValidator(_as_evaluate),
    WithJsonSchema(
        {"anyOf": [{"enum": list(_EVALUATE)}, {"type": "string", "format": "date"}]},
    ),
]
CheckIns = Annotated[
    Literal["weekly", "biweekly", "monthly", "quarterly"],
    PlainValidator(one_of(_CHECK_INS)),
    WithJsonSchema({"enum": list(_CHECK_INS)}),
]
ApproveTargets = Annotated[
    Literal["owner"],
    PlainValidator(one_of(("owner",))),
    WithJsonSchema({"enum": ["owner"]}),
]


class CycleSpec(Spec):
    """First and last day of a cycle, both included."""

    start: Day
    end: Day


class ThresholdsSpec(Spec):
    """Where statuses change."""

    on_track: Share = Decimal("0.90")
    at_risk: Share = Decimal("0.70")
    grace: Share = Decimal("0.10")


class TeamSpec(Spec):
    """A team; without a parent it stands at the top."""

    title: Text | None = None
    lead: Text | None = None
    parent: Name | None = None
    weight: Positive = Decimal(1)


class PersonSpec(Spec):
    """A person's name."""

    name: Text


class PersonalSpec(Spec):
    """The key of pseudonyms, by reference; with others after it, oldest first."""

    key: Annotated[
        Annotated[Text, Tag("<one>")] | Annotated[list[Text], Tag("<list>"), Field(min_length=1)],
        ByShape,
    ]


class CheckpointsSpec(Spec):
    """Where signed checkpoints are copied to, and the key that signs them, by reference."""

    copy_to: Text | None = None
    key: Text | None = None


class LineageSpec(Spec):
    """Where OpenLineage events go after each run."""

    url: WebAddress | None = None
    file: Text | None = None
    api_key: Text | None = None
    namespace: Text | None = None


class OrganisationSpec(Spec):
    """The whole of organisation.yaml."""

    organisation: Text
    timezone: ZoneWord
    cycles: dict[Name, CycleSpec] = Field(min_length=1)
    teams: dict[Name, Annotated[TeamSpec, BeforeValidator(_as_nothing_or_map)]] = Field(
        min_length=1
    )
    people: dict[Text, PersonSpec] = Field(default_factory=dict)
    evaluate: Evaluate = "last_complete_day"
    fiscal_year_starts: MonthDayWord = (1, 1)
    thresholds: ThresholdsSpec = ThresholdsSpec()
    holidays: Annotated[
        Annotated[list[Day], Tag("<list>")] | Annotated[Text, Tag("<one>")], ByShape
    ] = Field(default_factory=list)
    check_ins: CheckIns = "weekly"
    schedule: CronWord | None = None
    personal: PersonalSpec | None = None
    approve_targets: ApproveTargets | None = None
    retention: RetentionSpec | None = None
    checkpoints: CheckpointsSpec | None = None
    lineage: LineageSpec | None = None
