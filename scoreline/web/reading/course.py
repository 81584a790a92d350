"""The course of one key result: what its drawing and its table of numbers show.

What belongs here: values and expectations by day, in the unit that is shown. What does
not: coordinates (drawing), the rest of the page (detail).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from scoreline.core.curves import expected_progress, interpolate
from scoreline.core.exact import parse_exact
from scoreline.core.model import Done, Keep, KeyResult, Milestones, Reach, Unit
from scoreline.core.records import CheckIn
from scoreline.core.scoring import Rules
from scoreline.core.scoring import score as score_one
from scoreline.steps.evaluating import Scored
from scoreline.steps.forecasting import KeyResultForecast
from scoreline.web.drawing.chart import NARROW, Chart, Cone, Material, chart, every_day
from scoreline.web.drawing.sparkline import sampled_days

_ROWS = 27
_SAMPLES = 60


@dataclass(frozen=True, slots=True)
class CourseRow:
    """One day of the table: value and expectation in the unit that is shown."""

    day: date
    value: Fraction | None
    expected: Fraction | None
    human: bool


@dataclass(frozen=True, slots=True)
class CourseOf:
    """The drawing and its numbers; `shares` says that both are progress, not values."""

    chart: Chart | None
    narrow: Chart | None
    rows: list[CourseRow]
    shares: bool
    unit: Unit | None


def course_of(
    scored: Scored,
    said: list[CheckIn],
    forecast: KeyResultForecast,
    rules: Rules,
    unit: Unit | None,
) -> CourseOf:
    """The course of a key result up to its as-of day."""
    kr = scored.kr
    shares = not isinstance(kr.kind, Reach | Keep)
    until = min(scored.score.as_of, kr.due)
    days = every_day(kr.start, until)
    values = {d: _height(scored, rules, d, shares) for d in days}
    shown_days = _table_days(kr, until, {} if shares else _spoken(kr, said))
    expected = _expected(scored, rules, shown_days)
    spoken = {} if shares else _spoken(kr, said)
    material = Material(
        start=kr.start,
        due=kr.due,
        today=until,
        values=[] if kr.manual and not shares else [(d, values[d]) for d in days],
        expected=expected,
        human=sorted(spoken.items()),
        spans=_spans(said, until),
        notes=[c.day for c in said if c.value is None and kr.start <= c.day <= until],
        levels=_levels(scored, shares),
        band=_band(kr),
        cone=None if shares else _cone(scored, forecast),
    )
    planned = dict(expected)
    rows = [CourseRow(d, values[d], planned.get(d), d in spoken) for d in shown_days]
    return CourseOf(
        chart(material), chart(material, NARROW), rows, shares, None if shares else unit
    )


def _table_days(kr: KeyResult, until: date, spoken: dict[date, Fraction]) -> list[date]:
    if kr.manual and spoken:
        return sorted({*spoken, until})
    return sampled_days(kr.start, until, _ROWS)


def _height(scored: Scored, rules: Rules, day: date, shares: bool) -> Fraction | None:
    seen = scored.observed.seen
    if shares:
        return score_one(scored.kr, rules, seen, day).progress
    found = seen.value_on(day)
    value = found.fraction if found is not None else None
    return None if value is None else value * seen.factor


def _expected(scored: Scored, rules: Rules, also: list[date]) -> list[tuple[date, Fraction | None]]:
    """The expected curve over the whole way, in the height of the drawing.

    On as many days as the curve needs to look like itself, and on those asked for.
    """
    kr, kind, score = scored.kr, scored.kr.kind, scored.score
    if isinstance(kind, Keep):
        return []
    days = sorted({*also, *_curve_days(kr)})
    if not isinstance(kind, Reach):
        seen = scored.observed.seen
        return [(d, score_one(kr, rules, seen, d).expected) for d in days]
    if score.baseline is None or score.target is None:
        return []
    way = [(Fraction(0), score.baseline), (Fraction(1), score.target)]
    way[1:1] = sorted((Fraction(p.progress), Fraction(p.value)) for p in kind.curve)

    def height(day: date) -> Fraction:
        pace = expected_progress(kr.expected, kr.start, kr.due, day, rules.holidays)
        return interpolate(way, pace.expected)[0]

    return [(d, height(d)) for d in days]


def _curve_days(kr: KeyResult) -> list[date]:
    """The ends of a straight curve; of steps, every day; of any other, enough of them."""
    if isinstance(kr.kind, Milestones | Done) or kr.expected.kind == "workdays":
        return every_day(kr.start, kr.due)
    ends = [kr.start, kr.due]
    if kr.expected.kind == "waypoints":
        return [*ends, *(w.date for w in kr.expected.waypoints if kr.start < w.date < kr.due)]
    straight = kr.expected.kind == "linear" and not getattr(kr.kind, "curve", ())
    return ends if straight else sampled_days(kr.start, kr.due, _SAMPLES)


def _spoken(kr: KeyResult, said: list[CheckIn]) -> dict[date, Fraction]:
    """Values that people gave by day, the newest of a day; overrides are spans."""
    found = [(c.day, c.value) for c in said if c.value is not None and c.until is None]
    return {day: parse_exact(v) for day, v in found if kr.start <= day <= kr.due}


def _spans(said: list[CheckIn], until: date) -> list[tuple[date, date, Fraction]]:
    return [
        (c.day, min(c.until, until), parse_exact(c.value))
        for c in said
        if c.until is not None and c.value is not None and c.day <= until
    ]


def _levels(scored: Scored, shares: bool) -> list[tuple[str, Fraction]]:
    score = scored.score
    if shares:
        return []
    named = [("target", score.target), ("baseline", score.baseline)]
    return [(name, value) for name, value in named if value is not None]


def _band(kr: KeyResult) -> tuple[Fraction | None, Fraction | None] | None:
    kind = kr.kind
    if not isinstance(kind, Keep):
        return None
    low, high = kind.at_least, kind.at_most
    return (None if low is None else Fraction(low), None if high is None else Fraction(high))


def _cone(scored: Scored, found: KeyResultForecast) -> Cone | None:
    made, value = found.forecast, scored.score.value
    if made is None or value is None:
        return None
    return Cone(scored.score.day, value, made.due, made.low, made.value, made.high)
