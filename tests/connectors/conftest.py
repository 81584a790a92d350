"""Fixtures of the connectors' tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from folders import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    work = tmp_path / "work"
    work.mkdir()
    made = Folder(tmp_path, work)
    made.root.mkdir()
    return made


@pytest.fixture
def rows(folder: Folder) -> Callable[..., list[dict[str, Any]]]:
    """The rows of a CSV text."""

    def read(content: bytes | str, **options: Any) -> list[dict[str, Any]]:
        table: list[dict[str, Any]] = folder.read(content, **options)[1].to_pylist()
        return table

    return read
