"""Ages of rows, held against the key results that need rows for longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import measure_worlds as w
import pytest

from scoreline.core.errors import Problem
from scoreline.core.model import KeyResult, Objective, Plan, Reach, Window, Withdrawn
from scoreline.core.retention import Age, Retention
from scoreline.measures.kept import outlasting

TRAILING, ALL = Window("trailing", days=7), Window("all")


def plan_of(window: Window, own: Age | None, *, load: Any = "merge", **rest: Any) -> Plan:
    """A plan whose one key result runs from July to December, with an age for its stream."""
    base = w.world(metrics=[w.metric("a", w.Aggregate("count"), window)])
    kr = KeyResult(
        "2026-H2/x/o/k", "k", Reach(Decimal(0), Decimal(10)), date(2026, 7, 1), date(2026, 12, 31),
        "o.yaml", metric="a", **rest,
    )  # fmt: skip
    objective = Objective("2026-H2/x/o", "2026-H2", "x", "O", "o.yaml", (kr,))
    source = base.sources["lms"]
    retention = Retention(rows=own) if own else None
    stream = replace(source.streams[0], load=load, retention=retention)
    sources = {"lms": replace(source, streams=(stream,))}
    return replace(base, sources=sources, objectives={objective.id: objective})


def warned(plan: Plan) -> Problem | None:
    found = outlasting(plan)
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    ("days", "is_warned"),
    [(30, True), (189, True), (190, False), (400, False)],
)
def test_a_key_result_that_needs_older_rows_is_told(days: int, is_warned: bool) -> None:
    """The first row that is needed came on 25 June; it must not reach its age by 31 December."""
    found = warned(plan_of(TRAILING, Age(days)))
    assert (found is not None) == is_warned
    if found is not None:
        assert (found.severity, found.code) == ("warning", "outlasts-retention")
        assert "2026-H2/x/o/k needs those since 2026-06-25 until 2026-12-31:" in found.message
        assert found.hint.startswith("rows: 190 days or longer")
        assert found.scope == "stream lms.results"


def test_a_window_without_a_start_needs_every_row() -> None:
    """Whatever the age, such a key result outlasts it; `forever` ends that."""
    found = warned(plan_of(ALL, Age(10, "y")))
    assert found is not None
    assert "needs every one until 2026-12-31" in found.message
    assert warned(plan_of(ALL, Age(None))) is None


def test_the_organisations_age_holds_where_the_stream_has_none() -> None:
    """The general age makes the warning; the stream's own takes it back."""
    general = replace(plan_of(TRAILING, None).organisation, retention=Retention(rows=Age(30)))
    assert warned(replace(plan_of(TRAILING, None), organisation=general)) is not None
    assert warned(replace(plan_of(TRAILING, Age(1, "y")), organisation=general)) is None


def test_nothing_is_told_where_rows_may_go() -> None:
    """No age, a snapshot that replaces the last one, a withdrawn key result: no warning."""
    assert warned(plan_of(TRAILING, None)) is None
    assert warned(plan_of(TRAILING, Age(30), load="replace")) is None
    assert warned(plan_of(TRAILING, Age(30), withdrawn=Withdrawn(date(2026, 8, 1), "x"))) is None
