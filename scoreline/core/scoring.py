"""One pure function from a key result, its observations and a day to its score.

What belongs here: the status table of scoring.md. What does not: how progress and
expected progress are computed (progress, curves), how key results add up (rollup), and
anything that reads data, a clock or a setting. The command line, Dagster, the page,
messages and an auditor's re-performance all call `score`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from scoreline.core import progress as measure
from scoreline.core import worked
from scoreline.core.curves import Pace, expected_progress, time_share
from scoreline.core.errors import UsageError
from scoreline.core.exact import Exact, as_fraction, quotient
from scoreline.core.model import Done, Keep, KeyResult, Milestones, Reach, Thresholds
from scoreline.core.observed import (
    RULES_VERSION,
    WITHOUT_VALUE,
    FrozenScore,
    Observations,
    Override,
    Rules,
    Score,
    Status,
    ValueOn,
)
from scoreline.core.progress import Measured, ShownOn, outside_unit, resolve_target

__all__ = [
    "RULES_VERSION",
    "WITHOUT_VALUE",
    "FrozenScore",
    "Observations",
    "Override",
    "Rules",
    "Score",
    "Status",
    "ValueOn",
    "by_pace",
    "clamp",
    "freeze",
    "in_grace",
    "outside_unit",
    "pace_ratio",
    "resolve_target",
    "score",
]


_ZERO = Fraction(0)
_WITHOUT_ONE_VALUE = (Milestones, Done)
_Expected = tuple[Fraction, Fraction | None]
"""Expected progress, and the ratio of progress to it where there is progress."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one evaluation found, before it is written down as a score.

    `value` is the number of the value used, in shown units; None where it has none.
    """

    used: Exact | None
    value: Fraction | None
    value_day: date
    got: Measured
    pace: Pace
    ratio: Fraction | None
    status: Status
    reason: str | None


def score(kr: KeyResult, rules: Rules, seen: Observations, as_of: date) -> Score:
    """The score of a key result as of a day.

    Args:
        kr: the resolved key result.
        rules: thresholds, holidays, fiscal year, and the version of the rules.
        seen: what was observed; nothing else is read.
        as_of: the day; what happens after the due date does not move the result.

    Raises:
        UsageError: where the rules name a version that this release does not know.
    """
    if rules.version != RULES_VERSION:
        raise UsageError(
            f"{kr.id} names version {rules.version!r} of the scoring rules; this release knows "
            f"{RULES_VERSION!r}: use the release that wrote the score, or a newer one"
        )
    if seen.frozen is not None:
        return _closed(kr, seen.frozen, seen.override, as_of)
    day = min(as_of, kr.due)
    used, value_day = _value_used(kr, seen, day)
    value = None if used is None else _in_unit(used.fraction, seen.factor)
    got = _measured(kr, rules, seen, (used, value), value_day)
    pace = _pace(kr, rules, day)
    ratio = None if got.progress is None else pace_ratio(got.progress, pace.expected)
    status, reason = _status(kr, rules, seen, got, (pace.expected, ratio), as_of)
    if status == "no_data":
        used, value, ratio, got = None, None, None, measure.nothing(reason or "")
    found = _Outcome(used, value, value_day, got, pace, ratio, status, reason)
    return _written(kr, rules, seen, as_of, found)


def clamp(progress: Fraction | None, upper: Fraction) -> Fraction | None:
    """Progress between 0 and `upper`; None stays None."""
    if progress is None:
        return None
    if progress.numerator < 0:
        progress = _ZERO
    return min(progress, upper)


def pace_ratio(progress: Fraction, expected: Fraction) -> Fraction:
    """Progress over expected; where nothing is expected, 1 without a loss, else 0."""
    if expected == 0:
        return Fraction(int(progress >= 0))
    return quotient(progress, expected)


def in_grace(progress: Fraction, expected: Fraction, x: Fraction, limits: Thresholds) -> bool:
    """Whether it is too early to judge: little time gone, behind, but nothing lost."""
    return x < as_fraction(limits.grace) and 0 <= progress < expected


def by_pace(progress: Fraction, expected: Fraction, limits: Thresholds) -> Status:
    """on_track, at_risk or off_track, from the unrounded ratio."""
    return _by_ratio(pace_ratio(progress, expected), limits)


def _by_ratio(ratio: Fraction, limits: Thresholds) -> Status:
    if ratio >= as_fraction(limits.on_track):
        return "on_track"
    return "at_risk" if ratio >= as_fraction(limits.at_risk) else "off_track"


def freeze(score_at_close: Score) -> FrozenScore:
    """What closing the cycle fixes: clamp(progress, 0, 1), unless there is no value.

    Raises:
        UsageError: where the score is closed already.
    """
    s = score_at_close
    if s.status == "closed":
        raise UsageError(f"{s.key_result} is closed already: reopen its cycle first")
    unscored = s.status in WITHOUT_VALUE or s.status in ("withdrawn", "not_started")
    return FrozenScore(
        score=None if unscored else clamp(s.progress, Fraction(1)),
        status=s.status,
        progress=s.progress,
        expected=s.expected,
        formula=s.formula,
        day=s.day,
        value=s.value,
        numerator=s.numerator,
        denominator=s.denominator,
        value_day=s.value_day,
        baseline=s.baseline,
        target=s.target,
        in_bounds_now=s.in_bounds_now,
        steps_done=s.steps_done,
        thresholds=s.thresholds,
        rules_version=s.rules_version,
    )


def _value_used(kr: KeyResult, seen: Observations, day: date) -> tuple[Exact | None, date]:
    """The value that is shown and its day; while held, the last good one."""
    if seen.held is not None:
        return seen.last_good or (None, day)
    if kr.broken is not None or isinstance(kr.kind, _WITHOUT_ONE_VALUE):
        return None, day
    return seen.value_on(day), day


def _in_unit(number: Fraction | None, factor: int) -> Fraction | None:
    return number if number is None or factor == 1 else number * factor


def _measured(
    kr: KeyResult,
    rules: Rules,
    seen: Observations,
    found: tuple[Exact | None, Fraction | None],
    day: date,
) -> Measured:
    """Progress on the day of the value (raw, and in shown units), or why there is none."""
    used, value = found
    kind = kr.kind
    if kr.broken is not None:
        return measure.nothing(kr.broken)
    if isinstance(kind, Done):
        return measure.done(kind, day)
    if isinstance(kind, Milestones):  # what was done before a batch was blocked stays done
        return measure.milestones(kind, kr.start, day, _step_values(kind, seen))
    if seen.held is not None and seen.last_good is None:
        return measure.nothing(seen.held)
    if value is None:
        zero = "the denominator is 0" if used is not None else "there is no value"
        return measure.nothing(seen.no_data or f"{zero} on {day}")
    if isinstance(kind, Reach):
        return measure.reach(kind, value, seen.baseline, seen.target)
    value_on = _shown(seen.value_on, seen.factor)
    return measure.keep(kind, (kr.start, kr.due), day, value_on, rules.fiscal_year_starts)


def _step_values(kind: Milestones, seen: Observations) -> list[ShownOn | None]:
    raw = seen.step_value_on or (None,) * len(kind.steps)
    factors = seen.step_factors or (1,) * len(kind.steps)
    pairs = zip(raw, factors, strict=True)
    return [None if value_on is None else _shown(value_on, factor) for value_on, factor in pairs]


def _shown(value_on: ValueOn, factor: int) -> ShownOn:
    def on(day: date) -> Fraction | None:
        value = value_on(day)
        return None if value is None else _in_unit(value.fraction, factor)

    return on


def _pace(kr: KeyResult, rules: Rules, day: date) -> Pace:
    """Expected progress on the evaluated day."""
    if isinstance(kr.kind, Keep):
        return Pace(Fraction(1))
    if isinstance(kr.kind, Milestones):
        return measure.milestones_expected(kr.kind, day)
    if isinstance(kr.kind, Done):
        return Pace(Fraction(int(day >= kr.due)), f"due {kr.due}")
    return expected_progress(kr.expected, kr.start, kr.due, day, rules.holidays)


def _status(
    kr: KeyResult, rules: Rules, seen: Observations, got: Measured, pace: _Expected, as_of: date
) -> tuple[Status, str | None]:
    """The status table from `withdrawn` on, first match wins; and the reason if it has one."""
    if kr.withdrawn is not None and kr.withdrawn.date <= as_of:
        return "withdrawn", f"{kr.withdrawn.why} (on {kr.withdrawn.date})"
    if as_of < kr.start:
        return "not_started", f"it starts on {kr.start}"
    if seen.held is not None:
        return "held", seen.held
    if got.lacking is not None:
        return "no_data", got.lacking
    if seen.stale is not None:
        return "stale", seen.stale
    return _judged(kr, rules, got, pace, as_of), None


def _judged(kr: KeyResult, rules: Rules, got: Measured, pace: _Expected, as_of: date) -> Status:
    """The status table from `achieved` on: what progress itself says."""
    expected, ratio = pace
    is_keep = isinstance(kr.kind, Keep)
    over = as_of > kr.due
    if got.complete and (over or not is_keep):
        return "achieved"
    if over:
        return "missed"
    if got.progress is None or ratio is None:
        return "pending"
    if is_keep and got.complete:
        return "on_track"
    x = time_share(kr.start, kr.due, as_of)
    if not is_keep and in_grace(got.progress, expected, x, rules.thresholds):
        return "pending"
    return _by_ratio(ratio, rules.thresholds)


def _written(
    kr: KeyResult, rules: Rules, seen: Observations, as_of: date, found: _Outcome
) -> Score:
    used, value, got = found.used, found.value, found.got
    return Score(
        key_result=kr.id,
        as_of=as_of,
        day=min(as_of, kr.due),
        value=value,
        numerator=None if used is None or value is None else used.numerator,
        denominator=None if used is None or value is None else used.denominator,
        value_day=None if value is None else found.value_day,
        baseline=seen.baseline,
        target=seen.target,
        progress=got.progress,
        clamped=clamp(got.progress, as_fraction(kr.cap)),
        expected=found.pace.expected,
        x=time_share(kr.start, kr.due, as_of),
        ratio=found.ratio,
        status=found.status,
        reason=found.reason,
        in_bounds_now=got.in_bounds_now,
        steps_done=got.steps_done,
        formula=_formula(kr, seen, found),
        score=None,
        rules_version=rules.version,
        thresholds=rules.thresholds,
        override=seen.override,
    )


def _formula(kr: KeyResult, seen: Observations, found: _Outcome) -> str:
    """The worked example: value, progress, expected, status, joined by semicolons."""
    parts: list[str] = []
    if isinstance(kr.kind, Reach) and found.used is not None:
        parts.append(worked.division(found.used, seen.factor) or "")
    held = seen.held is not None and seen.last_good is not None
    parts.append(found.got.text + (worked.last_good_part(found.value_day) if held else ""))
    parts.append(found.pace.words)
    parts.append(worked.status_part(found.status, found.reason))
    if seen.override is not None:
        mark = seen.override
        parts.append(worked.override_part(mark.who, mark.why, mark.until))
    return "; ".join(part for part in parts if part)


def _closed(kr: KeyResult, frozen: FrozenScore, override: Override | None, as_of: date) -> Score:
    """The score that the closing of the cycle fixed, as it was."""
    progress = frozen.progress
    return Score(
        key_result=kr.id,
        as_of=as_of,
        day=frozen.day,
        value=frozen.value,
        numerator=frozen.numerator,
        denominator=frozen.denominator,
        value_day=frozen.value_day,
        baseline=frozen.baseline,
        target=frozen.target,
        progress=progress,
        clamped=clamp(progress, as_fraction(kr.cap)),
        expected=frozen.expected,
        x=time_share(kr.start, kr.due, as_of),
        ratio=None if progress is None else pace_ratio(progress, frozen.expected),
        status="closed",
        reason=None,
        in_bounds_now=frozen.in_bounds_now,
        steps_done=frozen.steps_done,
        formula=f"{frozen.formula}; {worked.closed_part(frozen.score)}",
        score=frozen.score,
        rules_version=frozen.rules_version,
        thresholds=frozen.thresholds,
        override=override,
        status_at_close=frozen.status,
    )
