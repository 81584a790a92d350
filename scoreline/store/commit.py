"""Recording a run: what is new of its definitions, values, baselines and scores, sealed.

What belongs here: deciding what is new, and writing it in one transaction. What does not:
reading it back (values, scores).

What equals the newest record of its subject is not written again, so that a run over
unchanged data leaves no trace in the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select

from scoreline.core.digests import canonical, digest
from scoreline.core.errors import UsageError
from scoreline.core.records import (
    Baseline,
    DefinitionVersion,
    Restatement,
    ScoreRecord,
    ValueRecord,
)
from scoreline.store import ledger
from scoreline.store.base import StoreBase
from scoreline.store.bodies import Draft, draft
from scoreline.store.bulk import insert_many, no_longer_newest
from scoreline.store.codec import packed, text_digest
from scoreline.store.gate_rows import chunks
from scoreline.store.rows import CommitReport
from scoreline.store.run_bodies import (
    baseline_body,
    definition_draft,
    restatement_body,
    score_body,
    value_draft,
)
from scoreline.store.schema import (
    baselines,
    definitions,
    in_force,
    ledger_records,
    scores,
    series_values,
)
from scoreline.store.schema import restatements as restated

T = TypeVar("T")
_OF_VALUES = ("request", "input_digest", "series_digest", "coding", "stored_digest", "series")
_OF_SCORES = ("key_result", "as_of", "status", "good", "replaces")


@dataclass(slots=True)
class _News:
    """What is new of one kind: records, their rows, and the rows that they replace.

    `columns` are those of the rows; that of the record and that of the newest come later.
    """

    table: Table
    columns: tuple[str, ...]
    drafts: list[Draft] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    replaced: list[int] = field(default_factory=list)

    def add(self, record: Draft, row: tuple[Any, ...], replaced: int | None) -> None:
        self.drafts.append(record)
        self.rows.append(row)
        if replaced is not None:
            self.replaced.append(replaced)


class CommitBook(StoreBase):
    """The store's method that records a run."""

    def commit_run(
        self,
        run: str,
        *,
        values: Sequence[ValueRecord] = (),
        definitions: Sequence[DefinitionVersion] = (),
        baselines: Sequence[Baseline] = (),
        scores: Sequence[ScoreRecord] = (),
        restatements: Sequence[Restatement] = (),
        now: datetime,
    ) -> CommitReport:
        """Record what is new, and seal it with all records that wait, in one transaction.

        - A value is new if its inputs or its series differ from the newest of its request.
        - A definition is new if its body or its compiled SQL (where given) changed.
        - A baseline is frozen: another is taken only for another day.
        - A score is new if its body differs from the newest of its key result and day;
          it then names the record that it replaces.
        - A restatement is new if its body differs from the newest of its key result.

        Returns:
            How many of each were new, and the block's digest: None if nothing was sealed.

        Raises:
            UsageError: two records of one subject, or a score's body contradicts its key.
            TypeError: a body holds something without an exact form, such as a float.
        """
        recorded: dict[tuple[str, str], str] = {}
        with self._write() as connection:
            news = {
                "definitions": _new_definitions(connection, definitions),
                "values": _new_values(connection, values),
                "baselines": _new_baselines(connection, baselines),
                "scores": _new_scores(connection, scores, recorded),
                "restatements": _new_restatements(connection, restatements),
            }
            drafts = [record for kind in news.values() for record in kind.drafts]
            seqs, block = ledger.seal(connection, drafts, run, now)
            for kind in news.values():
                mine, seqs = seqs[: len(kind.drafts)], seqs[len(kind.drafts) :]
                _write(connection, kind, mine)
        counts = {name: len(kind.drafts) for name, kind in news.items()}
        if not restatements:
            del counts["restatements"]
        return CommitReport(counts, block, recorded)


def _write(connection: Connection, news: _News, seqs: Sequence[int]) -> None:
    """Write rows as the newest of their subjects in place of those replaced."""
    no_longer_newest(connection, news.table, news.replaced)
    rows = [(seq, 1, *row) for seq, row in zip(seqs, news.rows, strict=True)]
    insert_many(connection, news.table, ("record", "newest", *news.columns), rows)


def _ordered(items: Iterable[T], subject: Callable[[T], tuple[str, ...]], what: str) -> list[T]:
    """Items by subject, so that the order they came in does not show in the ledger.

    Raises:
        UsageError: two are about the same.
    """
    found: dict[tuple[str, ...], T] = {}
    for item in items:
        key = subject(item)
        if key in found:
            raise UsageError(f"two {what} for {' on '.join(key)} in one run")
        found[key] = item
    return [found[key] for key in sorted(found)]


def _new_definitions(connection: Connection, items: Sequence[DefinitionVersion]) -> _News:
    news, known = _News(definitions, ("name", "digest", "sql_digest")), {}
    if items:
        query = select(definitions).where(in_force(definitions))
        known = {row.name: row for row in connection.execute(query)}
    changes: dict[int, bytes] = {}  # most versions share one and the same
    for item in _ordered(items, lambda d: (d.name,), "definitions"):
        old, sql = known.get(item.name), None if item.sql is None else text_digest(item.sql)
        body = item.digest
        if old is not None and old.digest == body and sql in (None, old.sql_digest):
            continue
        if id(item.change) not in changes:
            changes[id(item.change)] = canonical(list(item.change))
        record = definition_draft(item, changes[id(item.change)])
        news.add(record, (item.name, body, sql), old.record if old else None)
    return news


def _new_values(connection: Connection, items: Sequence[ValueRecord]) -> _News:
    news = _News(series_values, _OF_VALUES)
    known: dict[str, Any] = {}
    columns = [series_values.c[n] for n in ("record", "request", "input_digest", "series_digest")]
    for ids in chunks(item.request for item in items):
        query = select(*columns).where(in_force(series_values), series_values.c.request.in_(ids))
        known |= {row.request: row for row in connection.execute(query)}
    for item in _ordered(items, lambda v: (v.request,), "values"):
        old, series = known.get(item.request), text_digest(item.series)
        if old and (old.input_digest, old.series_digest) == (item.input_digest, series):
            continue
        coding, content = packed(item.series)
        stored = series if coding == "text" else digest(content)
        row = (item.request, item.input_digest, series, coding, stored, content)
        news.add(value_draft(item, series), row, old.record if old else None)
    return news


def _new_baselines(connection: Connection, items: Sequence[Baseline]) -> _News:
    news, known = _News(baselines, ("key_result", "day")), {}
    if items:
        query = select(baselines).where(in_force(baselines))
        known = {row.key_result: row for row in connection.execute(query)}
    for item in _ordered(items, lambda b: (b.key_result,), "baselines"):
        old, day = known.get(item.key_result), item.day.isoformat()
        if old is None or old.day != day:
            record = draft(baseline_body(item))
            news.add(record, (item.key_result, day), old.record if old else None)
    return news


def _new_scores(
    connection: Connection, items: Sequence[ScoreRecord], recorded: dict[tuple[str, str], str]
) -> _News:
    """The scores that are new; `recorded` takes the digest of every one's record."""
    news, known = _News(scores, _OF_SCORES), _known_scores(connection, items)
    for item in _ordered(items, lambda s: (s.key_result, s.as_of.isoformat()), "scores"):
        day = item.as_of.isoformat()
        old = known.get((item.key_result, day))
        replaces = None if old is None else old.replaces
        record = draft(score_body(item, replaces))
        if old is not None:
            if record.digest == old.digest:
                recorded[item.key_result, day] = old.digest
                continue
            record = _replacing(record, replaces, old.digest)
            replaces = old.digest
        recorded[item.key_result, day] = record.digest
        good = int(item.body.get("good") is True)
        row = (item.key_result, day, item.status, good, replaces)
        news.add(record, row, old.record if old else None)
    return news


def _replacing(record: Draft, before: str | None, after: str) -> Draft:
    """A score's record that names another one as replaced: one text of its bytes differs.

    Quotes inside texts are escaped, so the key with its quotes stands for nothing else;
    where it stands twice (in a nested mapping) the body is written anew.
    """
    old, new = (b'"replaces":' + canonical(name) for name in (before, after))
    if record.content.count(old) != 1:
        return draft({**json.loads(record.content), "replaces": after})
    content = record.content.replace(old, new)
    return Draft(record.kind, record.subject, content, digest(content))


def _new_restatements(connection: Connection, items: Sequence[Restatement]) -> _News:
    news, known = _News(restated, ("key_result",)), {}
    if items:
        query = select(restated, ledger_records.c.digest).where(in_force(restated))
        query = query.join(ledger_records, ledger_records.c.seq == restated.c.record)
        known = {row.key_result: row for row in connection.execute(query)}
    for item in _ordered(items, lambda r: (r.key_result,), "restatements"):
        old, record = known.get(item.key_result), draft(restatement_body(item))
        if old is None or old.digest != record.digest:
            news.add(record, (item.key_result,), old.record if old else None)
    return news


def _known_scores(connection: Connection, items: Sequence[ScoreRecord]) -> dict[Any, Any]:
    """The newest scores of the items' days, by (key result, day), with their digests."""
    found: dict[Any, Any] = {}
    for days in chunks(sorted({item.as_of.isoformat() for item in items})):
        query = (
            select(scores, ledger_records.c.digest)
            .join(ledger_records, ledger_records.c.seq == scores.c.record)
            .where(in_force(scores), scores.c.as_of.in_(days))
        )
        found |= {(row.key_result, row.as_of): row for row in connection.execute(query)}
    return found
