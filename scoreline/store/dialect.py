"""What differs between databases: connecting, transactions, locking, and errors' meaning.

What belongs here: everything that knows SQLite from PostgreSQL. What does not: tables and
statements, which are the same for both.

SQLite: write-ahead log (readers never wait), every commit on the disk before it counts
(`synchronous=FULL`), a writer takes the write lock when it begins and waits up to
`WAIT` seconds for another. PostgreSQL: writers take one advisory lock, readers see one
snapshot. Numbers are handed out under that lock, so they run without a gap.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from scoreline.core.errors import LockedError, ScorelineError, StoreError

WAIT = 60
"""Seconds that a writer waits for another before it gives up."""

_CACHE_KIB = 65_536
"""Pages that a SQLite writer keeps at most: a run's indexes grow in memory, not in its log."""
_MAPPED = 1 << 33
"""Bytes of a SQLite file that one who reads all of it sees as memory, without copying pages."""
_WRITES = "scoreline_writes"
_ADVISORY_LOCK = 7_310_415_202_611


def engine_for(url: str, *, create: bool, read_only: bool) -> Engine:
    """An engine for a store's URL; connects only when it is used.

    Args:
        url: SQLAlchemy's form, such as `sqlite:////srv/okr/control.db` (four slashes
            before an absolute path) or `postgresql+psycopg://user@host/name`.
        create: whether a missing SQLite file and its folder are made.
        read_only: refuse every write.

    Raises:
        StoreError: the URL cannot be understood, its driver is not installed, or the file
            is missing and may not be made.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed, create and not read_only, read_only)
        engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise StoreError(
            f"the control store's URL cannot be used: {error}; legal are sqlite:///PATH and "
            "postgresql+psycopg://USER@HOST/NAME (with the package psycopg installed)"
        ) from error
    return engine


def _sqlite(url: URL, create: bool, read_only: bool) -> Engine:
    path = Path(url.database) if url.database and url.database != ":memory:" else None
    if path is not None:
        _find(path, create)
    target = _read_only_url(path) if read_only and path is not None else url
    engine = create_engine(target, connect_args={"timeout": WAIT})

    @event.listens_for(engine, "connect")
    def _connected(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # transactions begin below, as SQLAlchemy advises
        raw.execute("PRAGMA foreign_keys=ON")
        if read_only:
            raw.execute("PRAGMA query_only=ON")
            raw.execute(f"PRAGMA mmap_size={_MAPPED}")
        else:
            raw.execute("PRAGMA synchronous=FULL")
            raw.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            _write_ahead(raw)

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _find(path: Path, create: bool) -> None:
    """Make sure that a store's file can be opened where it stands.

    Raises:
        StoreError: it is missing and may not be made, or its folder cannot be made.
    """
    if path.exists():
        return
    if not create:
        raise StoreError(f"there is no control store at {path}: `scoreline run` makes one")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the control store's folder {path.parent} cannot be made: {error}") from (
            error
        )


def _read_only_url(path: Path) -> URL:
    """A file that cannot have companions beside it is read as one that nobody changes."""
    query = {"mode": "ro", "uri": "true"}
    if not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists():
        query["immutable"] = "1"
    return URL.create("sqlite", database=f"file:{quote(str(path.absolute()))}", query=query)


def _write_ahead(raw: Any) -> None:
    """Switch a new file to the write-ahead log; SQLite does not wait for others there."""
    deadline = time.monotonic() + WAIT
    while raw.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
        try:
            raw.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the store throughout."""
    options = {} if _is_sqlite(engine) else {"isolation_level": "REPEATABLE READ"}
    with explained(engine), engine.connect() as bare:
        connection = bare.execution_options(**options)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes all or nothing, while no other writes."""
    with explained(engine), engine.connect() as bare:
        connection = bare.execution_options(**{_WRITES: True})
        with connection.begin():
            if not _is_sqlite(engine):
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
            yield connection


@contextmanager
def restructuring(engine: Engine) -> Iterator[Connection]:
    """A writing transaction that may remake tables: references are checked at its end.

    Raises:
        StoreError: a reference would be left pointing nowhere; nothing was changed.
    """
    if not _is_sqlite(engine):
        with writing(engine) as connection:
            yield connection
        return
    with explained(engine), engine.connect() as bare:
        connection = bare.execution_options(**{_WRITES: True})
        _foreign_keys(connection, "OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if broken is not None:
                    raise StoreError(f"a row of {broken[0]} refers to one that is missing")
        finally:
            _foreign_keys(connection, "ON")


def _foreign_keys(connection: Connection, state: str) -> None:
    """The pragma has no effect inside a transaction, so it goes around SQLAlchemy."""
    raw = connection.connection.dbapi_connection
    if raw is not None:
        raw.execute(f"PRAGMA foreign_keys={state}")


def damage(connection: Connection) -> list[str]:
    """What the database itself finds wrong with its file: pages, indexes, constraints.

    Raises:
        UnicodeDecodeError: the statements that made the tables are damaged.
    """
    if connection.dialect.name != "sqlite":
        return []
    connection.exec_driver_sql("SELECT sql FROM sqlite_master").all()
    connection.exec_driver_sql(f"PRAGMA mmap_size={_MAPPED}")
    found = connection.exec_driver_sql("PRAGMA integrity_check").scalars()
    return [str(line) for line in found if line != "ok"]


def _is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Turn the database's errors into ours, without the statement and its parameters.

    Raises:
        LockedError: another process kept writing for longer than `WAIT`.
        StoreError: anything else that the database refuses.
    """
    try:
        yield
    except (SQLAlchemyError, UnicodeDecodeError) as error:
        raise _meaning(error, engine.url.render_as_string(hide_password=True)) from error


def _meaning(error: Exception, url: str) -> ScorelineError:
    original = error.orig if isinstance(error, DBAPIError) else None
    words = str(original or error).splitlines()[0]
    if "database is locked" in words:
        return LockedError(
            f"another process has been writing to the control store ({url}) for more than "
            f"{WAIT} s: wait for it to end, then try again"
        )
    advice = next((a for sign, a in _ADVICE.items() if sign in words), "")
    return StoreError(f"the control store ({url}) cannot be used: {words}{advice}")


_ADVICE = {
    "can't decode": "; its file is damaged: restore a backup",
    "malformed": "; its file is damaged: restore a backup",
    "not a database": "; this file is something else: check the URL",
    "is full": "; free some space, then run again (nothing was lost)",
    "readonly": "; make the file and its folder writable",
    "unable to open": "; check that the folder exists and may be written",
}
