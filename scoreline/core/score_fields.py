"""A score as it is written down: plain values, numbers as exact text.

What belongs here: the fields of a score's record that the score itself determines. What
does not: what it rests on (definitions, streams, series: steps), hashing (records).
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

from scoreline.core.exact import exact_text, shown
from scoreline.core.model import Thresholds
from scoreline.core.observed import Score

GOOD = frozenset({"achieved", "missed", "pending", "on_track", "at_risk", "off_track"})
"""Statuses whose value may be shown as the last good one later."""


def score_fields(score: Score) -> dict[str, Any]:
    """The score as text, whole numbers, booleans, None, lists and mappings."""
    return {
        "key_result": score.key_result,
        "as_of": score.as_of.isoformat(),
        "day": score.day.isoformat(),
        "status": score.status,
        "good": score.status in GOOD,
        "reason": score.reason,
        "value": _text(score.value),
        "numerator": _text(score.numerator),
        "denominator": _text(score.denominator),
        "value_day": score.value_day.isoformat() if score.value_day else None,
        "baseline": _text(score.baseline),
        "target": _text(score.target),
        "progress": _text(score.progress),
        "expected": _text(score.expected),
        "shown": {
            "value": shown(score.value),
            "progress": shown(score.progress),
            "expected": shown(score.expected),
        },
        "score": _text(score.score),
        "formula": score.formula,
        "in_bounds_now": score.in_bounds_now,
        "steps_done": [d.isoformat() if d else None for d in score.steps_done],
        "override": _override(score),
        "thresholds": dict(_thresholds(score.thresholds)),
        "rules": score.rules_version,
    }


@lru_cache(maxsize=64)
def _thresholds(limits: Thresholds) -> dict[str, str]:
    numbers = {"on_track": limits.on_track, "at_risk": limits.at_risk, "grace": limits.grace}
    return {name: exact_text(Fraction(number)) for name, number in numbers.items()}


def _override(score: Score) -> dict[str, Any] | None:
    mark = score.override
    if mark is None:
        return None
    until = mark.until.isoformat() if mark.until else None
    return {"who": mark.who, "why": mark.why, "until": until}


def _text(number: Fraction | None) -> str | None:
    return None if number is None else exact_text(number)
