"""Mistakes in one object: collected, placed, and worded for people.

What belongs here: the entry that one object's checks report to, and the translation of
pydantic's errors into problems with a place. What does not: the rules themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError

from scoreline.core.errors import Place, Problem
from scoreline.definitions.documents import Document, Path
from scoreline.definitions.schemas import schema_of
from scoreline.definitions.spec_base import Spec, described, listed, nearest

S = TypeVar("S", bound=Spec)
_MAX_FOUND = 80


class Entry:
    """One object as it is checked: where it stands, its scope, and whether it is whole.

    `problems` is the list that every entry of a project shares.
    """

    def __init__(self, document: Document, path: Path, scope: str, problems: list[Problem]) -> None:
        self.document = document
        self.path = path
        self.scope = scope
        self.problems = problems
        self.ok = True

    @property
    def place(self) -> Place:
        """Where the object's key stands."""
        return self.document.place(self.path, key=True)

    def at(self, *path: str | int) -> Place:
        """The place of a value inside the object."""
        return self.document.place((*self.path, *path))

    def inner(self, path: Path, scope: str) -> Entry:
        """The entry of an object inside this one's file."""
        return Entry(self.document, path, scope, self.problems)

    def error(
        self,
        code: str,
        message: str,
        *path: str | int,
        found: str | None = None,
        legal: str = "",
        hint: str = "",
        on_key: bool = False,
    ) -> None:
        """Report an error at `path` inside the object; the object is then left out."""
        self.ok = False
        self.note(code, message, *path, found=found, legal=legal, hint=hint, on_key=on_key)

    def note(
        self,
        code: str,
        message: str,
        *path: str | int,
        found: str | None = None,
        legal: str = "",
        hint: str = "",
        on_key: bool = False,
    ) -> None:
        """Report an error that does not take the object out."""
        whole = (*self.path, *path)
        if found is None:
            found = str(whole[-1]) if on_key and whole else self.document.text(whole)
        found = found if len(found) <= _MAX_FOUND else found[: _MAX_FOUND - 3] + "..."
        place = self.document.place(whole, key=on_key)
        problem = Problem("error", code, place, message, found, legal, hint, self.scope)
        self.problems.append(problem)

    def adopt(self, *, but: str | None = None) -> None:
        """Take over what is wrong with the YAML of this object.

        Args:
            but: the key whose items are objects of their own and take theirs themselves.
        """
        depth = len(self.path)
        for path, problem in self.document.faults:
            is_inner = but is not None and len(path) > depth + 1 and path[depth] == but
            if path[:depth] == self.path and not is_inner:
                self.ok = False
                self.problems.append(replace(problem, scope=self.scope))

    def read(self, kind: type[S], data: Any, whole: type[Spec] | None = None) -> S | None:
        """The spec of the object, or None with every one of its errors reported.

        Args:
            kind: the spec.
            data: the mapping as read.
            whole: the spec whose keys are legal there, where `kind` is only its head.
        """
        if not isinstance(data, dict):
            message = f"a mapping is expected, found {described(data)}"
            self._unless_faulty((), "wrong-shape", message, legal=listed(_keys(kind, ())))
            return None
        try:
            return kind.model_validate(data)
        except ValidationError as errors:
            for error in errors.errors(include_url=False):
                self._translate(whole or kind, data, error)
            return None

    def _translate(self, kind: type[Spec], data: Any, error: Mapping[str, Any]) -> None:
        path, rest = _walk(data, error["loc"])
        code, context = str(error["type"]), error.get("ctx", {})
        on_key = error["loc"][-1:] == ("[key]",)
        if code == "extra_forbidden":
            keys = _keys(kind, path[:-1])
            legal, hint = listed(keys, 40), nearest(str(path[-1]), keys)
            message = f"unknown key {path[-1]}"
            self._unless_faulty(path, "unknown-key", message, legal=legal, hint=hint, on_key=True)
        elif code == "missing":
            message = f"{rest} is missing"
            legal = f"{rest}: …"
            self._unless_faulty(path, "missing-key", message, found="", legal=legal, on_key=True)
        elif "legal" in context:
            more = {"legal": context["legal"], "hint": context["hint"], "on_key": on_key}
            self._unless_faulty(path, code, context["message"], **more)
        else:
            message, legal = _shape_message(code, error, kind, path)
            self._unless_faulty(path, "wrong-shape", message, legal=legal)

    def _unless_faulty(self, path: Path, code: str, message: str, **more: Any) -> None:
        self.ok = False
        whole = (*self.path, *path)
        faulty = any(whole[: len(at)] == at for at, _ in self.document.faults)
        if not faulty:
            self.error(code, message, *path, **more)


def _walk(data: Any, location: Iterable[str | int]) -> tuple[Path, str]:
    """The path in the data that pydantic's location means, and the key missing there."""
    path: list[str | int] = []
    missing = ""
    for part in location:
        is_key = isinstance(data, dict) and part in data and part != "[key]"
        is_item = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if is_key or is_item:
            data = data[part]
            path.append(part)
        else:
            missing = str(part)
    return tuple(path), missing


_SHAPES = {
    "model_type": "a mapping", "dict_type": "a mapping", "list_type": "a list",
    "model_attributes_type": "a mapping",
}  # fmt: skip


def _shape_message(
    code: str, error: Mapping[str, Any], kind: type[Spec], path: Path
) -> tuple[str, str]:
    found = described(error.get("input"))
    if code in _SHAPES:
        legal = listed(_keys(kind, path), 40) if "mapping" in _SHAPES[code] else "a list"
        return f"{_SHAPES[code]} is expected, found {found}", legal or _SHAPES[code]
    if code == "too_short":
        return "at least one entry is expected", "one entry or more"
    if code == "wrong-shape":
        keys = _keys(kind, path)
        legal = f"a mapping with {listed(keys)}, or the short form" if keys else "another shape"
        return f"{found} is not legal here", legal
    return str(error.get("msg", code)), ""


@cache
def _schema(kind: type[Spec]) -> dict[str, Any]:
    return schema_of(kind)


def _keys(kind: type[Spec], path: Path) -> list[str]:
    """The keys that are legal in the mapping at `path` of an object of that kind."""
    root = _schema(kind)
    nodes = _expanded(root, [root])
    for part in path:
        nodes = _expanded(root, [c for node in nodes for c in _children(node, part)])
    keys = {key: None for node in nodes for key in node.get("properties", {})}
    return list(keys)


def _expanded(root: dict[str, Any], nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for node in nodes:
        if "$ref" in node:
            found += _expanded(root, [root["$defs"][node["$ref"].rsplit("/", 1)[-1]]])
        for word in ("anyOf", "oneOf", "allOf"):
            found += _expanded(root, node.get(word, []))
        found.append(node)
    return found


def _children(node: dict[str, Any], part: str | int) -> list[dict[str, Any]]:
    if isinstance(part, int):
        items = node.get("items")
        return [items] if isinstance(items, dict) else []
    named = node.get("properties", {}).get(part)
    by_pattern = list(node.get("patternProperties", {}).values())
    inner = [named] if named else [*by_pattern, node.get("additionalProperties")]
    return [child for child in inner if isinstance(child, dict)]
