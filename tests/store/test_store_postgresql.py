"""The same store on PostgreSQL."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from store_builders import DAY, KR, NOW, fill, score
from store_postgres import Server, UnavailableError, running
from test_store_opening import EACH, _write_a_lot

from scoreline.core.errors import StoreError
from scoreline.store.schema import metadata
from scoreline.store.store import ControlStore


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server for the module, or a skip that says what is missing."""
    try:
        with running() as started:
            yield started
    except UnavailableError as why:
        pytest.skip(f"no PostgreSQL to test against: {why}")


def _said(store: ControlStore) -> list[object]:
    digests = [[r.digest for r in store.records(b.height)] for b in store.blocks()]
    return [
        digests,
        [(b.id, b.seq, b.state, b.reason) for b in store.batches()],
        store.quarantines(),
        store.values(),
        store.baselines(),
        store.current_definitions(known_at=NOW),
        {k: s.digest for k, s in store.latest_scores(DAY).items()},
        store.last_good(DAY),
        store.check_ins(),
        store.stream_states(),
        store.dimension_values(),
        store.cursor("lms.done"),
        store.batch(store.batches()[0].id[:5]).id,
        store.record(store.score_history(KR)[0].digest[:10]).subject,
    ]


def test_postgresql_keeps_what_sqlite_keeps(server: Server, store: ControlStore) -> None:
    """The same work gives the same records, rows and answers in both, and both verify."""
    other = ControlStore.open(server.new_database())
    for each in (store, other):
        fill(each)
    assert _said(other) == _said(store)
    assert other.verify_ledger() == []
    other.close()


def test_postgresql_finds_a_changed_row(server: Server) -> None:
    """A row changed behind the store's back is a finding there too."""
    store = ControlStore.open(server.new_database())
    fill(store)
    with store._write() as connection:
        connection.execute(text("UPDATE scores SET status = 'achieved'"))
    assert any(f.place.startswith("scores") for f in store.verify_ledger())
    store.close()


def test_postgresql_holds_one_newest_row_of_each_subject(server: Server) -> None:
    """Of every index of the schema that says so, and of no other, only the newest rows are in it."""
    store = ControlStore.open(server.new_database())
    with store._read() as connection:
        query = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        made = {str(name): str(words) for name, words in connection.exec_driver_sql(query)}
    store.close()
    declared = {str(i.name) for t in metadata.tables.values() for i in t.indexes}
    assert declared <= set(made)
    partial = {name for name, words in made.items() if words.endswith("WHERE (newest = 1)")}
    assert partial == {name for name in declared if name.endswith("_newest")}
    assert all("CREATE UNIQUE INDEX" in made[name] for name in partial)


@pytest.mark.slow
def test_processes_write_to_postgresql_at_once(server: Server) -> None:
    """Processes that make and write one store wait for each other; numbers have no gap."""
    url = server.new_database()
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_write_a_lot, args=(url, n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [w.exitcode for w in workers] == [0, 0, 0]
    store = ControlStore.open(url)
    assert [b.seq for b in store.batches()] == list(range(1, 3 * EACH + 1))
    assert store.verify_ledger() == []
    store.close()


def test_a_newer_store_on_postgresql_is_refused(server: Server) -> None:
    """A fault in the middle is taken back, and a version from the future is refused."""
    url = server.new_database()
    store = ControlStore.open(url)
    with pytest.raises(TypeError):
        store.commit_run("run", scores=[score(), score("x", value=0.5)], now=NOW)
    assert store.newest_scores() == {}
    with store._write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match="does not know"):
        ControlStore.open(url)
