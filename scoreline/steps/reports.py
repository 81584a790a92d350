"""What the steps did, as values that the command line prints and Dagster shows.

What belongs here: plain results. What does not: how they are printed, or computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from scoreline.core.records import Batch, CheckResult
from scoreline.core.rollup import RolledUp
from scoreline.core.scoring import Score

if TYPE_CHECKING:
    from scoreline.steps.expiring import Expiry  # brings in the warehouse


@dataclass(slots=True)
class StreamReport:
    """What ingesting one stream did. Counts are batches unless `rows` is in the name.

    `error` says why the stream could not be read (a blocked batch is not an error of the
    stream: see `blocked`); `transient` that trying again later may succeed. `waiting`
    batches passed but queue behind a blocked one. `unsettled` objects changed a moment ago
    and are left for the next run.
    """

    stream: str
    landed: int = 0
    unchanged: int = 0
    unsettled: int = 0
    copies: int = 0
    passed: int = 0
    blocked: tuple[str, ...] = ()
    block_reasons: tuple[str, ...] = ()
    loaded: int = 0
    waiting: int = 0
    rows_received: int = 0
    rows_forgotten: int = 0
    rows_inserted: int = 0
    rows_repeated: int = 0
    rows_superseded: int = 0
    rows_quarantined: int = 0
    rows_in_stream: int = 0
    newest_event: str | None = None
    remade: bool = False
    checks: list[CheckResult] = field(default_factory=list)
    error: str | None = None
    transient: bool = False
    retry_after: float | None = None

    @property
    def state(self) -> Literal["failed", "blocked", "loaded", "unchanged"]:
        """The outcome in one word."""
        if self.error is not None:
            return "failed"
        if self.blocked:
            return "blocked"
        return "loaded" if self.loaded or self.remade else "unchanged"


@dataclass(slots=True)
class SourceReport:
    """What ingesting one source did; `error` where nothing of it could be tried."""

    source: str
    streams: dict[str, StreamReport] = field(default_factory=dict)
    error: str | None = None
    transient: bool = False

    @property
    def failed(self) -> bool:
        """Whether the source or one of its streams could not be read."""
        return self.error is not None or any(s.error for s in self.streams.values())


@dataclass(frozen=True, slots=True)
class KeyResultRow:
    """One key result as people see it: the score and what stands around it.

    `record` is the digest of its score record, None where none was recorded for the day;
    `definition` the digest of what defines it; `observed_at` when the newest event it
    rests on happened. `streams` are the streams it reads.
    """

    id: str
    title: str
    owner: str | None
    score: Score
    observed_at: str | None
    provisional: bool
    definition: str
    record: str | None
    streams: tuple[str, ...] = ()
    metric: str | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric's value on a day; exact text, None where it has no value."""

    metric: str
    filter: str
    cycle: str | None
    day: date
    value: str | None
    numerator: str | None
    denominator: str | None
    computed: bool


@dataclass(slots=True)
class ScoreReport:
    """What measuring, scoring and recording did.

    `computed` and `reused` count metric series. `recorded` counts new records by kind;
    `block` is the digest of the run's ledger block, None where nothing was new. `errors`
    are metrics or models that could not be computed: name -> words. `waiting` says which
    key results were scored by their approved definition, as a changed one waits.
    """

    as_of: date
    key_results: list[KeyResultRow] = field(default_factory=list)
    objectives: list[RolledUp] = field(default_factory=list)
    metrics: list[MetricRow] = field(default_factory=list)
    computed: int = 0
    reused: int = 0
    recorded: Mapping[str, int] = field(default_factory=dict)
    block: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()


@dataclass(slots=True)
class RunReport:
    """A whole run: every source, then the scores."""

    as_of: date
    sources: dict[str, SourceReport] = field(default_factory=dict)
    scores: ScoreReport | None = None
    problems: Sequence[str] = ()
    expired: Expiry | None = None

    @property
    def failed(self) -> bool:
        """Whether a source, check or definition failed (exit status 3).

        A batch that is blocked, now or still, is a check that failed.
        """
        streams = [r for s in self.sources.values() for r in s.streams.values()]
        return (
            any(s.failed for s in self.sources.values())
            or any(r.blocked for r in streams)
            or any(c.outcome == "error" for r in streams for c in r.checks)
            or bool(self.problems)
            or bool(self.scores and self.scores.errors)
        )


def batch_json(batch: Batch) -> dict[str, Any]:
    """A batch in the fields and order that programs rely on."""
    return {
        "id": batch.id,
        "stream": batch.stream,
        "state": batch.state,
        "object": batch.object,
        "sha256": batch.object_digest,
        "received_at": batch.received_at.isoformat(),
        "rows_received": batch.rows_received,
        "rows_kept": batch.rows_kept,
        "rows_broken": batch.rows_broken,
        "rows_quarantined": batch.rows_quarantined,
        "rows_forgotten": batch.rows_forgotten,
        "gone": dict(batch.gone),
        "reason": batch.reason,
        "released": batch.released,
    }
