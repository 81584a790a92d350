"""A random project with every kind of key result. Not here: how it is written (judge_written)."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from judge_oracle import Value, days

CYCLE, START, END = "2026-H1", date(2026, 1, 1), date(2026, 6, 30)
HOLIDAYS = [
    date(2026, 1, 1),
    date(2026, 4, 3),
    date(2026, 4, 6),
    date(2026, 5, 1),
    date(2026, 5, 9),
]
TEAMS = {"company": None, "north": "company", "south": "company", "deep": "south"}
UNITS = {
    "total": "number",
    "money": "currency:EUR",
    "whole": "count",
    "mean": "score",
    "rate": "share",
    "growth": "percent",
    "lead": "days",
    "fraction": "ratio",
}
SCALE = {"rate": 100, "growth": 100}
MEASURES: dict[str, dict[str, Any]] = {
    "total": {"measure": {"sum": "amount"}, "window": "all"},
    "money": {"measure": {"sum": "amount"}, "window": "cycle"},
    "whole": {"measure": {"sum": "amount"}, "window": "all"},
    "mean": {"measure": {"average": "amount"}, "window": "trailing 14d"},
    "rate": {
        "measure": {
            "ratio": {
                "numerator": {"sum": "amount", "where": "won"},
                "denominator": {"count": "rows"},
            }
        },
        "window": "all",
    },
    "growth": {
        "measure": {"ratio": {"numerator": {"sum": "amount"}, "denominator": {"count": "rows"}}},
        "window": "trailing 60d",
    },
    "lead": {"measure": {"max": "amount"}, "window": "month"},
    "fraction": {
        "measure": {
            "ratio": {
                "numerator": {"count": "rows", "where": "won"},
                "denominator": {"count": "rows"},
            }
        },
        "window": "cycle",
    },
}


class World:
    """Events by series, key results by full name, objectives by full name."""

    def __init__(self, seed: int, teams: int = 4, objectives: int = 4, each: int = 5) -> None:
        self.chance = random.Random(seed)
        self.org: dict[str, Any] = {
            "on_track": Fraction("0.85"),
            "at_risk": Fraction("0.60"),
            "grace": Fraction("0.15"),
            "holidays": set(HOLIDAYS),
        }
        self.rows: dict[str, list[tuple[date, Decimal, bool]]] = {}
        self.krs: dict[str, dict[str, Any]] = {}
        self.objectives: dict[str, dict[str, Any]] = {}
        for team in list(TEAMS)[:teams]:
            for o in range(objectives):
                self.objective(f"{CYCLE}/{team}/o{o}", team, each)
        self.support()

    def objective(self, name: str, team: str, each: int) -> None:
        """One objective with its key results."""
        chance = self.chance
        self.objectives[name] = {
            "team": team,
            "weight": chance.choice([None, Fraction(2), Fraction("0.5")]),
            "status_rule": chance.choice(["weighted", "weighted", "weakest"]),
            "roll_up": "key_results",
            "key_results": [],
            "supports": None,
        }
        for k in range(each):
            full = f"{name}/k{k}"
            self.objectives[name]["key_results"].append(full)
            self.krs[full] = self.key_result(full)

    def support(self) -> None:
        """Some objectives support one of another team, without a cycle."""
        names = list(self.objectives)
        for number, name in enumerate(names):
            if number and self.chance.random() < 0.5:
                parent = self.chance.choice(names[:number])
                self.objectives[name]["supports"] = parent
                self.objectives[parent]["roll_up"] = self.chance.choice(
                    ["children", "both", "both", "key_results"]
                )

    def series(self, name: str, whole: bool, sparse: bool) -> None:
        """Random amounts of a series, before, within and after the cycle."""
        chance, found = self.chance, []
        for _ in range(chance.choice([0, 3]) if sparse else chance.randrange(5, 60)):
            day = START + timedelta(days=chance.randrange(-40, 210))
            cents = chance.randrange(-600, 2000)
            amount = Decimal(cents // 100) if whole else Decimal(cents) / 100
            found.append((day, amount, chance.random() < 0.4))
        self.rows[name] = found

    def span(self) -> tuple[date, date]:
        """Start and due."""
        chance = self.chance
        start = START if chance.random() < 0.6 else START + timedelta(days=chance.randrange(1, 80))
        due = END if chance.random() < 0.6 else END - timedelta(days=chance.randrange(1, 80))
        return start, due

    def key_result(self, full: str) -> dict[str, Any]:
        """A random key result."""
        chance = self.chance
        start, due = self.span()
        kr: dict[str, Any] = {
            "start": start,
            "due": due,
            "weight": chance.choice([Fraction(1), Fraction(3), Fraction("1.5")]),
            "cap": chance.choice([Fraction(1), Fraction(1), Fraction("1.2")]),
            "kind": chance.choice(["reach"] * 4 + ["curve", "keep", "keep", "milestones", "done"]),
        }
        if chance.random() < 0.07:
            kr["withdrawn"] = START + timedelta(days=chance.randrange(170))
        metric = chance.choice([*MEASURES] * 3 + ["total"] * 30)
        if kr["kind"] in ("reach", "curve", "keep"):
            series = full.replace("/", "_").replace("-", "_")
            self.series(series, metric == "whole" and chance.random() < 0.7, metric == "mean")
            kr |= {"metric": metric, "unit": UNITS[metric], "filter": {"series": [series]}}
        getattr(self, kr["kind"])(kr, full)
        return kr

    def reach(self, kr: dict[str, Any], _: str) -> None:
        """Baseline and target, up or down, and an expected curve."""
        low, high = sorted(self.chance.sample(range(90), 2))
        up = self.chance.random() < 0.7
        kr["baseline"], kr["target"] = (
            (Fraction(low), Fraction(high)) if up else (Fraction(high), Fraction(low))
        )
        points = sorted(self.chance.sample(days(kr["start"], kr["due"])[1:-1], 2))
        kr["expected"] = self.chance.choice(
            [
                "linear",
                "back_loaded",
                "front_loaded",
                "s_curve",
                "workdays",
                [(points[0], Fraction("0.2")), (points[1], Fraction("0.75"))],
            ]
        )

    def curve(self, kr: dict[str, Any], _: str) -> None:
        """A curve of two points."""
        self.reach(kr, _)
        gap = kr["target"] - kr["baseline"]
        kr["curve"] = [
            (kr["baseline"] + gap / 4, Fraction("0.5")),
            (kr["baseline"] + gap / 2, Fraction("0.6")),
        ]

    def keep(self, kr: dict[str, Any], _: str) -> None:
        """Bounds for every period."""
        chance = self.chance
        kr["every"] = chance.choice(["day", "week", "month", "quarter"])
        which = chance.choice(["at_least", "at_most", "both"])
        if which != "at_most":
            kr["at_least"] = Fraction(chance.randrange(0, 8))
        if which != "at_least":
            kr["at_most"] = Fraction(chance.randrange(9, 100))
        if chance.random() < 0.5:
            kr["exclusive"] = True
        if chance.random() < 0.5:
            kr["pass"] = Fraction("0.8")

    def milestones(self, kr: dict[str, Any], full: str) -> None:
        """Four milestones: done by a date, never, or by data."""
        chance, kr["milestones"] = self.chance, []
        for m in range(4):
            due = chance.choice(days(kr["start"], kr["due"]))
            item: dict[str, Any] = {"weight": Fraction(chance.choice([1, 2, 5])), "due": due}
            if m == 0:
                item["done"] = due + timedelta(days=chance.randrange(-20, 30))
            elif m < 3:
                series = f"{full}/{m}".replace("/", "_").replace("-", "_")
                self.series(series, True, False)
                bound = chance.choice(["at_least", "at_most"])
                level = chance.randrange(20, 200) if bound == "at_least" else -chance.randrange(9)
                item["filter"] = {"series": [series]}
                item["done_when"] = {"metric": f"total_{series}", bound: Fraction(level)}
            kr["milestones"].append(item)

    def done(self, kr: dict[str, Any], _: str) -> None:
        """Done on a day or not."""
        chance = self.chance
        when = START + timedelta(days=chance.randrange(10, 190))
        kr["done"] = chance.choice([None, when])

    def lookup(self, metric: str, chosen: dict[str, list[str]], day: date) -> Value:
        """A metric's value on a day."""
        name = metric.split("_")[0]
        low = {
            "all": date.min,
            "cycle": START,
            "trailing 14d": day - timedelta(days=13),
            "trailing 60d": day - timedelta(days=59),
            "month": day.replace(day=1),
        }[MEASURES[name]["window"]]
        rows = [r for s in chosen["series"] for r in self.rows[s] if low <= r[0] <= day]
        amounts = sum((Fraction(r[1]) for r in rows), Fraction(0))
        won = [r for r in rows if r[2]]
        count = Fraction(len(rows))
        if name in ("total", "money", "whole"):
            return amounts, None, 1
        if not rows:
            return None
        if name == "lead":
            return max(Fraction(r[1]) for r in rows), None, 1
        if name == "rate":
            return sum((Fraction(r[1]) for r in won), Fraction(0)), count, 100
        if name == "fraction":
            return Fraction(len(won)), count, 1
        return amounts, count, SCALE.get(name, 1)
