"""Faults: whatever breaks, nothing half-read is kept, and the next run makes it whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from conftest import world_on
from sql_relay import Relay
from sql_servers import Server, UnavailableError, mariadb, postgresql
from sql_world import World, stream
from sqlalchemy import exc

from connectors.base import State
from connectors.errors import PermanentError, TransientError
from connectors.sql.database import Database
from connectors.sql.drivers import Driver, Psycopg, PyMySql, Sqlite
from connectors.sql.failures import Failures
from connectors.sql.options import SqlSource, SqlStream
from connectors.sql.relation import reading_of, relation_of

STARTERS: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "postgresql": postgresql,
    "mariadb": mariadb,
}


def filled(world: World, rows: int = 3000) -> World:
    world.run("CREATE TABLE t (id integer PRIMARY KEY, x varchar(200))")
    world.insert("t", "id, x", [(n, f"{n:05}" * 30) for n in range(rows)])
    return world


SPEC = stream("t", "id", "x", key=("id",), options={"batch_rows": 500})


def test_a_cut_at_any_chunk_keeps_nothing_and_the_next_run_is_whole(served: World) -> None:
    """Cut after more and more bytes: transient, no file left; uncut, the rows are the same."""
    filled(served)
    whole, _ = served.read(SPEC)
    cuts = 0
    for limit in range(300, 2_000_000, 60_000):
        port = int(served.url.rpartition(":")[2].partition("/")[0])
        with Relay(port, limit) as relay:
            world = served.through(relay.port)
            try:
                batch, _ = world.read(SPEC)
            except TransientError:
                cuts += 1
                assert sorted(served.work.iterdir()) == [whole.raw_path]
                continue
        assert batch.digest == whole.digest
        break
    assert cuts > 5


def test_the_cut_comes_in_the_middle_of_the_rows(served: World) -> None:
    """A cut after discovery, between the chunks of an extraction, is transient as well."""
    filled(served)
    (ref,) = served.connector.discover(SPEC, State()).new
    with Relay(int(served.url.rpartition(":")[2].partition("/")[0])) as relay:
        world = served.through(relay.port)
        world.take(SPEC, ref)
        relay.limit, relay.passed = relay.passed // 2, 0
        with pytest.raises(TransientError):
            world.take(SPEC, ref)


@pytest.fixture(params=["postgresql", "mariadb"])
def own(request: pytest.FixtureRequest, work: Path) -> Iterator[tuple[Server, World]]:
    """A server for this test alone."""
    try:
        with STARTERS[request.param]() as server:
            yield server, world_on(server, work)
    except UnavailableError as why:
        pytest.skip(f"no {request.param} to test against: {why}")


def test_a_server_killed_while_it_answers(own: tuple[Server, World]) -> None:
    """SIGKILL to the server in the middle of the rows: transient, and so is the next try."""
    server, world = own
    filled(world)
    with Relay(server.port, 300_000, server.kill) as relay, pytest.raises(TransientError):
        world.through(relay.port).read(SPEC)
    with pytest.raises(TransientError, match="Run again"):
        world.read(SPEC)
    assert list(world.work.iterdir()) == []


def test_one_snapshot_is_read(world: World) -> None:
    """Rows that are committed while a batch is read are not in it."""
    if world.backend == "sqlite":
        world.run("PRAGMA journal_mode = WAL")
    filled(world, 10)
    (ref,) = world.connector.discover(SPEC, State()).new
    connector = world.connector
    with connector.database.snapshot("t") as session:
        relation = relation_of(SPEC, SqlStream(table="t"), None, world.backend)
        reading = reading_of(relation, SPEC, session.columns(relation.nothing()))
        before = session.number(reading.count())
        world.run("DELETE FROM t WHERE id < 5")
        assert session.number(reading.count()) == before == 10
        assert sum(len(part) for part in session.chunks(reading.rows(), 3)) == 10
    assert world.take(SPEC, ref)[1].num_rows == 5


def test_nothing_can_be_written(world: World) -> None:
    """The session is read-only, whatever the account may do."""
    filled(world, 1)
    admin = World(world.backend, world.engine, world.url, world.password, world.work)
    if world.backend != "sqlite":
        admin.url = world.engine.url.render_as_string(hide_password=False)
        admin.password = None
    snapshot = admin.connector.database.snapshot("t")
    with snapshot as session, pytest.raises(exc.DBAPIError, match=r"(?i)read.?only|readonly"):
        session.connection.exec_driver_sql("DELETE FROM t")


def test_rows_that_do_not_add_up_are_refused(postgresql_world: World) -> None:
    """More or fewer rows than the database counts in the same snapshot: nothing is kept."""
    filled(postgresql_world)
    spec = stream("q", options={"query": "SELECT id FROM t WHERE random() < 0.5"})
    with pytest.raises(PermanentError, match=r"rows were read, the database counts .* in the same"):
        postgresql_world.read(spec)
    assert list(postgresql_world.work.iterdir()) == []


def test_a_locked_file_is_transient(sqlite_world: World) -> None:
    """While another process writes to a SQLite file, trying again may help."""
    filled(sqlite_world, 10)
    sqlite_world.source = {"connect_args": {"timeout": 0}}
    with sqlite_world.engine.connect() as writer:
        writer.exec_driver_sql("BEGIN EXCLUSIVE")
        with pytest.raises(TransientError, match="database is locked"):
            sqlite_world.read(SPEC)


class StatedError(Exception):
    """A driver's error with a SQLSTATE."""

    def __init__(self, sqlstate: str | None, text: str = "x") -> None:
        super().__init__(text)
        self.sqlstate = sqlstate


class OperationalError(StatedError):
    """Named like the drivers' own."""


@pytest.mark.parametrize(
    ("driver", "error", "transient"),
    [
        (Psycopg(), StatedError("40P01"), True),  # deadlock
        (Psycopg(), StatedError("40001"), True),  # serialization
        (Psycopg(), StatedError("57014"), True),  # statement timeout
        (Psycopg(), StatedError("57P01"), True),  # shut down by the administrator
        (Psycopg(), StatedError("53300"), True),  # too many connections
        (Psycopg(), StatedError("42P01"), False),  # no such table
        (Psycopg(), StatedError("42501"), False),  # no right to
        (Psycopg(), StatedError("22012"), False),  # division by zero in a query
        (Psycopg(), OperationalError(None, "connection refused"), True),
        (Psycopg(), OperationalError(None, 'FATAL: database "x" does not exist'), False),
        (Psycopg(), OperationalError(None, "FATAL: password authentication failed"), False),
        (PyMySql(), Exception(1213, "deadlock"), True),
        (PyMySql(), Exception(1205, "lock wait timeout"), True),
        (PyMySql(), Exception(1969, "max_statement_time"), True),
        (PyMySql(), Exception(2013, "lost connection"), True),
        (PyMySql(), Exception(1040, "too many connections"), True),
        (PyMySql(), Exception(1045, "access denied"), False),
        (PyMySql(), Exception(1146, "no such table"), False),
        (PyMySql(), Exception(1064, "syntax"), False),
        (Sqlite(), Exception("database is locked"), True),
        (Sqlite(), Exception("no such table: x"), False),
        (Sqlite(), Exception("file is not a database"), False),
    ],
)
def test_who_must_act(driver: Driver, error: Exception, transient: bool) -> None:
    """Deadlocks, timeouts and shutdowns pass; rights, names and syntax do not."""
    wrapped = exc.OperationalError("SELECT 1", {}, error)
    kind = TransientError if transient else PermanentError
    assert type(Failures(driver).translated(wrapped, "t")) is kind


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (exc.OperationalError("s", {}, Exception("x")), True),
        (exc.InterfaceError("s", {}, Exception("x")), True),
        (exc.ProgrammingError("s", {}, Exception("x")), False),
        (exc.DataError("s", {}, Exception("x")), False),
        (exc.CompileError("x"), False),
        (exc.TimeoutError("x"), True),
        (ConnectionResetError("x"), True),
    ],
)
def test_an_unknown_driver_goes_by_its_error_class(error: Exception, transient: bool) -> None:
    """For any other driver the classes of PEP 249 decide."""
    kind = TransientError if transient else PermanentError
    assert type(Failures(Driver()).translated(error, "t")) is kind


def test_an_unreachable_server_is_transient(tmp_path: Path) -> None:
    """Nobody listens: perhaps the server is being restarted."""
    database = Database(SqlSource(url="postgresql://u@127.0.0.1:1/x"), tmp_path)
    refused = pytest.raises(TransientError, match=r"postgresql://127.0.0.1:1/x: .*refused")
    with refused, database.snapshot("t"):
        pass
