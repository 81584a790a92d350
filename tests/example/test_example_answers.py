"""The example's exports, and what its key results are worth on the pinned day."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from answers import (
    course_completions,
    crm_tickets_per_100,
    expected_baselines,
    expected_keeps,
    expected_values,
    lessons,
    opportunities,
)

from scoreline.example.__main__ import exports, main

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "import sys; from scoreline.cli import main; sys.exit(main())"
INTERVIEWS = "2026-H2/sales/selling-with-insight/interviews"
STATUSES = {
    "company/digital-operations/crm-proficiency": "on_track",
    "company/digital-operations/learning-hours": "at_risk",
    "company/grow-through-people/revenue": "on_track",
    "company/grow-through-people/customers": "achieved",
    "learning/crm-fluency/sales-proficiency": "at_risk",
    "learning/crm-fluency/attempts-passed": "on_track",
    "learning/crm-fluency/rollout": "on_track",
    "learning/learning-that-lasts/rating": "held",
    "learning/learning-that-lasts/unfinished": "on_track",
    "learning/learning-that-lasts/tutor": "no_data",
    "academy/leaders/competency": "at_risk",
    "academy/leaders/no-one-left-behind": "at_risk",
    "sales/selling-with-insight/revenue-growth": "at_risk",
    "sales/selling-with-insight/average-deal": "on_track",
    "sales/selling-with-insight/gtx-pro": "on_track",
    "sales/selling-with-insight/workshops": "achieved",
    "sales/selling-with-insight/interviews": "on_track",
    "operations/quiet-helpdesk/crm-tickets": "off_track",
    "operations/quiet-helpdesk/first-response": "at_risk",
    "operations/quiet-helpdesk/training-cost": "stale",
    "operations/quiet-helpdesk/clean-accounts": "not_started",
    "operations/quiet-helpdesk/hotline": "withdrawn",
}
PERCENT = ("crm-proficiency", "sales-proficiency", "attempts-passed", "unfinished")
PERCENT += ("competency", "revenue-growth", "first-response", "clean-accounts")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exports of the default seed."""
    folder = tmp_path_factory.mktemp("example") / "data"
    assert main([str(folder)]) == 0
    return folder


def _digest(seed: int) -> str:
    digest = hashlib.sha256()
    for export in exports(seed):
        digest.update(export.path.encode() + b"\0" + export.content + b"\0")
    return digest.hexdigest()


def test_equal_seeds_give_equal_bytes() -> None:
    """The same seed gives the same files, byte for byte; another seed gives others."""
    assert _digest(7) == _digest(7)
    assert _digest(7) != _digest(8)


def test_a_second_run_touches_nothing(data: Path) -> None:
    """Generating again leaves every file as it is, its time included."""
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*.*")}
    assert main([str(data)]) == 0
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*.*")} == before


def test_size(data: Path) -> None:
    """The exports have between 5,000 and 20,000 lines, and several files for each stream."""
    lines = sum(path.read_bytes().count(b"\n") for path in data.rglob("*.*"))
    assert 5_000 <= lines <= 20_000
    streams = ("crm/*.csv", "moodle/quiz*", "moodle/course4*", "kolibri/*", "survey/*.csv")
    streams += ("survey/*.ndjson", "helpdesk/*", "hr/*", "finance/*")
    assert all(len(list(data.glob(pattern))) >= 3 for pattern in streams)


def _lines(data: Path, pattern: str) -> list[list[str]]:
    return [
        row
        for path in sorted(data.glob(pattern))
        for row in csv.reader(path.open(encoding="utf-8-sig", newline=""))
    ]


def test_dirt_of_the_pipeline(data: Path) -> None:
    """The CRM's files hold repeats, unknown stages, a third decimal, extra cells, two spellings."""
    rows = _lines(data, "crm/*.csv")
    assert len({tuple(row) for row in rows}) < len(rows) - 500
    assert sum(row[5] == "Closed Won" for row in rows) == 2
    assert sum(row[8] == "4821.125" for row in rows) == 1
    assert sum(len(row) == 11 for row in rows) == 2
    assert {"GTXPro", "GTX Pro"} <= {row[3] for row in rows}


def test_arrival_order_does_not_decide(data: Path) -> None:
    """A correction in August's file is newer than rows of later files, and it counts."""
    corrected = {row[0]: row[8] for row in _lines(data, "crm/*correction.csv")[1:]}
    final = {row["opportunity_id"]: row["close_value"] for row in opportunities(data)}
    assert corrected
    assert all(final[key] == value for key, value in corrected.items())


def test_dirt_of_the_learning_systems(data: Path) -> None:
    """Kolibri's files start with a BOM; Moodle's hold two grades of 150 and unfinished attempts."""
    assert all(p.read_bytes().startswith(b"\xef\xbb\xbf") for p in data.glob("kolibri/*.csv"))
    attempts = _lines(data, "moodle/quiz_attempts_*.csv")
    assert sum(row[7] == "150.00" for row in attempts) == 2
    assert any(row[3:8:2] == ["In progress", "-", "-"] for row in attempts)
    assert len(lessons(data)) < len(_lines(data, "kolibri/*.csv")) - 500


def test_dirt_of_help_desk_and_roster(data: Path) -> None:
    """There are repeated and late tickets, an ambiguous time, a formula, HTML and `?` for null."""
    rows = _lines(data, "helpdesk/*.csv")
    subjects = {row[8] for row in rows}
    assert len({row[0] for row in rows}) < len(rows) - 20
    assert "25.10.2026 02:30" in {row[1] for row in rows}
    assert any(subject.startswith("=HYPERLINK(") for subject in subjects)
    assert any(subject.startswith("<img") for subject in subjects)
    assert "?" in {row[8] for row in _lines(data, "hr/*.csv")}


def test_only_the_newest_feedback_lost_its_courses(data: Path) -> None:
    """Answers without a course stand in the newest file and in no other."""
    empty = {
        path.name
        for path in data.glob("survey/feedback_*.csv")
        if any(row[2] == "" for row in csv.reader(path.open(encoding="utf-8", newline="")))
    }
    assert empty == {max(path.name for path in data.glob("survey/feedback_*.csv"))}


def test_every_key_result_has_its_answer(data: Path) -> None:
    """Key results computed from rows have an answer; held, empty, manual and done ones none."""
    without = {"rating", "tutor", "interviews", "rollout", "workshops"}
    named = {key.rpartition("/")[2] for key in STATUSES} - without
    assert {key.rpartition("/")[2] for key in expected_values(data)} == named


def test_the_tickets_turned_red_in_november(data: Path) -> None:
    """CRM tickets were on pace on 31 October and worse than the baseline on 20 November."""
    numerator, staff = crm_tickets_per_100(data, date(2026, 10, 31))
    assert staff
    assert (60 - numerator / staff) / 30 >= Fraction(9, 10) * Fraction(122, 183)
    numerator, staff = crm_tickets_per_100(data, date(2026, 11, 20))
    assert staff
    assert numerator / staff > 60


def test_the_roll_out_is_between_its_milestones(data: Path) -> None:
    """More than 150 people completed the course and fewer than 250."""
    assert 150 <= course_completions(data) < 250


# --- against the product ------------------------------------------------------------------


def _scoreline(project: Path, *arguments: str, legal: tuple[int, ...] = (0,)) -> str:
    command = [sys.executable, "-c", COMMAND, *arguments, "--project", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode in legal, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def shown(data: Path) -> dict[str, dict[str, Any]]:
    """What `scoreline status --json` prints after a check-in and a run, by full name."""
    spec = find_spec("scoreline.cli")
    if spec is None or spec.origin is None:
        pytest.skip("scoreline.cli is not part of this installation")
    project = data.parent
    copytree(ROOT / "okr_defs", project / "okr_defs")
    _scoreline(
        project,
        *("checkin", INTERVIEWS, "--value", "29", "--date", "2026-11-17"),
        *("--by", "tom.ruiz@acme.example", "--note", "Two more planned for Friday"),
    )
    _scoreline(project, "run", "--json", legal=(3,))
    return {row["id"]: row for row in json.loads(_scoreline(project, "status", "--json"))}


def _six(number: Fraction) -> str:
    scaled = Decimal(number.numerator) / Decimal(number.denominator)
    return str(scaled.quantize(Decimal("0.000001"), ROUND_HALF_EVEN))


@pytest.mark.slow
def test_statuses_on_the_pinned_day(shown: dict[str, dict[str, Any]]) -> None:
    """`status` shows every key result in the files' order with the status it was made to have."""
    assert {key: row["status"] for key, row in shown.items()} == {
        f"2026-H2/{key}": status for key, status in STATUSES.items()
    }
    assert {row["as_of"] for row in shown.values()} == {"2026-11-20"}


@pytest.mark.slow
def test_values_agree_with_plain_python(data: Path, shown: dict[str, dict[str, Any]]) -> None:
    """Each key result's numerator, denominator and value are those of the plain computation."""
    for key, (numerator, denominator) in expected_values(data).items():
        row = shown[key]
        if row["status"] == "withdrawn" and row["value"] is None:
            continue
        assert Fraction(row["numerator"]) == numerator, key
        assert (row["denominator"] and Fraction(row["denominator"])) == denominator, key
        factor = 100 if key.endswith(PERCENT) else 1
        assert row["value"] == _six(factor * numerator / (denominator or 1)), key


@pytest.mark.slow
def test_kept_periods_agree_with_plain_python(data: Path, shown: dict[str, dict[str, Any]]) -> None:
    """The progress of a keep is its periods inside over its periods with a value."""
    for key, (inside, periods) in expected_keeps(data).items():
        assert shown[key]["progress"] == _six(Fraction(inside, periods)), key


@pytest.mark.slow
def test_baseline_on_a_day_agrees_with_plain_python(
    data: Path, shown: dict[str, dict[str, Any]]
) -> None:
    """A baseline taken on a day is the metric's value then, and the target follows it."""
    for key, (numerator, denominator) in expected_baselines(data).items():
        assert denominator
        assert shown[key]["baseline"] == _six(numerator / denominator), key
        assert shown[key]["target"] == _six(numerator / denominator * Fraction(11, 10)), key
