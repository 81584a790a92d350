"""What became of scores and definitions: records in their order, and what set them apart.

What belongs here: comparing records that follow one another. What does not: attributing a
difference to single rows, drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Literal

from scoreline.core.exact import parse_exact
from scoreline.core.records import Body
from scoreline.definitions.diff import semantic_diff
from scoreline.store.rows import StoredDefinition, StoredScore

Cause = Literal["definition", "data", "check-in", "time"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A score as recorded, and what sets it apart from the one before.

    `cause` is None for the first, and where nothing that is shown differs. `restated` says
    that it replaces a score of the same day.
    """

    as_of: date
    status: str
    value: Fraction | None
    progress: Fraction | None
    digest: str
    recorded_at: datetime
    run: str | None
    formula: str
    cause: Cause | None
    restated: bool


def recorded(history: Sequence[StoredScore]) -> list[Recorded]:
    """Scores in the order of recording, newest first, each with its cause."""
    found: list[Recorded] = []
    before: StoredScore | None = None
    for one in sorted(history, key=lambda s: (s.recorded_at, s.as_of)):
        found.append(_recorded(one, before))
        before = one
    return found[::-1]


def _recorded(one: StoredScore, before: StoredScore | None) -> Recorded:
    body = one.body
    return Recorded(
        as_of=one.as_of,
        status=one.status,
        value=fraction_of(body.get("value")),
        progress=fraction_of(body.get("progress")),
        digest=one.digest,
        recorded_at=one.recorded_at,
        run=one.run,
        formula=str(body.get("formula") or ""),
        cause=cause_of(before.body, body) if before is not None else None,
        restated=body.get("replaces") is not None,
    )


def cause_of(before: Body, after: Body) -> Cause | None:
    """Why two scores of one key result differ; None where nothing that is shown does.

    The first that applies: the definition, a person's override, the data that it reads (or
    that are held back), what a person said, and else time alone: windows move on, more is
    expected, data grow old.
    """
    if _shown(before) == _shown(after):
        return None
    if before.get("definition") != after.get("definition"):
        return "definition"
    if before.get("override") != after.get("override"):
        return "check-in"
    if before.get("inputs") != after.get("inputs") or _held(before) != _held(after):
        return "data"
    if not after.get("inputs") and before.get("value") != after.get("value"):
        return "check-in"
    return "time"


def _held(body: Body) -> bool:
    """Whether a batch that waits for a decision keeps the value back."""
    return body.get("status") == "held"


def _shown(body: Body) -> tuple[Any, ...]:
    return tuple(body.get(key) for key in ("value", "progress", "status", "target", "baseline"))


def fraction_of(text: object) -> Fraction | None:
    """The number of a recorded text; None stays None."""
    return None if text is None else parse_exact(str(text))


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a definition: when it was first used, and what it changed."""

    name: str
    digest: str
    recorded_at: datetime
    changes: list[str]


def versions(stored: Sequence[StoredDefinition]) -> list[Version]:
    """Versions of one definition, newest first, each with its difference to the one before."""
    found: list[Version] = []
    before: Body | None = None
    for one in stored:
        body = one.version.body
        changes = [] if before is None else [str(c) for c in semantic_diff(before, body)]
        found.append(Version(one.version.name, one.version.digest, one.recorded_at, changes))
        before = body
    return found[::-1]
