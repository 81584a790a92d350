"""Tests of metrics: what they compare, how they fail, and the mistakes they may hold."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.cli.testing import run_project_tests
from scoreline.core.errors import UsageError
from scoreline.definitions.metric_tests import load_tests
from scoreline.steps.planning import load_plan
from scoreline.steps.testing import Outcome, run_tests

ROOT = Path(__file__).resolve().parents[2]
SOURCE = """\
source: lms
connector: files
options: {root: data}
streams:
  done:
    options: {glob: "done*.csv"}
    columns:
      id: text
      team: text
      note: {type: text, personal: drop}
      score: {type: "decimal(5,2)"}
      at: {type: timestamp, timezone: Europe/Berlin}
    key: [id]
    load: merge
    event_time: at
"""
METRICS = """\
metrics:
  passed:
    title: Share of those who reached 50
    unit: share
    from: lms.done
    measure: {ratio: {numerator: {count: rows, where: "score >= 50"}, denominator: {count: rows}}}
    window: cycle
    dimensions: [team]
  best: {title: Best, unit: number, from: lms.done, measure: {max: score}, window: cycle}
"""
ROWS = """\
    rows:
      lms.done:
        - {id: A, team: north, score: 50.00, at: "2026-09-01 23:59:59"}
        - {id: B, team: north, score: 49.99, at: 2026-09-01}
        - {id: C, team: south, score: 10, at: "2026-09-02 00:00"}
"""


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A project of two metrics that never ran."""
    made = Small(tmp_path)
    made.define(organisation=ORGANISATION, sources__lms=SOURCE, metrics__m=METRICS)
    return made


def _one(small: Small, expect: str, rows: str = ROWS, metric: str = "passed") -> Outcome:
    head = f"tests:\n  one:\n    metric: {metric}\n    as_of: 2026-09-01\n"
    small.define(tests__m=f"{head}{rows}{expect}\n")
    plan = load_plan(small.root).plan
    tests, problems = load_tests(small.root, plan)
    assert problems == []
    [outcome] = run_tests(plan, tests)
    return outcome


@pytest.mark.parametrize(
    "expect",
    [
        "    expect: 50",
        "    expect: {value: 50.00, numerator: 1, denominator: 2}",
        "    expect_by: {team: {north: 50, south: no value}}",
    ],
)
def test_what_is_so_passes(small: Small, expect: str) -> None:
    """In shown units, as a quotient, and by segment; a day ends at midnight in the zone."""
    outcome = _one(small, expect)
    assert outcome.passed, (outcome.compared, outcome.error)
    assert not (small.root / ".scoreline").exists()


@pytest.mark.parametrize(
    ("expect", "found"),
    [
        ("    expect: 49.9", "50"),
        ("    expect: 0", "50"),
        ("    expect: no value", "50"),
        ("    expect: {numerator: 2}", "1"),
        ("    expect_by: {team: {south: 0}}", "no value"),
    ],
)
def test_what_is_otherwise_fails_with_the_rows(small: Small, expect: str, found: str) -> None:
    """A failure says what was found, and shows the rows that counted and what each adds."""
    outcome = _one(small, expect)
    assert not outcome.passed
    assert outcome.compared[-1].found == found
    [used] = outcome.used
    assert used.count == 2
    assert {row[:2] for row in used.rows} == {(None, "1"), ("1", "1")}


def test_a_value_is_compared_at_the_decimals_that_are_written(small: Small) -> None:
    """A third is 33.33 and 33.3, not 33; the exact quotient is in numerator and denominator."""
    rows = ROWS.replace("2026-09-02 00:00", "2026-09-01 12:00")
    assert _one(small, "    expect: 33.33", rows).passed
    assert _one(small, "    expect: 33.3", rows).passed
    wrong = _one(small, "    expect: 33.34", rows)
    assert wrong.compared[0].found == "33.333333 (100/3)"


def test_rows_join_their_stream_by_its_key(small: Small) -> None:
    """Of two rows with one key the last one counts, as in a merge stream."""
    rows = ROWS.replace("id: B", "id: A")
    assert _one(small, "    expect: {numerator: 0, denominator: 1}", rows).passed


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("score: high", "row 1 of lms.done: score is 'high', which is no decimal"),
        ("score: 1.005", "score is '1.005'"),
        ("at: 2026-02-30", "at is '2026-02-30', which is no timestamp"),
    ],
)
def test_a_cell_that_breaks_the_contract_is_named(small: Small, cell: str, words: str) -> None:
    """Nothing is rounded or dropped: the test ends in an error that names row and cell."""
    rows = f"    rows: {{lms.done: [{{id: A, {cell}}}]}}\n"
    outcome = _one(small, "    expect: 1", rows, "best")
    assert outcome.error is not None
    assert words in outcome.error


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("metric: best", "metric: bst", "there is no metric bst", "did you mean best?"),
        ("lms.done", "lms.don", "reads no stream lms.don", "did you mean lms.done?"),
        ("score: 1", "scor: 1", "has no column scor", "did you mean score?"),
        ("score: 1", "note: x", "has no column note", ""),
        ("expect: 1", "expekt: 1", "unknown key expekt", "did you mean expect?"),
        ("expect: 1", "expect: {}", "nothing is expected here", ""),
        ("expect: 1", "filter: {team: x}\n    expect: 1", "no dimension team", ""),
        ("as_of: 2026-09-01", "as_of: 01.09.2026", "a day is expected", "write the year first"),
        ("expect: 1", "cycle: 2027\n    expect: 1", "there is no cycle 2027", ""),
    ],
)
def test_a_mistake_in_a_test_has_its_place(
    small: Small, old: str, new: str, message: str, hint: str
) -> None:
    """Every mistake names the line and what was meant; runs are not touched by it."""
    text = (
        "tests:\n  t:\n    metric: best\n    as_of: 2026-09-01\n"
        "    rows: {lms.done: [{id: A, score: 1}]}\n    expect: 1\n"
    )
    small.define(tests__m=text.replace(old, new))
    loaded = load_plan(small.root)
    assert loaded.problems == ()
    found, problems = load_tests(small.root, loaded.plan)
    assert found == []
    assert message in problems[0].message
    assert hint in problems[0].hint
    assert problems[0].place.file == "okr_defs/tests/m.yaml"
    assert problems[0].place.line >= 3


def test_the_command_tells_and_writes_junit(
    small: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 1 with a failure; JSON and JUnit's XML say which and why."""
    _one(small, "    expect: 51")
    junit = tmp_path / "junit.xml"
    assert run_project_tests(small.root, [], junit, json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["passed"], told["failed"]) == (0, 1)
    assert told["tests"][0]["compared"][0]["found"] == "50"
    suite = parse(junit).getroot()  # noqa: S314  it was written here
    assert suite.attrib["failures"] == "1"
    assert suite.findall("testcase/failure")[0].attrib["message"] == "value: expected 51, found 50"
    with pytest.raises(UsageError, match="files: m"):
        run_project_tests(small.root, ["other"], None, json=True)


def test_the_examples_own_tests_pass(capsys: pytest.CaptureFixture[str]) -> None:
    """The tests in okr_defs hold what the example's metrics promise."""
    assert run_project_tests(ROOT, [], None, json=True) == 0
    assert json.loads(capsys.readouterr().out)["passed"] >= 10
