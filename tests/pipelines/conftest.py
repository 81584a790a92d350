"""A small project, written anew for each test, and steps that only say what they were asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from pipeline_fakes import FakeSteps, write_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two sources, three streams, two metrics files and two objectives files."""
    return write_project(tmp_path / "project")


@pytest.fixture
def steps(project: Path) -> FakeSteps:
    """Steps that touch no data."""
    return FakeSteps(project)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance of Dagster that lives in memory."""
    with dg.DagsterInstance.ephemeral() as found:
        yield found
