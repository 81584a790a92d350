"""What the record says of things that are gone: files of batches, people who were forgotten.

What belongs here: frozen values. What does not: what was received (records), deciding what
goes (steps).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scoreline.core.records import Batch, Quarantine, StoredFile

Cause = Literal["expired", "erased", "rekeyed"]
"""Why stored files are gone: by age, a person was forgotten, pseudonyms got another key."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What is left of a batch after files of it were removed or written again.

    `batch` and `aside` are as they are from now on; `removed` are files that no manifest
    names any more; `rows` counts the rows that are gone. In `batch.gone`, `received` and
    `rows` name the cause, and `change` counts the removals of rows. Where rows left the
    stream by their age, `left` counts them, `until` has the newest day in each of its
    columns with days, and `why` the rule.
    """

    batch: Batch
    aside: tuple[Quarantine, ...]
    cause: Cause
    why: str
    removed: tuple[StoredFile, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Forgetting:
    """A person was forgotten in a stream; the person is named by a keyed hash only.

    `mark` is the hash of the value in `column`, `key` the id of the key that it was made
    with; `rows` counts what was removed, `batches` where from.
    """

    stream: str
    column: str
    mark: str
    key: str
    rows: int
    batches: tuple[str, ...]
    reason: str
    who: str
    approver: str
