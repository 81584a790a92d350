"""A project that was run once, and a server, for the tests of backups."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "flow"), str(TESTS / "store")]

from backup_builders import DAY, Kept  # noqa: E402
from store_postgres import Server, UnavailableError, running  # noqa: E402
from test_faults import write_project  # noqa: E402


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after one run: rows set aside, refused and broken among them, and a key."""
    root = tmp_path_factory.mktemp("ran") / "project"
    write_project(root).run(DAY)
    return root


@pytest.fixture
def project(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """A copy of that project, the test's own."""
    monkeypatch.delenv("SCORELINE_STORE", raising=False)
    shutil.copytree(ran, tmp_path / "project")
    return Kept(tmp_path / "project")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server, or a skip that says what is missing."""
    try:
        with running() as started:
            yield started
    except UnavailableError as why:
        pytest.skip(f"no PostgreSQL to test against: {why}")
