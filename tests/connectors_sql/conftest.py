"""Fixtures: one server of each kind for the session, an empty database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sql_servers import READER, Server, UnavailableError, mariadb, postgresql
from sql_world import World


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    try:
        with postgresql() as server:
            yield server
    except UnavailableError as why:
        pytest.skip(f"no PostgreSQL to test against: {why}")


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Server]:
    try:
        with mariadb() as server:
            yield server
    except UnavailableError as why:
        pytest.skip(f"no MariaDB to test against: {why}")


def world_on(server: Server, work: Path) -> World:
    """An empty database on a server."""
    engine = server.new_database()
    name = engine.url.database
    scheme = "postgresql" if server.backend == "postgresql" else "mariadb"
    url = f"{scheme}://reader@127.0.0.1:{server.port}/{name}"
    return World(server.backend, engine, url, READER, work)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def sqlite_world(work: Path) -> World:
    engine = sa.create_engine(f"sqlite:///{work.parent}/shop.db", poolclass=sa.NullPool)
    engine.connect().close()
    return World("sqlite", engine, "sqlite:///shop.db", None, work)


@pytest.fixture
def postgresql_world(postgresql_server: Server, work: Path) -> World:
    return world_on(postgresql_server, work)


@pytest.fixture
def mariadb_world(mariadb_server: Server, work: Path) -> World:
    return world_on(mariadb_server, work)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def world(request: pytest.FixtureRequest) -> World:
    """An empty database of each kind in turn."""
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found


@pytest.fixture(params=["postgresql", "mariadb"])
def served(request: pytest.FixtureRequest) -> World:
    """An empty database on each server in turn."""
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found
