"""The text of a series and the values read from it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from scoreline.core.exact import Exact
from scoreline.core.series import Series

TEXT = """\
2026-07-01,0,
2026-07-03,12.50,
2026-07-05,,
end,2026-07-06
2026-08-01,3,8
end,2026-08-01
"""


@pytest.mark.parametrize(
    ("day", "value"),
    [
        ("2026-06-30", None),
        ("2026-07-01", Exact(Fraction(0))),
        ("2026-07-02", Exact(Fraction(0))),
        ("2026-07-04", Exact(Fraction(25, 2))),
        ("2026-07-05", None),
        ("2026-07-31", None),
        ("2026-08-01", Exact(Fraction(3), Fraction(8))),
        ("2026-08-02", None),
    ],
)
def test_a_day_has_the_value_of_the_newest_change(day: str, value: Exact | None) -> None:
    """A value holds until the next line or the end of its run, and never beyond."""
    assert Series.parse(TEXT).at(date.fromisoformat(day)) == value


def test_a_series_knows_which_days_were_asked_for() -> None:
    """Days between and outside the runs are not covered, days without a value are."""
    series = Series.parse(TEXT)
    assert len(list(series.days())) == 7
    assert series.covers(date(2026, 7, 6))
    assert not series.covers(date(2026, 7, 7))
    assert (series.first, series.last) == (date(2026, 7, 1), date(2026, 8, 1))


def test_the_text_is_written_as_it_was_read() -> None:
    """Reading and writing a series changes nothing, an empty one included."""
    assert Series.parse(TEXT).text == TEXT
    assert Series.parse("").text == ""
    assert Series.parse("").first is None


@pytest.mark.parametrize(
    "text",
    [
        "2026-07-01,0,\n",
        "end,2026-07-01\n",
        "2026-07-01,0\nend,2026-07-01\n",
        "2026-07-02,0,\n2026-07-01,1,\nend,2026-07-03\n",
        "2026-07-02,0,\nend,2026-07-01\n",
        "July,0,\nend,2026-07-01\n",
    ],
)
def test_a_damaged_text_is_refused(text: str) -> None:
    """A line of another form, days out of order or a run without end are errors."""
    with pytest.raises(ValueError, match=r"series|isoformat"):
        Series.parse(text)
