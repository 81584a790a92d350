"""What the store's queries return, beyond the records of `scoreline.core.records`.

What belongs here: frozen values. What does not: queries, tables, anything that computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from scoreline.core.records import (
    Body,
    CycleEvent,
    Decision,
    DefinitionVersion,
    Restatement,
    SigningKey,
    StoredFile,
    ValueRecord,
)
from scoreline.core.removals import Cause, Forgetting


@dataclass(frozen=True, slots=True)
class SeenRow:
    """An object of a source as last read: SHA-256 of its bytes, signature of its file."""

    object: str
    digest: str
    signature: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """Where the store stands; equal pulses mean that nothing was written in between.

    `records` is the number of the newest ledger record, `height`, `block` and `recorded_at`
    are those of the newest block (None before the first), `run` and `outcome` those of the
    newest run, `extracted` when a source was last read with success.
    """

    records: int
    height: int | None
    block: str | None
    recorded_at: datetime | None
    run: str | None
    outcome: str | None
    extracted: str | None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run: what it did, for which day, by which release, and how it ended.

    `outcome`, `ended_at` are None while it runs, and for ever if it was killed.
    """

    id: str
    kind: str
    as_of: date | None
    version: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    summary: Body


@dataclass(frozen=True, slots=True)
class StoredScore:
    """A score as recorded: digest of its ledger record, body, when and by which run."""

    digest: str
    body: Body
    recorded_at: datetime
    run: str | None

    @property
    def key_result(self) -> str:
        """The key result's full name."""
        return str(self.body["key_result"])

    @property
    def as_of(self) -> date:
        """The day it is valid for."""
        return date.fromisoformat(self.body["as_of"])

    @property
    def status(self) -> str:
        """The status as recorded."""
        return str(self.body["status"])


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A value as recorded: digest of its ledger record, when, by which run."""

    value: ValueRecord
    digest: str
    recorded_at: datetime
    run: str | None


@dataclass(frozen=True, slots=True)
class StoredDefinition:
    """A definition's version as recorded: digest of its ledger record, when, by which run."""

    version: DefinitionVersion
    digest: str
    recorded_at: datetime
    run: str | None


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A person's decision as recorded: digest of its ledger record, and when."""

    decision: Decision
    digest: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A signing key as recorded: digest of its ledger record, its block's height, when."""

    key: SigningKey
    digest: str
    height: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class StoredCycle:
    """The closing or reopening of a cycle as recorded: digest of its ledger record, when."""

    event: CycleEvent
    digest: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class StoredRestatement:
    """A restatement as recorded: digest of its ledger record, when, by which run."""

    restatement: Restatement
    digest: str
    recorded_at: datetime
    run: str | None


@dataclass(frozen=True, slots=True)
class StoredRemoval:
    """A removal as recorded: what of which batch, why, and when (None: not sealed yet).

    `gone` is all that the batch had lost by then (see core.removals).
    """

    batch: str
    stream: str
    cause: Cause
    why: str
    rows: int
    gone: Body
    removed: tuple[StoredFile, ...]
    digest: str
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredForgetting:
    """A person forgotten, as recorded: digest of its ledger record, and when."""

    forgetting: Forgetting
    digest: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class LedgerRecord:
    """One ledger record. `body` holds the very bytes that `digest` is the SHA-256 of.

    `block` and `position` (from 0) are None until the record is sealed.
    """

    seq: int
    block: int | None
    position: int | None
    kind: str
    subject: str
    digest: str
    body: bytes


@dataclass(frozen=True, slots=True)
class LedgerBlock:
    """One block of the ledger; `digest` covers height, prev, root, count, run, recorded_at.

    `run` is None for what a person did by hand. `signature`, `key_id` and `copied_to` are
    those of its checkpoint, where one was made.
    """

    height: int
    prev: str | None
    root: str
    count: int
    run: str | None
    recorded_at: str
    digest: str
    signature: str | None = None
    key_id: str | None = None
    copied_to: str | None = None


@dataclass(frozen=True, slots=True)
class CommitReport:
    """What a commit wrote that was new, by kind, and its block (None: nothing to seal).

    `scores` has the digest of the record of each score that was given, new or not, by key
    result and day.
    """

    counts: Mapping[str, int]
    block: str | None
    scores: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong with the store: where, and what."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"
