"""Builders of other folders serve the projects that are audited."""

from __future__ import annotations

import sys
from pathlib import Path

for _folder in ("flow", "real", "measures", "store"):
    _path = str(Path(__file__).resolve().parents[1] / _folder)
    if _path not in sys.path:
        sys.path.insert(0, _path)
