"""The keys of objectives/<cycle>/<team>.yaml, as written.

What belongs here: shapes and defaults of objectives and key results. What does not:
rules between keys and references (resolve_objectives, resolve_key_results).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, Tag, WithJsonSchema

from scoreline.definitions.spec_base import (
    Bool,
    ByShape,
    Day,
    FullName,
    Name,
    Number,
    Positive,
    Share,
    Spec,
    Text,
    ValueText,
    as_day,
    bad,
    one_of,
)
from scoreline.definitions.words import ChangeWord

_CURVES = ("linear", "back_loaded", "front_loaded", "s_curve", "workdays")
_EVERY = ("day", "week", "month", "quarter")


def _word(*words: str) -> tuple[PlainValidator, WithJsonSchema]:
    return PlainValidator(one_of(words)), WithJsonSchema({"enum": list(words)})


def _as_done(value: Any) -> Any:
    if value is False:
        return None
    try:
        return as_day(value)
    except ValueError:
        hint = "write the day on which it was done" if value is True else ""
        message = "false or the day it was done is expected"
        raise bad("bad-date", message, "false or YYYY-MM-DD", hint) from None


DoneWord = Annotated[
    date | None,
    PlainValidator(_as_done),
    WithJsonSchema({"anyOf": [{"const": False}, {"type": "string", "format": "date"}]}),
]
FilterValues = Annotated[
    Annotated[ValueText, Tag("<one>")]
    | Annotated[list[ValueText], Tag("<list>"), Field(min_length=1)],
    ByShape,
]
FilterSpec = dict[Text, FilterValues]
Curve = Annotated[
    Literal["linear", "back_loaded", "front_loaded", "s_curve", "workdays"], *_word(*_CURVES)
]


class WaypointSpec(Spec):
    """A point of the expected curve."""

    date: Day
    progress: Share


class WaypointsSpec(Spec):
    """An expected curve of one's own."""

    waypoints: list[WaypointSpec] = Field(min_length=1)


class BaselineAtSpec(Spec):
    """The metric's value on a day, taken once."""

    at: Day


class TargetChangeSpec(Spec):
    """A target relative to the baseline."""

    change: ChangeWord


class CurvePointSpec(Spec):
    """A point of the progress curve."""

    value: Number
    progress: Number


class KeepSpec(Spec):
    """Bounds to stay inside, period by period."""

    at_least: Number | None = None
    at_most: Number | None = None
    every: Annotated[Literal["day", "week", "month", "quarter"], *_word(*_EVERY)] = "week"
    exclusive: Bool = False
    pass_at: Share = Field(default=Decimal(1), alias="pass")


class DoneWhenSpec(Spec):
    """A bound that completes a milestone."""

    metric: Text
    at_least: Number | None = None
    at_most: Number | None = None
    filter: FilterSpec = Field(default_factory=dict)


class MilestoneSpec(Spec):
    """One weighted step."""

    title: Text
    due: Day
    weight: Positive = Decimal(1)
    done: DoneWord = None
    done_when: DoneWhenSpec | None = None


class WithdrawnSpec(Spec):
    """When and why a key result was dropped."""

    date: Day
    why: Text


class KeyResultSpec(Spec):
    """A key result of any kind."""

    title: Text
    metric: Text | None = None
    manual: Bool = False
    milestones: list[MilestoneSpec] | None = Field(default=None, min_length=1)
    done: DoneWord = None
    filter: FilterSpec = Field(default_factory=dict)
    baseline: (
        Annotated[
            Annotated[Number, Tag("<one>")] | Annotated[BaselineAtSpec, Tag("<map>")], ByShape
        ]
        | None
    ) = None
    target: (
        Annotated[
            Annotated[Number, Tag("<one>")] | Annotated[TargetChangeSpec, Tag("<map>")], ByShape
        ]
        | None
    ) = None
    curve: list[CurvePointSpec] = Field(default_factory=list)
    keep: KeepSpec | None = None
    weight: Positive = Decimal(1)
    expected: Annotated[
        Annotated[Curve, Tag("<one>")] | Annotated[WaypointsSpec, Tag("<map>")], ByShape
    ] = "linear"
    start: Day | None = None
    due: Day | None = None
    cap: Positive = Decimal(1)
    owner: Text | None = None
    description: Text | None = None
    withdrawn: WithdrawnSpec | None = None
    moved_from: FullName | None = None


class ObjectiveHead(Spec):
    """An objective without its key results."""

    title: Text
    owner: Text | None = None
    supports: Text | None = None
    commitment: Annotated[
        Literal["committed", "aspirational"], *_word("committed", "aspirational")
    ] = "aspirational"
    weight: Positive = Decimal(1)
    status_rule: Annotated[Literal["weighted", "weakest"], *_word("weighted", "weakest")] = (
        "weighted"
    )
    roll_up: Annotated[
        Literal["key_results", "children", "both"], *_word("key_results", "children", "both")
    ] = "key_results"
    description: Text | None = None


class ObjectiveSpec(ObjectiveHead):
    """An objective and its key results."""

    key_results: dict[Name, KeyResultSpec] = Field(default_factory=dict)


class ObjectivesHead(Spec):
    """An objectives file without its objectives."""

    cycle: Name
    team: Name


class ObjectivesSpec(ObjectivesHead):
    """The whole of an objectives file."""

    objectives: dict[Name, ObjectiveSpec] = Field(min_length=1)
