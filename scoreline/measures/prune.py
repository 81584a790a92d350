"""Take broken metrics and models out of a plan, with all that depends on them.

What belongs here: who depends on whom. What does not: finding out what is broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from scoreline.core.formula import parse, references
from scoreline.core.model import KeyResult, Metric, Milestones, Plan


def prune(plan: Plan, scopes: Iterable[str]) -> Plan:
    """The plan without what is in error; the rest is as it was.

    A model that reads a broken model, a metric over one and a metric derived from a
    broken one are taken out as well. Key results that lose a metric stay, `broken`.

    Args:
        plan: the resolved definitions.
        scopes: `Problem.scope` values; only `metric NAME` and `model NAME` count.
    """
    named = [scope.partition(" ") for scope in scopes]
    models = {f"models.{n.removeprefix('models.')}" for kind, _, n in named if kind == "model"}
    metrics = {name for kind, _, name in named if kind == "metric"}
    if not models and not metrics:
        return plan
    reasons = _broken_models(plan, models) | {
        f"metric {name}": f"metric {name} is in error" for name in metrics
    }
    reasons = _broken_metrics(plan, reasons)
    return replace(
        plan,
        models={n: m for n, m in plan.models.items() if n not in reasons},
        metrics={n: m for n, m in plan.metrics.items() if f"metric {n}" not in reasons},
        objectives={
            name: replace(o, key_results=tuple(_marked(k, reasons) for k in o.key_results))
            for name, o in plan.objectives.items()
        },
    )


def _broken_models(plan: Plan, broken: set[str]) -> dict[str, str]:
    reasons = {name: f"model {name.removeprefix('models.')} is in error" for name in broken}
    changed = True
    while changed:
        changed = False
        for name, model in plan.models.items():
            cause = next((r for r in model.reads if r in reasons), None)
            if name not in reasons and cause is not None:
                reasons[name] = f"{reasons[cause]} ({name} reads it)"
                changed = True
    return reasons


def _broken_metrics(plan: Plan, reasons: Mapping[str, str]) -> dict[str, str]:
    found = dict(reasons)
    changed = True
    while changed:
        changed = False
        for name, metric in plan.metrics.items():
            cause = next((n for n in _needs(metric) if n in found), None)
            if f"metric {name}" not in found and cause is not None:
                found[f"metric {name}"] = found[cause]
                changed = True
    return found


def _needs(metric: Metric) -> list[str]:
    """What the metric stands on, as keys of the reasons."""
    if metric.derived is None:
        return [metric.from_ or ""]
    return [f"metric {ref.metric}" for ref in references(parse(metric.derived))]


def _marked(key_result: KeyResult, reasons: Mapping[str, str]) -> KeyResult:
    names = [key_result.metric] if key_result.metric is not None else []
    if isinstance(key_result.kind, Milestones):
        steps = key_result.kind.steps
        names += [step.done_when.metric for step in steps if step.done_when is not None]
    reason = next((reasons[f"metric {n}"] for n in names if f"metric {n}" in reasons), None)
    if reason is None or key_result.broken is not None:
        return key_result
    return replace(key_result, broken=reason)
