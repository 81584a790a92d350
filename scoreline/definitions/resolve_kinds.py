"""The kinds of key results: reach and curve, keep, milestones.

What belongs here: the rules inside one kind. What does not: which kind it is
(resolve_key_results), progress (core.scoring).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from scoreline.core.model import (
    BaselineAt,
    CurvePoint,
    DoneWhen,
    Filter,
    Keep,
    Milestone,
    Reach,
    TargetChange,
)
from scoreline.definitions.findings import Entry
from scoreline.definitions.specs_objectives import (
    BaselineAtSpec,
    DoneWhenSpec,
    FilterSpec,
    KeepSpec,
    KeyResultSpec,
    MilestoneSpec,
    TargetChangeSpec,
)


def reach(entry: Entry, spec: KeyResultSpec) -> Reach | None:
    """From a baseline to a target, or None with its errors reported."""
    if spec.baseline is None or spec.target is None:
        missing = [k for k in ("baseline", "target") if getattr(spec, k) is None]
        message = f"{' and '.join(missing)} missing: it needs baseline and target, or keep"
        legal = "baseline: 35 with target: 90, or keep: {at_most: 2}"
        entry.error("missing-key", message, found="", legal=legal, on_key=True)
        return None
    baseline: Decimal | BaselineAt
    target: Decimal | TargetChange
    is_day = isinstance(spec.baseline, BaselineAtSpec)
    baseline = BaselineAt(spec.baseline.at) if is_day else spec.baseline  # type: ignore[union-attr, assignment]
    change = spec.target.change if isinstance(spec.target, TargetChangeSpec) else None
    target = spec.target if isinstance(spec.target, Decimal) else change  # type: ignore[assignment]
    if isinstance(baseline, BaselineAt) and spec.manual:
        message = "a manual key result has no value to take on a day"
        entry.error("not-applicable", message, "baseline", legal="baseline: a number")
    nowhere = change is not None and (
        change.amount == 0 or (change.percent and baseline == Decimal(0))
    )
    if nowhere or (isinstance(baseline, Decimal) and baseline == target):
        message = "the target equals the baseline: there is nothing to move"
        at = ("target", "change") if change is not None else ("target",)
        entry.error("target-is-baseline", message, *at, legal=f"anything but {baseline}"
                    if not nowhere else "a change that moves the baseline")  # fmt: skip
        return None
    curve = tuple(CurvePoint(p.value, p.progress) for p in spec.curve)
    _check_curve(entry, curve, baseline, target)
    return Reach(baseline, target, curve)


def _check_curve(
    entry: Entry,
    curve: tuple[CurvePoint, ...],
    baseline: Decimal | BaselineAt,
    target: Decimal | TargetChange,
) -> None:
    values = [p.value for p in curve]
    if isinstance(baseline, Decimal) and isinstance(target, Decimal):
        rises = target > baseline
        low: Decimal | None = baseline
        high: Decimal | None = target
    else:
        rises = len(values) < 2 or values[-1] > values[0]
        low = high = None
    progress = Decimal(0)
    for index, point in enumerate(curve):
        is_behind = low is not None and (point.value <= low if rises else point.value >= low)
        is_beyond = high is not None and (point.value >= high if rises else point.value <= high)
        if is_behind or is_beyond:
            message = "the curve's values go strictly from the baseline to the target"
            legal = f"{'above' if rises else 'below'} {low}" + (
                f" and {'below' if rises else 'above'} {high}" if high is not None else ""
            )
            entry.error("bad-curve", message, "curve", index, "value", legal=legal)
        if not progress < point.progress < 1:
            message = "the curve's progress rises strictly between 0 and 1"
            legal = f"above {progress} and below 1"
            entry.error("bad-curve", message, "curve", index, "progress", legal=legal)
        low, progress = point.value, max(progress, point.progress)


def keep(entry: Entry, spec: KeepSpec) -> Keep | None:
    """Bounds to stay inside, or None with its errors reported."""
    low, high = spec.at_least, spec.at_most
    if low is None and high is None:
        legal = "at_least, at_most or both"
        entry.error("missing-key", "keep needs a bound", "keep", found="", legal=legal)
        return None
    if low is not None and high is not None:
        is_empty = low >= high if spec.exclusive else low > high
        if is_empty:
            message = f"no value lies between at_least ({low}) and at_most ({high})"
            entry.error("inverted-bounds", message, "keep", "at_least", legal=f"below {high}")
    if spec.pass_at == 0:
        entry.error("out-of-range", "pass must be above 0", "keep", "pass", legal="0 < pass <= 1")
    return Keep(low, high, spec.every, spec.exclusive, spec.pass_at)


def milestones(
    entry: Entry, specs: list[MilestoneSpec], start: date, due: date
) -> tuple[Milestone, ...]:
    """The steps, with their errors reported."""
    steps = []
    for index, spec in enumerate(specs):
        at = ("milestones", index)
        if not start <= spec.due <= due:
            message = f"the step is due outside {start} to {due}"
            entry.error("due-outside", message, *at, "due", legal=f"{start} to {due}")
        if spec.done is not None and spec.done_when is not None:
            message = "a step is done on a day or when data says so, not both"
            entry.error("not-exactly-one", message, *at, "done", legal="done or done_when")
        done_when = _done_when(entry, spec.done_when, at) if spec.done_when else None
        steps.append(Milestone(spec.title, spec.weight, spec.due, spec.done, done_when))
    return tuple(steps)


def _done_when(entry: Entry, spec: DoneWhenSpec, at: tuple[str, int]) -> DoneWhen:
    if (spec.at_least is None) == (spec.at_most is None):
        message = "done_when needs exactly one bound"
        entry.error("not-exactly-one", message, *at, "done_when", found="", legal="at_least or "
                    "at_most")  # fmt: skip
    return DoneWhen(spec.metric, spec.at_least, spec.at_most, as_filter(spec.filter))


def as_filter(spec: FilterSpec) -> Filter:
    """A filter as the plan keeps it: sorted, each value once."""
    values = {k: (v,) if isinstance(v, str) else tuple(v) for k, v in spec.items()}
    return tuple((key, tuple(sorted(set(values[key])))) for key in sorted(values))
