"""What differs between database drivers: arguments, session, snapshot, types, errors.

What belongs here: one class for each driver that is known well, and the general one for any
other that SQLAlchemy has. What does not: URLs and engines (database), statements (window).

Facts used, from the drivers' sources: psycopg gives numeric as Decimal, json as parsed objects
with floats, and refuses infinite or very early times with a DataError of its own; its loaders
are set for each connection. PyMySQL's decoders are the argument `conv`; without one, a value
is the server's text; a date that is none (zero) stays text; TIMESTAMP comes in the session's
zone without saying so. pysqlite types each value, not the column.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import sqlalchemy as sa

from connectors.sql.kinds import TIMES, Name, ResultColumn

Verdict = Literal["transient", "permanent"]
ISOLATION = ("SNAPSHOT", "REPEATABLE READ", "SERIALIZABLE")


class Driver:
    """Any driver: one transaction as well isolated as it can be; every value is text."""

    extra: ClassVar[str] = ""
    defaults: ClassVar[Mapping[str, Any]] = {}

    def arguments(self, given: Mapping[str, Any], *, times_as_text: bool) -> dict[str, Any]:
        """The driver's own arguments for a connection."""
        return {**self.defaults, **given}

    def prepare(self, raw: Any, *, times_as_text: bool) -> None:
        """Sets up a new driver connection."""

    def begin(self, connection: sa.Connection) -> sa.Connection:
        """Begins a transaction that reads one snapshot and, where possible, cannot write."""
        known = connection.dialect.get_isolation_level_values(_raw(connection))
        level = next((name for name in ISOLATION if name in known), None)
        return connection.execution_options(isolation_level=level) if level else connection

    def abandon(self, raw: Any) -> None:
        """Gives up a driver connection whose result may be half read."""

    def column(self, described: Any, *, times_as_text: bool) -> ResultColumn:
        """A column of a result by its description (PEP 249)."""
        return ResultColumn(str(described[0]))

    def verdict(self, error: Exception) -> Verdict | None:
        """Whether trying again may help, where the driver's error says; else None."""
        return None

    def refuses_a_time(self, error: Exception) -> bool:
        """Whether this is the driver's own refusal of a time that Python cannot hold."""
        return False


class Psycopg(Driver):
    """PostgreSQL through psycopg 3."""

    extra = "postgres"
    defaults: ClassVar[Mapping[str, Any]] = {"connect_timeout": 10, "keepalives_idle": 60}
    kinds: ClassVar[Mapping[int, Name]] = {
        16: "boolean", 20: "integer", 21: "integer", 23: "integer", 26: "integer",
        700: "float", 701: "float", 1082: "date", 1114: "timestamp", 1184: "instant",
        1700: "decimal",
    }  # fmt: skip
    as_text = (
        "numeric", "float4", "float8", "json", "jsonb", "uuid", "interval", "time", "timetz",
        "inet", "cidr", "int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange",
    )  # fmt: skip
    times = ("date", "timestamp", "timestamptz")
    refused_at_the_door = (
        "authentication failed", "does not exist", "no pg_hba.conf entry", "not permitted to log",
        "permission denied", "no password supplied", "certificate", "not support SSL",
    )  # fmt: skip

    def prepare(self, raw: Any, *, times_as_text: bool) -> None:
        """Takes the server's own text for what Python would not hold exactly."""
        from psycopg.types.string import TextLoader

        for name in self.as_text + (self.times if times_as_text else ()):
            raw.adapters.register_loader(name, TextLoader)

    def begin(self, connection: sa.Connection) -> sa.Connection:
        """A read-only transaction on one snapshot, speaking UTC and ISO."""
        connection = connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        for setting in ("TimeZone = 'UTC'", "DateStyle = 'ISO'", "IntervalStyle = 'iso_8601'"):
            connection.exec_driver_sql(f"SET LOCAL {setting}")
        connection.exec_driver_sql("SET LOCAL extra_float_digits = 1")
        return connection

    def column(self, described: Any, *, times_as_text: bool) -> ResultColumn:
        """By the type's object id, which is fixed for built-in types."""
        kind = self.kinds.get(described[1], "text")
        exact = kind in ("boolean", "integer") or (kind in TIMES and not times_as_text)
        return ResultColumn(str(described[0]), kind, as_text=not exact)

    def verdict(self, error: Exception) -> Verdict | None:
        """By SQLSTATE; a refused connection has none, so there by the server's words."""
        state = getattr(error, "sqlstate", None)
        if state is None:
            if any(words in str(error) for words in self.refused_at_the_door):
                return "permanent"
            return "transient" if type(error).__name__ == "OperationalError" else None
        later = ("08", "40", "53", "57", "58", "25P03", "55P03")
        return "transient" if state.startswith(later) else "permanent"

    def refuses_a_time(self, error: Exception) -> bool:
        """A DataError without SQLSTATE is psycopg's own, of a value that it was reading."""
        return type(error).__name__ == "DataError" and getattr(error, "sqlstate", None) is None


class PyMySql(Driver):
    """MySQL and MariaDB through PyMySQL."""

    extra = "mysql"
    defaults: ClassVar[Mapping[str, Any]] = {"connect_timeout": 10, "read_timeout": 900}
    kinds: ClassVar[Mapping[int, Name]] = {
        0: "decimal", 1: "integer", 2: "integer", 3: "integer", 4: "float", 5: "float",
        7: "instant", 8: "integer", 9: "integer", 10: "date", 12: "timestamp", 13: "integer",
        246: "decimal",
    }  # fmt: skip
    as_text = (0, 4, 5, 8, 11, 246)  # BIGINT may be unsigned and beyond 64 bits
    times = (7, 10, 12, 14)
    later = (
        1040, 1053, 1203, 1205, 1213, 1317, 1927, 1969, 2002, 2003, 2006, 2013, 2055, 3024, 4031,
    )  # fmt: skip

    def arguments(self, given: Mapping[str, Any], *, times_as_text: bool) -> dict[str, Any]:
        """With decoders for what Python holds exactly; the rest stays the server's text."""
        from pymysql.converters import conversions

        dropped = self.as_text + (self.times if times_as_text else ())
        decoders: dict[Any, Any] = conversions
        conv = {code: decode for code, decode in decoders.items() if code not in dropped}
        return {**self.defaults, **given, "conv": conv, "local_infile": False}

    def begin(self, connection: sa.Connection) -> sa.Connection:
        """A read-only transaction on one snapshot, speaking UTC."""
        connection.exec_driver_sql("SET time_zone = '+00:00'")
        connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        return connection

    def abandon(self, raw: Any) -> None:
        """Keeps PyMySQL's cursor from reading the rest when it is collected."""
        result = getattr(raw, "_result", None)
        if result is not None:
            result.unbuffered_active = False

    def column(self, described: Any, *, times_as_text: bool) -> ResultColumn:
        """By the protocol's type code."""
        kind = self.kinds.get(described[1], "text")
        exact = kind == "integer" or (kind in TIMES and not times_as_text)
        return ResultColumn(str(described[0]), kind, not exact or described[1] in self.as_text)

    def verdict(self, error: Exception) -> Verdict | None:
        """By the server's error number; those from 2000 to 2999 are the client's own."""
        number = error.args[0] if error.args else None
        if not isinstance(number, int):
            return None
        return "transient" if number in self.later or number == 0 else "permanent"


class Sqlite(Driver):
    """SQLite files through Python's own module."""

    defaults: ClassVar[Mapping[str, Any]] = {"timeout": 30}
    later = ("locked", "busy", "disk i/o error", "schema has changed")

    def begin(self, connection: sa.Connection) -> sa.Connection:
        """One read transaction; the file itself is opened read-only."""
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN")
        return connection

    def verdict(self, error: Exception) -> Verdict | None:
        """By SQLite's words."""
        text = str(error).lower()
        return "transient" if any(words in text for words in self.later) else "permanent"


KNOWN: dict[str, Driver] = {"psycopg": Psycopg(), "pymysql": PyMySql(), "pysqlite": Sqlite()}
DEFAULTS = {"mariadb": "pymysql", "mysql": "pymysql", "postgresql": "psycopg"}


def driver_of(url: sa.URL) -> Driver:
    """What is known of a URL's driver."""
    return KNOWN.get(url.get_driver_name(), Driver())


def with_driver(url: sa.URL) -> sa.URL:
    """The URL with our choice of driver, where it names none."""
    backend = "postgresql" if url.drivername == "postgres" else url.drivername
    if "+" in backend or backend not in DEFAULTS:
        return url
    return url.set(drivername=f"{backend}+{DEFAULTS[backend]}")


def sqlite_file(url: sa.URL, base: Path) -> Path | None:
    """The file of a SQLite URL, relative ones under `base`; None for other databases."""
    if url.get_backend_name() != "sqlite":
        return None
    return base / (url.database or "")


def _raw(connection: sa.Connection) -> Any:
    return connection.connection.dbapi_connection
