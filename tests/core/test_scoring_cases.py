"""The worked cases: those recorded beside the scoring rules, and those in their table."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from score_builders import always, keep, linear_day, on_days, reach, scored, seen

from scoreline.core.exact import shown
from scoreline.core.model import Expected
from scoreline.core.scoring import Score

FILE = Path(__file__).resolve().parents[3] / "shared" / "design" / "scoring_cases.json"
CASES = json.loads(FILE.read_text())["cases"] if FILE.is_file() else []


def case_score(case: dict[str, str]) -> Score:
    kr = reach(
        case["baseline"],
        case["target"],
        start=date.fromisoformat(case["start"]),
        due=date.fromisoformat(case["due"]),
        expected=Expected(case["expected_curve"]),  # type: ignore[arg-type]
    )
    observations = seen(case["value"], case["baseline"], case["target"])
    return scored(kr, observations, date.fromisoformat(case["as_of"]))


@pytest.mark.usefixtures("shared")
def test_the_recorded_cases_are_there() -> None:
    """The file holds cases, so the parametrised test below proves something."""
    assert len(CASES) >= 28


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_recorded_case_scores_as_recorded(number: int) -> None:
    """Progress, expected progress and status of each recorded case come out as written."""
    case = CASES[number]
    got = case_score(case)
    assert (shown(got.progress), shown(got.expected), got.status) == (
        case["progress"],
        case["expected"],
        case["status"],
    )


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_recorded_case_shows_its_value_exactly(number: int) -> None:
    """The value in the score is the recorded one, to the last digit, or none."""
    case = CASES[number]
    value = case_score(case).value
    assert value == (None if case["value"] is None else Fraction(case["value"]))


@pytest.mark.parametrize(
    ("baseline", "target", "value", "x", "progress", "status"),
    [
        ("40", "100", 72, "0.5", "0.533333", "on_track"),
        ("30", "10", 25, "0.5", "0.250000", "off_track"),
        ("30", "10", 35, "0.5", "-0.250000", "off_track"),
        ("0", "50", 60, "0.4", "1.200000", "achieved"),
        ("0", "100", 4, "0.05", "0.040000", "pending"),
        ("0", "100", -4, "0.05", "-0.040000", "off_track"),
    ],
)
def test_a_row_of_the_table_of_worked_cases(
    baseline: str, target: str, value: int, x: str, progress: str, status: str
) -> None:
    """Each row gives the progress and status that the table states."""
    got = linear_day(baseline, target, value, Fraction(x))
    assert (got.x, shown(got.progress), got.status) == (Fraction(x), progress, status)


def test_the_keep_row_of_the_table() -> None:
    """At most 2, inside in 9 of 13 weeks: 0.692308 against an expected 1, off track."""
    sundays = [date.fromordinal(date(2026, 7, 5).toordinal() + 7 * n) for n in range(13)]
    values = {day: 2 if n < 9 else 3 for n, day in enumerate(sundays)}
    got = scored(keep(at_most=Decimal(2)), seen(value_on=on_days(values)), sundays[-1])
    assert (shown(got.progress), got.expected, got.status) == ("0.692308", 1, "off_track")
    assert got.formula == "inside in 9 of 13 weeks = 0.692308; expected 1; off track"


def test_the_worked_formula_reads_as_documented() -> None:
    """The words are those of the scoring rules, letter by letter."""
    kr = reach("40", "100", start=date(2026, 7, 1), due=date(2026, 9, 30))
    observations = seen(baseline=40, target=100, value_on=always(72))
    assert scored(kr, observations, date(2026, 8, 15)).formula == (
        "(72 - 40) / (100 - 40) = 0.533333; expected 0.494505 (linear, 45 of 91 days); on track"
    )
