"""Verification finds every change of every field of every row, and any row too few or many."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool
from store_builders import commit, score, store_url

from scoreline.core.digests import digest
from scoreline.core.errors import ScorelineError
from scoreline.store.rows import Finding
from scoreline.store.schema import metadata
from scoreline.store.store import ControlStore
from scoreline.store.verifying import verify

TABLES = sorted([*metadata.tables, "alembic_version"])


class Bench:
    """Changes one row, verifies, and takes the change back."""

    def __init__(self, connection: Connection, raw: sqlite3.Connection) -> None:
        self.connection, self.raw = connection, raw
        self.tried = 0

    def unnoticed(self, statement: str, values: list[Any]) -> bool:
        """Whether a change goes through and verification stays silent."""
        self.raw.execute("SAVEPOINT trial")
        try:
            self.raw.execute(statement, values)
        except sqlite3.IntegrityError:
            return False  # the database itself refuses
        else:
            self.tried += 1
            return not verify(self.connection)
        finally:
            self.raw.execute("ROLLBACK TO trial")
            self.raw.execute("RELEASE trial")


@pytest.fixture(scope="module")
def bench(filled_store: Path) -> Iterator[Bench]:
    """A filled store in memory, its references and checks not enforced."""
    raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with sqlite3.connect(filled_store) as source:
        source.backup(raw)
    raw.execute("PRAGMA foreign_keys=OFF")
    raw.execute("PRAGMA ignore_check_constraints=ON")
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    with engine.connect() as connection:
        yield Bench(connection, raw)
    raw.close()


def _columns(raw: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in raw.execute(f'PRAGMA table_info("{table}")')]


def _others(old: Any) -> list[Any]:
    """What a value might be changed to."""
    if old is None:
        return ["x", 0]
    if isinstance(old, int):
        return [old + 1, 1 - old, None]
    if isinstance(old, bytes):
        flipped = bytes([*old[:-1], old[-1] ^ 1]) if old else b"x"
        return [flipped, old + b" ", b"", None]
    flipped_text = old[:-1] + chr(ord(old[-1]) ^ 1) if old else "x"
    return [flipped_text, "", None]


@pytest.mark.parametrize("table", TABLES)
def test_every_changed_field_is_found(bench: Bench, table: str) -> None:
    """No field of any row can be changed without a finding."""
    bench.tried = 0
    names = _columns(bench.raw, table)
    rows = bench.raw.execute(f'SELECT rowid, * FROM "{table}"').fetchall()
    missed = []
    for rowid, *values in rows:
        for name, old in zip(names, values, strict=True):
            statement = f'UPDATE "{table}" SET "{name}" = ? WHERE rowid = ?'
            for new in _others(old):
                if new != old and bench.unnoticed(statement, [new, rowid]):
                    missed.append((rowid, name, old, new))
    assert missed == []
    assert rows
    assert bench.tried >= len(rows)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_deleted_or_doubled_is_found(bench: Bench, table: str) -> None:
    """No row can be taken away, or stand there twice under another key."""
    bench.tried = 0
    names = _columns(bench.raw, table)
    quoted = ", ".join(f'"{n}"' for n in names)
    marks = ", ".join("?" for _ in names)
    missed = []
    for rowid, *values in bench.raw.execute(f'SELECT rowid, * FROM "{table}"').fetchall():
        if bench.unnoticed(f'DELETE FROM "{table}" WHERE rowid = ?', [rowid]):
            missed.append(("deleted", values))
        for n, old in enumerate(values):
            new = old + 1000 if isinstance(old, int) else f"{old}~"
            doubled = [*values[:n], new, *values[n + 1 :]]
            if bench.unnoticed(f'INSERT INTO "{table}" ({quoted}) VALUES ({marks})', doubled):
                missed.append(("doubled", doubled))
    assert missed == []
    assert bench.tried > 0


def test_a_record_rewritten_with_its_digest_is_found(filled: ControlStore) -> None:
    """Bytes and digest changed together disagree with the block; with the block, the chain."""
    sealed = next(r for r in filled.records(2) if r.kind == "score")
    forged = sealed.body.replace(b'"good":true', b'"good":false')
    assert forged != sealed.body
    with filled._write() as connection:
        connection.exec_driver_sql(
            "UPDATE ledger_records SET body = ?, digest = ? WHERE seq = ?",
            (forged, digest(forged), sealed.seq),
        )
    found = [str(f) for f in filled.verify_ledger()]
    assert any(f.startswith("ledger block 2: its records are not those") for f in found)


def test_what_was_written_verifies(filled: ControlStore) -> None:
    """A store with something of everything has no finding, before and after more work."""
    assert filled.verify_ledger() == []
    commit(filled, scores=[score(value="1")])
    assert filled.verify_ledger() == []


def test_the_filled_store_has_a_row_in_every_table(filled: ControlStore) -> None:
    """The tests here speak for every table, and for every kind of record."""
    with filled._read() as connection:
        for name, table in metadata.tables.items():
            assert connection.execute(table.select()).first() is not None, name
        kinds = connection.exec_driver_sql("SELECT DISTINCT kind FROM ledger_records").all()
    assert len(kinds) == 15


def test_damage_to_the_file_is_an_error_or_a_finding(tmp_path: Path, filled_store: Path) -> None:
    """Whatever byte of the file is changed: an error, a finding, or every row as it was."""
    content, rows = filled_store.read_bytes(), _rows(filled_store)
    path = tmp_path / "control.db"
    noticed = 0
    for at in range(7, len(content), len(content) // 80):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        try:
            store = ControlStore.open(store_url(tmp_path), read_only=True)
        except ScorelineError:
            noticed += 1
            continue
        try:
            found = store.verify_ledger()
        except ScorelineError as error:
            found = [Finding("store", str(error))]
        finally:
            store.close()
        noticed += bool(found)
        assert found or _rows(path) == rows, f"byte {at}"
    assert noticed > 10


def _rows(path: Path) -> list[str]:
    with sqlite3.connect(path) as raw:
        rows = list(raw.iterdump())
    raw.close()
    return rows
