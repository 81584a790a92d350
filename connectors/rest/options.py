"""What can be said of a JSON API in a definition.

What belongs here: the options and their legal values. What does not: acting on them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import Field, field_validator

from connectors.durations import Duration, timedelta_of
from connectors.http.options import HttpSource
from connectors.http.pages import Shape
from connectors.http.paging import NoPaging, Paging
from connectors.options import Options

Scalar = str | int | float | bool


class ErrorRule(Options):
    """How the API says that something failed in an answer of status 200."""

    at: str = Field(
        description="the way to a member that is there only when something failed, "
        "such as error.code"
    )
    message: str | None = Field(default=None, description="the way to the words, if elsewhere")
    fine: tuple[str, ...] = Field(default=(), description="values that mean success, such as ok")
    transient: tuple[str, ...] = Field(
        default=(), description="values after which trying again helps"
    )


class Incremental(Options):
    """How to ask for what changed since a moment (or a number): the stream's `cursor` column."""

    param: str = Field(description="the parameter that the cursor goes into")
    place: Literal["query", "body"] = Field(default="query", description="where it goes")
    format: str = Field(
        default="iso",
        description="iso, iso_ms, date, epoch, epoch_ms, text, or a pattern of strftime",
    )
    initial: Scalar | None = Field(
        default=None, description="what the first reading asks for; nothing if left out"
    )
    overlap: Duration = Field(default="5m", description="how far back it asks, such as 90s or 2d")

    @field_validator("format")
    @classmethod
    def _format(cls, value: str) -> str:
        known = ("iso", "iso_ms", "date", "epoch", "epoch_ms", "text")
        if value not in known and "%" not in value:
            raise ValueError(f"is not one of {', '.join(known)}, nor a pattern with %")
        return value

    @property
    def back(self) -> timedelta:
        """The overlap."""
        return timedelta_of(self.overlap)


class RestSource(HttpSource):
    """Options at the source."""

    error: ErrorRule | None = Field(default=None, description="how errors look in a 200")


class RestStream(Options):
    """Options at a stream: one list of the API."""

    path: str = Field(description="below `url`, such as /contacts")
    method: Literal["GET", "POST"] = Field(default="GET", description="POST only for searches")
    params: dict[str, Scalar] = Field(default_factory=dict, description="of the query")
    body: dict[str, Any] | None = Field(default=None, description="sent as JSON, with POST")
    records: str = Field(
        default="",
        description="the way to the array of records, such as data.items; empty where the "
        "answer is the array",
    )
    shape: Shape = Field(
        default="array",
        description="array of records; object: the answer is one record; csv with a header; "
        "columns: an array of columns, each headed by its name",
    )
    explode: str = Field(
        default="", description="a member that is an array: its items become the records"
    )
    carry: tuple[str, ...] = Field(
        default=(), description="members of the record that each of its items takes along"
    )
    total: str | None = Field(
        default=None, description="the way to the number of all records, such as meta.total"
    )
    paging: Paging = Field(default_factory=NoPaging, description="from one page to the next")
    incremental: Incremental | None = Field(
        default=None, description="ask only for what changed; needs `cursor:`"
    )

    @field_validator("path")
    @classmethod
    def _path(cls, value: str) -> str:
        if "://" in value or value.startswith("//") or "?" in value:
            raise ValueError("is not a path below `url` (a query goes into `params`)")
        return value
