"""What is looked up in a plan again and again, found once.

What belongs here: key results, objectives and metrics by what pages ask for. What does
not: anything that the store knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from scoreline.core.model import KeyResult, Objective, Plan
from scoreline.steps.recording import Definitions


class Known:
    """The look-ups of one plan.

    Attributes:
        plan: the plan.
        definitions: its canonical bodies and their digests.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.definitions = Definitions(plan)

    @cached_property
    def key_results(self) -> Mapping[str, KeyResult]:
        """Every key result by its full name."""
        return self.plan.key_results

    @cached_property
    def objective_of(self) -> Mapping[str, Objective]:
        """The objective of each key result."""
        return {kr.id: o for o in self.plan.objectives.values() for kr in o.key_results}

    @cached_property
    def on_metric(self) -> Mapping[tuple[str, str], Sequence[KeyResult]]:
        """The key results of a cycle on a metric."""
        found: dict[tuple[str, str], list[KeyResult]] = {}
        for kr in self.key_results.values():
            if kr.metric is not None:
                found.setdefault((kr.id.split("/", 1)[0], kr.metric), []).append(kr)
        return found
