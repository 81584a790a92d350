"""What a query or a metric may read from: streams and models, and which are in error.

What belongs here: one answer to "is there such a stream or model". What does not: their
columns, and the objects themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from scoreline.core.model import Stream


@dataclass(frozen=True, slots=True)
class Relations:
    """Streams and models by full name, None where in error.

    `lost` are the sources whose file cannot be read: whatever they declare is in error,
    not unknown.
    """

    streams: Mapping[str, Stream | None]
    models: Mapping[str, object | None]
    lost: frozenset[str] = frozenset()

    def names(self) -> list[str]:
        """Every full name, streams first."""
        return [*self.streams, *self.models]

    def state(self, name: str) -> Literal["whole", "in error", "unknown"]:
        """Whether `name` is declared, and whether it can be used."""
        known: dict[str, object | None] = {**self.streams, **self.models}
        if name in known:
            return "in error" if known[name] is None else "whole"
        return "in error" if name.partition(".")[0] in self.lost else "unknown"
