"""Which column of a file is which column of the contract.

What belongs here: the header's cells against the declared columns. What does not: how a
header is read from a format, and whether a difference blocks (the caller's contract).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from connectors.base import ColumnSpec, StreamSpec
from connectors.batch import ROW
from connectors.errors import PermanentError


@dataclass(frozen=True, slots=True)
class Delivered:
    """A column of the batch; `index` is its place in the file from 0, None where missing."""

    name: str
    index: int | None


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """The batch's columns in their order, and how the file differs from the contract."""

    delivered: tuple[Delivered, ...]
    extra: tuple[str, ...]
    missing: tuple[str, ...]
    warnings: tuple[str, ...]


def plan_columns(
    spec: StreamSpec, header: Sequence[str], where: str, *, empty: Collection[int] = ()
) -> ColumnPlan:
    """Finds each declared column by its header, or else by its position.

    A header counts without surrounding spaces. New columns are delivered under their header
    where the stream keeps them; a blank or repeated header has no name to deliver it under.
    Columns in `empty` (places from 0) hold nothing at all: they are no new columns.

    Raises:
        PermanentError: a declared header is repeated and no position says which is meant.
    """
    names = [cell.strip(" \t\ufeff") for cell in header]
    found = {c.name: _find(c, names, where) for c in spec.columns}
    missing = tuple(name for name, index in found.items() if index is None)
    delivered = [Delivered(name, index) for name, index in found.items()]
    warnings = [w for c in spec.columns if (w := _mismatch(c, names))]
    known = {*found.values(), *empty}
    undeclared = [i for i in range(len(names)) if i not in known]
    kept, unusable = _extras(undeclared, names, {*found, ROW})
    if unusable:
        warnings.append(f"left out, as their headers are blank or repeated: {', '.join(unusable)}")
    if spec.new_column == "keep":
        delivered += kept
    extra = tuple(names[i] for i in undeclared)
    return ColumnPlan(tuple(delivered), extra, missing, tuple(warnings))


def plan_positions(spec: StreamSpec, width: int) -> ColumnPlan:
    """The plan for a file without a header: declared positions, or the order of declaration."""
    delivered = []
    for order, column in enumerate(spec.columns, start=1):
        place = column.position or order
        delivered.append(Delivered(column.name, place - 1 if place <= width else None))
    used = {d.index for d in delivered}
    unnamed = [str(i + 1) for i in range(width) if i not in used]
    warnings = [f"left out, as they have no names: columns {', '.join(unnamed)}"] if unnamed else []
    missing = tuple(d.name for d in delivered if d.index is None)
    extra = tuple(f"column {place}" for place in unnamed)
    return ColumnPlan(tuple(delivered), extra, missing, tuple(warnings))


def _find(column: ColumnSpec, names: list[str], where: str) -> int | None:
    places = [i for i, name in enumerate(names) if name and name == column.wanted]
    if len(places) == 1:
        return places[0]
    at = column.position - 1 if column.position else None
    if at is not None and at < len(names):
        return at if _position_fits(column, names[at]) else None
    if not places:
        return None
    listed = ", ".join(str(i + 1) for i in places)
    raise PermanentError(
        f"the header {column.wanted!r} stands {len(places)} times: columns {listed}",
        where=where,
        do=f"Say which one is meant by position: at column {column.name}",
    )


def _position_fits(column: ColumnSpec, there: str) -> bool:
    return column.header is None or there in ("", column.header)


def _mismatch(column: ColumnSpec, names: list[str]) -> str:
    if column.position is None or column.position > len(names) or column.wanted in names:
        return ""
    there = names[column.position - 1]
    if _position_fits(column, there):
        return ""
    return f"column {column.position} is headed {there!r}, not {column.header!r}: not taken"


def _extras(
    undeclared: list[int], names: list[str], taken: set[str]
) -> tuple[list[Delivered], list[str]]:
    """Those that can be delivered by name; SQL compares names without case, so we do too."""
    counts = Counter(names[i].casefold() for i in undeclared)
    counts.update(name.casefold() for name in taken)
    kept = [
        Delivered(names[i], i) for i in undeclared if names[i] and counts[names[i].casefold()] == 1
    ]
    usable = {d.index for d in kept}
    unusable = [f"{names[i]!r} (column {i + 1})" for i in undeclared if i not in usable]
    return kept, unusable
