"""What depends on a stream: metrics and key results that read it, through models and formulas.

What belongs here: following the plan upwards. What does not: finding damage (verifying).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scoreline.core.model import Plan
from scoreline.definitions.canonical import metrics_of
from scoreline.measures.requests import streams_read


@dataclass(frozen=True, slots=True)
class Depending:
    """What cannot be computed anew while a stream's stored rows are damaged."""

    stream: str
    metrics: tuple[str, ...]
    key_results: tuple[str, ...]


def depending(plan: Plan, streams: Iterable[str]) -> list[Depending]:
    """The metrics and key results that read each of these streams."""
    found = []
    for stream in dict.fromkeys(streams):
        metrics = [m for m in plan.metrics if stream in streams_read(plan, m)]
        reading = set(metrics)
        key_results = [k.id for k in plan.key_results.values() if reading & {*metrics_of(k)}]
        found.append(Depending(stream, tuple(metrics), tuple(key_results)))
    return found
