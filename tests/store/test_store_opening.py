"""Opening, reading only, errors for people, and several processes at once."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from store_builders import KR, NOW, batch, check_in, commit, score, store_url, validate

from scoreline.core.errors import LockedError, StoreError
from scoreline.store import dialect
from scoreline.store.store import ControlStore

EACH = 6


def _write_a_lot(url: str, who: int) -> None:
    """Opens (and makes) the store, then lands, validates, commits and checks in."""
    store = ControlStore.open(url)
    for n in range(EACH):
        landed = store.land(batch(store, f"{who}-{n}.csv", f"{who} {n}", f"s.{who}"), None)
        validate(store, landed)
        commit(store, f"run {who}", values=[], scores=[score(f"{KR}{who}", value=str(n))])
        store.add_check_in(check_in(who=str(who), value=str(n)), NOW)
    store.close()


def test_processes_that_write_at_once_wait(tmp_path: Path) -> None:
    """Four processes make one store and write; none fails, nothing is lost, it verifies."""
    url = store_url(tmp_path)
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_write_a_lot, args=(url, n)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [w.exitcode for w in workers] == [0, 0, 0, 0]
    store = ControlStore.open(url)
    assert [b.seq for b in store.batches()] == list(range(1, 4 * EACH + 1))
    assert [len(store.score_history(f"{KR}{n}")) for n in range(4)] == [EACH] * 4
    assert len(store.check_ins()) == 4 * EACH
    assert store.verify_ledger() == []
    store.close()


def test_readers_do_not_wait_for_a_writer(filled: ControlStore) -> None:
    """While a write is open, a reader sees the state before it."""
    before = filled.batches()
    with filled._write() as connection:
        connection.exec_driver_sql("UPDATE batches SET reason = 'being changed'")
        assert filled.batches() == before
        connection.rollback()
    assert filled.verify_ledger() == []


def test_a_writer_that_never_ends_is_named(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the wait, the error says that another process writes, without any SQL."""
    (tmp_path / "control.db").write_bytes(empty_store.read_bytes())
    monkeypatch.setattr(dialect, "WAIT", 0)
    store = ControlStore.open(store_url(tmp_path))
    with sqlite3.connect(tmp_path / "control.db") as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LockedError, match="another process has been writing") as caught:
            store.seal("run", NOW)
        other.rollback()
    store.close()
    assert "BEGIN" not in str(caught.value)


def test_a_missing_store_is_made_or_named(tmp_path: Path) -> None:
    """Without `create`, and for reading only, a missing file is an error and stays missing."""
    url = store_url(tmp_path / "deep" / "er")
    for given in ({"create": False}, {"read_only": True}):
        with pytest.raises(StoreError, match="there is no control store at"):
            ControlStore.open(url, **given)
    assert not (tmp_path / "deep").exists()
    ControlStore.open(url).close()
    ControlStore.open(url, create=False).close()


def test_reading_only_writes_nothing(filled: ControlStore, tmp_path: Path) -> None:
    """A store opened for reading reads all of it and refuses every write."""
    expected = filled.batches()
    store = ControlStore.open(store_url(tmp_path), read_only=True)
    assert store.batches() == expected
    assert store.verify_ledger() == []
    with pytest.raises(StoreError, match="reading only"):
        store.seal("run", NOW)
    store.close()
    store.close()


@pytest.mark.parametrize("url", ["nonsense", "oracle9://x/y"])
def test_a_url_that_cannot_be_used_is_explained(url: str) -> None:
    """The error says which URLs are legal."""
    with pytest.raises(StoreError, match="legal are sqlite"):
        ControlStore.open(url)


def test_a_password_is_never_shown() -> None:
    """A server that cannot be reached is named without the password of its URL."""
    with pytest.raises(StoreError) as caught:
        ControlStore.open("postgresql+psycopg://me:canary@127.0.0.1:1/db")
    assert "canary" not in str(caught.value)


def test_a_commit_is_on_the_disk_before_it_counts(store: ControlStore) -> None:
    """Every connection has the write-ahead log, full synchronisation and references on."""
    with store._write() as connection:
        found = {
            pragma: connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
            for pragma in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 60_000,
    }
