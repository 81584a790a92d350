"""Fixtures for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scoreline.quality.gx import GxValidator

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the design's cases and real data, beside the project; else a skip."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: the tests on recorded data need it")
    return folder


@pytest.fixture(scope="session")
def gx() -> Iterator[GxValidator]:
    """The one validator of a test session: its child imports Great Expectations once."""
    with GxValidator() as validator:
        yield validator
