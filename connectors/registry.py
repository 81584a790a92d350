"""Which kinds of connector there are: ours and those of installed plug-ins.

What belongs here: finding a kind by its name or its dotted path. What does not: making a
connector, or reading with one. A kind's code is imported only when it is loaded.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from connectors.base import Connector
from connectors.errors import PermanentError
from connectors.options import nearest

GROUP = "scoreline.connectors"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind as it is listed; `problem` is empty where it can be loaded."""

    name: str
    target: str
    about: str = ""
    problem: str = ""


def kinds() -> dict[str, str]:
    """Every kind's name and the `module:Class` it is found at; nothing is imported."""
    return {name: " and ".join(targets) for name, targets in sorted(_targets().items())}


def listing() -> list[Kind]:
    """Every kind, loaded; a broken plug-in is listed with its problem beside the others."""
    rows = []
    for name, target in kinds().items():
        try:
            rows.append(Kind(name, target, about=load(name).about))
        except PermanentError as error:
            rows.append(Kind(name, target, problem=str(error)))
    return rows


def load(kind: str) -> type[Connector]:
    """The class of a kind.

    Args:
        kind: a listed name, or `package.module:Class` for one that is not registered.

    Raises:
        PermanentError: no such kind, two packages claim it, it cannot be imported, or it is
            not a connector.
    """
    targets = _targets()
    if kind in targets:
        if len(targets[kind]) > 1:
            raise PermanentError(
                f"two packages offer a connector of this name: {' and '.join(targets[kind])}",
                where=f"connector {kind}",
                do="Write the one that is meant as package.module:Class",
            )
        return _import(kind, targets[kind][0])
    if ":" in kind:
        return _import(kind, kind)
    raise PermanentError(
        "no such kind",
        where=f"connector {kind}",
        do=f"Legal: {nearest(kind, list(targets))}, or package.module:Class",
    )


def _targets() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for point in _points(tuple(sys.path)):
        targets = found.setdefault(point.name, [])
        if point.value not in targets:
            targets.append(point.value)
    return found


@lru_cache(maxsize=4)
def _points(path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """What the packages on the path offer; looking through them all takes 40 ms."""
    return tuple(entry_points(group=GROUP))


def _import(kind: str, target: str) -> type[Connector]:
    module, _, name = target.partition(":")
    try:
        loaded = getattr(import_module(module), name)
    except Exception as error:  # a plug-in may fail in any way while it is imported
        raise PermanentError(
            f"cannot be loaded from {target}: {type(error).__name__}: {error}",
            where=f"connector {kind}",
            do="Repair or uninstall the package; other connectors are not affected",
        ) from error
    if not (isinstance(loaded, type) and issubclass(loaded, Connector)):
        raise PermanentError(
            f"{target} is not a subclass of connectors.base.Connector",
            where=f"connector {kind}",
            do="Name the connector's class",
        )
    return loaded
