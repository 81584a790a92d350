"""Drawings: coordinates inside the drawing, gaps where there is no value, round ticks."""

from __future__ import annotations

import re
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scoreline.web.drawing.axes import month_starts, ticks
from scoreline.web.drawing.bars import bar
from scoreline.web.drawing.chart import NARROW, WIDE, Cone, Material, chart
from scoreline.web.drawing.sparkline import HEIGHT, WIDTH, sampled_days, sparkline

START = date(2026, 7, 1)
VALUES = st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=1000)


@given(VALUES, VALUES)
def test_ticks_are_few_and_enclose_what_is_drawn(a: Fraction, b: Fraction) -> None:
    """From at or below the lowest to at or above the highest, about five, evenly apart."""
    low, high = min(a, b), max(a, b)
    found = ticks(low, high)
    assert found[0] <= low
    assert found[-1] >= high
    assert 2 <= len(found) <= 9
    assert len({y - x for x, y in pairwise(found)}) == 1


def test_ticks_are_round() -> None:
    """Ones, twos, quarters of ten and fives of a power of ten."""
    assert ticks(Fraction(3), Fraction(97)) == [0, 20, 40, 60, 80, 100]
    assert [str(t) for t in ticks(Fraction(1, 10), Fraction(9, 20))] == [
        "1/10",
        "1/5",
        "3/10",
        "2/5",
        "1/2",
    ]


def test_months_are_thinned_to_what_there_is_room_for() -> None:
    """Two years have no more names than asked for, the first of them first."""
    found = month_starts(date(2025, 1, 15), date(2026, 12, 31), 8)
    assert len(found) <= 8
    assert found[0] == date(2025, 2, 1)
    assert month_starts(date(2026, 1, 2), date(2026, 1, 20)) == []


@given(st.lists(st.none() | VALUES, min_size=2, max_size=60), VALUES, VALUES, VALUES)
def test_everything_is_drawn_inside_the_drawing(
    values: list[Fraction | None], target: Fraction, low: Fraction, high: Fraction
) -> None:
    """No coordinate lies outside, whatever the values; coordinates are whole numbers."""
    days = [START + timedelta(days=n) for n in range(len(values))]
    due = START + timedelta(days=90)
    cone = Cone(days[-1], target, due, min(low, high), (low + high) / 2, max(low, high))
    material = Material(
        start=START, due=due, today=days[-1], values=list(zip(days, values, strict=True)),
        expected=[(START, Fraction(0)), (due, target)], levels=[("target", target), ("baseline", low)],
        cone=cone,
    )  # fmt: skip
    for size in (WIDE, NARROW):
        found = chart(material, size)
        assert found is not None
        for path in (found.line, found.expected, found.cone, found.cone_middle):
            for x, y in re.findall(r"[ML](-?\d+) (-?\d+)", path):
                assert found.left <= int(x) <= found.right
                assert found.top <= int(y) <= found.bottom
        labels = [level.label_y for level in found.levels]
        assert abs(labels[0] - labels[1]) >= 30


def test_a_day_without_a_value_breaks_the_line() -> None:
    """A gap is a gap: nothing is carried on, and a lone value is a point."""
    days = [START + timedelta(days=n) for n in range(7)]
    values = [Fraction(v) if v is not None else None for v in (1, 2, None, 3, None, 4, 5)]
    material = Material(START, days[-1], days[-1], list(zip(days, values, strict=True)), [])
    found = chart(material)
    assert found is not None
    assert found.line.count("M") == 3
    assert len(found.lone) == 1
    path, last = sparkline(dict(zip(days, values, strict=True)).get, START, days[-1])
    assert path.count("M") == 3
    assert last is not None
    assert 0 <= last[0] <= WIDTH
    assert 0 <= last[1] <= HEIGHT


def test_nothing_to_draw_is_no_drawing() -> None:
    """Without any value there is neither chart nor sparkline."""
    assert chart(Material(START, START + timedelta(days=3), START, [], [])) is None
    assert sparkline(lambda _: None, START, START + timedelta(days=9)) == ("", None)
    assert sampled_days(START, START - timedelta(days=1)) == []


def test_a_bar_is_full_at_most_and_tells_none_from_zero() -> None:
    """Below 0 and above 1 are cut; no value is not 0."""
    assert bar(Fraction(3, 2), Fraction(1, 3)).fill == 1000
    assert bar(Fraction(-1), Fraction(1, 3)).fill == 0
    assert bar(None, Fraction(1, 3)).fill is None
    assert bar(None, Fraction(1, 3)).mark == 333
