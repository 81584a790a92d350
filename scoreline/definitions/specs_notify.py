"""The keys of notify.yaml, as written.

What belongs here: shapes and defaults. What does not: rules between keys (resolve_notify).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from scoreline.core.notices import EVENTS
from scoreline.definitions.spec_base import Name, Spec, Text, as_text, bad, one_of

_TO = ("channel", "owners")
_DIGEST = ("daily", "weekly", "monthly")
_FORMATS = ("text", "markdown")


def _as_web_address(value: Any) -> str:
    text = as_text(value)
    if not text.startswith(("http://", "https://")) or any(c in text for c in " \n<>\"'"):
        raise bad("bad-url", "a web address is expected", "https://…")
    return text.rstrip("/")


EventWord = Annotated[
    Literal["status", "source", "digest", "reminder"],
    PlainValidator(one_of(EVENTS)),
    WithJsonSchema({"enum": list(EVENTS)}),
]
To = Annotated[
    Literal["channel", "owners"], PlainValidator(one_of(_TO)), WithJsonSchema({"enum": list(_TO)})
]
DigestWord = Annotated[
    Literal["daily", "weekly", "monthly"],
    PlainValidator(one_of(_DIGEST)),
    WithJsonSchema({"enum": list(_DIGEST)}),
]
FormatWord = Annotated[
    Literal["text", "markdown"],
    PlainValidator(one_of(_FORMATS)),
    WithJsonSchema({"enum": list(_FORMATS)}),
]
WebAddress = Annotated[
    str, PlainValidator(_as_web_address), WithJsonSchema({"type": "string", "format": "uri"})
]


class RecipientSpec(Spec):
    """Where messages go, and which."""

    url: Text
    events: list[EventWord] = Field(default_factory=lambda: list(EVENTS), min_length=1)
    teams: list[Name] = Field(default_factory=list)
    people: list[Text] = Field(default_factory=list)
    to: To = "channel"
    digest: DigestWord = "weekly"
    format: FormatWord = "text"


class NotifyHead(Spec):
    """Everything but the recipients."""

    page: WebAddress | None = None


class NotifySpec(NotifyHead):
    """The whole of notify.yaml."""

    recipients: dict[Name, RecipientSpec] = Field(min_length=1)
