"""What the record consists of: plain values that the store keeps and the ledger hashes.

What belongs here: frozen records. What does not: databases, clocks, files, canonical bytes
(digests). A record's body holds text, whole numbers, booleans, None,
lists and string-keyed mappings only, so that canonical JSON (RFC 8785) needs no rule
for floats; exact numbers are decimal text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from scoreline.core.digests import canonical, digest

BatchState = Literal["landed", "passed", "blocked", "loaded", "rejected"]
"""`landed` -> `passed` or `blocked` -> `loaded` or `rejected` (architecture: the gate)."""

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A content-addressed file of the project: its SHA-256, size in bytes and suffix."""

    digest: str
    size: int
    suffix: str

    @property
    def name(self) -> str:
        """Its path below the files folder: `ab/abcd….suffix`."""
        return f"{self.digest[:2]}/{self.digest}{self.suffix}"


@dataclass(frozen=True, slots=True)
class Batch:
    """The manifest of one batch: what was received, what became of it.

    `received` is None where personal data forbids keeping the bytes; `object_digest` is
    theirs all the same. `typed` holds the rows that satisfy the contract, `broken` those
    with a cell that does not, `kept` what validation left of `typed` where it set rows
    aside. `contract` is the digest
    of the stream's contract it was read by. `rows_forgotten` of the rows received are of
    people who were forgotten: `rows_received = rows_typed + rows_broken + rows_forgotten`.
    `gone` says what of it was removed later, and why (see core.removals). `seq` is the order of
    reception over all streams, 0 until the store has given it.
    """

    id: str
    stream: str
    object: str
    object_digest: str
    signature: str
    contract: str
    received_at: datetime
    run: str
    state: BatchState
    rows_received: int
    rows_typed: int
    rows_broken: int
    receipt: Body
    received: StoredFile | None = None
    typed: StoredFile | None = None
    broken: StoredFile | None = None
    kept: StoredFile | None = None
    rows_kept: int = 0
    rows_quarantined: int = 0
    reason: str | None = None
    released: bool = False
    cursor: Body | None = None
    rows_forgotten: int = 0
    gone: Body = field(default_factory=dict)
    seq: int = 0

    @property
    def rows_file(self) -> StoredFile | None:
        """The file with the rows to load: `kept` where rows were set aside, else `typed`."""
        return self.kept or self.typed

    @property
    def expired(self) -> bool:
        """Whether its rows reached the age up to which they are kept, and are gone."""
        return self.gone.get("rows") == "expired"


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Rows of a batch set aside for one reason, and what was decided about them.

    `file` is None once the rows are gone.
    """

    id: str
    batch: str
    stream: str
    check: str
    reason: str
    rows: int
    file: StoredFile | None
    releasable: bool
    state: Literal["held", "released", "rejected"] = "held"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check on one batch: outcome, counts, first failing rows, what the policy did."""

    batch: str
    position: int
    type: str
    arguments: Body
    origin: str
    outcome: Literal["pass", "fail", "error"]
    policy: str
    took: str
    message: str
    evaluated: int | None = None
    unexpected: int | None = None
    failing_rows: tuple[int, ...] = ()
    detail: Body = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream as last loaded: the digest of its loaded batches, row count, event days.

    `events` has a line `YYYY-MM-DD,<earliest instant>,<newest instant>` (UTC ISO 8601)
    for each local day that has events, ascending; empty without an event time.
    """

    stream: str
    digest: str
    rows: int
    batches: tuple[str, ...]
    events: str
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """One batch inside a stream: as it was read then, with the rows released to it."""

    batch: Batch
    released: tuple[Quarantine, ...] = ()

    @property
    def files(self) -> list[StoredFile]:
        """The stored files whose rows join the stream together."""
        own = [self.batch.rows_file] if self.batch.rows_file else []
        return [*own, *(q.file for q in self.released if q.file)]


@dataclass(frozen=True, slots=True)
class StreamVersion:
    """What a stream consisted of at one time, as the ledger says.

    `digest` is the one that values and scores name as their input; `record` is the
    sequence number of the ledger record, `recorded_at` the time of its block (None while
    it waits for one). `parts` are in the order of loading.
    """

    stream: str
    digest: str
    rows: int
    record: int
    recorded_at: datetime | None
    parts: tuple[Part, ...]

    @property
    def received(self) -> tuple[datetime, datetime] | None:
        """When its first and its last batch were received; None where it has none."""
        if not self.parts:
            return None
        return self.parts[0].batch.received_at, self.parts[-1].batch.received_at


@dataclass(frozen=True, slots=True)
class ValueRecord:
    """The values of one (metric, filter, cycle, offset) over its days, as change points.

    `series` is the text that `scoreline.core.series` reads. `inputs` names the digests
    of the streams it was computed from; `input_digest` is theirs. `written` are the canonical
    bytes of `inputs`, where whoever made it has them.
    """

    request: str
    metric: str
    filter: Sequence[Any]
    cycle: str | None
    offset: str | None
    series: str
    inputs: Body
    input_digest: str
    written: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """One key result's score on one day. `body` is what is hashed: content only, without
    run or clock, so that the same inputs give the same record everywhere.
    """

    key_result: str
    as_of: date
    body: Body

    @property
    def status(self) -> str:
        """The status as recorded."""
        return str(self.body["status"])


@dataclass(frozen=True, slots=True)
class CheckIn:
    """What a person said of a key result on a day: a value, a confidence, a note.

    As an override (`until` set) its value takes the data's place from `day` to `until`.
    """

    key_result: str
    day: date
    who: str
    value: str | None = None
    confidence: str | None = None
    note: str | None = None
    until: date | None = None
    reason: str | None = None
    approver: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline taken from data once and frozen, with where it came from."""

    key_result: str
    day: date
    numerator: str
    denominator: str | None
    source: Body


@dataclass(frozen=True, slots=True)
class DefinitionVersion:
    """One version of one defined object: its canonical body and compiled SQL.

    `written` are the body's canonical bytes, where whoever made it has them.
    """

    name: str
    kind: str
    body: Body
    sql: str | None = None
    change: Sequence[Body] = ()
    written: bytes | None = field(default=None, compare=False, repr=False)

    @property
    def content(self) -> bytes:
        """The canonical bytes of the body."""
        return canonical(self.body) if self.written is None else self.written

    @property
    def digest(self) -> str:
        """Digest of the body."""
        return digest(self.content)


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision on a batch or on quarantined rows."""

    subject: str
    decision: Literal["release", "reject"]
    reason: str
    who: str
    approver: str | None = None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key that checkpoints are signed with, Ed25519.

    `key` is its id: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes.
    `public_key`, `endorsement` are hexadecimal. A key that follows another one is endorsed:
    the earlier key signed it (scoreline.audit.signing says over which bytes).
    """

    key: str
    public_key: str
    who: str
    reason: str
    endorsed_by: str | None = None
    endorsement: str | None = None


@dataclass(frozen=True, slots=True)
class CycleEvent:
    """A cycle was closed, or opened again.

    A closing holds what it froze: for each key result the frozen score, the digests of
    its score record, definition and inputs (`key_results`), the written reasons of
    committed misses (`misses`), and what the scores add up to (`objectives`). A reopening
    holds none of it: `closing` is the digest of the record that it takes back.
    """

    cycle: str
    state: Literal["closed", "reopened"]
    reason: str
    who: str
    approver: str | None = None
    as_of: date | None = None
    misses: Body = field(default_factory=dict)
    key_results: Body = field(default_factory=dict)
    objectives: Sequence[Body] = ()
    closing: str | None = None


@dataclass(frozen=True, slots=True)
class Restatement:
    """What a closed key result would score on what is known now, beside the frozen score.

    `closing` is the digest of the closing record, `frozen` and `now` are the two results,
    `cause` says what differs: definitions, streams, or what people said.
    """

    key_result: str
    closing: str
    as_of: date
    frozen: Body
    now: Body
    cause: Body
