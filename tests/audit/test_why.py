"""Why a score moved: the steps add up to the difference, and single rows to their step."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from itertools import pairwise

import pytest
from flow_builders import Small
from test_two_clocks import lived  # noqa: F401  a fixture

from scoreline.core.errors import UsageError
from scoreline.steps.why import Why, why


def asked(small: Small, name: str, since: str, until: str) -> Why:
    with small.open() as project:
        kr = project.plan.key_results[f"2026-H2/learning/o/{name}"]
        return why(project, kr, date.fromisoformat(since), date.fromisoformat(until))


DAYS = ("2026-08-01", "2026-08-03", "2026-08-06", "2026-08-11", "2026-08-19")


@pytest.mark.parametrize(
    ("name", "days"),
    [("total", DAYS), ("mean", DAYS[1:4]), ("open", DAYS[:2]), ("calls", DAYS[1:3])],
)
def test_the_steps_add_up_to_the_difference(
    lived: Small,  # noqa: F811
    name: str,
    days: tuple[str, ...],
) -> None:
    """Between any two records, whatever moved: values follow on each other and add up exactly."""
    kinds: set[str] = set()
    for since, until in dict.fromkeys([*pairwise(days), (days[0], days[-1])]):
        found = asked(lived, name, since, until)
        at = found.first
        for step in found.steps:
            assert step.before.value == at.value
            at = step.after
            kinds.add(step.kind)
        assert (at.value, at.progress) == (found.last.value, found.last.progress)
        assert str(found.first.status) == found.since.status
        assert found.last.status == found.until.status
        if found.value is not None and all(s.value is not None for s in found.steps):
            assert sum((s.value or 0 for s in found.steps), Fraction(0)) == found.value
    assert kinds


def test_each_cause_is_told_apart(lived: Small) -> None:  # noqa: F811
    """Rows added and changed, a new threshold in the metric, each with what it did."""
    found = asked(lived, "total", "2026-08-01", "2026-08-11")
    steps = {s.kind: s for s in found.steps}
    assert {k: s.value for k, s in steps.items() if s.value} == {
        "added": 9 + 70,
        "changed": 5,
        "definition": -9,
    }
    assert any("where: score >= 0 -> score >= 20" in n for n in steps["definition"].notes)
    assert any("target" in n and "500 -> 300" in n for n in steps["definition"].notes)
    added = steps["added"].rows
    assert added is not None
    assert {(r.key["id"], r.to_value, r.origins[0].object) for r in added.rows} == {
        ("c", 9, "done1.csv"),
        ("e", 70, "done2.csv"),
    }
    assert sum(r.to_value or 0 for r in added.rows) == steps["added"].value


def test_rows_of_a_quotient_add_up(lived: Small) -> None:  # noqa: F811
    """Of an average, what each row adds is exact: together all rows are the difference."""
    found = asked(lived, "mean", "2026-08-01", "2026-08-03")
    of_rows = [r.to_value for s in found.steps if s.rows for r in s.rows.rows]
    by_rows = [s.value for s in found.steps if s.rows]
    if found.last.value is not None and found.first.value is not None:
        assert sum(filter(None, of_rows), Fraction(0)) == sum(filter(None, by_rows), Fraction(0))


def test_a_hold_is_no_change_of_data(lived: Small) -> None:  # noqa: F811
    """A blocked batch shows as a hold, and its release as one, with the reason."""
    found = asked(lived, "total", "2026-08-02", "2026-08-03")
    assert found.until.status == "held"
    assert "held" in {s.kind for s in found.steps}
    after = asked(lived, "total", "2026-08-03", "2026-08-04")
    assert "released" in {s.kind for s in after.steps}


def test_days_without_a_record_are_refused(lived: Small) -> None:  # noqa: F811
    """A day before the first record, and an end before the beginning, are said."""
    with pytest.raises(UsageError, match="the first one is of"):
        asked(lived, "total", "2026-07-01", "2026-08-03")
    with pytest.raises(UsageError, match="lies before"):
        asked(lived, "total", "2026-08-06", "2026-08-01")
