"""Won revenue of a real quarter, down to its rows: they are the export's own, and add up."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

from flow_builders import Small
from real_crm import PUBLISHED, QUARTER, SOURCE
from real_world import score_all

from scoreline.steps.drilling import rows_behind


def test_the_second_quarter_is_the_sum_of_its_rows(
    tmp_path: Path, maven: Path, deals: list[dict[str, str]]
) -> None:
    """3,086,111 is what the listed rows add up to: each is the row of the file that it names."""
    small = Small(tmp_path)
    small.write(
        "okr_defs/organisation.yaml",
        "organisation: Real\ntimezone: UTC\ncycles:\n  2017: {start: 2017-01-01, end: 2017-12-31}\n"
        "teams:\n  all: {lead: ann@acme.example}\n",
    )
    text = SOURCE.format(root=maven, name="sales_pipeline.csv", dates="date")
    small.write("okr_defs/sources/crm.yaml", text)
    small.write("okr_defs/metrics/sales.yaml", "metrics:\n" + QUARTER)
    score_all(small, "2017", {"won": ("won_quarter", "")})
    assert not small.run("2017-06-30").failed
    with small.open() as project:
        kr = project.plan.key_results["2017/all/o/won"]
        with rows_behind(project, kr, date(2017, 6, 30)) as [part]:
            assert part.adds_up
            rows = part.rows.page(1, 10_000)
    assert sum(Fraction(r.numerator or 0) for r in rows) == PUBLISHED["2017-06-30"] == 3_086_111
    wanted = {
        (n, d["close_value"])
        for n, d in enumerate(deals, start=1)
        if d["deal_stage"] == "Won" and "2017-04-01" <= d["close_date"] <= "2017-06-30"
    }
    found = {(r.origins[0].row, r.numerator) for r in rows}
    assert found == wanted
    assert {r.origins[0].object for r in rows} == {"sales_pipeline.csv"}
