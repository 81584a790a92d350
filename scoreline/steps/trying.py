"""Trying a source out: one object is read and typed aside, and nothing is kept.

What belongs here: what a newcomer wants to see of a source. What does not: landing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from scoreline.core.errors import ScorelineError
from scoreline.core.model import Stream
from scoreline.steps.ingest import blocking_reason, read_rows
from scoreline.steps.ports import Extractor, SourceFailure
from scoreline.steps.project import Project
from scoreline.warehouse.preview import first_rows

Rows = list[dict[str, str | None]]


@dataclass(slots=True)
class Trial:
    """What one stream gave: the newest object's first rows, receipt, refused rows."""

    stream: str
    objects: int = 0
    unsettled: int = 0
    object: str | None = None
    rows_received: int = 0
    rows_broken: int = 0
    columns: list[str] = field(default_factory=list)
    rows: Rows = field(default_factory=list)
    refused: Rows = field(default_factory=list)
    receipt: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    blocking: str | None = None
    error: str | None = None

    @property
    def fine(self) -> bool:
        """Whether it could be read and nothing would be blocked."""
        return self.error is None and self.blocking is None

    @property
    def summary(self) -> str:
        """One line."""
        if self.object is None and self.unsettled:
            return f"still being written: {self.unsettled}; try again in a moment"
        if self.object is None:
            return "nothing to read" if self.error is None else "cannot be read"
        more = f", the newest of {self.objects}" if self.objects > 1 else ""
        return f"{self.rows_received:,} rows in {self.object}{more}"

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "fine": self.fine}


def try_stream(project: Project, extractor: Extractor, stream: Stream, rows: int) -> Trial:
    """Read the last object that the stream has, as if nothing had been read before."""
    trial = Trial(stream.full_name)
    try:
        found = extractor.discover(stream, {}, frozenset(), None, sample=True)
        trial.objects, trial.unsettled = len(found.new), found.unsettled
        if found.new:
            _read(project, extractor, stream, trial, found.new[-1], rows)
    except (SourceFailure, ScorelineError) as error:
        trial.error = str(error)
    return trial


def _read(
    project: Project, extractor: Extractor, stream: Stream, trial: Trial, item: Any, rows: int
) -> None:
    with project.files.workspace() as work:
        extract = extractor.extract(stream, item, work)
        trial.object = extract.object
        typed = read_rows(project, stream, extract, work)
        trial.rows_received, trial.rows_broken = typed.rows, typed.rows_broken
        trial.columns, trial.rows = first_rows(typed.typed, rows)
        trial.columns = [c for c in trial.columns if c not in ("_broken", "_blocks", "_cells")]
        if typed.broken is not None:
            trial.refused = first_rows(typed.broken, max(rows, 1))[1]
        trial.receipt = dict(extract.receipt())
        trial.warnings = [str(w) for w in trial.receipt.get("warnings") or ()]
        trial.blocking = blocking_reason(stream, extract, typed)
