"""Canonical bodies of the plan's objects: plain values that can be digested and compared.

What belongs here: dataclass to JSON-able dict, and which objects a score depends on.
What does not: RFC 8785 bytes and digests (core.digests), comparing (diff). Numbers are
text without trailing zeros; places and file names never take part; what is empty or None
is left out, and so is a later field that has its default: neither changes an old body.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from scoreline.core.errors import ExpressionError
from scoreline.core.formula import Ref, parse, references
from scoreline.core.model import (
    Done,
    Keep,
    KeyResult,
    Metric,
    Milestones,
    Plan,
    Reach,
    Stream,
)

_NEVER = frozenset(("place", "file", "broken"))
LATER = frozenset(("decimal_mark",))
"""Fields that came after bodies were first recorded: left out where they have their default."""
_FOR_PEOPLE = frozenset(("title", "description", "owner"))
_ELSEWHERE = frozenset(("lineage",))
"""What only says where events go: it changes no score, and no score's record."""
TAGS: Mapping[type, str] = {Reach: "reach", Keep: "keep", Milestones: "milestones", Done: "done"}


def canonical(value: Any, *, without: frozenset[str] = frozenset()) -> Any:
    """A plan object as plain values: dict, list, str, bool.

    Args:
        value: a dataclass of core.model, or what one holds.
        without: field names to leave out at every depth of dataclasses.
    """
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | Decimal):
        return _number(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {str(k): canonical(value[k], without=without) for k in sorted(value, key=str)}
    if isinstance(value, frozenset):
        return [canonical(item, without=without) for item in sorted(value)]
    if is_dataclass(value) and not isinstance(value, type):
        return _dataclass(value, without)
    if isinstance(value, Iterable):
        return [canonical(item, without=without) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def definition_body(plan: Plan, key_result_id: str) -> dict[str, Any]:
    """Everything that a key result's score depends on, as plain values; deterministic.

    Titles, descriptions and owners are left out: they change no score. All declared
    cycles take part only where a formula looks back to an earlier time.

    Raises:
        KeyError: the plan has no such key result.
    """
    return definition_bodies(plan, (key_result_id,))[key_result_id]


def definition_bodies(plan: Plan, ids: Iterable[str] | None = None) -> dict[str, dict[str, Any]]:
    """`definition_body` of many key results at once (all by default), by full name.

    The bodies share the parts that they have in common: read them, never change them.

    Raises:
        KeyError: the plan has no such key result.
    """
    homes = {k.id: (k, o) for o in plan.objectives.values() for k in o.key_results}
    streams = plan.streams
    metrics = {n: canonical(m, without=_FOR_PEOPLE) for n, m in plan.metrics.items()}
    relations: dict[str, Any] = {n: canonical(m) for n, m in plan.models.items()}
    relations |= {n: _stream(plan, s, _FOR_PEOPLE) for n, s in streams.items()}
    closures: dict[tuple[str, ...], dict[str, Any]] = {}
    rules: dict[tuple[str, bool], dict[str, Any]] = {}
    bodies: dict[str, dict[str, Any]] = {}
    for name in homes if ids is None else ids:
        key_result, objective = homes[name]
        named = metrics_of(key_result)
        if named not in closures:
            closures[named] = _closure(plan, named, metrics, relations)
        looks_back = closures[named]["looks_back"]
        cycle = (objective.cycle, looks_back)
        if cycle not in rules:
            rules[cycle] = _rules(plan, objective.cycle, looks_back=looks_back)
        bodies[name] = {
            "key_result": canonical(key_result, without=_FOR_PEOPLE),
            "objective": {
                "id": objective.id,
                "commitment": objective.commitment,
                "weight": canonical(objective.weight),
            },
            **{k: v for k, v in closures[named].items() if k != "looks_back"},
            "organisation": rules[cycle],
        }
    return bodies


def _closure(
    plan: Plan, names: Iterable[str], metrics: Mapping[str, Any], relations: Mapping[str, Any]
) -> dict[str, Any]:
    used = metric_closure(plan, names)
    read = relation_closure(plan, (m.from_ for m in used.values() if m.from_))
    return {
        "metrics": {n: metrics[n] for n in sorted(used)},
        "models": {n: relations[n] for n in read if n in plan.models},
        "streams": {n: relations[n] for n in read if n not in plan.models and n in relations},
        "looks_back": any(r.offset for m in used.values() for r in refs_of(m)),
    }


def object_bodies(plan: Plan) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every object of the plan: name -> (kind, body), in the order of the definitions.

    Names are `organisation`, `stream lms.completions`, `model models.x`, `metric x`,
    `objective <id>` and `key_result <id>`.
    """
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        "organisation": ("organisation", _organisation(plan))
    }
    for name, stream in plan.streams.items():
        bodies[f"stream {name}"] = ("stream", _stream(plan, stream, frozenset()))
    for name, model in plan.models.items():
        bodies[f"model {name}"] = ("model", canonical(model))
    for name, metric in plan.metrics.items():
        bodies[f"metric {name}"] = ("metric", canonical(metric))
    for name, objective in plan.objectives.items():
        body = canonical(objective, without=frozenset(("key_results",)))
        bodies[f"objective {name}"] = ("objective", body)
        for key_result in objective.key_results:
            bodies[f"key_result {key_result.id}"] = ("key_result", canonical(key_result))
    return bodies


def metrics_of(key_result: KeyResult) -> tuple[str, ...]:
    """The metrics that a key result names itself: its own, and its milestones'."""
    names = [key_result.metric] if key_result.metric else []
    if isinstance(key_result.kind, Milestones):
        names += [s.done_when.metric for s in key_result.kind.steps if s.done_when]
    return tuple(dict.fromkeys(names))


def refs_of(metric: Metric) -> tuple[Ref, ...]:
    """The references of a derived metric's formula; none for a metric over rows."""
    try:
        return references(parse(metric.derived)) if metric.derived else ()
    except ExpressionError:
        return ()


def metric_closure(plan: Plan, names: Iterable[str]) -> dict[str, Metric]:
    """The metrics of those names and all that they are derived from."""
    found: dict[str, Metric] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        metric = plan.metrics.get(name)
        if metric is not None and name not in found:
            found[name] = metric
            waiting += [ref.metric for ref in refs_of(metric)]
    return found


def relation_closure(plan: Plan, names: Iterable[str]) -> list[str]:
    """The streams and models of those full names and all that the models read, sorted."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            model = plan.models.get(name)
            waiting += model.reads if model else ()
    return sorted(found)


def _number(value: int | Decimal) -> str:
    if isinstance(value, int):
        return str(value)
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _dataclass(value: Any, without: frozenset[str]) -> dict[str, Any]:
    tag = TAGS.get(type(value))
    body: dict[str, Any] = {"is": tag} if tag else {}
    for field in fields(value):
        if field.name in _NEVER or field.name in without:
            continue
        if field.name in LATER and getattr(value, field.name) == field.default:
            continue
        item = canonical(getattr(value, field.name), without=without)
        if item is not None and item not in ("", [], {}):
            body[field.name.rstrip("_")] = item
    return body


def _stream(plan: Plan, stream: Stream, without: frozenset[str]) -> dict[str, Any]:
    source = plan.sources[stream.source]
    body: dict[str, Any] = canonical(stream, without=without)
    body["from"] = {"connector": source.connector, "options": canonical(source.options)}
    return body


def _organisation(plan: Plan) -> dict[str, Any]:
    body: dict[str, Any] = canonical(plan.organisation, without=_ELSEWHERE)
    body["cycles"] = [canonical(c) for c in plan.organisation.cycles.values()]
    body["teams"] = [canonical(t) for t in plan.organisation.teams.values()]
    return body


def _rules(plan: Plan, cycle: str, *, looks_back: bool) -> dict[str, Any]:
    organisation = plan.organisation
    cycles = organisation.cycles.values()
    named = list(cycles) if looks_back else [c for c in cycles if c.name == cycle]
    return {
        "timezone": organisation.timezone,
        "thresholds": canonical(organisation.thresholds),
        "holidays": canonical(organisation.holidays),
        "fiscal_year_starts": canonical(organisation.fiscal_year_starts),
        "check_ins": organisation.check_ins,
        "cycles": [canonical(c) for c in named],
    }
