"""A proposed contract: what a person is asked to decide about.

What belongs here: the values only. What does not: how they are come by (columns, keys) and
how they are written (draft_text).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class ColumnProposal:
    """One column; `seen` says what the data shows, `ask` what a person should decide.

    `delivered` is its name as profiled, `null_values` is empty where only blanks are null.
    """

    delivered: str
    name: str
    type: str
    header: str | None = None
    position: int | None = None
    format: tuple[str, ...] = ()
    timezone: str | None = None
    ambiguous: str | None = None
    one_of: tuple[str, ...] = ()
    null_values: tuple[str, ...] = ()
    personal: Literal["keep", "pseudonym", "drop"] = "keep"
    decimal: str = "."
    thousands: str | None = None
    seen: str = ""
    ask: str = ""

    @property
    def kind(self) -> str:
        """The type without its digits."""
        return self.type.partition("(")[0]

    @property
    def is_time(self) -> bool:
        """Whether it is a day or a moment."""
        return self.kind in ("date", "timestamp")


@dataclass(frozen=True, slots=True)
class StreamProposal:
    """One stream with its contract; `notes` by the key that they explain."""

    name: str
    options: Mapping[str, Any]
    columns: tuple[ColumnProposal, ...]
    key: tuple[str, ...] = ()
    load: Literal["merge", "replace"] = "replace"
    version_by: str | None = None
    event_time: str | None = None
    expect: tuple[Mapping[str, Any], ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0

    def column(self, name: str) -> ColumnProposal | None:
        """The column of that name, or None."""
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class SourceProposal:
    """A source with one stream; `notes` stand at the top of its file."""

    name: str
    connector: str
    options: Mapping[str, Any]
    stream: StreamProposal
    notes: tuple[str, ...] = ()
