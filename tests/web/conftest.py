"""Projects that pages are made of, and a client that asks for them in this process."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

_TESTS = Path(__file__).resolve().parents[1]
for _path in (str(_TESTS / "flow"), str(_TESTS.parent)):  # builders, and the bench
    if _path not in sys.path:
        sys.path.insert(0, _path)

from flow_builders import Clock, Small  # noqa: E402
from page_world import Pages, served, write_world  # noqa: E402


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """A project with every kind of key result and every kind of trouble, run twice.

    Nobody writes to it.
    """
    small = write_world(tmp_path_factory.mktemp("world"))
    with served(small) as pages:
        yield pages


@pytest.fixture
def own(world: Pages, tmp_path: Path) -> Iterator[Pages]:
    """A copy of that project for one test, which may write to it, an hour later."""
    root = tmp_path / "own"
    shutil.copytree(world.small.root, root)
    with served(Small(root, Clock(datetime(2026, 11, 22, 7, tzinfo=UTC)))) as pages:
        yield pages
