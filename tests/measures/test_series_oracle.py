"""Fused SQL against one row at a time, day for day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import measure_worlds as w
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoreline.measures.series import Compiled, compile_series

ZONES = ("Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Beirut")
# around the end of a cycle, the change of clocks in spring and autumn, and single days
DAYS = [
    *w.span(date(2026, 3, 25), date(2026, 4, 5)),
    *w.span(date(2026, 6, 24), date(2026, 7, 8)),
    date(2026, 8, 1),
    *w.span(date(2026, 10, 23), date(2026, 10, 27)),
    date(2027, 1, 2),
]
FIRST, LAST = datetime(2025, 12, 29, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
MIDNIGHTS = st.sampled_from(DAYS).flatmap(
    lambda day: st.integers(-26, 26).map(
        lambda half: (
            datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=30 * half)
        )
    )
)
MOMENTS = (
    st.none()
    | MIDNIGHTS
    | st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=st.just(UTC))
)
SCORES = st.none() | st.decimals(0, 100, places=2)
ROWS = st.lists(
    st.builds(
        lambda learner, team, level, course, score, moment: w.row(
            id=1,
            learner=learner,
            team=team,
            level=level,
            course=course,
            score=score,
            done_at=moment,
            due_on=None if moment is None else moment.date(),
        ),
        st.sampled_from(["ann", "bob", "cyd", None]),
        st.sampled_from(["red", "blue", "grey", None]),
        st.sampled_from([1, 2, 3, None]),
        st.sampled_from(["A", "B", "C", None]),
        SCORES,
        MOMENTS,
    ),
    max_size=14,
)


@cache
def prepared(zone: str, time: str | None, history: bool) -> tuple[Any, list[Any], Compiled, Any]:
    """The plan, its requests, their statements and a database, once for each setting."""
    plan = w.world(zone, w.every_metric(time), history=history, fiscal=(4, 1))
    if history:
        kept = {n: m for n, m in plan.metrics.items() if m.window.kind == "latest"}
        plan = type(plan)(plan.organisation, plan.sources, metrics=kept)
    requests = [
        w.request(plan, name, DAYS, filter_) for name in plan.metrics for filter_ in w.FILTERS
    ]
    compiled = compile_series(plan, requests)
    database = w.Database.open(zone)
    database.fill([])
    database.run(compiled)
    return plan, requests, compiled, database


def check(zone: str, time: str | None, history: bool, rows: list[w.Record]) -> None:
    """Every value of every request is the oracle's."""
    plan, requests, compiled, database = prepared(zone, time, history)
    database.fill(rows)
    series = database.again(compiled)
    for request in requests:
        found = series[request.id]
        assert list(found.days()) == sorted(DAYS)
        for day in DAYS:
            want = w.expected(plan, request, rows, day)
            assert found.at(day) == want, (request, day)


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS)
def test_every_aggregate_in_every_window_is_the_oracles(zone: str, rows: list[w.Record]) -> None:
    """Each aggregate, window and filter gives what counting rows one by one gives."""
    check(zone, "done_at", False, rows)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS)
def test_a_date_column_counts_on_its_day(rows: list[w.Record]) -> None:
    """A date counts on its day as it stands, whatever the time zone."""
    check("Pacific/Apia", "due_on", False, rows)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS)
def test_without_a_time_column_every_row_counts_on_every_day(rows: list[w.Record]) -> None:
    """`all` and `latest` without a time column take the stream as it stands."""
    check("Europe/Berlin", None, False, rows)


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS, data=st.data())
def test_history_counts_the_version_of_the_end_of_the_day(
    zone: str, rows: list[w.Record], data: st.DataObject
) -> None:
    """With `history`, `latest` counts what was the newest version when the day ended."""
    for row in rows:
        moments = sorted(data.draw(st.lists(MIDNIGHTS, min_size=2, max_size=2)))
        row["_valid_from"] = moments[0]
        row["_valid_to"] = data.draw(st.sampled_from([None, moments[1]]))
    check(zone, None, True, rows)


def test_numbers_of_38_digits_are_exact() -> None:
    """Sums of numbers near the widest decimal come back digit for digit."""
    wide = w.ColumnType("decimal", 38, 10)
    huge = Decimal("4999999999999999999999999999.9999999999")
    plan, request = _one_column(wide, w.Aggregate("sum", "score"))
    rows = [(huge,), (huge,), (Decimal("0.0000000001"),), (huge.copy_negate(),)]
    series = _series_of_column(plan, request, wide, rows)
    assert series.points[0] == ("5000000000000000000000000000.0000000000", "")


def test_a_sum_too_large_is_an_error_and_never_wrong() -> None:
    """A sum that does not fit stops the statement."""
    wide = w.ColumnType("decimal", 38, 0)
    plan, request = _one_column(wide, w.Aggregate("sum", "score"))
    rows = [(Decimal("9" * 38),), (Decimal("9" * 38),)]
    with pytest.raises(Exception, match="Overflow"):
        _series_of_column(plan, request, wide, rows)


def test_whole_numbers_larger_than_64_bits_add_up() -> None:
    """A sum of BIGINT does not stop at 64 bits, nor does a difference of extremes."""
    kind = w.ColumnType("integer")
    plan, request = _one_column(kind, w.Aggregate("sum", "score"))
    rows = [(2**63 - 1,), (2**63 - 1,)]
    assert _series_of_column(plan, request, kind, rows).points[0] == (str(2**64 - 2), "")
    plan, request = _one_column(kind, w.Aggregate("max", "score"))
    assert _series_of_column(plan, request, kind, rows).points[0] == (str(2**63 - 1), "")


def _one_column(kind: w.ColumnType, measure: w.Aggregate) -> tuple[Any, Any]:
    plan = w.world(metrics=[w.metric("x", measure, w.Window("all"), time=None)])
    stream = w.Stream("results", "lms", (w.Column("score", kind),), (), "append")
    source = w.Source("lms", "files", (stream,))
    plan = type(plan)(plan.organisation, {"lms": source}, metrics=plan.metrics)
    return plan, w.request(plan, "x", [date(2026, 1, 1)])


def _series_of_column(plan: Any, request: Any, kind: w.ColumnType, rows: list[Any]) -> Any:
    database = w.Database.open("UTC")
    database.connection.execute(
        f"CREATE OR REPLACE TABLE lms.results (score {w.duckdb_type(kind)})"
    )
    database._insert("lms.results", rows)
    return database.run(compile_series(plan, [request]))[request.id]
