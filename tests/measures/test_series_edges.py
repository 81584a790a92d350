"""Edges of the fused statements, each with its answer worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import measure_worlds as w
import pytest

from scoreline.core.errors import ExpressionError
from scoreline.core.model import Cycle, Organisation, Plan
from scoreline.measures.calendars import calendar_rows
from scoreline.measures.layout import layouts
from scoreline.measures.series import compile_series

AUGUST = w.span(date(2026, 8, 1), date(2026, 8, 31))
COUNT = w.Aggregate("count")


def numbers(series: Any, days: list[date]) -> list[int | None]:
    """The values on those days as whole numbers."""
    found = [series.at(day) for day in days]
    return [None if value is None else int(value.numerator) for value in found]


def one(plan: Plan, rows: list[w.Record], days: list[date], **where: Any) -> list[int | None]:
    """The values of the plan's first metric."""
    request = w.request(plan, next(iter(plan.metrics)), days, **where)
    return numbers(w.series_of(plan, [request], rows)[request.id], days)


def test_rows_at_the_edges_of_every_window_are_read() -> None:
    """Skipping rows outside all windows drops none at the first or last local second."""
    for zone, early, late in (
        ("Pacific/Kiritimati", "2026-07-31T10:00", "2026-08-31T09:59:59"),
        ("Pacific/Niue", "2026-08-01T11:00", "2026-09-01T10:59:59"),
    ):
        plan = w.world(zone, [w.metric("n", COUNT, w.Window("day"))])
        moments = [w.instant(early), w.instant(late)]
        outside = [moments[0] - timedelta(seconds=1), moments[1] + timedelta(seconds=1)]
        rows = [w.row(done_at=moment) for moment in moments + outside]
        assert one(plan, rows, AUGUST) == [1, *([0] * 29), 1]


def test_a_version_counts_to_the_very_instant_it_ends() -> None:
    """A version that ends as the day ends was the newest on that day; a later start was not."""
    plan = w.world("UTC", [w.metric("n", COUNT, w.Window("latest"))], history=True)
    midnight = w.instant("2026-08-03T00:00")
    rows = [
        {**w.row(), "_valid_from": w.instant("2026-08-01T12:00"), "_valid_to": midnight},
        {**w.row(), "_valid_from": midnight, "_valid_to": None},
    ]
    days = w.span(date(2026, 7, 31), date(2026, 8, 4))
    assert one(plan, rows, days) == [0, 1, 1, 1, 1]


def test_nested_cycles_start_the_window_anew() -> None:
    """Days after a cycle inside a longer one count from the longer one's start."""
    cycles = {
        "2026": Cycle("2026", date(2026, 1, 1), date(2026, 12, 31)),
        "2026-Q2": Cycle("2026-Q2", date(2026, 4, 1), date(2026, 6, 30)),
    }
    base = w.world("UTC", [w.metric("n", COUNT)])
    plan = Plan(Organisation("A", "UTC", cycles, {}), base.sources, metrics=base.metrics)
    rows = [w.row(done_at=w.instant("2026-02-01")), w.row(done_at=w.instant("2026-05-01"))]
    days = [date(2026, 3, 31), date(2026, 4, 1), date(2026, 6, 30), date(2026, 7, 1)]
    every = w.span(days[0], days[-1])
    request = w.request(plan, "n", every, cycle="2026-Q2")
    series = w.series_of(plan, [request], rows)[request.id]
    assert numbers(series, days) == [1, 0, 1, 2]


def test_days_between_runs_have_no_value_and_days_outside_cycles_neither() -> None:
    """A day that was not asked for, or stands in no cycle, has no value."""
    plan = w.world("UTC", [w.metric("n", COUNT)])
    rows = [w.row(done_at=w.instant("2026-07-02"))]
    days = [date(2026, 7, 3), date(2026, 7, 9), date(2027, 1, 1)]
    request = w.request(plan, "n", days)
    series = w.series_of(plan, [request], rows)[request.id]
    assert numbers(series, [*days, date(2026, 7, 5)]) == [1, 1, None, None]
    assert series.covers(days[2])
    assert not series.covers(date(2026, 7, 5))


def test_an_offset_reads_an_earlier_day_under_the_days_own_date() -> None:
    """`@-1m` on 31 August reads 31 July, in the cycle that contains it."""
    plan = w.world("UTC", [w.metric("n", COUNT)])
    rows = [w.row(done_at=w.instant("2026-06-30")), w.row(done_at=w.instant("2026-07-31"))]
    days = [date(2026, 7, 30), date(2026, 8, 30), date(2026, 8, 31)]
    assert one(plan, rows, days, offset=((-1, "m"),)) == [1, 0, 1]


def test_offsets_are_applied_one_after_the_other() -> None:
    """Two steps of a month from 31 May reach 30 March, not 31 March."""
    plan = w.world("UTC", [w.metric("n", COUNT, w.Window("day"))])
    rows = [w.row(done_at=w.instant("2026-03-30"))]
    days = [date(2026, 5, 31)]
    assert one(plan, rows, days, offset=((-1, "m"), (-1, "m"))) == [1]
    assert one(plan, rows, days, offset=((-2, "m"),)) == [0]


def test_a_cycle_a_year_back_that_nobody_declared_is_the_cycle_moved() -> None:
    """`@-1y` counts from the key result's cycle start a year before, without such a cycle."""
    plan = w.world("UTC", [w.metric("n", COUNT)])
    rows = [w.row(done_at=w.instant("2025-06-30")), w.row(done_at=w.instant("2025-07-01"))]
    assert one(plan, rows, [date(2026, 8, 1)], offset=((-1, "y"),)) == [1]


def test_texts_that_exclude_each_other_count_nothing() -> None:
    """A where and a filter that cannot both hold give 0, and no value for an extreme."""
    only = w.Aggregate("count", None, "course = 'A' and course in ('B', 'C')")
    plan = w.world("UTC", [w.metric("n", only), w.metric("m", w.Aggregate("max", "level", IS_RED))])
    rows = [w.row(course="A", team="red", level=2, done_at=w.instant("2026-08-01"))]
    requests = [
        w.request(plan, "n", AUGUST),
        w.request(plan, "m", AUGUST, (("team", ("blue",)),)),
    ]
    series = w.series_of(plan, requests, rows)
    assert numbers(series[requests[0].id], AUGUST[:1]) == [0]
    assert numbers(series[requests[1].id], AUGUST[:1]) == [None]


IS_RED = "team = 'red'"


def test_quotes_and_strange_texts_stay_texts() -> None:
    """Texts with quotes, commas, braces and other scripts are compared as they stand."""
    odd = ["a'b", 'say "r".x', "{n}, %s; --", "Grüße 漢字", ""]
    wheres = [f"course = '{text.replace(chr(39), chr(39) * 2)}'" for text in odd]
    metrics = [w.metric(f"m{i}", w.Aggregate("count", None, t)) for i, t in enumerate(wheres)]
    metrics += [
        w.metric(f"r{i}", w.Aggregate("count", None, f"not ({t}) and score is null"))
        for i, t in enumerate(wheres)
    ]
    plan = w.world("UTC", metrics)
    rows = [w.row(course=text, team=text, done_at=w.instant("2026-08-01")) for text in odd]
    requests = [
        w.request(plan, m.name, AUGUST[:1], (("team", (odd[int(m.name[1])],)),)) for m in metrics
    ]
    series = w.series_of(plan, requests, rows)
    found = [numbers(series[r.id], AUGUST[:1])[0] for r in requests]
    assert found == [1] * len(odd) + [0] * len(odd)


def test_many_metrics_of_one_stream_share_one_statement_and_grouping() -> None:
    """Two hundred conditions on the same columns are one grouping, read once."""
    metrics = [
        w.metric(f"m{i}", w.Aggregate("count", None, f"course = 'C{i}' and team = 'red'"))
        for i in range(200)
    ]
    plan = w.world("UTC", metrics)
    requests = [w.request(plan, m.name, AUGUST) for m in metrics]
    (layout,) = layouts(plan, requests, None)
    assert len(layout.branches) == 1
    assert len(layout.groupings()) == 1
    (statement,) = compile_series(plan, requests).statements
    assert statement.sql.count('FROM "lms"."results"') == 1


def test_unrelated_columns_are_not_multiplied_into_one_grouping() -> None:
    """Conditions without a column in common are grouped apart."""
    metrics = [
        w.metric("a", w.Aggregate("count", None, "course = 'A' and team = 'red'")),
        w.metric("b", w.Aggregate("count", None, "learner = 'ann'")),
    ]
    plan = w.world("UTC", metrics)
    requests = [w.request(plan, m.name, AUGUST) for m in metrics]
    (layout,) = layouts(plan, requests, None)
    assert [g.keys for g in layout.groupings()] == [
        ('"r"."course"', '"r"."team"'),
        ('"r"."learner"',),
    ]


def test_equal_calendars_are_shared() -> None:
    """Requests with the same window, cycle and days use one calendar."""
    metrics = [w.metric(n, COUNT) for n in "ab"] + [w.metric("c", COUNT, w.Window("month"))]
    plan = w.world("UTC", metrics)
    compiled = compile_series(plan, [w.request(plan, m.name, AUGUST) for m in metrics])
    assert len({row[0] for row in compiled.tables["_calendar"]}) == 2


@pytest.mark.parametrize("window", w.WINDOWS, ids=str)
def test_windows_never_go_back_within_a_segment(window: w.Window) -> None:
    """What the statements rest on: lo, hi and until never decrease within a segment."""
    plan = w.world("Europe/Berlin", [w.metric("n", COUNT, window)], fiscal=(10, 31))
    days = w.span(date(2026, 1, 1), date(2027, 3, 1))
    for offset in ((), ((-1, "m"),), ((-1, "y"), (-1, "d"))):
        rows = calendar_rows(plan, w.request(plan, "n", days, offset=offset))
        for before, after in pairwise(rows):
            if before.segment == after.segment and after.hi is not None:
                assert before.hi is not None
                assert before.hi <= after.hi
                assert before.lo is None or (after.lo is not None and before.lo <= after.lo)


def test_the_same_plan_gives_the_same_text() -> None:
    """Statements and parameter rows are a function of plan and requests alone."""
    plan = w.world("UTC", w.every_metric())
    requests = [w.request(plan, n, AUGUST, f) for n in plan.metrics for f in w.FILTERS]
    first, again = compile_series(plan, requests), compile_series(plan, list(requests))
    assert first == again


def test_a_hostile_where_is_refused_before_any_sql_is_made() -> None:
    """Compiling refuses what the allow-list refuses, whether or not `validate` was asked."""
    plan = w.world("UTC", [w.metric("n", w.Aggregate("count", None, "now() > done_at"))])
    with pytest.raises(ExpressionError, match="clock"):
        compile_series(plan, [w.request(plan, "n", AUGUST)])
