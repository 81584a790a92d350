"""One row of a real export changes: the value moves by that and no more; the record follows."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flow_builders import Small
from real_world import exact, plain, project, score_all, streams, table, write_table

from scoreline.quality.gx import GxValidator
from scoreline.steps.why import why
from scoreline.store.rows import StoredScore

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "import sys; from scoreline.cli import main; sys.exit(main())"
DAY, Q3 = "2017-12-31", "2017-09-30"
Q3_REVENUE, YEAR_REVENUE = 2_982_255, 1_134_672 + 3_086_111 + 2_982_255 + 2_802_496
SOURCE = """\
source: crm
connector: files
options: {{root: "{root}"}}
streams:
  opportunities:
    options: {{glob: "*pipeline.csv"}}
    columns:
      opportunity_id: text
      deal_stage: {{type: text, one_of: [Prospecting, Engaging, Won, Lost]}}
      close_date: date
      close_value: "decimal(12,2)"
    key: [opportunity_id]
    load: merge
    event_time: close_date
    schema_contract: {{new_column: drop}}
    expect:
      - {{type: expect_column_values_to_be_between, column: close_value, min_value: 0, max_value: 50000}}
      - {{type: expect_table_row_count_to_equal, value: 8800}}
"""
METRICS = """\
metrics:
  won: {title: W, unit: "currency:USD", from: crm.opportunities, measure: {sum: close_value, where: "deal_stage = 'Won'"}, window: cycle}
  won_quarter: {title: W, unit: "currency:USD", from: crm.opportunities, measure: {sum: close_value, where: "deal_stage = 'Won'"}, window: quarter}
  won_deals: {title: D, unit: count, from: crm.opportunities, measure: {count: rows, where: "deal_stage = 'Won'"}, window: cycle}
  lost_deals: {title: D, unit: count, from: crm.opportunities, measure: {count: rows, where: "deal_stage = 'Lost'"}, window: cycle}
"""
NAMES = ("won", "won_quarter", "won_deals", "lost_deals")


def defined(small: Small, root: Path) -> Small:
    """The definitions over the pipeline in a folder."""
    small.write("okr_defs/sources/crm.yaml", SOURCE.format(root=root))
    small.write("okr_defs/metrics/sales.yaml", METRICS)
    score_all(small, "2017", {name: (name, "") for name in NAMES})
    return small


def history(small: Small, name: str, day: str) -> list[StoredScore]:
    """The records of a key result for a day, in their order."""
    with small.open() as opened:
        found = opened.store.score_history(f"2017/all/o/{name}")
    return [s for s in found if s.body["as_of"] == date.fromisoformat(day).isoformat()]


@pytest.fixture
def copied(shared: Path, gx: GxValidator, tmp_path: Path) -> tuple[Small, list[dict[str, str]]]:
    """A project over a copy of the pipeline, run once; and the copy's rows."""
    rows = table(shared / "data" / "maven_crm_sales" / "sales_pipeline.csv")
    write_table(tmp_path / "data" / "sales_pipeline.csv", rows, list(rows[0]))
    small = project(tmp_path, gx, "2017", "2017-01-01", "2017-12-31", "America/New_York")
    assert not defined(small, Path("data")).run(DAY).failed
    assert exact(small, DAY)["won"] == plain(YEAR_REVENUE)
    return small, rows


def test_a_changed_row_moves_the_value_by_exactly_that(
    copied: tuple[Small, list[dict[str, str]]],
) -> None:
    """A deal of August turns out 1,000.25 dearer: the year moves by that, the last quarter by 0."""
    small, rows = copied
    before = exact(small, DAY)
    first = {name: history(small, name, DAY) for name in NAMES}
    chosen = next(r for r in rows if r["deal_stage"] == "Won" and r["close_date"][:7] == "2017-08")
    chosen["close_value"] = str(Fraction(chosen["close_value"]) + 1000) + ".25"
    write_table(small.root / "data" / "sales_pipeline.csv", rows, list(rows[0]))
    report = small.run(DAY)
    assert not report.failed, report
    stream = streams(report)["crm.opportunities"]
    assert (stream.landed, stream.rows_in_stream) == (1, 8_800)
    after, more = exact(small, DAY), Fraction("1000.25")
    assert after["won"] == plain(YEAR_REVENUE + more)
    assert exact(small, Q3)["won_quarter"] == plain(Q3_REVENUE + more)
    assert {n: after[n] for n in NAMES[1:]} == {n: before[n] for n in NAMES[1:]}
    old, new = history(small, "won", DAY)
    assert [old.digest] == [s.digest for s in first["won"]]
    assert (old.body["replaces"], new.body["replaces"]) == (None, old.digest)
    values = [Fraction(s.body["value"]) for s in (old, new)]
    assert values == [YEAR_REVENUE, YEAR_REVENUE + more]
    with small.open() as opened:
        latest = opened.store.latest_scores(date.fromisoformat(DAY))
    assert latest["2017/all/o/won"].digest == new.digest


def test_a_deal_that_was_lost_after_all(copied: tuple[Small, list[dict[str, str]]]) -> None:
    """A small later export with the same key takes a won deal back: one count up, one down."""
    small, rows = copied
    before = exact(small, DAY)
    chosen = next(r for r in rows if r["deal_stage"] == "Won" and r["close_date"][:7] == "2017-11")
    lost = {**chosen, "deal_stage": "Lost", "close_value": "0"}
    write_table(small.root / "data" / "zz_pipeline.csv", [lost], list(lost))
    source = small.root / "okr_defs/sources/crm.yaml"
    without = [line for line in source.read_text().splitlines() if "row_count" not in line]
    source.write_text("\n".join(without) + "\n")
    report = small.run(DAY)
    assert not report.failed, report
    after, value = exact(small, DAY), Fraction(chosen["close_value"])
    moved = {n: (after[n][0] or Fraction(0)) - (before[n][0] or Fraction(0)) for n in NAMES}
    assert moved == {"won": -value, "won_quarter": -value, "won_deals": -1, "lost_deals": 1}
    assert streams(report)["crm.opportunities"].rows_in_stream == 8_800


def scoreline(small: Small, *arguments: str) -> Any:
    """What the command line prints as JSON."""
    command = [sys.executable, "-c", COMMAND, *arguments, "--project", str(small.root), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


@pytest.mark.slow
def test_the_command_line_gives_the_published_quarter(
    shared: Path, gx: GxValidator, tmp_path: Path
) -> None:
    """`run --json` and `status --json` of the third quarter show the published revenue."""
    small = project(tmp_path, gx, "2017", "2017-01-01", "2017-12-31", "America/New_York")
    defined(small, shared / "data" / "maven_crm_sales")
    run = scoreline(small, "run", "--as-of", Q3)
    stream = run["sources"]["crm"]["streams"]["crm.opportunities"]
    assert (run["failed"], stream["state"], stream["rows_in_stream"]) == (False, "loaded", 8_800)
    assert run["recorded"]["scores"] == len(NAMES)
    rows = {r["id"].rsplit("/", 1)[1]: r for r in scoreline(small, "status", "--as-of", Q3)}
    assert list(rows) == list(NAMES)
    shown = rows["won_quarter"]
    assert (shown["value"], shown["as_of"]) == (f"{Q3_REVENUE}.000000", Q3)
    assert Fraction(rows["won"]["value"]) == 1_134_672 + 3_086_111 + 2_982_255
    assert shown["record"] == history(small, "won_quarter", Q3)[-1].digest


def test_why_names_the_row_that_changed(copied: tuple[Small, list[dict[str, str]]]) -> None:
    """The restatement of the same day is put down to the one row, its file and its cell."""
    small, rows = copied
    chosen = next(r for r in rows if r["deal_stage"] == "Won" and r["close_date"][:7] == "2017-08")
    before = chosen["close_value"]
    chosen["close_value"] = str(Fraction(before) + 1000) + ".25"
    write_table(small.root / "data" / "sales_pipeline.csv", rows, list(rows[0]))
    assert not small.run(DAY).failed
    with small.open() as opened:
        plan = opened.plan.key_results
        found = why(opened, plan["2017/all/o/won"], date.fromisoformat(DAY), None)
        still = why(opened, plan["2017/all/o/won_deals"], date.fromisoformat(DAY), None)
    assert found.value == Fraction("1000.25")
    assert [(s.kind, s.value) for s in found.steps] == [("changed", Fraction("1000.25"))]
    assert found.steps[0].rows is not None
    [row] = found.steps[0].rows.rows
    assert dict(row.key) == {"opportunity_id": chosen["opportunity_id"]}
    assert (row.to_value, row.sources) == (Fraction("1000.25"), 1)
    assert row.origins[0].object == "sales_pipeline.csv"
    assert row.origins[0].row == rows.index(chosen) + 1
    old, new = row.changes["close_value"]
    assert (Fraction(old or ""), Fraction(new or "")) == (
        Fraction(before),
        Fraction(chosen["close_value"]),
    )
    assert (still.value, [s.value for s in still.steps]) == (0, [0])
