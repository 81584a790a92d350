"""Fixtures of the control store's tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_builders import fill, store_url

from scoreline.store.store import ControlStore


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store's file, made once: Alembic runs once."""
    folder = tmp_path_factory.mktemp("empty")
    ControlStore.open(store_url(folder)).close()
    return folder / "control.db"


@pytest.fixture(scope="session")
def filled_store(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """A store's file with something of everything."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copy(empty_store, folder)
    store = ControlStore.open(store_url(folder))
    fill(store)
    store.close()
    return folder / "control.db"


@pytest.fixture
def store(tmp_path: Path, empty_store: Path) -> Iterator[ControlStore]:
    """An empty store of the test's own."""
    shutil.copy(empty_store, tmp_path)
    opened = ControlStore.open(store_url(tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def filled(tmp_path: Path, filled_store: Path) -> Iterator[ControlStore]:
    """A filled store of the test's own."""
    shutil.copy(filled_store, tmp_path)
    opened = ControlStore.open(store_url(tmp_path))
    yield opened
    opened.close()
