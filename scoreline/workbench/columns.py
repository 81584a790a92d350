"""From the profile of a column to its proposed contract.

What belongs here: type, marks, formats, null values, legal values, and what a person should
look at. What does not: keys and times of the stream (streams), personal data (personal).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from scoreline.warehouse.profiles import ColumnProfile, NumberForm, TimeForm
from scoreline.warehouse.time_formats import swapped
from scoreline.workbench.naming import words
from scoreline.workbench.proposals import ColumnProposal

_DECLARED = re.compile(r"DECIMAL\([0-9]+,[0-9]+\)")
_MOST_VALUES = 12
_ROWS_A_VALUE = 5
_LONGEST_VALUE = 40
_FREE = {"name", "title", "id", "code", "city", "account", "product", "comment", "note", "course",
         "module", "key", "uuid", "url", "description", "content", "channel"}  # fmt: skip
_MOST_DIGITS = 18
_HEADROOM = 2


def propose_column(
    name: str, profile: ColumnProfile, timezone: str, reading: TimeForm | None
) -> ColumnProposal:
    """The contract that every value of the column meets.

    Args:
        name: the column's name in the contract.
        profile: what its values look like.
        timezone: of times that are written without one.
        reading: the time form to take, where several fit; see `shared_reading`.
    """
    kind, more = _typed(profile, timezone, reading)
    nothing = tuple(text for text, _ in profile.nothing)
    one_of = _one_of(name, profile) if kind == "text" else ()
    return ColumnProposal(
        delivered=profile.name,
        name=name,
        type=kind,
        null_values=("", *nothing) if nothing else (),
        one_of=one_of,
        seen=_seen(profile),
        ask=_ask(profile, reading, one_of),
        **more,
    )


def shared_reading(profiles: Iterable[ColumnProfile]) -> bool | None:
    """Whether day or month comes first, where a column of the file leaves no doubt.

    True for the day, False for the month, None where no column decides.
    """
    for profile in profiles:
        orders = {_is_day_first(form) for form in profile.times if form.formats}
        if len(orders) == 1 and (found := orders.pop()) is not None:
            return found
    return None


def choose(times: tuple[TimeForm, ...], day_first: bool | None) -> TimeForm | None:
    """The form to propose: the first that goes with the file's other columns."""
    agreeing = [t for t in times if day_first is None or _is_day_first(t) in (None, day_first)]
    return next(iter([*agreeing, *times]), None)


def _is_day_first(form: TimeForm) -> bool | None:
    text = form.formats[0] if form.formats else ""
    if "%m" not in text or "%d" not in text:
        return None
    year = max(text.find("%Y"), text.find("%y"))
    return (
        None
        if year < text.index("%d") and year < text.index("%m")
        else text.index("%d") < text.index("%m")
    )


def _typed(
    profile: ColumnProfile, timezone: str, reading: TimeForm | None
) -> tuple[str, dict[str, Any]]:
    if not profile.filled:
        return "text", {}
    if profile.native == "BOOLEAN" or profile.is_boolean:
        return "boolean", {}
    if _DECLARED.fullmatch(profile.native):
        return profile.native.lower(), {}
    number = profile.number
    is_eight_digits = number is not None and reading is not None and profile.longest == 8
    if number is not None and not profile.has_leading_zero and not is_eight_digits:
        return _number(number)
    if reading is not None:
        return _time(reading, timezone)
    return ("json" if profile.is_json else "text"), {}


def _number(form: NumberForm) -> tuple[str, dict[str, Any]]:
    more: dict[str, Any] = {}
    if form.thousands is not None:
        more["thousands"] = form.thousands
    if form.scale == 0 and form.whole <= _MOST_DIGITS and form.decimal == ".":
        return "integer", more
    if form.whole + form.scale > 38:
        return "text", {}
    digits = min(38, form.whole + form.scale + _HEADROOM)
    if form.decimal != ".":
        more["decimal"] = form.decimal
    return f"decimal({digits},{form.scale})", more


def _time(form: TimeForm, timezone: str) -> tuple[str, dict[str, Any]]:
    more: dict[str, Any] = {"format": form.formats} if form.formats else {}
    if form.is_day:
        return "date", more
    return "timestamp", more if form.zoned else {**more, "timezone": timezone}


def _one_of(name: str, profile: ColumnProfile) -> tuple[str, ...]:
    """The legal values of a column that looks like a list of choices."""
    few = 2 <= profile.distinct <= _MOST_VALUES and profile.values
    repeated = profile.filled >= _ROWS_A_VALUE * profile.distinct
    if not few or not repeated or profile.longest > _LONGEST_VALUE or words(name) & _FREE:
        return ()
    return tuple(value for value, _ in profile.values)


def _seen(profile: ColumnProfile) -> str:
    missing = profile.rows - profile.filled
    if not profile.filled:
        return "always empty"
    parts = []
    number = profile.number
    if number is not None and not profile.has_leading_zero:
        parts.append(f"{number.lowest} to {number.highest}")
    elif profile.times:
        parts.append(f"{_day(profile.times[0].first)} to {_day(profile.times[0].last)}")
    elif profile.distinct == 1 and profile.values:
        parts.append("one value")
    elif profile.distinct > _MOST_VALUES or not profile.values:
        parts.append(f"{profile.distinct:,} values")
    if missing:
        parts.append(f"{missing:,} of {profile.rows:,} empty")
    return ", ".join(parts)


def _day(text: str) -> str:
    return text[:10]


def _ask(profile: ColumnProfile, reading: TimeForm | None, one_of: tuple[str, ...]) -> str:
    asks = []
    number = profile.number
    if reading is not None and reading.formats:
        other = swapped(reading.formats[0])
        if any(other in form.formats for form in profile.times):
            asks.append(f"day or month first? {other} fits, too")
    if number is not None and number.decimal == "," and number.thousands is None:
        asks.append("the comma is read as the decimal mark")
    if number is not None and number.decimal == "." and number.scale == 3 and number.whole < 4:
        asks.append("the point is read as the decimal mark, not as one of thousands")
    if number is not None and profile.has_leading_zero:
        asks.append("digits with zeros in front: kept as text")
    if profile.nothing:
        listed = ", ".join(f'"{text}" {count:,}x' for text, count in profile.nothing)
        asks.append(f"read as empty: {listed}")
    if profile.misfits is not None:
        kind, count, one = profile.misfits
        but = f" but {count:,}" if count < profile.filled else ""
        asks.append(f"all {kind}{but}, such as {one[:30]!r}: declared as text")
    if one_of:
        asks.append("a row with another value is set aside")
    return "; ".join(asks)
