"""Drill down from a key result: to the rows behind the values that its score rests on.

What belongs here: which values a key result has on a day, the definitions and streams that
each was computed from. What does not: listing rows (audit), printing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from scoreline.audit.drilling import Drill, Question
from scoreline.core.errors import UsageError
from scoreline.core.exact import Exact
from scoreline.core.model import Filter, KeyResult, Plan
from scoreline.core.series import Series
from scoreline.definitions.recorded import plan_from
from scoreline.measures.derived import request_ids
from scoreline.measures.requests import asked_of
from scoreline.measures.rows import Asked
from scoreline.steps.project import Project
from scoreline.store.rows import StoredValue
from scoreline.warehouse.rows_behind import RowsBehind


@dataclass(frozen=True, slots=True)
class PartBehind:
    """The rows of one simple part of a value, and the value as it was recorded."""

    asked: Asked
    rows: RowsBehind
    recorded: Exact | None
    record: str

    @property
    def adds_up(self) -> bool:
        """Whether the rows give exactly the value that was recorded."""
        found = self.rows.totals.value
        if found is None or self.recorded is None:
            return found is None and (self.recorded is None or self.recorded.fraction is None)
        return found == self.recorded


@contextmanager
def rows_behind(
    project: Project, kr: KeyResult, day: date, known_at: datetime | None = None
) -> Iterator[list[PartBehind]]:
    """The rows behind each value that a key result has on a day, part by part.

    Args:
        project: the open project; nothing of it is written or locked.
        kr: the key result.
        day: the day of the value.
        known_at: with it, the values as recorded until then.

    Raises:
        UsageError: the key result has no values from data, or none is recorded yet.
        WarehouseError: a stored file is missing or damaged.
    """
    asked = list(dict.fromkeys(asked_of(kr)))
    if not asked:
        raise UsageError(
            f"{kr.id} takes no values from data, so there are no rows behind it; "
            "`scoreline explain` without --rows says where its progress comes from"
        )
    with ExitStack() as opened:
        parts: list[PartBehind] = []
        for metric, filter_ in asked:
            parts += _of_metric(project, opened, (kr, metric, filter_), day, known_at)
        yield parts


def _of_metric(
    project: Project,
    opened: ExitStack,
    of: tuple[KeyResult, str, Filter],
    day: date,
    known_at: datetime | None,
) -> list[PartBehind]:
    kr, metric, filter_ = of
    cycle = kr.id.split("/", 1)[0]
    ids = _ids(project.plan, metric, filter_, cycle)
    values = project.store.stored_values(ids, known_at=known_at)
    if set(values) != set(ids):
        raise UsageError(
            f"{metric} was not measured yet for {kr.id}: `scoreline run` measures it, then its "
            "rows can be listed"
        )
    plan = plan_then(project, values)
    asked = Asked(plan, metric, filter_, cycle, day)
    digests = {s: d for v in values.values() for s, d in v.value.inputs["streams"].items()}
    streams = project.store.streams_then(digests)
    drill = opened.enter_context(Drill(project.files, Question(asked, streams)))
    return [
        PartBehind(
            asked=asked,
            rows=part,
            recorded=Series.parse(values[part.query.request].value.series).at(day),
            record=values[part.query.request].digest,
        )
        for part in drill.parts
    ]


def _ids(plan: Plan, metric: str, filter_: Filter, cycle: str) -> tuple[str, ...]:
    if metric not in plan.metrics:
        raise UsageError(f"metric {metric} is in error: `scoreline check` says why")
    return request_ids(plan, metric, filter_, cycle)


def plan_then(project: Project, values: Mapping[str, StoredValue]) -> Plan:
    """The definitions that were in force when the newest of these values was recorded."""
    at = max(value.recorded_at for value in values.values())
    then = project.store.current_definitions(known_at=at)
    return plan_from({name: (v.kind, v.body) for name, v in then.items()})
