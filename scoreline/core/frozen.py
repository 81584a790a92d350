"""Frozen scores as a record's body and back: what the closing of a cycle fixes.

What belongs here: the two conversions, each the inverse of the other. What does not: what
freezing fixes (scoring.freeze), where it is kept (store).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from scoreline.core.exact import exact_text, parse_exact
from scoreline.core.model import Thresholds
from scoreline.core.observed import FrozenScore

_NUMBERS = (
    "score",
    "progress",
    "expected",
    "value",
    "numerator",
    "denominator",
    "baseline",
    "target",
)


def frozen_body(frozen: FrozenScore) -> dict[str, Any]:
    """A frozen score as text, booleans and lists; numbers exactly."""
    return {
        **{name: _text(getattr(frozen, name)) for name in _NUMBERS},
        "status": frozen.status,
        "formula": frozen.formula,
        "day": frozen.day.isoformat(),
        "value_day": frozen.value_day.isoformat() if frozen.value_day else None,
        "in_bounds_now": frozen.in_bounds_now,
        "steps_done": [d.isoformat() if d else None for d in frozen.steps_done],
        "thresholds": {
            name: exact_text(Fraction(getattr(frozen.thresholds, name)))
            for name in ("on_track", "at_risk", "grace")
        },
        "rules": frozen.rules_version,
    }


def frozen_from(body: Mapping[str, Any]) -> FrozenScore:
    """The frozen score of a body.

    Raises:
        KeyError, ValueError: it is none.
    """
    numbers: dict[str, Any] = {n: parse_exact(body[n]) if body[n] else None for n in _NUMBERS}
    return FrozenScore(
        **numbers,
        status=body["status"],
        formula=body["formula"],
        day=date.fromisoformat(body["day"]),
        value_day=date.fromisoformat(body["value_day"]) if body["value_day"] else None,
        in_bounds_now=body["in_bounds_now"],
        steps_done=tuple(date.fromisoformat(d) if d else None for d in body["steps_done"]),
        thresholds=Thresholds(**{k: Decimal(v) for k, v in body["thresholds"].items()}),
        rules_version=body["rules"],
    )


def _text(number: Fraction | None) -> str | None:
    return None if number is None else exact_text(number)
