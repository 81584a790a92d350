"""What Dagster's pages show, and that data cannot do anything there."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import dagster as dg
import pytest

from pipelines.metadata import code_references, owners, plotted, table
from pipelines.score_metadata import metrics_metadata, objectives_metadata
from pipelines.texts import block, code, printable
from scoreline.core.errors import Place
from scoreline.core.exact import Exact
from scoreline.core.model import Plan
from scoreline.core.scoring import Observations, Rules, score
from scoreline.definitions.project import load_project
from scoreline.steps.reports import KeyResultRow, MetricRow, ScoreReport

DAY = date(2026, 11, 20)
FILE = "okr_defs/objectives/2026-H2/sales.yaml"
REVENUE = "2026-H2/sales/sell/revenue"


@pytest.fixture
def plan(project: Path) -> Plan:
    """The plan of the test project."""
    found = load_project(project).plan
    assert found is not None
    return found


def row_of(plan: Plan, title: str = "Revenue") -> KeyResultRow:
    kr = plan.key_results[REVENUE]
    seen = Observations(
        value_on=lambda _: Exact(Fraction(400)), baseline=Fraction(0), target=Fraction(1000)
    )
    found = score(kr, Rules(plan.organisation.thresholds), seen, DAY)
    return KeyResultRow(REVENUE, title, None, found, None, False, "d", None)


def test_an_objectives_file_shows_its_key_results(plan: Plan) -> None:
    """Value, progress and status as a table, progress as a plot, counts of every status."""
    report = ScoreReport(DAY, key_results=[row_of(plan)])
    found = objectives_metadata(FILE, plan, report)
    [row] = found["key results"].value.records
    assert (row.data["value"], row.data["progress"]) == ("400.000000", "0.400000")
    assert found[f"progress: {REVENUE}"] == 0.4
    counts = {k: v for k, v in found.items() if k.startswith("status: ")}
    assert sum(counts.values()) == 1
    assert counts["status: achieved"] == 0, "a status nobody has is plotted as 0"
    assert "(400 - 0) / (1000 - 0)" in found["how each was computed"].value


def test_another_files_key_results_stay_away(plan: Plan) -> None:
    """A file shows its own key results only."""
    report = ScoreReport(DAY, key_results=[row_of(plan)])
    found = objectives_metadata("okr_defs/objectives/2026-H2/company.yaml", plan, report)
    assert found["key results"].value.records == []
    assert f"progress: {REVENUE}" not in found


def test_a_title_is_never_markup(plan: Plan) -> None:
    """HTML, Markdown and control characters of a title end inside a code span."""
    title = "`x` <script>alert(1)</script>\n# big \x1b[31m"
    found = objectives_metadata(FILE, plan, ScoreReport(DAY, key_results=[row_of(plan, title)]))
    [line] = found["how each was computed"].value.splitlines()
    assert line.startswith("- `'x' <script>alert(1)</script> # big \ufffd[31m`: `")


def test_values_are_cut_with_the_count_said(plan: Plan) -> None:
    """Of more than 200 values 200 are shown, and the number of all of them."""
    rows = [
        MetricRow("won_revenue", f"team = t{n}", "2026-H2", DAY, "1.000000", "1", None, False)
        for n in range(1234)
    ]
    report = ScoreReport(DAY, metrics=rows)
    found = metrics_metadata("okr_defs/metrics/sales.yaml", plan, report)
    assert len(found["values"].value.records) == 200
    assert found["rows shown"] == "200 of 1,234"
    assert "value: won_revenue" not in found, "a filtered value is no value of the whole metric"


def test_a_number_without_a_float_is_not_plotted() -> None:
    """Forty digits plot; a number beyond floats and no value do not, and nothing raises."""
    assert plotted(Fraction(10**40)) == 1e40
    assert plotted(Fraction(10**400)) is None
    assert plotted(None) is None


def test_only_mail_addresses_are_owners() -> None:
    """What Dagster would refuse as an owner is left out, so that the location loads."""
    assert owners(["a.b@test.example", None, "nobody", "x@y", "a.b@test.example"]) == [
        "a.b@test.example"
    ]


def test_links_have_file_and_line(tmp_path: Path) -> None:
    """A link names the file on this machine and the line; a place without a file gives none."""
    found = code_references(tmp_path, [Place("okr_defs/x.yaml", 7, 3)])
    [reference] = found["dagster/code_references"].code_references
    assert (reference.file_path, reference.line_number) == (str(tmp_path / "okr_defs/x.yaml"), 7)
    assert code_references(tmp_path, [Place("")]) == {}


def test_text_from_data_stays_text() -> None:
    """Code spans and blocks cannot be left from inside; direction characters are replaced."""
    assert code("a`b\nc") == "`a'b c`"
    assert block("x\n```\n# y").count("```") == 2
    assert printable("a\u202eb\x00c") == "a\ufffdb\ufffdc"
    assert printable("x" * 30_000).endswith("… (cut)")


def test_a_short_table_says_nothing_of_a_cut() -> None:
    """Only a cut table carries the number of its rows."""
    schema = dg.TableSchema(columns=[dg.TableColumn("a", "int")])
    assert set(table([{"a": 1}], 5, schema)) == {"table"}
