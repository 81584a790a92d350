"""One database: its URL, and sessions on it that read one snapshot.

What belongs here: connecting, naming the database without secrets, running statements with
their errors translated. What does not: which statements, and what becomes of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.pool import NullPool

from connectors.errors import OptionError, PermanentError
from connectors.sql.drivers import Driver, driver_of, sqlite_file, with_driver
from connectors.sql.failures import Failures
from connectors.sql.kinds import ResultColumn
from connectors.sql.options import SqlSource

SAFE_PARAMETERS = ("host", "port", "unix_socket", "charset", "sslmode")


@dataclass(frozen=True, slots=True)
class Session:
    """A transaction on one snapshot; `where` names what is read, in errors."""

    connection: sa.Connection
    driver: Driver
    failures: Failures
    where: str
    times_as_text: bool = False

    def one(self, statement: sa.Executable) -> Sequence[Any]:
        """The single row of a statement."""
        with self.failures.named(self.where):
            return tuple(self.connection.execute(statement).one())

    def number(self, statement: sa.Executable) -> int:
        """The single whole number of a statement, in whatever form the driver gives it."""
        return int(self.one(statement)[0])

    def columns(self, statement: sa.Executable) -> tuple[ResultColumn, ...]:
        """The columns that a statement gives; its rows are not fetched."""
        with self.failures.named(self.where):
            result = self.connection.execute(statement)
            described = list(result.cursor.description) if result.cursor else []
            result.close()
        as_text = self.times_as_text
        return tuple(self.driver.column(d, times_as_text=as_text) for d in described)

    def chunks(self, statement: sa.Executable, rows: int) -> Iterator[Sequence[Sequence[Any]]]:
        """The rows, fetched from the server in chunks of `rows`."""
        with self.failures.named(self.where):
            result = self.connection.execute(statement, execution_options={"yield_per": rows})
        parts = result.partitions(rows)
        while True:
            with self.failures.named(self.where):
                part = next(parts, None)
            if part is None:
                return
            yield part


class Database:
    """A database by its options; nothing is opened until a snapshot is taken."""

    def __init__(self, options: SqlSource, base: Path) -> None:
        """Reads the URL.

        Args:
            options: the source's, secrets filled in.
            base: the project's folder, where relative SQLite files are.

        Raises:
            OptionError: the URL cannot be read, or it names a database that is not known.
        """
        self.url, self._url = _urls(options)
        self.driver = _driver(self._url)
        self._arguments: Mapping[str, Any] = options.connect_args
        self._file = sqlite_file(self.url, base)
        self.identity = _identity(self.url)
        self.failures = Failures(self.driver, _secrets(self._url))

    @contextmanager
    def snapshot(self, where: str, *, times_as_text: bool = False) -> Iterator[Session]:
        """A read-only transaction on one snapshot.

        Raises:
            TransientError: the database cannot be reached now.
            PermanentError: it refuses the account, there is no such file, no driver.
        """
        engine = self._engine(times_as_text)
        with self.failures.named(self.identity, connecting=True):
            connection = engine.connect()
        raw = connection.connection.dbapi_connection
        try:
            with self.failures.named(self.identity, connecting=True):
                connection = self.driver.begin(connection)
            yield Session(connection, self.driver, self.failures, where, times_as_text)
        except BaseException:
            self.driver.abandon(raw)  # a half-read result is not drained
            connection.invalidate()
            raise
        finally:
            connection.close()
            engine.dispose()

    def _engine(self, times_as_text: bool) -> sa.Engine:
        url = self._url
        if self._file is not None:
            url = url.set(database=_read_only(self._file, self.identity)).update_query_dict(
                {"mode": "ro", "uri": "true"}
            )
        arguments = self.driver.arguments(self._arguments, times_as_text=times_as_text)
        try:
            engine = sa.create_engine(
                url, poolclass=NullPool, hide_parameters=True, connect_args=arguments
            )
        except exc.NoSuchModuleError:
            raise _no_dialect(url) from None
        except ImportError as error:
            raise self._no_driver(error) from None

        @event.listens_for(engine, "connect")
        def prepare(raw: Any, record: Any) -> None:
            self.driver.prepare(raw, times_as_text=times_as_text)

        return engine

    def _no_driver(self, error: ImportError) -> PermanentError:
        wanted = self.driver.extra
        do = f"Install it: pip install 'scoreline[{wanted}]'" if wanted else "Install it"
        return PermanentError(
            f"the driver {error.name or self.url.get_driver_name()} is not installed",
            where=self.identity,
            do=do,
        )


def _urls(options: SqlSource) -> tuple[sa.URL, sa.URL]:
    """The URL without any password, and the one to connect with."""
    try:
        url = with_driver(sa.make_url(options.url))
    except (exc.ArgumentError, ValueError):
        raise OptionError(
            "url",
            "cannot be read as a URL",
            legal="such as postgresql://reader@db.example:5432/shop; characters like @ : / % in a "
            "password must be percent-encoded, or given by the option password",
        ) from None
    secret = url if options.password is None else url.set(password=options.password)
    shown = {k: v for k, v in url.query.items() if k in SAFE_PARAMETERS}
    plain = sa.URL.create(url.drivername, None, None, url.host, url.port, url.database, query=shown)
    return plain, secret


def _driver(url: sa.URL) -> Driver:
    try:
        return driver_of(url)
    except (exc.NoSuchModuleError, ImportError):
        raise _no_dialect(url) from None


def _no_dialect(url: sa.URL) -> OptionError:
    return OptionError(
        "url",
        f"no dialect {url.drivername!r} is installed",
        found=url.drivername,
        legal="postgresql, mysql, mariadb, sqlite, or any dialect of SQLAlchemy that is there",
    )


def _identity(url: sa.URL) -> str:
    """The database's name for people: no account, no secret, no path of this machine."""
    backend, name = url.get_backend_name(), url.database or ""
    if backend == "sqlite":
        return f"sqlite:{Path(name).name if Path(name).is_absolute() else name}"
    port = f":{url.port}" if url.port else ""
    return f"{backend}://{url.host or 'localhost'}{port}/{name}"


def _secrets(url: sa.URL) -> tuple[str, ...]:
    """Everything of the URL that no text may show: passwords as they are and encoded."""
    found = [str(url.password)] if url.password else []
    for name, value in url.query.items():
        if name not in SAFE_PARAMETERS:
            found += [value] if isinstance(value, str) else list(value)
    every = {form for text in found for form in (text, quote(text, safe=""), quote_plus(text))}
    return tuple(sorted((t for t in every if t), key=len, reverse=True))


def _read_only(path: Path, identity: str) -> str:
    """The URI of a SQLite file, for a connection that cannot write or make it."""
    if not path.is_file():
        raise PermanentError(
            "there is no such file", where=identity, do="Correct the path in the option url"
        )
    return path.resolve().as_uri()
