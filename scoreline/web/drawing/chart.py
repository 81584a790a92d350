"""The course of a key result, as coordinates for one SVG drawing.

What belongs here: scaling days and values to whole coordinates, and what is drawn where.
What does not: values (reading), SVG and colours (templates, style sheet). Exact until the
last step, where a coordinate is cut to a whole number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from scoreline.web.drawing.axes import month_starts, ticks

LEFT, TOP, BOTTOM = 64, 16, 34
_NAMES = 116
_NO_NAMES = 20


@dataclass(frozen=True, slots=True)
class Size:
    """How wide and high a drawing is, and how many names of months it has room for."""

    width: int
    height: int
    months: int


WIDE = Size(1120, 360, 8)
NARROW = Size(460, 300, 4)

Course = Sequence[tuple[date, Fraction | None]]


@dataclass(frozen=True, slots=True)
class Cone:
    """A forecast: from the last value to an interval on the due date."""

    day: date
    value: Fraction
    due: date
    low: Fraction
    middle: Fraction
    high: Fraction


@dataclass(frozen=True, slots=True)
class Material:
    """What is to be drawn, in the unit that is shown.

    `values` are automatic, `human` points are what people said, `spans` days on which a
    person's value stood in the data's place. `levels` are named heights, `band` what a
    keep allows.
    """

    start: date
    due: date
    today: date
    values: Course
    expected: Course
    human: Course = ()
    spans: Sequence[tuple[date, date, Fraction]] = ()
    notes: Sequence[date] = ()
    levels: Sequence[tuple[str, Fraction]] = ()
    band: tuple[Fraction | None, Fraction | None] | None = None
    cone: Cone | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis: its coordinate and what it stands for."""

    at: int
    value: Fraction


@dataclass(frozen=True, slots=True)
class DayTick:
    """A mark of the axis of days."""

    at: int
    day: date


@dataclass(frozen=True, slots=True)
class Level:
    """A named height and where its name stands, apart from other names."""

    name: str
    value: Fraction
    y: int
    label_y: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Coordinates of everything that is drawn; paths are SVG path data."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    rows: Sequence[Tick]
    days: Sequence[DayTick]
    line: str
    expected: str
    today: int
    last: tuple[int, int] | None
    lone: Sequence[tuple[int, int]]
    human: Sequence[tuple[int, int]]
    spans: Sequence[tuple[int, int, int]]
    notes: Sequence[int]
    levels: Sequence[Level]
    band: tuple[int, int] | None
    cone: str
    cone_middle: str
    cone_end: tuple[int, int, int] | None


def chart(material: Material, size: Size = WIDE) -> Chart | None:
    """The drawing of a course; None where there is nothing to draw."""
    known = list(_heights(material))
    if not known or material.due <= material.start:
        return None
    rows = ticks(min(known), max(known))
    return _Drawing(material, rows, size).chart()


def _heights(m: Material) -> Iterable[Fraction]:
    for course in (m.values, m.expected, m.human):
        yield from (value for _, value in course if value is not None)
    yield from (value for _, value in m.levels)
    yield from (value for *_, value in m.spans)
    yield from (bound for bound in m.band or () if bound is not None)
    if m.cone is not None:
        yield from (m.cone.low, m.cone.high)


class _Drawing:
    def __init__(self, material: Material, rows: list[Fraction], size: Size) -> None:
        self.m, self.rows, self.size = material, rows, size
        self.width, self.height = size.width, size.height
        self.low, self.high = rows[0], rows[-1]
        self.right = size.width - (_NAMES if material.levels else _NO_NAMES)
        slope = Fraction(self.height - TOP - BOTTOM) / (self.high - self.low)
        self._above, self._below = slope.numerator, slope.denominator
        self.days = (material.due - material.start).days

    def x(self, day: date) -> int:
        gone = min(max((day - self.m.start).days, 0), self.days)
        return LEFT + gone * (self.right - LEFT) // self.days

    def y(self, value: Fraction) -> int:
        """The height of a value; whole numbers only, since a drawing asks thousands of times."""
        low = self.low
        above = value.numerator * low.denominator - low.numerator * value.denominator
        below = value.denominator * low.denominator
        return self.height - BOTTOM - above * self._above // (below * self._below)

    def chart(self) -> Chart:
        m = self.m
        last = next(((d, v) for d, v in reversed(m.values) if v is not None), None)
        return Chart(
            width=self.width,
            height=self.height,
            left=LEFT,
            right=self.right,
            top=TOP,
            bottom=self.height - BOTTOM,
            rows=[Tick(self.y(v), v) for v in self.rows],
            days=[DayTick(self.x(d), d) for d in month_starts(m.start, m.due, self.size.months)],
            line=self.path(m.values),
            expected=self.path(m.expected),
            today=self.x(m.today),
            last=(self.x(last[0]), self.y(last[1])) if last and last[1] is not None else None,
            lone=self.lone(),
            human=[(self.x(d), self.y(v)) for d, v in m.human if v is not None],
            spans=[(self.x(a), self.x(b), self.y(v)) for a, b, v in m.spans],
            notes=[self.x(d) for d in m.notes],
            levels=self.levels(),
            band=self.band(),
            cone=self.cone(),
            cone_middle=self.cone_middle(),
            cone_end=self.cone_end(),
        )

    def path(self, course: Course) -> str:
        """A line through the days with a value; a day without one breaks it."""
        parts: list[str] = []
        pen = False
        before: tuple[int, int] | None = None
        for day, value in course:
            if value is None:
                pen = False
                continue
            point = (self.x(day), self.y(value))
            if not pen or point != before:
                parts.append(f"{'L' if pen else 'M'}{point[0]} {point[1]}")
            pen, before = True, point
        return "".join(parts)

    def lone(self) -> list[tuple[int, int]]:
        """Values without a neighbour, which a line would not show."""
        values = list(self.m.values)
        found = []
        for n, (day, value) in enumerate(values):
            around = [values[k][1] for k in (n - 1, n + 1) if 0 <= k < len(values)]
            if value is not None and all(v is None for v in around):
                found.append((self.x(day), self.y(value)))
        return found

    def levels(self) -> list[Level]:
        """Named heights; names that would touch are moved apart."""
        found: list[Level] = []
        for name, value in sorted(self.m.levels, key=lambda level: -level[1]):
            y = self.y(value)
            label = max(y + 4, found[-1].label_y + 32 if found else TOP + 10)
            found.append(Level(name, value, y, label))
        over = found[-1].label_y - (self.height - BOTTOM - 10) if found else 0
        if over > 0:
            found = [Level(v.name, v.value, v.y, v.label_y - over) for v in found]
        return found

    def band(self) -> tuple[int, int] | None:
        if self.m.band is None:
            return None
        low, high = self.m.band
        top = TOP if high is None else self.y(high)
        return top, self.height - BOTTOM if low is None else self.y(low)

    def cone(self) -> str:
        c = self.m.cone
        if c is None:
            return ""
        x0, x1 = self.x(c.day), self.x(c.due)
        return f"M{x0} {self.y(c.value)}L{x1} {self.y(c.high)}L{x1} {self.y(c.low)}Z"

    def cone_middle(self) -> str:
        c = self.m.cone
        if c is None:
            return ""
        return f"M{self.x(c.day)} {self.y(c.value)}L{self.x(c.due)} {self.y(c.middle)}"

    def cone_end(self) -> tuple[int, int, int] | None:
        c = self.m.cone
        return None if c is None else (self.x(c.due), self.y(c.high), self.y(c.low))


def every_day(start: date, end: date) -> list[date]:
    """All days from `start` to `end`."""
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]
