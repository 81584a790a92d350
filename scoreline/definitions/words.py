"""The words of the language: types, units, windows, durations, cron, zones, formats.

What belongs here: one validator for each word that stands as a single text in the files,
giving the plan's own value. What does not: rules between two keys (resolve_*).
"""

from __future__ import annotations

import re
import zoneinfo
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from scoreline.core.model import ColumnType, Duration, TargetChange, Unit, Window
from scoreline.core.moments import parse_duration
from scoreline.core.retention import Age, parse_age
from scoreline.definitions.documents import YamlNumber
from scoreline.definitions.spec_base import as_text, bad, described, nearest

_PERIODS = ("day", "week", "month", "quarter", "year")
_WINDOWS = ("cycle", *_PERIODS, *(f"last {p}" for p in _PERIODS), "trailing 90d", "all", "latest")
_UNITS = ("share", "percent", "ratio", "count", "number", "currency:EUR", "days", "score")
_TYPES = ("text", "boolean", "integer", "decimal(p,s)", "date", "timestamp", "json")
TYPE_ALIASES = {
    "string": "text", "str": "text", "varchar": "text", "int": "integer", "bigint": "integer",
    "bool": "boolean", "datetime": "timestamp", "number": "decimal(18,2)",
    "float": "decimal(18,2)", "double": "decimal(18,2)", "numeric": "decimal(18,2)",
    "decimal": "decimal(18,2)",
}  # fmt: skip
_DIRECTIVES = frozenset("aAbBcdfGHIjmMpSuUVwWxXyYzZ%")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CRON_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _WEEKDAYS),
)


def as_type(value: Any) -> ColumnType:
    """A column's type: text, boolean, integer, decimal(p,s), date, timestamp, json."""
    text = as_text(value).strip()
    match = re.fullmatch(r"decimal\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)", text)
    if match:
        precision, scale = int(match[1]), int(match[2])
        if not 1 <= precision <= 38 or scale > precision:
            raise bad("bad-type", "no such decimal type", "decimal(p,s), 1 <= p <= 38, s <= p")
        return ColumnType("decimal", precision, scale)
    for kind in ("text", "boolean", "integer", "date", "timestamp", "json"):
        if text == kind:
            return ColumnType(kind)
    meant = TYPE_ALIASES.get(text.lower())
    hint = f"did you mean {meant}?" if meant else nearest(text, _TYPES)
    raise bad("bad-type", "there is no such type", ", ".join(_TYPES), hint)


def as_unit(value: Any) -> Unit:
    """A metric's unit; a currency names its ISO 4217 code."""
    text = as_text(value)
    kind, _, currency = text.partition(":")
    if kind == "currency":
        if re.fullmatch(r"[A-Z]{3}", currency):
            return Unit("currency", currency)
        raise bad("bad-unit", "a currency needs its three-letter code", "currency:EUR")
    if kind in _UNITS and not currency:
        return Unit(kind)  # type: ignore[arg-type]
    hint = "did you mean percent?" if text == "%" else nearest(text, _UNITS)
    raise bad("bad-unit", "there is no such unit", ", ".join(_UNITS), hint)


def as_window(value: Any) -> Window:
    """A metric's window."""
    text = " ".join(as_text(value).split())
    first, _, rest = text.partition(" ")
    if not rest and first in ("cycle", "all", "latest"):
        return Window(first)  # type: ignore[arg-type]
    if not rest and first in _PERIODS:
        return Window(first, period=first)  # type: ignore[arg-type]
    if first == "last" and rest in _PERIODS:
        return Window("last", period=rest)  # type: ignore[arg-type]
    days = re.fullmatch(r"(\d{1,4})d", rest)
    if first == "trailing" and days and int(days[1]) > 0:
        return Window("trailing", days=int(days[1]))
    hint = "write the days, as in trailing 90d" if first == "trailing" else nearest(text, _WINDOWS)
    raise bad("bad-window", "there is no such window", ", ".join(_WINDOWS), hint)


def as_duration(value: Any) -> Duration:
    """`36h`, `2d`, `2w` or `2 workdays`."""
    try:
        return parse_duration(as_text(value))
    except ValueError:
        legal = "36h, 90d, 2w, 2 workdays"
        raise bad("bad-duration", "this is not a length of time", legal) from None


def as_age(value: Any) -> Age:
    """How long something is kept: `400 days`, `18 months`, `3 years`, `forever`."""
    try:
        return parse_age(as_text(value))
    except ValueError:
        hint = f"write {value.text} days" if isinstance(value, YamlNumber) else ""
        legal = "400 days, 8 weeks, 18 months, 3 years (or 400d, 8w, 18m, 3y), forever"
        raise bad("bad-duration", "this is not how long something is kept", legal, hint) from None


def as_settle(value: Any) -> int:
    """Whole days, written `3d` or `2w`."""
    match = re.fullmatch(r"(\d{1,4})([dw])", as_text(value))
    if not match:
        hint = f"write {value.text}d" if isinstance(value, YamlNumber) else ""
        raise bad("bad-duration", "a number of days is expected", "3d, 2w", hint)
    return int(match[1]) * (7 if match[2] == "w" else 1)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def as_zone(value: Any) -> str:
    """An IANA time zone."""
    text = as_text(value)
    if text not in _zones():
        legal = "an IANA name such as Europe/Berlin or UTC"
        hint = nearest(text, sorted(_zones()))
        raise bad("unknown-timezone", "there is no such time zone", legal, hint)
    return text


EPOCHS = ("epoch", "epoch_ms")


def as_format(value: Any) -> str:
    """A strptime format, or `epoch` or `epoch_ms`: seconds or milliseconds since 1970."""
    text = as_text(value)
    if text in EPOCHS:
        return text
    used = re.findall(r"%(.?)", text)
    wrong = next((d for d in used if d not in _DIRECTIVES), None)
    if wrong is not None or not used:
        what = f"strptime knows no %{wrong}" if wrong is not None else "it holds no directive"
        hint = "%M is minutes and %m the month" if wrong else "such as %Y-%m-%d"
        legal = "strptime directives such as %Y-%m-%d %H:%M:%S, or epoch, or epoch_ms"
        raise bad("bad-format", what, legal, hint)
    return text


def as_month_day(value: Any) -> tuple[int, int]:
    """Month and day, written MM-DD; 02-29 is refused because most years lack it."""
    match = re.fullmatch(r"(\d{2})-(\d{2})", described(value))
    month, day = (int(match[1]), int(match[2])) if match else (0, 0)
    longest = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not 1 <= month <= 12 or not 1 <= day <= longest[month]:
        raise bad("bad-date", "a month and a day are expected", "MM-DD, not 02-29")
    return month, day


def as_change(value: Any) -> TargetChange:
    """A change against the baseline: `+20%`, `-5%` or a number."""
    if isinstance(value, YamlNumber):
        return TargetChange(Decimal(value.plain()), percent=False)
    match = re.fullmatch(r"([-+]?[0-9]+(?:\.[0-9]+)?)\s*(%?)", as_text(value))
    if not match:
        raise bad("not-a-number", "a change is expected", "+20% of the baseline, or 15 in its unit")
    return TargetChange(Decimal(match[1]), percent=bool(match[2]))


def as_cron(value: Any) -> str:
    """A cron line of five fields, in the organisation's time zone."""
    text = as_text(value)
    fields = text.split()
    if len(fields) != len(_CRON_FIELDS):
        legal = 'minute hour day month weekday, as in "0 5 * * *"'
        raise bad("bad-cron", f"cron needs 5 fields, found {len(fields)}", legal)
    for written, (what, low, high, names) in zip(fields, _CRON_FIELDS, strict=True):
        for part in written.lower().split(","):
            if not _is_cron_part(part, low, high, names):
                legal = f"{low}-{high}, *, a-b, */n, lists with commas"
                legal += f", or {names[0]} … {names[-1]}" if names else ""
                raise bad("bad-cron", f"the {what} {part!r} is not legal", legal)
    return " ".join(fields)


def _is_cron_part(part: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    match = re.fullmatch(r"(\*|[a-z0-9]+(?:-[a-z0-9]+)?)(?:/([0-9]{1,3}))?", part)
    if not match or (match[2] and not 1 <= int(match[2]) <= high):
        return False
    if match[1] == "*":
        return True
    bounds = [_cron_number(bound, names, low) for bound in match[1].split("-")]
    numbers = [n for n in bounds if n is not None and low <= n <= high]
    is_range = len(bounds) == 2
    return len(numbers) == len(bounds) and (is_range or not match[2]) and numbers == sorted(numbers)


def _cron_number(text: str, names: tuple[str, ...], low: int) -> int | None:
    if text in names:
        return names.index(text) + low
    return int(text) if re.fullmatch(r"[0-9]{1,2}", text) else None


def _texts(*examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "examples": list(examples)})


TypeWord = Annotated[ColumnType, PlainValidator(as_type), WithJsonSchema({
    "type": "string",
    "pattern": r"^(text|boolean|integer|decimal\( *\d{1,2} *, *\d{1,2} *\)|date|timestamp|json)$",
    "examples": ["text", "integer", "decimal(10,2)", "timestamp"],
})]  # fmt: skip
UnitWord = Annotated[Unit, PlainValidator(as_unit), WithJsonSchema({
    "type": "string",
    "pattern": "^(share|percent|ratio|count|number|days|score|currency:[A-Z]{3})$",
    "examples": list(_UNITS),
})]  # fmt: skip
WindowWord = Annotated[Window, PlainValidator(as_window), WithJsonSchema({
    "type": "string",
    "pattern": r"^(cycle|all|latest|(last )?(day|week|month|quarter|year)|trailing \d{1,4}d)$",
    "examples": list(_WINDOWS),
})]  # fmt: skip
DurationWord = Annotated[
    Duration, PlainValidator(as_duration), _texts("36h", "2d", "2w", "2 workdays")
]
AgeWord = Annotated[
    Age, PlainValidator(as_age), _texts("400 days", "18 months", "3 years", "forever")
]
SettleWord = Annotated[
    int, PlainValidator(as_settle), WithJsonSchema({"type": "string", "pattern": r"^\d{1,4}[dw]$"})
]
ZoneWord = Annotated[str, PlainValidator(as_zone), _texts("Europe/Berlin", "UTC")]
FormatWord = Annotated[str, PlainValidator(as_format), _texts("%Y-%m-%d %H:%M:%S")]
CronWord = Annotated[str, PlainValidator(as_cron), _texts("0 5 * * *")]
MonthDayWord = Annotated[
    tuple[int, int],
    PlainValidator(as_month_day),
    WithJsonSchema({"type": "string", "pattern": r"^\d{2}-\d{2}$"}),
]
ChangeWord = Annotated[
    TargetChange,
    PlainValidator(as_change),
    WithJsonSchema({"type": ["string", "number"], "examples": ["+20%", 15]}),
]
