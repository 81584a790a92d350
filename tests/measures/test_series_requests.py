"""Which series key results ask for, and how their values come together."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import measure_worlds as w
import pytest

from scoreline.core.errors import UsageError
from scoreline.core.model import (
    BaselineAt,
    DoneWhen,
    KeyResult,
    Kind,
    Milestone,
    Milestones,
    Model,
    Objective,
    Plan,
    Reach,
)
from scoreline.core.series import Series
from scoreline.measures.derived import request_ids, value_function
from scoreline.measures.requests import SeriesRequest, closure, requests_for, streams_read

RED = (("team", ("red",)),)
TO_TEN = Reach(Decimal(0), Decimal(10))
METRICS = [
    w.metric("a", w.Aggregate("count")),
    w.metric("b", w.Aggregate("sum", "level"), w.Window("month")),
    w.metric("growth", derived="b / b@-1y - 1"),
    w.metric("nested", derived="growth@-1q + a"),
    w.metric("unused", w.Aggregate("count"), w.Window("all")),
]


def plan_of(*key_results: KeyResult, metrics: Any = METRICS, **rest: Any) -> Plan:
    """A plan whose second cycle has one objective with these key results."""
    base = w.world(metrics=metrics, **rest)
    objective = Objective("2026-H2/x/o", "2026-H2", "x", "O", "o.yaml", key_results)
    return replace(base, objectives={objective.id: objective})


def key_result(name: str, metric: str | None, kind: Kind = TO_TEN, **rest: Any) -> KeyResult:
    """A key result of the second cycle."""
    start = rest.pop("start", date(2026, 7, 1))
    return KeyResult(
        f"2026-H2/x/o/{name}", name, kind, start, date(2026, 12, 31), "o.yaml",
        metric=metric, **rest,
    )  # fmt: skip


def asked(plan: Plan, **where: Any) -> dict[tuple[Any, ...], SeriesRequest]:
    """The requests without those of metrics that no key result uses."""
    return {
        (r.metric, r.filter, r.cycle, r.offset): r
        for r in requests_for(plan, **where)
        if r.metric != "unused"
    }


def test_a_key_result_asks_for_every_day_of_its_cycle() -> None:
    """From the cycle's first day to its last, the filter with it."""
    found = asked(plan_of(key_result("k", "a", filter=RED)))
    request = found["a", RED, "2026-H2", ()]
    assert request.days == tuple(w.span(date(2026, 7, 1), date(2026, 12, 31)))


def test_an_earlier_start_extra_days_and_baselines_add_days() -> None:
    """A start before the cycle, extra days and `baseline: {at: …}` are asked for too."""
    kind = Reach(BaselineAt(date(2026, 3, 31)), Decimal(10))
    plan = plan_of(key_result("k", "a", kind, start=date(2026, 6, 1)))
    request = asked(plan, extra_days=[date(2027, 1, 5)])["a", (), "2026-H2", ()]
    assert request.days[:2] == (date(2026, 3, 31), date(2026, 6, 1))
    assert request.days[-2:] == (date(2026, 12, 31), date(2027, 1, 5))


def test_derived_metrics_ask_for_their_parts_with_offsets_in_order() -> None:
    """A part inside a shifted metric is shifted first by the outer, then by the inner step."""
    found = asked(plan_of(key_result("k", "nested")))
    assert set(found) - {("b", (), None, ())} == {
        ("b", (), None, ((-1, "q"),)),
        ("b", (), None, ((-1, "q"), (-1, "y"))),
        ("a", (), "2026-H2", ()),
    }


def test_only_windows_that_start_with_the_cycle_depend_on_it() -> None:
    """A monthly metric is one series for key results of any cycle."""
    found = asked(plan_of(key_result("k", "a"), key_result("l", "b")))
    assert set(found) == {("a", (), "2026-H2", ()), ("b", (), None, ())} | {
        key for key in found if key[3]
    }


def test_the_same_series_is_asked_for_once_with_all_days() -> None:
    """Two key results on one metric and filter share a request; their days are merged."""
    plan = plan_of(
        key_result("k", "a"), key_result("l", "a", start=date(2026, 6, 20)), key_result("m", "a")
    )
    requests = [r for r in requests_for(plan) if r.metric == "a"]
    assert len(requests) == 1
    assert requests[0].days[0] == date(2026, 6, 20)


def test_milestones_ask_for_the_metrics_that_complete_them() -> None:
    """A `done_when` metric is asked for with its own filter."""
    step = Milestone(
        "s", Decimal(1), date(2026, 8, 1), done_when=DoneWhen("b", Decimal(3), filter=RED)
    )
    assert ("b", RED, None, ()) in asked(plan_of(key_result("k", None, Milestones((step,)))))


def test_broken_and_manual_key_results_ask_for_nothing() -> None:
    """A key result without a usable metric adds no series of its own."""
    plan = plan_of(
        key_result("k", "a", filter=RED, broken="metric a is in error"),
        key_result("m", None, manual=True),
    )
    assert all(r.filter == () for r in requests_for(plan))


def test_unused_metrics_are_asked_for_without_a_filter() -> None:
    """Over the cycles that have key results; with none at all, over the newest."""
    (request,) = [r for r in requests_for(plan_of(key_result("k", "a"))) if r.metric == "unused"]
    assert (request.filter, request.days[0]) == ((), date(2026, 7, 1))
    alone = {r.metric: r for r in requests_for(w.world(metrics=METRICS))}
    assert alone["a"].cycle == "2026-H2"


def test_ids_are_stable_and_leave_out_the_days() -> None:
    """The id names metric, filter, cycle and offset, and nothing else."""
    one = SeriesRequest("a", RED, "2026-H2", ((-1, "y"),), (date(2026, 1, 1),))
    assert one.id == replace(one, days=()).id
    others = [replace(one, metric="b"), replace(one, filter=()), replace(one, cycle=None)]
    assert len({one.id, *(o.id for o in others), replace(one, offset=()).id}) == 5


def test_streams_are_found_through_models_and_formulas() -> None:
    """A derived metric reads what the models under its parts read."""
    models = {
        "models.m": Model("m", "select 1", ("models.n",)),
        "models.n": Model("n", "select 1", ("lms.results",)),
    }
    over_model = replace(w.metric("o", w.Aggregate("count")), from_="models.m")
    plan = w.world(metrics=[over_model, w.metric("d", derived="o / 2")], models=models)
    assert streams_read(plan, "d") == ("lms.results",)
    assert closure(plan, "d") == ("d", "o")


def test_values_of_derived_metrics_keep_numerator_and_denominator() -> None:
    """A quotient of two counts is their pair; a difference of quotients one fraction."""
    metrics = [
        w.metric("done", w.Aggregate("count", None, w.IS_A)),
        w.metric("all", w.Aggregate("count")),
        w.metric("rate", derived="done / all"),
        w.metric("gain", derived="rate - rate@-1m"),
    ]
    plan = plan_of(key_result("k", "gain"), metrics=metrics)
    rows = [
        w.row(course="A", done_at=w.instant("2026-07-15")),
        w.row(course="B", done_at=w.instant("2026-07-16")),
        w.row(course="A", done_at=w.instant("2026-08-15")),
    ]
    series = w.series_of(plan, requests_for(plan), rows)
    day = date(2026, 8, 20)
    rate = value_function(plan, series, "rate", (), "2026-H2")(day)
    assert rate is not None
    assert (rate.numerator, rate.denominator) == (2, 3)
    gain = value_function(plan, series, "gain", (), "2026-H2")(day)
    assert gain is not None
    assert gain.fraction == w.Fraction(2, 3) - w.Fraction(1, 2)
    early = value_function(plan, series, "rate", (), "2026-H2")(date(2026, 7, 2))
    assert early is not None
    assert early.fraction is None


def test_the_ids_a_value_needs_are_those_that_were_requested() -> None:
    """What `value_function` looks up is what `requests_for` asks for."""
    plan = plan_of(key_result("k", "nested", filter=RED))
    wanted = {r.id for r in requests_for(plan)}
    needed = request_ids(plan, "nested", RED, "2026-H2")
    assert len(needed) == 3
    assert set(needed) <= wanted


def test_a_missing_series_is_named() -> None:
    """Asking for a value that was never computed says which metric lacks its series."""
    plan = plan_of(key_result("k", "a"))
    with pytest.raises(UsageError, match="no series of a"):
        value_function(plan, {"other": Series()}, "a", (), "2026-H2")
