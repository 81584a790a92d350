"""Time: latest, history, frozen baselines, year-earlier values, staleness, settling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small

SOURCES = """\
source: hr
connector: files
options: {root: data}
streams:
  staff:
    options: {glob: "staff*.csv"}
    columns: {id: text, team: text, status: text}
    key: [id]
    load: replace
    schema_contract: {shrink_below: 0.1}
  staff_history:
    options: {glob: "staff*.csv"}
    columns: {id: text, team: text, status: text}
    key: [id]
    load: replace
    history: true
    schema_contract: {shrink_below: 0.1}
  deals:
    options: {glob: "deals*.csv"}
    columns: {id: text, value: "decimal(12,2)", closed: date}
    key: [id]
    load: merge
    event_time: closed
    fresh_within: 5 workdays
"""
METRICS = """\
metrics:
  staff: {title: S, unit: count, from: hr.staff, measure: {count: rows, where: "status = 'active'"}, window: latest}
  staff_then: {title: S, unit: count, from: hr.staff_history, measure: {count: rows, where: "status = 'active'"}, window: latest}
  won: {title: W, unit: "currency:EUR", from: hr.deals, measure: {sum: value}, window: cycle, settle: 3d}
  growth: {title: G, unit: percent, derived: won / won@-1y - 1}
  per_head: {title: P, unit: number, derived: won / staff_then}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: maya@acme.example
    key_results:
      staff: {title: S, metric: staff, baseline: 0, target: 10}
      staff-then: {title: S, metric: staff_then, baseline: 0, target: 10}
      won: {title: W, metric: won, baseline: 0, target: 1000}
      growth: {title: G, metric: growth, baseline: 0, target: 20}
      from-then: {title: F, metric: won, baseline: {at: 2026-08-31}, target: {change: +50%}}
      per-head: {title: P, metric: per_head, baseline: 0, target: 100}
"""
ORG = ORGANISATION.replace(
    "cycles:\n", "cycles:\n  2025-H2: {start: 2025-07-01, end: 2025-12-31}\n"
)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """Staff snapshots and deals over two years; the clock stands at 22 November 2026, 06:00."""
    made = Small(tmp_path)
    made.define(
        organisation=ORG,
        sources__hr=SOURCES,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    made.write("data/staff1.csv", "id,team,status\na,x,active\nb,x,active\nc,y,left\n")
    made.write(
        "data/deals.csv",
        "id,value,closed\nd1,100.00,2026-08-01\nd2,200.00,2026-09-01\nd3,50.00,2026-11-19\n"
        "e1,80.00,2025-08-01\ne2,120.00,2025-10-15\ne3,999.00,2025-12-24\nopen,5.00,\n",
    )
    return made


def at(small: Small, *moment: int) -> None:
    """Set the clock (UTC)."""
    small.clock.moment = datetime(*moment, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_latest_speaks_for_the_day_before_the_load_and_later(small: Small) -> None:
    """Without history an earlier day has no value; it never shows a number of another day."""
    small.run("2026-11-21")
    assert small.status("2026-11-21")["staff"]["value"] == "2.000000"
    assert small.status("2026-11-22")["staff"]["value"] == "2.000000"
    earlier = small.status("2026-11-20")["staff"]
    assert (earlier["value"], earlier["status"]) == (None, "no_data")


def test_history_knows_how_many_there_were_on_any_day(small: Small) -> None:
    """With history each day has the version that stood then; days before the first have none."""
    at(small, 2026, 11, 10, 6)
    small.run()
    at(small, 2026, 11, 15, 6)
    small.write(
        "data/staff2.csv",
        "id,team,status\na,x,active\nb,x,left\nc,y,left\nd,y,active\ne,y,active\n",
    )
    small.run()
    wanted = {
        "2026-11-08": None,
        "2026-11-09": None,
        "2026-11-10": "2.000000",
        "2026-11-14": "2.000000",
        "2026-11-15": "3.000000",
        "2026-11-16": "3.000000",
    }
    wanted["2026-11-09"] = "2.000000"  # the day before the first load, as for any stream
    found = {day: small.status(day)["staff-then"]["value"] for day in wanted}
    assert found == wanted
    assert small.status("2026-11-14")["staff"]["value"] == "3.000000"
    assert small.status("2026-11-13")["staff"]["value"] is None


def test_a_year_earlier_is_the_same_stretch_of_last_year(small: Small) -> None:
    """`won / won@-1y - 1` compares July to the day with July to the day a year before."""
    small.run("2026-11-20")
    row = small.status("2026-11-20")["growth"]
    # 350 against 80 + 120
    assert (row["value"], row["numerator"], row["denominator"]) == ("75.000000", "150", "200")


def test_a_baseline_from_data_is_taken_once(small: Small) -> None:
    """The baseline stays what it was when first taken, though later data change that day."""
    small.run("2026-11-20")
    first = small.status("2026-11-20")["from-then"]
    assert (first["baseline"], first["target"]) == ("100", "150")
    small.write("data/deals_late.csv", "id,value,closed\nlate,400.00,2026-08-15\n")
    small.run("2026-11-20")
    later = small.status("2026-11-20")["from-then"]
    assert (later["baseline"], later["value"]) == ("100", "750.000000")


def test_a_derived_metric_keeps_numerator_and_denominator(small: Small) -> None:
    """Revenue per head shows both of its parts."""
    small.run("2026-11-21")
    row = small.status("2026-11-21")["per-head"]
    assert (row["value"], row["numerator"], row["denominator"]) == ("175.000000", "350", "2")


def test_a_stream_goes_stale_by_its_newest_event(small: Small) -> None:
    """The newest event up to the evaluated day counts; runs without news do not help."""
    small.run("2026-11-20")
    assert small.status("2026-11-20")["won"]["status"] != "stale"
    assert small.status("2026-11-21")["won"]["observed_at"] == "2026-11-18T23:00:00Z"
    at(small, 2026, 12, 1, 6)
    small.run("2026-11-30")
    row = small.status("2026-11-30")["won"]
    assert (row["status"], row["value"]) == ("stale", "350.000000")
    assert small.status("2026-11-26")["won"]["status"] != "stale"
    assert small.status("2026-11-27")["won"]["status"] == "stale"


def test_young_periods_are_provisional(small: Small) -> None:
    """`settle: 3d` marks days younger than three days, and no others."""
    small.run("2026-11-20")
    found = {d: small.status(f"2026-11-{d}")["won"]["provisional"] for d in (17, 18, 19, 21)}
    assert found == {17: False, 18: False, 19: True, 21: True}


def test_late_rows_count_on_their_own_day_and_leave_a_restatement(small: Small) -> None:
    """A late row changes the day it belongs to; the former score stays, replaced by a new one."""
    small.run("2026-09-30")
    before = small.status("2026-09-30")["won"]
    small.write("data/deals_late.csv", "id,value,closed\nlate,1.00,2026-09-15\n")
    small.run("2026-09-30")
    after = small.status("2026-09-30")["won"]
    assert (before["value"], after["value"]) == ("300.000000", "301.000000")
    with small.open() as project:
        history = project.store.score_history("2026-H2/learning/o/won")
    assert [h.body["replaces"] for h in history] == [None, before["record"]]


def test_the_same_inputs_give_the_same_record_anywhere(small: Small, tmp_path: Path) -> None:
    """Score records hold content only: another folder and another day give equal digests."""
    small.run("2026-10-31")
    other = Small(
        tmp_path / "other", clock=type(small.clock)(small.clock.moment + timedelta(hours=5))
    )
    for path in small.root.rglob("*"):
        if path.is_file() and ".scoreline" not in path.parts and "other" not in path.parts:
            other.write(str(path.relative_to(small.root)), path.read_text())
    other.run("2026-10-31")
    mine, theirs = small.status("2026-10-31"), other.status("2026-10-31")
    assert {k: r["record"] for k, r in mine.items()} == {k: r["record"] for k, r in theirs.items()}
    assert all(r["record"] for r in mine.values())


def test_a_backfill_shows_first_and_records_once(small: Small) -> None:
    """Past days are scored on what is loaded; refused, nothing is recorded; twice adds nothing."""
    from datetime import date

    from scoreline.steps.backfilling import backfill

    small.run("2026-11-20")
    first, last = date(2026, 9, 1), date(2026, 9, 10)
    with small.open() as project:
        refused = backfill(project, first, last, lambda _plan: False)
        assert (refused.pending, refused.recorded) == (60, 0)
        assert project.store.latest_scores(first) == {}
        done = backfill(project, first, last, lambda _plan: True)
        again = backfill(project, first, last, lambda _plan: True)
    assert (done.recorded, again.pending, again.recorded) == (60, 0, 0)
    assert small.status("2026-09-05")["won"]["record"] is not None
