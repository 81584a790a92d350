"""What the tests of checks share: a batch, and a short way to write a check."""

from __future__ import annotations

from pathlib import Path

import check_batches
import pytest


@pytest.fixture(scope="session")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A typed file of five rows with every type of column."""
    return check_batches.small(tmp_path_factory.mktemp("batch"))
