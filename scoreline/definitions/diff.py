"""What changed between two states of a definition.

What belongs here: comparing two canonical bodies, path by path. What does not: making
the bodies (canonical), and telling what a change does to a score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `before` is None where something was added, `after` where removed.

    `path` names the keys with dots; items of a list by their name where they have one,
    otherwise by their position from 0: `columns[score].type.scale`.
    """

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.path}: added {_text(self.after)}"
        if self.after is None:
            return f"{self.path}: removed {_text(self.before)}"
        return f"{self.path}: {_text(self.before)} -> {_text(self.after)}"


def semantic_diff(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> list[Change]:
    """Every difference between two canonical bodies, sorted by path.

    Args:
        old: the earlier body; None where there was none, which adds every key.
        new: the later body.
    """
    return sorted(_mappings(old or {}, new, ""), key=lambda change: change.path)


def _compare(old: Any, new: Any, path: str) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mappings(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(old, new, path)
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield Change(path, old, new)


def _mappings(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[Change]:
    prefix = f"{path}." if path else ""
    for key in sorted({*old, *new}):
        yield from _compare(old.get(key), new.get(key), f"{prefix}{key}")


def _lists(old: list[Any], new: list[Any], path: str) -> Iterator[Change]:
    before, after = _named(old), _named(new)
    if before is not None and after is not None:
        for name in sorted({*before, *after}):
            yield from _compare(before.get(name), after.get(name), f"{path}[{name}]")
        common = [n for n in before if n in after]
        if common != [n for n in after if n in before]:
            yield Change(f"{path}[order]", list(before), list(after))
    elif any(isinstance(item, Mapping) for item in (*old, *new)):
        for index in range(max(len(old), len(new))):
            one = old[index] if index < len(old) else None
            other = new[index] if index < len(new) else None
            yield from _compare(one, other, f"{path}[{index}]")
    elif old != new:
        yield Change(path, old, new)


def _named(items: list[Any]) -> dict[str, Any] | None:
    names = [item.get("name") if isinstance(item, Mapping) else None for item in items]
    is_named = all(isinstance(n, str) for n in names) and len(set(names)) == len(names)
    return dict(zip(map(str, names), items, strict=True)) if is_named else None


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_text(v) for v in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
