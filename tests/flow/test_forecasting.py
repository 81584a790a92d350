"""Forecasts of a small project: which series is continued, and what stands in the way."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.cli.forecasting import show_backtest, show_forecasts
from scoreline.core.records import CheckIn
from scoreline.steps.forecasting import (
    KeyResultForecast,
    backtest,
    backtest_json,
    forecast_json,
    forecasts,
)

SOURCES = """\
source: crm
connector: files
options: {root: data}
streams:
  deals:
    options: {glob: "deals*.csv"}
    columns:
      id: text
      value: {type: integer}
      closed: date
    key: [id]
    load: merge
    event_time: closed
    expect:
      - {type: expect_column_values_to_be_between, column: value, min_value: 0}
"""
METRICS = """\
metrics:
  won: {title: W, unit: number, from: crm.deals, measure: {sum: value}, window: cycle}
  settling: {title: W, unit: number, from: crm.deals, measure: {sum: value}, window: cycle, settle: 3d}
  month: {title: W, unit: number, from: crm.deals, measure: {sum: value}, window: month}
  quarter: {title: W, unit: number, from: crm.deals, measure: {sum: value}, window: quarter}
  before: {title: W, unit: number, from: crm.deals, measure: {sum: value}, window: last month}
  recent: {title: W, unit: number, from: crm.deals, measure: {sum: value}, window: trailing 7d}
  in_month: {title: W, unit: share, derived: month / won}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: maya@acme.example
    key_results:
      won: {title: Won, metric: won, baseline: 0, target: 2000}
      less: {title: Less, metric: won, baseline: 5000, target: 1840}
      settling: {title: S, metric: settling, baseline: 0, target: 2000}
      early: {title: E, metric: month, baseline: 0, target: 200, due: 2026-11-30}
      month: {title: M, metric: month, baseline: 0, target: 200}
      in-month: {title: M, metric: in_month, baseline: 0, target: 200}
      before: {title: M, metric: before, baseline: 0, target: 200}
      quarter: {title: Q, metric: quarter, baseline: 0, target: 1000}
      recent: {title: R, metric: recent, baseline: 0, target: 100}
      keep: {title: K, metric: recent, keep: {at_least: 60}}
      done: {title: D, done: false}
      said: {title: S, manual: true, baseline: 0, target: 40}
      later: {title: L, metric: won, baseline: 0, target: 2000, start: 2026-12-01}
      over: {title: X, metric: won, baseline: 0, target: 2000, due: 2026-10-31}
      gone: {title: G, metric: won, baseline: 0, target: 9, withdrawn: {date: 2026-08-01, why: No}}
"""
IN_MONTH = "2026-H2/learning/o/in-month"
FIRST = date(2026, 6, 1)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """A deal of 10 on each day until 21 November 2026, and weekly check-ins, 2 more each."""
    made = Small(tmp_path_factory.mktemp("forecast"))
    made.clock.moment = datetime(2026, 11, 22, 6, tzinfo=UTC)
    made.define(
        organisation=ORGANISATION,
        sources__crm=SOURCES,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    days = (FIRST + timedelta(days=n) for n in range((date(2026, 11, 21) - FIRST).days + 1))
    rows = "".join(f"d{day},10,{day}\n" for day in days)
    made.write("data/deals.csv", f"id,value,closed\n{rows}")
    made.run()
    with made.open() as project:
        for week in range(6):
            day = date(2026, 10, 12) + timedelta(weeks=week)
            said = CheckIn("2026-H2/learning/o/said", day, "maya@acme.example", str(2 * week))
            project.store.add_check_in(said, project.now())
    return made


def made_on(small: Small, day: str | None = None) -> dict[str, KeyResultForecast]:
    """The forecasts as of a day, by the last part of the key result's name."""
    with small.open() as project:
        found = forecasts(project, date.fromisoformat(day) if day else None)
        return {row.id.rsplit("/", 1)[1]: row for row in found}


def reason(row: KeyResultForecast) -> str:
    """Why there is no forecast; there must be none."""
    assert row.forecast is None
    assert row.reason is not None
    return row.reason


def test_a_steady_sum_is_continued_to_its_due_date(small: Small) -> None:
    """10 a day make 1840 in the half-year; 2000 would need 98 a week instead of 70."""
    row = made_on(small)["won"]
    assert row.forecast is not None
    assert (row.value, row.target, row.reason) == (1440, 2000, None)
    assert (row.forecast.value, row.forecast.low, row.forecast.high) == (1840, 1840, 1840)
    assert (row.forecast.pace, row.needed_pace, row.forecast.chance) == (70, 98, 0)
    assert (row.forecast.points, row.forecast.last) == (28, date(2026, 11, 21))


def test_the_direction_is_the_way_from_baseline_to_target(small: Small) -> None:
    """From 5000 down to 1840: at most 1840 is reached; from 0 up to 2000, 1840 is not."""
    found = made_on(small)
    chances = [
        row.forecast.chance for row in map(found.get, ("less", "won")) if row and row.forecast
    ]
    assert chances == [1, 0]


def test_later_values_are_not_looked_at(small: Small) -> None:
    """As of the fifth day the line goes through five values."""
    row = made_on(small, "2026-07-05")["won"]
    assert row.forecast is not None
    assert (row.forecast.points, row.forecast.value) == (5, 1840)
    assert reason(made_on(small, "2026-07-03")["won"]) == (
        "3 values from 2026-06-06 to 2026-07-03: a slope needs 4"
    )


def test_provisional_days_are_left_out(small: Small) -> None:
    """With `settle: 3d` the newest three days do not count yet; nor do they once settled."""
    row = made_on(small)["settling"]
    assert row.forecast is not None
    assert (row.forecast.last, row.forecast.points) == (date(2026, 11, 18), 25)
    earlier = made_on(small, "2026-11-18")["settling"].forecast
    assert earlier is not None
    assert earlier.points == 28


def test_a_window_that_restarts_before_the_due_date_is_not_forecast(small: Small) -> None:
    """A month's sum says nothing of December's; neither does a formula with a month in it."""
    found = made_on(small)
    for name in ("month", "in-month", "before"):
        assert "the window starts again on" in reason(found[name])
        assert found[name].needed_pace is None
    assert "2026-12-01" in reason(found["month"])
    row = found["early"]
    assert row.forecast is not None
    assert (row.forecast.value, row.forecast.first) == (300, date(2026, 11, 1))


def test_a_slope_starts_with_its_window(small: Small) -> None:
    """In the second quarter of the cycle only that quarter's days count, and four are needed."""
    row = made_on(small, "2026-10-10")["quarter"]
    assert row.forecast is not None
    assert (row.forecast.value, row.forecast.points) == (920, 10)
    assert "starts again on 2026-10-01" in reason(made_on(small, "2026-09-20")["quarter"])
    assert "2 values from 2026-10-01" in reason(made_on(small, "2026-10-02")["quarter"])


def test_what_has_no_way_to_go_is_not_forecast(small: Small) -> None:
    """No target value, not begun, over, withdrawn or motionless: each says so."""
    found = made_on(small)
    assert reason(found["keep"]) == "a key result of kind keep has no target value to forecast"
    assert "kind done" in reason(found["done"])
    assert reason(found["later"]) == "not started: it starts on 2026-12-01"
    assert reason(found["over"]) == "the due date 2026-10-31 is not ahead of 2026-11-21"
    assert reason(found["gone"]).startswith("withdrawn: No")
    assert "did not change" in reason(found["recent"])
    assert found["recent"].needed_pace == Fraction(30 * 7, 40)


def test_a_manual_key_result_is_forecast_from_its_check_ins(small: Small) -> None:
    """Four check-ins in 28 days, 2 more each week: one value a check-in, not one a day."""
    row = made_on(small)["said"]
    assert row.forecast is not None
    assert (row.forecast.points, row.forecast.pace) == (4, 2)
    assert (
        row.forecast.value == 10 + Fraction(2, 7) * (date(2026, 12, 31) - date(2026, 11, 16)).days
    )


def test_a_backtest_counts_each_past_day_once(small: Small) -> None:
    """144 days make 140 forecasts, 52 days of a quarter 48; a month before none counts twice."""
    with small.open() as project:
        report = backtest(project)
    found = {k.id.rsplit("/", 1)[1]: k for k in report.key_results}
    assert len(found) == 15
    assert (found["won"].tally.cases, found["won"].tally.covered) == (140, 140)
    assert found["won"].tally.error == 0
    assert found["quarter"].tally.cases == 48
    assert found["early"].tally.cases == 17
    assert found["over"].until == date(2026, 10, 31)
    assert found["recent"].reason == "no past day could have been forecast"
    assert found["keep"].reason is not None
    straight = [k.tally for k in report.key_results if k.tally.cases and k.id != IN_MONTH]
    assert len(straight) == 9
    assert all(tally.coverage == 1 for tally in straight)
    assert 0 < found["in-month"].tally.covered < found["in-month"].tally.cases
    assert report.overall.cases == sum(k.tally.cases for k in report.key_results)


def test_nothing_is_written(small: Small) -> None:
    """Forecasts and backtests leave the control store as it was, byte for byte."""
    path = small.root / ".scoreline" / "control.db"
    before = path.read_bytes()
    made_on(small)
    with small.open() as project:
        backtest(project)
    assert path.read_bytes() == before


def test_json_has_every_field_as_text(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    """An object a key result, in the order of the definitions, null where there is nothing."""
    assert show_forecasts(small.root, None, date(2026, 11, 21), json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 15
    assert len({tuple(row) for row in found}) == 1
    assert _pick(found[0], "id", "forecast", "low", "pace", "needed_pace", "chance", "reason") == [
        "2026-H2/learning/o/won",
        "1840.000000",
        "1840.000000",
        "70.000000",
        "98.000000",
        "0.000000",
        None,
    ]
    assert _pick(found[9], "forecast", "pace", "points") == [None, None, None]
    with small.open() as project:
        assert found == [forecast_json(row) for row in forecasts(project, date(2026, 11, 21))]


def test_people_read_the_interval_and_the_reason(
    small: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page names the interval and what is needed, and never claims certainty."""
    assert show_forecasts(small.root, None, date(2026, 11, 21), json=False) == 0
    text = capsys.readouterr().out
    assert "on 2026-12-31: 1,840 to 1,840 (80 % interval), middle 1,840" in text
    assert "chance of 2,000: under 4 %" in text
    assert "2,000 needs +98 a week" in text
    assert "no forecast: not started: it starts on 2026-12-01" in text
    assert show_forecasts(small.root, "said", date(2026, 11, 21), json=False) == 0
    assert "2026-H2/learning/o/won" not in capsys.readouterr().out


def test_the_backtest_is_printed(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    """The table and the JSON tell the same cases."""
    day = date(2026, 11, 21)
    assert show_backtest(small.root, "won", day, json=False) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "100.0 % of 140 intervals held the value that came" in text
    assert "closer than its newest value in 1 of 1 key results" in text
    assert show_backtest(small.root, None, day, json=True) == 0
    with small.open() as project:
        assert json.loads(capsys.readouterr().out) == backtest_json(backtest(project, day))


@pytest.fixture
def held(tmp_path: Path) -> Small:
    """The same organisation with one good batch and one that its check blocks."""
    made = Small(tmp_path)
    made.define(
        organisation=ORGANISATION,
        sources__crm=SOURCES,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    made.write("data/deals1.csv", "id,value,closed\na,10,2026-11-01\nb,20,2026-11-10\n")
    made.write("data/deals2.csv", "id,value,closed\nc,-5,2026-11-12\n")
    made.run()
    return made


def test_held_data_is_not_continued(held: Small) -> None:
    """While a batch is blocked the key result is held and there is no forecast of it."""
    row = made_on(held)["won"]
    assert row.status == "held"
    assert reason(row).startswith("held: batch ")
    assert row.needed_pace is None


def _pick(row: dict[str, Any], *names: str) -> list[Any]:
    return [row[name] for name in names]
