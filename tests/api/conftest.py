"""The small projects of other tests, for tests of the API."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "flow"), str(TESTS / "access")]
