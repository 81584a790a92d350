"""The shapes of answers, as the OpenAPI document describes them.

What belongs here: fields. What does not: where their values come from (reading). Numbers
of scores are decimal text, days ISO 8601, instants with their zone.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")
_NUMBER = r"^-?[0-9]+(\.[0-9]+)?(/[0-9]+)?$"


class Shape(BaseModel):
    """What every answer is made of."""

    model_config = ConfigDict(extra="forbid")


class Problem(Shape):
    """What is wrong with a request (RFC 9457, media type application/problem+json)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[dict[str, str]] | None = None


class Page(Shape, Generic[T]):
    """Some of many items; `next` is the address of those that follow."""

    items: list[T]
    total: int
    offset: int
    limit: int
    next: str | None = None


class KeyResultShape(Shape):
    """One key result as of a day, as `scoreline status --json` prints it."""

    id: str
    title: str
    owner: str | None
    value: str | None = Field(description="shown units, decimal text")
    numerator: str | None
    denominator: str | None
    baseline: str | None
    target: str | None
    progress: str | None = Field(description="unclamped; 1 is the target", pattern=_NUMBER)
    expected: str | None
    status: str
    score: str | None
    as_of: str
    observed_at: str | None
    provisional: bool
    definition: str
    record: str | None


class KeyResultDetail(KeyResultShape):
    """One key result with what explains it."""

    unit: str | None
    metric: str | None
    commitment: str
    start: str
    due: str
    reason: str | None
    formula: str
    confidence: str | None
    page: str = Field(description="its page for people, relative to this server")


class ObjectiveShape(Shape):
    """One objective, team or organisation."""

    id: str
    level: str
    title: str | None
    owner: str | None
    progress: str | None
    expected: str | None
    coverage: str | None
    status: str
    score: str | None


class Point(Shape):
    """One day's value in shown units; None where there is none."""

    day: str
    value: str | None
    numerator: str | None
    denominator: str | None


class CheckInShape(Shape):
    """What a person said; an override where `until` is set."""

    key_result: str
    day: str
    who: str
    value: str | None
    confidence: str | None
    note: str | None
    until: str | None
    reason: str | None
    approver: str | None
    recorded_at: str | None


class DueShape(Shape):
    """A check-in that is due."""

    key_result: str
    owner: str | None
    since: str
    last: str | None
    missed: int


class StreamShape(Shape):
    """One stream: whether it can be relied on."""

    name: str
    source: str
    state: str = Field(description="fresh, stale, held, no_data or could not be read")
    rows: int
    newest_event: str | None
    last_read: str | None
    fresh_within: str | None
    blocked_batch: str | None
    reason: str | None
    key_results: int


class HealthShape(Shape):
    """Whether what is shown can be relied on."""

    well: bool
    as_of: str
    recorded_at: str | None
    trouble: list[str]
    streams: list[StreamShape]


class ChangeShape(Shape):
    """A key result that differs from an earlier day."""

    key_result: str
    title: str
    status_before: str
    status: str
    progress_before: str | None
    progress: str | None
    cause: str | None


class ChangesShape(Shape):
    """What differs between two days; at most 100 of each sort, `more` counts the rest."""

    since: str
    as_of: str
    statuses: list[ChangeShape]
    values: list[ChangeShape]
    more: int
    same: int


class ScoreShape(Shape):
    """A score as it was recorded; never changed, but replaced by a later record."""

    key_result: str
    as_of: str
    recorded_at: str
    record: str
    replaces: str | None
    run: str | None
    status: str
    reason: str | None
    value: str | None
    progress: str | None
    expected: str | None
    score: str | None
    formula: str
    definition: str
