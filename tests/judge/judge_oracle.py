"""An answer of its own: the rules of scoring and roll-up, written again in plain Python.

Reads nothing of the product. Key results are dictionaries (`kind`, `start`, `due`, `metric`,
...), values are `(numerator, denominator, scale)` or None. Not here: how projects are written
and driven (judge_projects), what tests claim.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

Value = tuple[Fraction, Fraction | None, int] | None
Lookup = Callable[[str, dict[str, list[str]], date], Value]
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
ORDER = [
    ["off_track", "missed"],
    ["at_risk"],
    ["held"],
    ["stale"],
    ["no_data"],
    ["incomplete"],
    ["pending"],
    ["on_track"],
    ["achieved"],
]
WITHOUT = {"held", "stale", "no_data"}


def shown(number: Fraction | None) -> str | None:
    """Half-even at six decimals, as text."""
    if number is None:
        return None
    scaled = round(number * 10**6)
    return f"{Decimal(scaled).scaleb(-6, context=EXACT):.6f}"


def number_of(value: Value) -> Fraction | None:
    """The value as one number in its unit."""
    if value is None:
        return None
    numerator, denominator, scale = value
    return numerator / (1 if denominator is None else denominator) * scale


def outside(unit: str, number: Fraction) -> bool:
    """Whether a value lies outside its unit."""
    if unit == "share":
        return not 0 <= number <= 100
    if unit == "count":
        return number < 0 or number.denominator != 1
    return False


def piecewise(points: list[tuple[Fraction, Fraction]], at: Fraction) -> Fraction:
    """Linear between points in the order of their first part; flat beyond the ends."""
    points = sorted(points)
    if at <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if at <= x1:
            return y0 + (y1 - y0) * (at - x0) / (x1 - x0)
    return points[-1][1]


def days(first: date, last: date) -> list[date]:
    """Every day from the first to the last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def elapsed(kr: dict[str, Any], a: date) -> Fraction:
    """The share of the time between start and due that has passed."""
    x = Fraction((a - kr["start"]).days, (kr["due"] - kr["start"]).days)
    return min(max(x, Fraction(0)), Fraction(1))


def expected_of(kr: dict[str, Any], a: date, holidays: set[date]) -> Fraction:
    """Where progress should be."""
    s, d = kr["start"], kr["due"]
    if kr["kind"] == "keep":
        return Fraction(1)
    if kr["kind"] == "milestones":
        due = sum((m["weight"] for m in kr["milestones"] if m["due"] <= a), Fraction(0))
        return due / sum((m["weight"] for m in kr["milestones"]), Fraction(0))
    if kr["kind"] == "done":
        return Fraction(int(a >= d))
    x, curve = elapsed(kr, a), kr.get("expected", "linear")
    if curve == "back_loaded":
        return x**2
    if curve == "front_loaded":
        return 1 - (1 - x) ** 2
    if curve == "s_curve":
        return 3 * x**2 - 2 * x**3
    if curve == "workdays":
        work = [y for y in days(s, d)[1:] if y.weekday() < 5 and y not in holidays]
        return Fraction(sum(1 for y in work if y <= a), len(work))
    if isinstance(curve, list):
        points = [(Fraction(0), Fraction(0)), (Fraction((d - s).days), Fraction(1))]
        points += [(Fraction((day - s).days), progress) for day, progress in curve]
        return piecewise(points, Fraction(min(max((a - s).days, 0), (d - s).days)))
    return x


def inside(kr: dict[str, Any], number: Fraction) -> bool:
    """Whether a value keeps the bounds."""
    low, high = kr.get("at_least"), kr.get("at_most")
    if kr.get("exclusive"):
        return (low is None or number > low) and (high is None or number < high)
    return (low is None or number >= low) and (high is None or number <= high)


def period_ends(kr: dict[str, Any]) -> list[date]:
    """The last day of each period, clipped to start..due."""
    every = kr.get("every", "week")
    names: dict[str, Callable[[date], Any]] = {
        "week": lambda d: d.isocalendar()[:2],
        "day": lambda d: d,
        "month": lambda d: (d.year, d.month),
        "quarter": lambda d: (d.year, (d.month - 1) // 3),
    }
    last: dict[Any, date] = {}
    for day in days(kr["start"], kr["due"]):
        last[names[every](day)] = day
    return sorted(last.values())


def done_day(kr: dict[str, Any], milestone: dict[str, Any], a: date, lookup: Lookup) -> date | None:
    """The day a milestone was done, if that is by the day asked for."""
    if milestone.get("done"):
        return milestone["done"] if milestone["done"] <= a else None
    if "done_when" not in milestone:
        return None
    for day in days(kr["start"], a):
        number = number_of(lookup(milestone["done_when"]["metric"], milestone["filter"], day))
        if number is not None and inside(milestone["done_when"], number):
            return day
    return None


def score(kr: dict[str, Any], a: date, lookup: Lookup, org: dict[str, Any]) -> dict[str, Any]:
    """Value, progress, expected and status of a key result on a day."""
    e = min(a, kr["due"])
    found: dict[str, Any] = {"value": None, "progress": None, "pending": False}
    kind, periods = kr["kind"], []
    if kind in ("reach", "curve", "keep"):
        value = lookup(kr["metric"], kr.get("filter", {}), e)
        found["value"] = value
        number = number_of(value)
    if kind == "reach" and number is not None:
        found["progress"] = (number - kr["baseline"]) / (kr["target"] - kr["baseline"])
    elif kind == "curve" and number is not None:
        points = [(kr["baseline"], Fraction(0)), *kr["curve"], (kr["target"], Fraction(1))]
        found["progress"] = piecewise(points, number)
    elif kind == "keep":
        ended = [p for p in period_ends(kr) if p <= e]
        numbers = [number_of(lookup(kr["metric"], kr.get("filter", {}), p)) for p in ended]
        periods = [n for n in numbers if n is not None]
        if periods:
            found["progress"] = Fraction(sum(inside(kr, n) for n in periods), len(periods))
    elif kind == "milestones":
        weights = sum((m["weight"] for m in kr["milestones"]), Fraction(0))
        done = [m for m in kr["milestones"] if done_day(kr, m, e, lookup)]
        found["progress"] = sum((m["weight"] for m in done), Fraction(0)) / weights
    elif kind == "done":
        found["progress"] = Fraction(int(bool(kr["done"]) and kr["done"] <= e))
    found["expected"] = expected_of(kr, e, org["holidays"])
    found["x"] = elapsed(kr, a)
    found["status"] = status_of(kr, a, found, org)
    if found["status"] == "no_data":
        found["progress"] = None
    return found


def ratio(progress: Fraction, expected: Fraction) -> Fraction:
    """How much of what was expected is there."""
    if expected == 0:
        return Fraction(int(progress >= 0))
    return progress / expected


def status_of(kr: dict[str, Any], a: date, found: dict[str, Any], org: dict[str, Any]) -> str:
    """The first rule that holds."""
    progress, expected, kind = found["progress"], found["expected"], kr["kind"]
    if kr.get("withdrawn") and kr["withdrawn"] <= a:
        return "withdrawn"
    if a < kr["start"]:
        return "not_started"
    if kind in ("reach", "curve", "keep"):
        number = number_of(found["value"])
        if number is not None and outside(kr["unit"], number):
            return "held"
        if number is None:
            return "no_data"
    if kind == "keep":
        return keep_status(kr, a, progress, org)
    if progress >= 1:
        return "achieved"
    if a > kr["due"]:
        return "missed"
    if found["x"] < org["grace"] and 0 <= progress < expected:
        return "pending"
    return by_pace(progress, expected, org)


def keep_status(kr: dict[str, Any], a: date, progress: Fraction | None, org: dict[str, Any]) -> str:
    """The rules for a key result that keeps something."""
    if progress is None:
        return "pending"
    enough = progress >= kr.get("pass", 1)
    if a > kr["due"]:
        return "achieved" if enough else "missed"
    return "on_track" if enough else by_pace(progress, Fraction(1), org)


def by_pace(progress: Fraction, expected: Fraction, org: dict[str, Any]) -> str:
    """The colours."""
    r = ratio(progress, expected)
    if r >= org["on_track"]:
        return "on_track"
    return "at_risk" if r >= org["at_risk"] else "off_track"


def mean(parts: list[dict[str, Any]], name: str) -> Fraction | None:
    """The weighted mean over the parts that have the number."""
    have = [p for p in parts if p[name] is not None]
    total = sum((p["weight"] for p in have), Fraction(0))
    return sum((p["weight"] * p[name] for p in have), Fraction(0)) / total if have else None


def part_of(kr: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """A key result as a part of an objective."""
    valued = answer["status"] not in WITHOUT and answer["progress"] is not None
    upper = kr.get("cap", Fraction(1))
    progress = min(max(answer["progress"], Fraction(0)), upper) if valued else None
    status = answer["status"]
    return {
        "weight": kr["weight"],
        "status": status,
        "counted": status not in ("not_started", "withdrawn")
        and not (status == "pending" and answer["progress"] is None),
        "progress": progress,
        "expected": answer["expected"] if valued else None,
        "x": answer["x"],
        "coverage": Fraction(int(valued)),
        "best": progress if valued else Fraction(1),
        "best_expected": answer["expected"],
        "due": kr["due"],
        "achieved": status == "achieved",
    }


def roll_up(parts: list[dict[str, Any]], rule: str, a: date, org: dict[str, Any]) -> dict[str, Any]:
    """Many parts into one, which is a part again one level up."""
    counted = [p for p in parts if p["counted"]]
    valued = [p for p in counted if p["progress"] is not None]
    out: dict[str, Any] = {
        "weight": Fraction(1),
        "counted": bool(counted),
        "progress": mean(valued, "progress"),
        "expected": mean(valued, "expected"),
        "x": mean(valued, "x") or Fraction(0),
        "coverage": mean(counted, "coverage"),
        "best": mean(counted, "best"),
        "best_expected": mean(counted, "best_expected"),
        "due": max((p["due"] for p in counted if p["due"]), default=None),
        "achieved": bool(counted) and all(p["achieved"] for p in counted),
    }
    out["status"] = rolled_status(out, parts, rule, a, org)
    return out


def rolled_status(
    out: dict[str, Any], parts: list[dict[str, Any]], rule: str, a: date, org: dict[str, Any]
) -> str:
    """The status of what was rolled up."""
    seen = {p["status"] for p in parts if p["counted"] or p["status"] == "pending"}
    if not out["counted"]:
        left = [s for s in ("pending", "not_started") if any(p["status"] == s for p in parts)]
        return left[0] if left else "withdrawn"
    if rule == "weakest":
        return next(name for group in ORDER for name in group if name in seen)
    if out["coverage"] != 1:
        hopeless = ratio(out["best"], out["best_expected"]) < org["at_risk"]
        return "off_track" if hopeless else "incomplete"
    if out["achieved"]:
        return "achieved"
    if a > out["due"]:
        return "missed"
    if out["x"] < org["grace"] and 0 <= out["progress"] < out["expected"]:
        return "pending"
    return by_pace(out["progress"], out["expected"], org)
