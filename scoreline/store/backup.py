"""Copies of the control store: taken while others write, read, and loaded into another database.

What belongs here: the statements and the SQLite calls. What does not: stored files, folders
and archives (steps.backing_up, steps.restoring).

A copy is always one SQLite file without companions, whatever database the store is in.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, inspect, select

from scoreline.core.errors import StoreError, UsageError
from scoreline.core.records import StoredFile
from scoreline.store import dialect, migrating
from scoreline.store.codec import file_from
from scoreline.store.removals import NAMING, files_of
from scoreline.store.rows import Finding
from scoreline.store.schema import HEAD, ledger_blocks, ledger_records, metadata, row_tallies
from scoreline.store.verifying import verify

BATCH = 1000
"""Rows that are copied at a time."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a copy holds.

    Attributes:
        schema: its schema version.
        records: how many records its ledger has.
        blocks: the digest of each block, by height.
        files: every stored file that a record names, with the record's place.
    """

    schema: str
    records: int
    blocks: tuple[str, ...]
    files: Mapping[StoredFile, str]


def sqlite_url(path: Path) -> str:
    """The URL of a store in a file."""
    return f"sqlite:///{path}"


def snapshot(url: str, target: Path) -> None:
    """Copy a store as it is at one moment into a new SQLite file; writers go on meanwhile.

    SQLite: its online backup, in one step, of whatever schema version it has. Other
    databases: every row, read in one transaction that sees one state.

    Raises:
        StoreError: there is no store, it is damaged, or (other than SQLite) it has not the
            schema of this release.
    """
    with _engine(url, read_only=True) as engine:
        if engine.dialect.name == "sqlite":
            _copy_pages(engine, target)
        else:
            migrating.bring_up(engine, migrate=False)
            with _engine(sqlite_url(target)) as copy:
                migrating.bring_up(copy, migrate=True)
                with dialect.reading(engine) as rows, dialect.writing(copy) as into:
                    _copy_rows(rows, into)
    _make_single(target)
    _refuse_damage(target)


def _copy_pages(engine: Engine, target: Path) -> None:
    """Everything that is committed, from the file and its write-ahead log.

    https://www.sqlite.org/backup.html: all pages in one step hold one read transaction.
    """
    with dialect.explained(engine), closing(engine.raw_connection()) as pooled:
        source: Any = pooled.driver_connection
        try:
            with closing(sqlite3.connect(target)) as copy:
                source.backup(copy)
        except sqlite3.Error as error:
            raise StoreError(
                f"the control store ({engine.url.database}) cannot be copied: {error}; "
                "`scoreline verify` says more"
            ) from error


def _make_single(path: Path) -> None:
    """Take a file out of write-ahead mode, so that it stands alone."""
    try:
        with closing(sqlite3.connect(path)) as raw:
            raw.execute("PRAGMA journal_mode=DELETE").fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"the copy {path} of the control store is damaged: {error}") from error


def _refuse_damage(path: Path) -> None:
    """Raise StoreError where a copy's file is damaged or is no control store."""
    with _engine(sqlite_url(path), read_only=True) as engine:
        with dialect.reading(engine) as connection:
            wrong = dialect.damage(connection)
        if wrong:
            raise StoreError(
                f"the control store's file is damaged ({wrong[0]}): nothing was backed up, and "
                "earlier backups were left as they are; restore one of them"
            )
        if migrating.schema_version(engine) is None:
            raise StoreError("the database holds no control store: `scoreline run` makes one")


def contents(copy: Path) -> Contents:
    """What a copy holds; an older one is read through a copy of it that is brought forward.

    Raises:
        StoreError: it is newer than this release, or cannot be read.
    """
    with _engine(sqlite_url(copy), read_only=True) as engine:
        schema = migrating.schema_version(engine) or ""
    with _current(copy) as engine, dialect.reading(engine) as connection:
        records = connection.execute(select(func.count()).select_from(ledger_records))
        blocks = connection.execute(select(ledger_blocks.c.digest).order_by(ledger_blocks.c.height))
        return Contents(
            schema, records.scalar_one(), tuple(blocks.scalars()), _named_files(connection)
        )


def findings(copy: Path) -> list[Finding]:
    """Everything in a copy that is not as it was written; empty if all is well."""
    with _current(copy) as engine, dialect.reading(engine) as connection:
        return verify(connection)


def bring_forward(copy: Path) -> None:
    """Give a copy the schema of this release.

    Raises:
        StoreError: a newer release wrote it, or it is no control store.
    """
    with _engine(sqlite_url(copy)) as engine:
        migrating.bring_up(engine, migrate=True)
    _make_single(copy)


@contextmanager
def _current(copy: Path) -> Iterator[Engine]:
    """A copy with the schema of this release; the file itself is not changed."""
    with _engine(sqlite_url(copy), read_only=True) as engine:
        if migrating.schema_version(engine) == HEAD:
            yield engine
            return
    with tempfile.TemporaryDirectory(dir=copy.parent) as folder:
        older = Path(folder) / copy.name
        shutil.copyfile(copy, older)
        bring_forward(older)
        with _engine(sqlite_url(older), read_only=True) as engine:
            yield engine


def _named_files(connection: Connection) -> dict[StoredFile, str]:
    """Every file that a record names and none removes; those of manifests are among them."""
    query = select(ledger_records.c.seq, ledger_records.c.kind, ledger_records.c.body)
    query = query.where(ledger_records.c.kind.in_(NAMING)).order_by(ledger_records.c.seq)
    found: dict[StoredFile, str] = {}
    for row in connection.execute(query.execution_options(yield_per=BATCH)):
        try:
            body = json.loads(row.body)
            named = [file_from(item) for item in files_of(row.kind, body)]
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"ledger record {row.seq} cannot be read: `scoreline verify` lists what is "
                "damaged; nothing was backed up"
            ) from error
        for file in map(file_from, body.get("removed", ())):
            found.pop(file, None)  # type: ignore[arg-type]  # a record lists no None
        for file in named:
            if file is not None:
                found.setdefault(file, f"ledger record {row.seq}, a {row.kind}")
    return found


def refuse_occupied(copy: Path, url: str) -> None:
    """Raise UsageError where a database cannot take a copy in: it holds something else.

    Raises:
        UsageError: it holds a store with contents other than the copy's.
        StoreError: it cannot be reached, or holds other tables.
    """
    with _engine(url) as engine, dialect.explained(engine), engine.connect() as connection:
        made = inspect(connection).has_table(ledger_records.name)
    if made:
        load(copy, url, only_check=True)


def load(copy: Path, url: str, *, only_check: bool = False) -> None:
    """Write a copy into a database that is empty, in one transaction.

    A database that holds just this copy already is left as it is, so that a load that was
    cut short can be done again.

    Args:
        copy: a copy with the schema of this release.
        url: the database.
        only_check: write nothing; raise what writing would raise.

    Raises:
        UsageError: the database holds a store with other contents.
        StoreError: it cannot be reached or written, or holds other tables.
    """
    with _engine(sqlite_url(copy), read_only=True) as source, _engine(url) as target:
        migrating.bring_up(target, migrate=True)
        with dialect.reading(source) as rows, dialect.writing(target) as into:
            if _sizes(into) == _sizes(rows) and _mark(into) == _mark(rows):
                return
            held = {name: n for name, n in _sizes(into).items() if n and name != row_tallies.name}
            if held:
                where = target.url.render_as_string(hide_password=True)
                raise UsageError(
                    f"the database {where} holds a control store already "
                    f"({', '.join(f'{n} {name}' for name, n in held.items())}): name an empty "
                    "database in SCORELINE_STORE; nothing was changed"
                )
            if not only_check:
                _copy_rows(rows, into)


def _sizes(connection: Connection) -> dict[str, int]:
    """How many rows each table has."""
    count = func.count
    return {
        table.name: connection.execute(select(count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }


def _mark(connection: Connection) -> tuple[object, ...]:
    """What differs between stores that differ: the ledger's last digests and the tallies."""
    newest = select(ledger_records.c.digest).order_by(ledger_records.c.seq.desc()).limit(1)
    tip = select(ledger_blocks.c.digest).order_by(ledger_blocks.c.height.desc()).limit(1)
    tallies = select(row_tallies).order_by(row_tallies.c.table_name)
    totals = sorted(tuple(row) for row in connection.execute(tallies))
    return connection.execute(newest).scalar(), connection.execute(tip).scalar(), totals


def _copy_rows(source: Connection, target: Connection) -> None:
    """Copy every row of every table, those that others refer to first."""
    target.execute(delete(row_tallies))
    for table in metadata.sorted_tables:
        found = source.execute(select(table).execution_options(yield_per=BATCH))
        for part in found.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in part])


@contextmanager
def _engine(url: str, *, read_only: bool = False) -> Iterator[Engine]:
    """An engine that is closed at the end; only one that may write makes a missing file."""
    engine = dialect.engine_for(url, create=not read_only, read_only=read_only)
    try:
        yield engine
    finally:
        engine.dispose()
