"""Database servers that a test session starts for itself, in folders of their own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

ADMIN = "adm1n-secret"
READER = "canary:p@ss/w%41rd"
PATIENCE = 60.0


class UnavailableError(Exception):
    """The server's programs are not on this machine, or it does not start."""


@dataclass
class Server:
    """A running server; `admin` may write, the account `reader` may only read."""

    backend: str
    process: subprocess.Popen[bytes]
    port: int
    admin: sa.URL
    made: int = 0
    engines: list[sa.Engine] = field(default_factory=list)

    def new_database(self) -> sa.Engine:
        """An empty database, for one test."""
        self.made += 1
        name = f"t{self.made}"
        with self.connect(self.admin) as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        engine = sa.create_engine(self.admin.set(database=name), poolclass=sa.NullPool)
        self.engines.append(engine)
        return engine

    def connect(self, url: sa.URL) -> sa.Connection:
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        return engine.connect()

    def kill(self) -> None:
        """SIGKILL to the server and all of its processes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server; it refuses to run as root, so root lends it to another account."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (str(programs[-1]) if programs else None)
    if found is None:
        raise UnavailableError("PostgreSQL is not installed (initdb)")
    account = _account("postgres", "nobody") if os.geteuid() == 0 else None
    with _folder(account) as folder:
        secret = folder / "secret"
        secret.write_text(ADMIN)
        if account:
            os.chown(secret, account.pw_uid, account.pw_gid)
        port, bin_ = _free_port(), Path(found).parent
        make = [found, "-D", f"{folder}/data", "-U", "adm", "-A", "scram-sha-256", "--no-sync"]
        make += ["--pwfile", str(secret), "-E", "UTF8", "--locale=C.UTF-8"]
        _made(make, folder, account)
        settings = {"fsync": "off", "listen_addresses": "127.0.0.1", "port": str(port)}
        settings |= {"unix_socket_directories": str(folder), "timezone": "America/New_York"}
        start = [str(bin_ / "postgres"), "-D", f"{folder}/data"]
        for name, value in settings.items():
            start += ["-c", f"{name}={value}"]
        url = sa.URL.create("postgresql+psycopg", "adm", ADMIN, "127.0.0.1", port, "postgres")
        with _running("postgresql", start, folder, account, port, url) as server:
            with server.connect(url) as connection:
                connection.execute(sa.text(f"CREATE ROLE reader LOGIN PASSWORD '{READER}'"))
                connection.execute(sa.text("GRANT pg_read_all_data TO reader"))
            yield server


@contextlib.contextmanager
def mariadb() -> Iterator[Server]:
    """A MariaDB server."""
    install, daemon = shutil.which("mariadb-install-db"), _daemon()
    if install is None or daemon is None:
        raise UnavailableError("MariaDB is not installed (mariadb-install-db, mariadbd)")
    with _folder(None) as folder:
        port, user = _free_port(), pwd.getpwuid(os.geteuid()).pw_name
        common = ["--no-defaults", f"--datadir={folder}/data", f"--user={user}"]
        make = [install, *common, "--skip-test-db", "--auth-root-authentication-method=normal"]
        _made(make, folder, None)
        start = [daemon, *common, f"--port={port}", f"--socket={folder}/s", "--skip-log-bin"]
        start += ["--skip-name-resolve"]
        start += ["--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0"]
        start += [f"--pid-file={folder}/pid", "--character-set-server=utf8mb4"]
        start += ["--default-time-zone=-05:00", "--innodb-buffer-pool-size=64M"]
        socket_ = {"unix_socket": f"{folder}/s"}
        url = sa.URL.create("mysql+pymysql", "root", query=socket_, host="localhost")
        with _running("mariadb", start, folder, None, port, url) as server:
            with server.connect(url) as connection:
                made = "CREATE USER reader@'127.0.0.1' IDENTIFIED BY %s"
                connection.exec_driver_sql(made, (READER,))
                connection.exec_driver_sql("GRANT SELECT ON *.* TO reader@'127.0.0.1'")
            yield server


def _daemon() -> str | None:
    return shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin:/usr/libexec")


def _account(*names: str) -> pwd.struct_passwd:
    for name in names:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise UnavailableError(f"there is no account to run a server under: {', '.join(names)}")


@contextlib.contextmanager
def _folder(account: pwd.struct_passwd | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sql-"))
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as(account: pwd.struct_passwd | None) -> Callable[..., subprocess.Popen[bytes]]:
    def start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
        log = (folder / "log").open("ab")
        if account:
            os.chown(folder / "log", account.pw_uid, account.pw_gid)
        identity = {"user": account.pw_uid, "group": account.pw_gid} if account else {}
        return subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            extra_groups=[] if account else None,
            **identity,
        )

    return start


def _made(command: list[str], folder: Path, account: pwd.struct_passwd | None) -> None:
    if _as(account)(command, folder).wait(PATIENCE):
        raise UnavailableError(f"{Path(command[0]).name} failed: {_last(folder)}")


@contextlib.contextmanager
def _running(
    backend: str,
    command: list[str],
    folder: Path,
    account: pwd.struct_passwd | None,
    port: int,
    admin: sa.URL,
) -> Iterator[Server]:
    process = _as(account)(command, folder)
    server = Server(backend, process, port, admin)
    try:
        _wait(server, folder)
        yield server
    finally:
        if process.poll() is None:
            server.kill()


def _wait(server: Server, folder: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            server.connect(server.admin).close()
        except sa.exc.DBAPIError as error:
            if server.process.poll() is not None or time.monotonic() > end:
                text = f"{server.backend} does not start: {error.orig}: {_last(folder)}"
                raise UnavailableError(text) from error
            time.sleep(0.1)
        else:
            return


def _last(folder: Path) -> str:
    return (folder / "log").read_text(errors="replace")[-500:]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
