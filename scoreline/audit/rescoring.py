"""Every recorded score computed again from what the record says it was computed from.

What belongs here: computing and comparing, in the order of the ledger, by the one scoring
function. What does not: what definitions mean (meanings), what was observed (seen_then), the
steps of a run (an auditor's second computation shares no code with them above `core`).

What only the moment knew is taken from the score itself: that a batch was blocked, or that
the data was too old then. All else (value, progress, expected, status, formula) must come
out again to the last digit.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from scoreline.audit.meanings import Meaning, Meanings
from scoreline.audit.seen_then import ExpiredError, SeenThen
from scoreline.core.errors import ScorelineError
from scoreline.core.exact import parse_exact
from scoreline.core.score_fields import score_fields
from scoreline.core.scoring import score
from scoreline.store.walking import Walked

EVERY = 500
"""How many scores are one step of progress."""

_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, zlib.error)
"""What a record that was not written by this program may cause."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A recorded score that does not come out again, and why."""

    seq: int
    key_result: str
    as_of: str
    what: str

    @property
    def place(self) -> str:
        """Where, for a list of findings."""
        return f"score of {self.key_result} on {self.as_of} (record {self.seq})"


@dataclass(slots=True)
class Rescoring:
    """What one walk did."""

    scores: int = 0
    expired: int = 0
    differences: list[Difference] = field(default_factory=list)


def rescore(walk: Iterable[Walked], advance: Callable[[], None] = lambda: None) -> Rescoring:
    """Compute every score of a walk again.

    Args:
        walk: the records, oldest first.
        advance: called after every 500 scores.

    Returns:
        How many were computed; how many rest on a series that was removed by its age; and
        every difference.
    """
    rescorer = Rescorer()
    for record in walk:
        rescorer.take(record)
        if record.kind == "score" and rescorer.done.scores % EVERY == 0:
            advance()
    return rescorer.done


class Rescorer:
    """Takes in one record after another, and computes again those that are scores."""

    def __init__(self) -> None:
        """Nothing was recorded yet."""
        self.done = Rescoring()
        self._meanings, self._seen = Meanings(), SeenThen()

    def take(self, record: Walked) -> None:
        """Take in the next record; the scores that rest on one that cannot be read will differ."""
        if record.kind == "value":
            self._seen.note_value(record)
        elif record.kind == "score":
            self.done.scores += 1
            try:
                self.done.differences += self._differences(record)
            except ExpiredError:
                self.done.expired += 1
        else:
            with suppress(*_DAMAGED):
                self._note(record.kind, _body(record))

    def _note(self, kind: str, body: Any) -> None:
        if kind == "definition":
            self._meanings.note(body)
        else:
            self._seen.note(kind, body)

    def _differences(self, record: Walked) -> list[Difference]:
        """What differs where a score is computed again.

        Raises:
            ExpiredError: it cannot be, for a series is gone by its age.
        """
        try:
            body = _body(record)
            what = self._wrong(body)
            return [Difference(record.seq, body["key_result"], body["as_of"], what)] if what else []
        except _DAMAGED as error:
            return [Difference(record.seq, "?", "?", f"it cannot be read: {_words(error)}")]

    def _wrong(self, body: Mapping[str, Any]) -> str | None:
        """What does not come out again, in words."""
        if not self._meanings.named(body):
            return "its definition's digest is not that of the definitions it names"
        try:
            wrong = self._different(self._meanings.of(body), body)
        except (ScorelineError, *_DAMAGED) as error:
            return f"it cannot be computed again: {_words(error)}"
        if not wrong:
            return None
        return "; ".join(
            f"{key} is recorded as {_short(body.get(key))}, computed again it is {_short(found)}"
            for key, found in list(wrong.items())[:3]
        )

    def _different(self, meaning: Meaning, body: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that come out otherwise, as they come out."""
        as_of = date.fromisoformat(body["as_of"])
        series = self._seen.series(body)
        kr = meaning.kr
        if meaning.broken and body["status"] == "no_data" and meaning.requests - series.keys():
            kr = replace(kr, broken=body["reason"])
        wrong: dict[str, Any] = {}
        for facts in self._seen.attempts(meaning, body):
            seen = self._seen.observations(meaning, series, as_of, facts)
            fields = score_fields(score(kr, meaning.rules, seen, as_of))
            if fields.items() <= body.items():
                return {}
            wrong = {k: v for k, v in fields.items() if not _same(k, body.get(k), v)}
            if not wrong:
                break
        return wrong


def _body(record: Walked) -> Any:
    return json.loads(record.body or b"") if record.parsed is None else record.parsed


def _same(key: str, said: Any, found: Any) -> bool:
    """Whether two fields agree; thresholds as numbers, for definitions drop final zeros."""
    if said == found:
        return True
    if key == "thresholds" and isinstance(said, dict):
        return {k: parse_exact(v) for k, v in said.items()} == {
            k: parse_exact(v) for k, v in found.items()
        }
    return False


def _words(error: Exception) -> str:
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:119] + "…"
