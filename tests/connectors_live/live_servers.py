"""Real servers from the package index, each in an environment of its own, made once a machine."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

RALPH = ("ralph-malph[lrs,backend-fs,cli]==5.1.0", "requests")
TRYTON = ("trytond==8.2.1", "trytond-sale-opportunity==8.2.0", "psycopg[binary,pool]")
KOLIBRI = ("kolibri==0.19.5",)
PATIENCE = 120


def environment(name: str, requirements: tuple[str, ...]) -> Path:
    """The folder of an environment with these packages; a visible skip where there is none."""
    stamp = hashlib.sha256(" ".join(requirements).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "scoreline-tests"
    place = cache / f"{name}-{stamp}"
    if (place / "complete").exists():
        return place
    shutil.rmtree(place, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    try:
        subprocess.run([uv, "venv", "-q", str(place), "-p", sys.executable], check=True, env=clean)
        install = [uv, "pip", "install", "-q", "-p", str(place / "bin" / "python"), *requirements]
        subprocess.run(install, check=True, env=clean, timeout=480)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"{name} cannot be installed here: {error}")
    (place / "complete").touch()
    return place


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def running(
    command: list[str], env: dict[str, str], ready: str, log: Path, **more: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, from when its address answers until the block ends."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    with log.open("wb") as out:
        process = subprocess.Popen(command, env={**clean, **env}, stdout=out, stderr=out, **more)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the server did not start: {log.read_text()[-2000:]}")
            try:
                if httpx.get(ready, timeout=5).status_code < 500:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


RALPH_START = """
from ralph.backends.data.base import BaseOperationType
from ralph.backends.data.fs import FSDataBackend
FSDataBackend.default_operation_type = BaseOperationType.APPEND
import sys, uvicorn
uvicorn.run("ralph.api:app", host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
"""


@contextmanager
def ralph(folder: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """A learning record store: its endpoint, and an account."""
    place = environment("ralph", RALPH)
    account, port = ("lrs", "lrs-password"), free_port()
    env = {"RALPH_APP_DIR": str(folder)}
    hashing = (
        "import bcrypt, sys; print(bcrypt.hashpw(sys.argv[1].encode(), bcrypt.gensalt(4)).decode())"
    )
    hashed = subprocess.run(
        [str(place / "bin" / "python"), "-c", hashing, account[1]],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()
    user = {
        "agent": {"mbox": "mailto:lrs@example.org"},
        "scopes": ["all"],
        "hash": hashed,
        "username": account[0],
        "target": None,
    }
    (folder / "auth.json").write_text(json.dumps([user]))
    env |= {
        "RALPH_AUTH_FILE": str(folder / "auth.json"),
        "RALPH_RUNSERVER_BACKEND": "fs",
        "RALPH_RUNSERVER_MAX_SEARCH_HITS_COUNT": "8000",
        "RALPH_BACKENDS__LRS__FS__DEFAULT_DIRECTORY_PATH": str(folder / "statements"),
    }
    (folder / "statements").mkdir()
    command = [str(place / "bin" / "python"), "-c", RALPH_START, str(port)]
    url = f"http://127.0.0.1:{port}"
    with running(command, env, f"{url}/__lbheartbeat__", folder / "ralph.log"):
        yield f"{url}/xAPI", account


def authorization(account: tuple[str, str]) -> dict[str, str]:
    pair = base64.b64encode(":".join(account).encode()).decode()
    return {"Authorization": f"Basic {pair}", "X-Experience-API-Version": "1.0.3"}


def post_statements(
    endpoint: str, account: tuple[str, str], statements: list[dict[str, object]]
) -> None:
    with httpx.Client(headers=authorization(account), timeout=120) as client:
        for start in range(0, len(statements), 1_000):
            body = json.dumps(statements[start : start + 1_000])
            answer = client.post(
                f"{endpoint}/statements/",
                content=body,
                headers={"Content-Type": "application/json"},
            )
            assert answer.status_code == 200, answer.text


@dataclass(frozen=True)
class Tryton:
    """A Tryton: its address, and the key of a user application for REST."""

    url: str
    key: str
    loading: list[str]

    def change(self, count: int) -> None:
        """Edit so many opportunities."""
        _said([*self.loading, str(count)])


@contextmanager
def tryton(folder: Path, url: str, table: Path) -> Iterator[Tryton]:
    """A Tryton with sale_opportunity on PostgreSQL, and the opportunities of a CRM in it.

    Args:
        folder: for its configuration and logs.
        url: of a PostgreSQL server with an empty database `tryton`, without the database.
        table: the opportunities.
    """
    place = environment("tryton", TRYTON)
    port, python = free_port(), str(place / "bin" / "python")
    settings = folder / "trytond.conf"
    settings.write_text(
        f"[database]\nuri = {url}\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n"
    )
    (folder / "password").write_text("tryton-password-1")
    admin = [str(place / "bin" / "trytond-admin"), "-c", str(settings), "-d", "tryton"]
    more = {"TRYTONPASSFILE": str(folder / "password")}
    _said(
        [
            *admin,
            "-u",
            "sale_opportunity",
            "--activate-dependencies",
            "--all",
            "--email",
            "a@example.org",
            "-p",
        ],
        **more,
    )
    loading = [
        python,
        str(Path(__file__).with_name("tryton_load.py")),
        str(settings),
        "tryton",
        str(table),
    ]
    key = _said(loading).splitlines()[0]
    base = f"http://127.0.0.1:{port}"
    serving = [str(place / "bin" / "trytond"), "-c", str(settings), "-d", "tryton"]
    with running(serving, {}, base, folder / "tryton.log"):
        yield Tryton(f"{base}/tryton", key, loading)


def _said(command: list[str], **more: str) -> str:
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, env={**clean, **more}, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr[-3000:]}"
    return done.stdout


@dataclass(frozen=True)
class Kolibri:
    """A Kolibri: its address, its administrator, and how data gets in."""

    url: str
    username: str
    password: str
    shell: list[str]
    env: dict[str, str]

    def run(self, **more: str) -> str:
        """Run the loading script in Kolibri's shell."""
        script = Path(__file__).with_name("kolibri_load.py").read_text()
        return _said([*self.shell, "-c", script], **self.env, **more)


@contextmanager
def kolibri(folder: Path, exports: Path) -> Iterator[Kolibri]:
    """A Kolibri with the people and learning logs that another one exported."""
    place, port = environment("kolibri", KOLIBRI), free_port()
    program = str(place / "bin" / "kolibri")
    env = {
        "KOLIBRI_HOME": str(folder / "kolibri"),
        "KOLIBRI_RUN_MODE": "test",
        "USERS": str(exports / "kolibri_users.csv"),
        "SUMMARY": str(exports / "kolibri_summary_logs.csv"),
    }
    made = Kolibri(
        f"http://127.0.0.1:{port}", "admin", "kolibri-password-1", [program, "manage", "shell"], env
    )
    provision = [
        program,
        "manage",
        "provisiondevice",
        "--facility",
        "Acme",
        "--preset",
        "nonformal",
    ]
    provision += ["--superusername", made.username, "--superuserpassword", made.password]
    _said([*provision, "--language_id", "en", "--noinput"], **env)
    made.run()
    serving = [program, "start", "--foreground", f"--port={port}", "--zip-port=0"]
    with running(serving, env, f"{made.url}/api/public/info/", folder / "kolibri.log"):
        yield made
