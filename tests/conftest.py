"""Fixtures for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from scoreline.quality.gx import GxValidator

# How fast a machine is says nothing about the product: no example may fail for its time. In
# continuous integration the examples are the same each time; elsewhere they look further.
settings.register_profile(
    "any machine",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")

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
