"""A PostgreSQL server of the test session's own, reached through a socket in its folder."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, text


class UnavailableError(Exception):
    """PostgreSQL or its driver is not on this machine."""


class Server:
    """A running server that makes empty databases."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, 0

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://adm@/{name}?host={self.folder}"

    def new_database(self) -> str:
        """The URL of an empty database, its texts sorted as people sort them."""
        self.made += 1
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(
                text(
                    f"CREATE DATABASE store{self.made} TEMPLATE template0 "
                    "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
                )
            )
        engine.dispose()
        return self.url(f"store{self.made}")


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Start a server, and stop it; as root, under an account that may run one."""
    control = _program("pg_ctl")
    user = _account() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="store-"))
    try:
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        data, log = str(folder / "data"), str(folder / "log")
        _run([control, "initdb", "-D", data, "-o", "-U adm -A trust -E UTF8 --no-sync"], user)
        _run([control, "-D", data, "-l", log, "-w", "-o", options, "start"], user)
        try:
            yield Server(folder)
        finally:
            _run([control, "-D", data, "-m", "immediate", "stop"], user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    program = shutil.which(name) or (str(found[-1]) if found else None)
    if program is None:
        raise UnavailableError(f"PostgreSQL is not installed ({name})")
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise UnavailableError("the package psycopg is not installed") from error
    return program


def _account() -> str:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise UnavailableError("there is no account to run a server under")


def _run(command: list[str], user: str | None) -> None:
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, check=False)
    if done.returncode:
        raise UnavailableError(done.stderr.decode(errors="replace") or "the server does not start")
