"""Removing: what is left of batches, people forgotten, old series, keys of pseudonyms.

What belongs here: the store's methods that record that something is gone, and that say
what is. What does not: deleting files (warehouse), deciding what goes (steps).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from scoreline.core.digests import digest
from scoreline.core.errors import UsageError
from scoreline.core.records import StoredFile
from scoreline.core.removals import Forgetting, Removal
from scoreline.store import gate_rows, guarded, ledger
from scoreline.store.base import StoreBase
from scoreline.store.batch_bodies import removal_body
from scoreline.store.bodies import draft, expiry_body, forget_body, forgetting_from, pseudonyms_body
from scoreline.store.codec import file_from, instant, parsed, unpacked
from scoreline.store.gate_rows import chunks
from scoreline.store.rows import StoredForgetting, StoredRemoval
from scoreline.store.schema import (
    batches,
    dimension_values,
    in_force,
    ledger_blocks,
    ledger_records,
    quarantines,
    series_values,
)
from scoreline.store.transitions import IllegalStep
from scoreline.store.verifying_rows import expired_values

NAMING = ("receipt", "reread", "checks", "load", "removal")
"""The kinds of record that name files."""


@dataclass(frozen=True, slots=True)
class OldSeries:
    """A series in the store: its value record's digest, cycle and inputs, and its text."""

    digest: str
    metric: str
    cycle: str | None
    inputs: Mapping[str, Any]
    packed: tuple[str, bytes]

    @property
    def text(self) -> str:
        """The text that core.series reads."""
        return unpacked(*self.packed)


class RemovalBook(StoreBase):
    """The store's methods on what was removed."""

    def remove(
        self,
        removals: Sequence[Removal],
        now: datetime,
        *,
        run: str | None = None,
        forgetting: Forgetting | None = None,
        pseudonyms: tuple[Sequence[str], str, str] | None = None,
    ) -> None:
        """Record what is left of batches, and why, in one block; the files go afterwards.

        Args:
            removals: one for each batch.
            now: the time of the block.
            run: the run that it belongs to.
            forgetting: the person whose rows they are.
            pseudonyms: ids of the keys from now on, why, who.

        Raises:
            UsageError: a batch is not there, or rows set aside are not of it.
        """
        with self._write() as connection:
            for removal in removals:
                try:
                    gate_rows.apply(connection, [removal.batch.id], removal_body(removal))
                except IllegalStep as error:
                    raise UsageError(f"{error}: nothing was removed") from error
            drafts = []
            if forgetting is not None:
                drafts.append(draft(forget_body(forgetting)))
            if pseudonyms is not None:
                drafts.append(draft(pseudonyms_body(*pseudonyms)))
            ledger.seal(connection, drafts, run, now)

    def removals(self, stream: str | None = None) -> list[StoredRemoval]:
        """Every removal, of a stream or of all, oldest first."""
        query = (
            select(ledger_records.c.body, ledger_records.c.digest, ledger_blocks.c.recorded_at)
            .outerjoin(ledger_blocks, ledger_blocks.c.height == ledger_records.c.block)
            .where(ledger_records.c.kind == "removal")
            .order_by(ledger_records.c.seq)
        )
        with self._read() as connection:
            found = [_removal(*row) for row in connection.execute(query)]
        return [r for r in found if stream is None or r.stream == stream]

    def files_named(self, stream: str | None = None) -> dict[str, set[StoredFile]]:
        """Every file that a record ever named, by batch, of one stream or of all.

        Besides those of the manifests these are what an earlier contract, an earlier key
        or an earlier removal left behind.
        """
        query = (
            select(ledger_records.c.subject, ledger_records.c.kind, ledger_records.c.body)
            .join(batches, batches.c.id == ledger_records.c.subject)
            .where(ledger_records.c.kind.in_(NAMING))
        )
        if stream is not None:
            query = query.where(batches.c.stream == stream)
        found: dict[str, set[StoredFile]] = {}
        with self._read() as connection:
            for batch, kind, body in connection.execute(query):
                named = map(file_from, files_of(kind, parsed(body)))
                found.setdefault(batch, set()).update(f for f in named if f is not None)
        return found

    def files_in_use(self) -> dict[StoredFile, set[str]]:
        """Every file that a manifest names now, with the ids of its batches."""
        found: dict[StoredFile, set[str]] = {}
        with self._read() as connection:
            for row in connection.execute(gate_rows.with_receipts()):
                batch = gate_rows.batch_from(row)
                for file in (batch.received, batch.typed, batch.broken, batch.kept):
                    if file is not None:
                        found.setdefault(file, set()).add(batch.id)
            for row in connection.execute(select(quarantines.c.batch, quarantines.c.file)):
                file = file_from(parsed(row.file))
                if file is not None:
                    found.setdefault(file, set()).add(row.batch)
        return found

    def files_removed(self) -> dict[StoredFile, str]:
        """Every file that was removed and that no manifest names, with the cause."""
        removed = {file: r.cause for r in self.removals() for file in r.removed}
        if not removed:
            return {}
        used = self.files_in_use()
        return {file: cause for file, cause in removed.items() if file not in used}

    # --- people --------------------------------------------------------------------------

    def forgotten(self, stream: str | None = None) -> list[StoredForgetting]:
        """Who was forgotten in a stream, or in any, oldest first."""
        with self._read() as connection:
            found = ledger.sealed_records(connection, "forget", stream)
        return [
            StoredForgetting(forgetting_from(parsed(r.body)), r.digest, instant(r.recorded_at))
            for r in found
        ]

    def drop_dimension_values(
        self, relations: Iterable[str], *, column: str | None = None, value: str | None = None
    ) -> None:
        """Take values out of those that streams and models were seen with.

        Args:
            relations: the streams and models.
            column: only what that column was seen with.
            value: only this one.
        """
        table = dimension_values
        query = select(table).where(table.c.relation.in_(list(relations)))
        if column is not None:
            query = query.where(table.c.column == column)
        if value is not None:
            query = query.where(table.c.value == value)
        with self._write() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
            guarded.delete_rows(connection, table, rows)

    # --- series --------------------------------------------------------------------------

    def old_series(self) -> list[OldSeries]:
        """Every series whose text is there."""
        query = select(series_values, ledger_records.c.digest, ledger_records.c.body)
        query = query.join(ledger_records, ledger_records.c.seq == series_values.c.record)
        with self._read() as connection:
            gone = expired_values(connection)
            found = []
            for row in connection.execute(query.order_by(series_values.c.record)):
                if row.digest not in gone:
                    body = parsed(row.body)
                    text = (row.coding, row.series)
                    cycle, inputs = body["cycle"], body["inputs"]
                    found.append(OldSeries(row.digest, body["metric"], cycle, inputs, text))
        return found

    def expire_series(self, why: str, values: Sequence[str], now: datetime) -> None:
        """Remove the texts of series by the digests of their records, which stay."""
        if not values:
            return
        empty = {"coding": "text", "stored_digest": digest(b""), "series": b""}
        table = series_values
        statement = update(table).where(table.c.record == bindparam("at")).values(**empty)
        with self._write() as connection:
            seqs: list[int] = []
            for part in chunks(values):
                query = select(ledger_records.c.seq).where(
                    ledger_records.c.digest.in_(part), ledger_records.c.kind == "value"
                )
                seqs += connection.execute(query).scalars()
            connection.execute(statement, [{"at": seq} for seq in seqs])
            ledger.seal(connection, [draft(expiry_body(why, values))], None, now)

    def expired_requests(self) -> dict[str, str]:
        """The requests whose newest series was removed, with the rule."""
        query = select(ledger_records.c.body).where(ledger_records.c.kind == "expiry")
        newest = (
            select(series_values.c.request, ledger_records.c.digest)
            .join(ledger_records, ledger_records.c.seq == series_values.c.record)
            .where(in_force(series_values))
        )
        with self._read() as connection:
            bodies = [parsed(body) for body in connection.execute(query).scalars()]
            rules = {value: body["why"] for body in bodies for value in body["values"]}
            if not rules:
                return {}
            rows = connection.execute(newest)
            return {row.request: rules[row.digest] for row in rows if row.digest in rules}

    # --- keys of pseudonyms -----------------------------------------------------------------

    def pseudonym_keys(self) -> tuple[str, ...] | None:
        """The ids of the keys that stored pseudonyms are made with; None before the first."""
        query = (
            select(ledger_records.c.body)
            .where(ledger_records.c.kind == "pseudonyms")
            .order_by(ledger_records.c.seq.desc())
            .limit(1)
        )
        with self._read() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else tuple(parsed(body)["keys"])

    def note_pseudonym_keys(self, keys: Sequence[str], why: str, who: str) -> None:
        """Note the keys that pseudonyms are made with from the first one on."""
        with self._write() as connection:
            ledger.append(connection, [draft(pseudonyms_body(keys, why, who))])


def _removal(body: bytes, record: str, recorded_at: str | None) -> StoredRemoval:
    said = parsed(body)
    removed = (file_from(item) for item in said["removed"])
    return StoredRemoval(
        batch=said["batch"],
        stream=said["stream"],
        cause=said["cause"],
        why=said["why"],
        rows=said["rows"],
        gone=said.get("gone", {}),
        removed=tuple(file for file in removed if file is not None),
        digest=record,
        recorded_at=None if recorded_at is None else instant(recorded_at),
    )


def files_of(kind: str, body: Mapping[str, Any]) -> list[Any]:
    """The files that a record's body names."""
    if kind == "checks":
        return [body["kept"], *(aside["file"] for aside in body["quarantines"])]
    if kind == "load":
        return [body["refused"] and body["refused"]["file"]]
    found = [body["received"], body["typed"], body["broken"]]
    if kind == "removal":
        found += [body["kept"], *(aside["file"] for aside in body["aside"])]
    return found
