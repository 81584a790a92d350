"""The small projects of tests/flow, for tests of access."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "flow")]

import pytest  # noqa: E402

from scoreline.web.access import passwords  # noqa: E402


@pytest.fixture(autouse=True, scope="session")
def _quick_hashes() -> None:
    """Hashes that cost nothing: their strength is no matter of these tests."""
    patch = pytest.MonkeyPatch()
    patch.setattr(passwords, "_N", 2**4)
    patch.setattr(passwords, "_NOBODY", passwords._NOBODY.replace("$32768$", "$16$"))
