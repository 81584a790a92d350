"""Definitions as they were recorded: canonical bodies back to a plan.

What belongs here: reading the bodies that `canonical.object_bodies` made. What does not:
where they are kept (store), and which of them were in force when (store, steps).

What a body leaves out comes back as what it was left out for: nothing, or the default of a
field that came later. Places and file names are not recorded. Numbers inside `options` and
inside an expectation's arguments come back as text; they take part in no score.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from scoreline.core.errors import DefinitionError
from scoreline.core.model import (
    KeyResult,
    Metric,
    Model,
    Objective,
    Organisation,
    Plan,
    Source,
    Stream,
)
from scoreline.definitions.canonical import LATER, TAGS, metrics_of

REMOVED = "removed"
"""The only key, with the value True, of the body of an object that is no longer defined."""

T = TypeVar("T")
_OTHER = object()
_EMPTY: Mapping[Any, Any] = {str: "", tuple: (), Mapping: {}, frozenset: frozenset()}

Bodies = Mapping[str, tuple[str, Mapping[str, Any]]]
"""By the object's name (`metric x`): its kind and its body, as `object_bodies` gives them."""


def is_removed(body: Mapping[str, Any]) -> bool:
    """Whether a recorded body says that its object is no longer defined."""
    return body.get(REMOVED) is True


def plan_from(bodies: Bodies, known: Mapping[str, Any] | None = None) -> Plan:
    """The plan that recorded bodies describe.

    A key result whose metric is not among them is `broken`, as it is where a file is in error.

    Args:
        bodies: what was recorded.
        known: objects by name that have the very bodies recorded (the organisation, streams,
            models, metrics, key results); they are taken as they are instead of being read again.

    Raises:
        DefinitionError: a body cannot be read (another release wrote it), or the
            organisation is not among them.
    """
    if "organisation" not in bodies:
        raise DefinitionError("no organisation is recorded: `scoreline run` records it")
    of_kind: dict[str, dict[str, Any]] = {kind: {} for kind in _READERS}
    objectives = {}
    for name, (kind, body) in bodies.items():
        if is_removed(body):
            continue
        short = name.partition(" ")[2]
        if kind == "objective":
            objectives[short] = body
        elif kind in _READERS:
            same = (known or {}).get(name)
            of_kind[kind][short] = _READERS[kind](body) if same is None else same
    origins = {n: bodies[f"stream {n}"][1].get("from", {}) for n in of_kind["stream"]}
    return Plan(
        organisation=(known or {}).get("organisation") or _organisation(bodies["organisation"][1]),
        sources=_sources(of_kind["stream"], origins),
        models=of_kind["model"],
        metrics=of_kind["metric"],
        objectives=_objectives(objectives, of_kind["key_result"], of_kind["metric"]),
    )


def objects_of(plan: Plan) -> Iterator[tuple[str, Any]]:
    """The objects of a plan that another may share, by the names of their bodies.

    It saves reading them back (`known` of `plan_from`), and a stream's options keep their
    numbers as numbers.
    """
    yield "organisation", plan.organisation
    yield from ((f"stream {n}", s) for n, s in plan.streams.items())
    yield from ((f"model {n}", m) for n, m in plan.models.items())
    yield from ((f"metric {n}", m) for n, m in plan.metrics.items())
    yield from ((f"key_result {n}", k) for n, k in plan.key_results.items() if k.broken is None)


def key_result_from(body: Mapping[str, Any]) -> KeyResult:
    """A key result from its recorded body.

    Raises:
        DefinitionError: the body is none of a key result.
    """
    return decode(KeyResult, body)


def _organisation(body: Mapping[str, Any]) -> Organisation:
    named = {
        "cycles": {c["name"]: c for c in body.get("cycles", ())},
        "teams": {t["name"]: t for t in body.get("teams", ())},
    }
    return decode(Organisation, {**body, **named})


def _stream(body: Mapping[str, Any]) -> Stream:
    return decode(Stream, {k: v for k, v in body.items() if k != "from"})


def _sources(
    streams: Mapping[str, Stream], origins: Mapping[str, Mapping[str, Any]]
) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for name, stream in streams.items():
        origin = origins[name]
        known = found.get(stream.source) or Source(
            stream.source, str(origin.get("connector", "")), (), origin.get("options", {})
        )
        found[stream.source] = replace(known, streams=(*known.streams, stream))
    return found


def _objectives(
    objectives: Mapping[str, Mapping[str, Any]],
    key_results: Mapping[str, KeyResult],
    metrics: Mapping[str, Metric],
) -> dict[str, Objective]:
    of: dict[str, list[KeyResult]] = {name: [] for name in objectives}
    for name, kr in key_results.items():
        home = of.get(name.rpartition("/")[0])
        if home is not None:
            home.append(_marked(kr, metrics))
    return {
        name: decode(Objective, {**body, "key_results": ()}, key_results=tuple(of[name]))
        for name, body in objectives.items()
    }


def _marked(kr: KeyResult, metrics: Mapping[str, Metric]) -> KeyResult:
    gone = next((m for m in metrics_of(kr) if m not in metrics), None)
    return kr if gone is None else replace(kr, broken=f"metric {gone} is not defined")


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "stream": _stream,
    "model": lambda body: decode(Model, body),
    "metric": lambda body: decode(Metric, body),
    "key_result": key_result_from,
}


# --- values by their declared types ------------------------------------------------------


def decode(kind: type[T], body: Mapping[str, Any], **given: Any) -> T:
    """A dataclass of core.model from its canonical body; `given` fields are taken as they are.

    Raises:
        DefinitionError: a value is not of its field's type, or a field is not known.
    """
    plain: Any = kind
    hints, known = _hints(plain), _fields(plain)
    unknown = set(body) - set(known) - {"is"}
    if unknown:
        raise _unreadable(kind, f"{sorted(unknown)[0]} is not known")
    found = dict(given)
    for key, field in known.items():
        if field.name in given:
            continue
        if key not in body:
            found[field.name] = _left_out(kind, field, hints[field.name])
            continue
        made = _value(hints[field.name], body[key])
        if made is _OTHER:
            raise _unreadable(kind, f"{key} is {body[key]!r}")
        found[field.name] = made
    return kind(**found)


def _unreadable(kind: type, why: str) -> DefinitionError:
    return DefinitionError(
        f"a recorded {kind.__name__} cannot be read: {why}; another release of Scoreline wrote it"
    )


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _fields(kind: Any) -> dict[str, Field[Any]]:
    """The fields by their key in a body."""
    return {f.name.rstrip("_"): f for f in fields(kind)}


def _left_out(kind: type, field: Field[Any], hint: Any) -> Any:
    """What a body leaves out: nothing in the field's own form, else the field's default."""
    if field.name == "file":
        return ""
    is_later = field.name in LATER or field.name == "place"
    if not is_later:
        options = _options(hint)
        if type(None) in options:
            return None
        for option in options:
            if _origin(option) in _EMPTY:
                return _EMPTY[_origin(option)]
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    raise _unreadable(kind, f"it has no {field.name}")


def _options(hint: Any) -> tuple[Any, ...]:
    """The members of a union; of anything else, itself."""
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _origin(hint: Any) -> Any:
    return get_origin(hint) or hint


def _value(hint: Any, value: Any) -> Any:
    """The value that a body's item stands for; `_OTHER` where it is none of that type."""
    for option in _options(hint):
        made = _one(option, value)
        if made is not _OTHER:
            return made
    return _OTHER


def _one(hint: Any, value: Any) -> Any:
    origin = _origin(hint)
    if hint is Any:
        return value
    if origin is Literal:
        return value if value in get_args(hint) else _OTHER
    if isinstance(value, Mapping):
        return _mapping(hint, origin, value)
    if isinstance(value, list | tuple):
        return _items(hint, origin, value)
    return _scalar(hint, value)


def _mapping(hint: Any, origin: Any, value: Mapping[str, Any]) -> Any:
    if origin is Mapping:
        _, kind = get_args(hint)
        return {k: _value(kind, v) for k, v in value.items()}
    if not isinstance(hint, type) or not is_dataclass(hint):
        return _OTHER
    tag = TAGS.get(hint)
    fits = value.get("is") == tag if tag else set(value) <= set(_fields(hint))
    return decode(hint, value) if fits else _OTHER


def _items(hint: Any, origin: Any, value: list[Any] | tuple[Any, ...]) -> Any:
    if origin not in (tuple, frozenset):
        return _OTHER
    kinds = get_args(hint)
    if len(kinds) == 2 and kinds[1] is not Ellipsis:
        kinds_of_each = list(kinds)
    else:
        kinds_of_each = [kinds[0]] * len(value)
    made = [_value(kind, item) for kind, item in zip(kinds_of_each, value, strict=True)]
    return _OTHER if any(m is _OTHER for m in made) else origin(made)


def _scalar(hint: Any, value: Any) -> Any:
    if hint is bool or isinstance(value, bool):
        return value if hint is bool and isinstance(value, bool) else _OTHER
    if not isinstance(value, str):
        return _OTHER
    try:
        if hint in (int, Decimal):
            return hint(value)
        if hint is date:
            return date.fromisoformat(value)
    except (ValueError, InvalidOperation):
        return _OTHER
    return value if hint is str else _OTHER
