"""Modules that Great Expectations imports and our use of it never needs, loaded on demand.

What belongs here: a finder that defers them. What does not: which expectations exist. It
is for the child process only, before great_expectations is imported. Loading altair,
scipy.stats and mistune takes about half of that import (measured: 14 s with them, 6.5 s
without, on two slow cores). A module that is not installed is left to the next finder.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType

DEFERRED = ("altair", "scipy.stats", "mistune")
"""Charts, statistical tests and Markdown: of no use to the types in the catalogue."""


class _Deferring(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in DEFERRED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


def defer() -> None:
    """From now on load the deferred modules only when an attribute of theirs is read."""
    sys.meta_path.insert(0, _Deferring())
