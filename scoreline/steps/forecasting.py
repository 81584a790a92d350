"""Forecasts of every key result and how good they were, from the control store alone.

What belongs here: which series is forecast, what stands in the way, and the report of a
backtest. What does not: the method (core.forecast), printing. Nothing is written: a
forecast is an estimate and never enters a score.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from scoreline.core.backtest import Tally
from scoreline.core.backtest import backtest as backtest_series
from scoreline.core.exact import shown
from scoreline.core.forecast import Forecast, NotMade, forecast, needed_pace
from scoreline.core.model import KeyResult
from scoreline.core.observed import Status
from scoreline.steps.evaluating import Scored
from scoreline.steps.evidence import Evidence
from scoreline.steps.forecast_series import Subject, subject_of, subjects
from scoreline.steps.project import Project

_SHUT: frozenset[Status] = frozenset(
    {"closed", "withdrawn", "not_started", "held", "no_data", "stale"}
)
"""Statuses under which there is no value to go on from."""


@dataclass(frozen=True, slots=True)
class KeyResultForecast:
    """What to expect of one key result.

    Attributes:
        id: its full name.
        title: its title.
        status: on the as-of day.
        as_of: the day that the forecast is made on.
        due: the day that is forecast.
        value: on the as-of day, in shown units.
        target: in shown units.
        needed_pace: the change a week that ends at the target; None where the status, a
            missing target or a restart before the due date leaves no sense in it.
        forecast: None where none can be made.
        reason: why none can be made.
    """

    id: str
    title: str
    status: Status
    as_of: date
    due: date
    value: Fraction | None
    target: Fraction | None
    needed_pace: Fraction | None
    forecast: Forecast | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class KeyResultBacktest:
    """How good the forecasts of one key result were; `reason` where none was made.

    `tally` is in the key result's unit, `on_the_way` in shares of the way from baseline
    to target, which can be added up over key results.
    """

    id: str
    title: str
    until: date
    tally: Tally
    on_the_way: Tally
    reason: str | None


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """A backtest of all key results; `overall` is in shares of the way to the target."""

    as_of: date
    key_results: tuple[KeyResultBacktest, ...]
    overall: Tally


def forecasts(
    project: Project, as_of: date | None = None, only: KeyResult | None = None
) -> list[KeyResultForecast]:
    """The forecast of every key result as of a day, in the order of the definitions.

    Args:
        project: an open project; its warehouse is not needed.
        as_of: the day; what `evaluate` says if left out. Later values are not looked at.
        only: forecast this key result alone.
    """
    day = as_of or project.default_day()
    return [_forecast(one, day) for one in subjects(project, day, only)]


def forecast_of(evidence: Evidence, scored: Scored) -> KeyResultForecast:
    """The forecast of one key result that is scored already, on the day of its score."""
    return _forecast(subject_of(evidence, scored), scored.score.as_of)


def backtest(
    project: Project, as_of: date | None = None, only: KeyResult | None = None
) -> BacktestReport:
    """How often the interval held the value that came, and how far off the forecasts were.

    Each past day's forecast sees the series up to that day, as the values of those days
    are known now; it is held against the newest value up to the due date.
    """
    day = as_of or project.default_day()
    found = tuple(_backtest(one, day) for one in subjects(project, day, only))
    return BacktestReport(day, found, sum((k.on_the_way for k in found), Tally()))


def forecast_json(row: KeyResultForecast) -> dict[str, Any]:
    """One forecast in the fields and order that programs rely on; numbers as text."""
    made = row.forecast
    return {
        "id": row.id,
        "title": row.title,
        "status": row.status,
        "as_of": row.as_of.isoformat(),
        "due": row.due.isoformat(),
        "value": shown(row.value),
        "target": shown(row.target),
        "needed_pace": shown(row.needed_pace),
        "pace": shown(made.pace) if made else None,
        "forecast": shown(made.value) if made else None,
        "low": shown(made.low) if made else None,
        "high": shown(made.high) if made else None,
        "chance": shown(made.chance) if made else None,
        "points": made.points if made else None,
        "first": made.first.isoformat() if made else None,
        "last": made.last.isoformat() if made else None,
        "reason": row.reason,
    }


def backtest_json(report: BacktestReport) -> dict[str, Any]:
    """A backtest in the fields and order that programs rely on; numbers as text."""
    return {
        "as_of": report.as_of.isoformat(),
        "key_results": [
            {"id": k.id, "title": k.title, "until": k.until.isoformat()}
            | _tally_json(k.tally)
            | {"reason": k.reason}
            for k in report.key_results
        ],
        "overall": _tally_json(report.overall),
    }


def _tally_json(tally: Tally) -> dict[str, Any]:
    return {
        "cases": tally.cases,
        "covered": tally.covered,
        "coverage": shown(tally.coverage),
        "mean_error": shown(tally.mean_error),
        "mean_naive_error": shown(tally.mean_naive),
        "against_naive": shown(tally.against_naive),
    }


def _forecast(one: Subject, day: date) -> KeyResultForecast:
    kr, score = one.kr, one.scored.score
    made, needed = _made(one, day)
    return KeyResultForecast(
        id=kr.id,
        title=kr.title,
        status=score.status,
        as_of=day,
        due=kr.due,
        value=score.value,
        target=score.target,
        needed_pace=needed,
        forecast=made if isinstance(made, Forecast) else None,
        reason=made.reason if isinstance(made, NotMade) else None,
    )


def _made(one: Subject, day: date) -> tuple[Forecast | NotMade, Fraction | None]:
    """The forecast or why there is none, and the needed pace."""
    score, due, goal, unfit = one.scored.score, one.kr.due, one.goal(), one.unfit()
    if score.status in _SHUT:
        words = score.status.replace("_", " ")
        unfit = unfit or (f"{words}: {score.reason}" if score.reason else words)
    if unfit is not None:
        return NotMade(unfit), None
    restarts = one.restart_days()
    made = forecast(one.series(day), day, due, goal=goal, restarts=restarts, bounds=one.bounds())
    if goal is None or score.value is None or any(day < again <= due for again in restarts):
        return made, None
    return made, needed_pace(score.value, goal.target, day, due)


def _backtest(one: Subject, day: date) -> KeyResultBacktest:
    kr, goal, reason = one.kr, one.goal(), one.unfit()
    until = min(day, kr.due)
    tally, on_the_way = Tally(), Tally()
    if reason is None:
        tally = backtest_series(
            one.series(until), until, restarts=one.restart_days(), bounds=one.bounds()
        )
        reason = None if tally.cases else "no past day could have been forecast"
    baseline = one.scored.score.baseline
    if goal is not None and baseline is not None:
        on_the_way = tally.per(abs(goal.target - baseline))
    return KeyResultBacktest(kr.id, kr.title, until, tally, on_the_way, reason)
