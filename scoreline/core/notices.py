"""Messages to people: who hears of what, and a message on its way.

What belongs here: frozen values. What does not: rendering and sending (notify), deciding
that something happened (steps), keeping messages (store).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from scoreline.core.errors import Place

Event = Literal["status", "source", "digest", "reminder"]
"""What a message is about: statuses that changed, a source that failed or is blocked, the
state of things at a cadence, check-ins that are due."""

EVENTS: tuple[Event, ...] = ("status", "source", "digest", "reminder")
Cadence = Literal["daily", "weekly", "monthly"]
TextFormat = Literal["text", "markdown"]
MessageState = Literal["pending", "sending", "sent", "unsure"]
"""`pending` -> `sending` -> `sent`, or back to `pending` after a failure. A message whose
sender died is `unsure`: it may have arrived, so it is not sent again by itself."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where messages go: an Apprise URL by reference, and which of them.

    `teams` (with those below them) and `people` (as owners) narrow what is told; empty
    means all. With `to: owners` the URL is a mail server, and each owner gets a message
    of their own. `digest` is the cadence of digests.
    """

    name: str
    url: str
    events: tuple[Event, ...] = EVENTS
    teams: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    to: Literal["channel", "owners"] = "channel"
    digest: Cadence = "weekly"
    format: TextFormat = "text"
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class Notify:
    """Every recipient by name; `page` is where the page is, for links in messages."""

    recipients: Mapping[str, Recipient] = field(default_factory=dict)
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one recipient; `key` names the event, so that it is sent only once.

    `address` is the owner's, for recipients that write to owners. `error` says why the
    last attempt failed.
    """

    key: str
    recipient: str
    event: Event
    title: str
    body: str
    format: TextFormat = "text"
    address: str | None = None
    state: MessageState = "pending"
    attempts: int = 0
    error: str | None = None
    created_at: datetime | None = None
    changed_at: datetime | None = None
