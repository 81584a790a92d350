"""From the proposed columns to the rest of a stream: key, times, how it loads, checks.

What belongs here: rules over all columns of one table. What does not: single columns
(columns), asking the data (the caller hands over the question).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from scoreline.warehouse.profiles import ColumnProfile
from scoreline.workbench.naming import words
from scoreline.workbench.proposals import ColumnProposal, StreamProposal

IsKey = Callable[[Sequence[str]], bool]
"""Whether no two rows are alike in these columns, named as delivered."""

_IDS = {"id", "uuid", "guid", "key", "code", "number", "no", "nr", "ref", "username", "email",
        "login"}  # fmt: skip
_ENDED = {"closed", "close", "completed", "complete", "completion", "finished", "resolved", "end"}
_HAPPENED = {"created", "date", "time", "started", "start", "placed", "submitted", "at", "day",
             "occurred", "timestamp", "last"}  # fmt: skip
_CHANGED = {"modified", "updated", "changed", "last"}
_SHARES = {"share", "progress", "rate", "ratio"}
_POINTS = {"score", "grade", "percent", "pct", "percentage"}
_MOST_TRIED = 40
_MOST_PARTS = 9


def propose_stream(
    name: str,
    options: Mapping[str, Any],
    columns: Sequence[ColumnProposal],
    profiles: Mapping[str, ColumnProfile],
    is_key: IsKey,
    rows: int,
) -> StreamProposal:
    """The stream around its columns; `profiles` by the name in the contract."""
    key = _key(columns, profiles, is_key, rows)
    event, possible = _event_time(columns, profiles)
    version = _version(columns, profiles) if key else None
    notes = {"key": _key_note(key, rows), "load": _load_note(key)}
    if possible:
        others = [f"{c} ({rows - profiles[c].filled:,} empty)" for c in possible if c != event]
        more = f"; or {', '.join(others)}" if others else ""
        notes["event_time"] = f"the day a row counts for{more}"
    if version:
        notes["version_by"] = "of two rows with one key, the later counts"
    expect = _checks(columns, profiles, key, event)
    return StreamProposal(
        name, options, tuple(columns), key, "merge" if key else "replace", version, event,
        tuple(expect), {k: v for k, v in notes.items() if v}, rows,
    )  # fmt: skip


def _key_note(key: tuple[str, ...], rows: int) -> str:
    if not key:
        return "no few columns tell the rows apart"
    return f"tells all {rows:,} rows apart"


def _load_note(key: tuple[str, ...]) -> str:
    if key:
        return "replace, if each file holds everything and rows that vanish are gone"
    return "each file is taken for the whole; declare a key, if files add up"


def _key(
    columns: Sequence[ColumnProposal],
    profiles: Mapping[str, ColumnProfile],
    is_key: IsKey,
    rows: int,
) -> tuple[str, ...]:
    usable = [c for c in columns if _may_identify(c, profiles[c.name])]
    ranked = sorted(usable, key=lambda c: _key_rank(c, profiles[c.name]))
    single = next((c for c in ranked if profiles[c.name].is_unique and not c.is_time), None)
    if single is not None:
        return (single.name,)
    for tried, parts in enumerate(_combined(ranked, profiles, rows)):
        if tried >= _MOST_TRIED:
            break
        if is_key([c.delivered for c in parts]):
            names = {c.name for c in parts}
            return tuple(c.name for c in columns if c.name in names)
    return ()


def _may_identify(column: ColumnProposal, profile: ColumnProfile) -> bool:
    is_number = column.kind == "decimal" or column.kind in ("json", "boolean")
    return profile.is_complete and column.personal != "drop" and not is_number


def _key_rank(column: ColumnProposal, profile: ColumnProfile) -> tuple[int, int]:
    is_id = bool(words(column.name) & _IDS) or column.personal == "pseudonym"
    kind = 0 if is_id else 1 if column.kind == "text" else 2 if column.is_time else 3
    return kind, -profile.distinct if kind else 0


def _combined(
    ranked: Sequence[ColumnProposal], profiles: Mapping[str, ColumnProfile], rows: int
) -> Iterator[tuple[ColumnProposal, ...]]:
    """Pairs, then triples, that can tell so many rows apart at all."""
    best = [c for c in ranked if profiles[c.name].distinct > 1][:_MOST_PARTS]
    for size in (2, 3):
        for parts in combinations(best, size):
            possible = 1
            for part in parts:
                possible *= profiles[part.name].distinct
            if possible >= rows:
                yield parts


def _event_time(
    columns: Sequence[ColumnProposal], profiles: Mapping[str, ColumnProfile]
) -> tuple[str | None, list[str]]:
    """The time column to go by, None where none is in every row; and all there are."""
    times = [c.name for c in columns if c.is_time and profiles[c.name].filled]

    def weight(name: str) -> int:
        found = words(name)
        return 2 if found & _ENDED else 1 if found & _HAPPENED else 0

    complete = [name for name in times if profiles[name].is_complete]
    return max(complete, key=weight, default=None), times


def _version(
    columns: Sequence[ColumnProposal], profiles: Mapping[str, ColumnProfile]
) -> str | None:
    times = [c for c in columns if c.is_time and profiles[c.name].is_complete]
    return next((c.name for c in times if words(c.name) & _CHANGED), None)


def _checks(
    columns: Sequence[ColumnProposal],
    profiles: Mapping[str, ColumnProfile],
    key: tuple[str, ...],
    event: str | None,
) -> Iterator[Mapping[str, Any]]:
    for column in columns:
        profile = profiles[column.name]
        if column.personal == "drop" or not profile.filled:
            continue
        needed = column.name == event or column.kind in ("integer", "decimal")
        is_id = bool(words(column.name) & _IDS)
        if profile.is_complete and column.name not in key and (needed or is_id):
            yield _check("expect_column_values_to_not_be_null", column.name)
        if profile.is_unique and is_id and column.name not in key:
            yield _check("expect_column_values_to_be_unique", column.name, on_failure="warn")
        bounds = _bounds(column, profile)
        if bounds:
            yield _check("expect_column_values_to_be_between", column.name, **bounds)


def _check(
    kind: str, column: str, *, on_failure: str = "quarantine", **more: Any
) -> dict[str, Any]:
    return {"type": kind, "column": column, **more, "on_failure": on_failure}


def _bounds(column: ColumnProposal, profile: ColumnProfile) -> dict[str, Any]:
    """Bounds that the kind of number has by nature, where the data keeps them."""
    number = profile.number
    if number is None or column.kind not in ("integer", "decimal"):
        return {}
    if words(column.name) & _IDS or number.lowest.startswith("-"):
        return {}
    found = words(column.name)
    highest = float(number.highest)  # chooses a proposal; no score reads it
    if found & _SHARES and highest <= 1:
        return {"min_value": 0, "max_value": 1}
    if found & (_POINTS | _SHARES) and highest <= 100:
        return {"min_value": 0, "max_value": 100}
    return {"min_value": 0}
