"""What every spec is made of: strict scalars, unions by shape, and refused unknown keys.

What belongs here: the base class and the types that any spec may use. What does not: one
file kind's keys (specs_*), the words of the language (words), printing of errors.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, LiteralString, cast

from pydantic import BaseModel, ConfigDict, Discriminator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from scoreline.definitions.documents import YamlNumber, plain

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_SQL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_FULL_NAME = re.compile(r"[^/\s]+(/[^/\s]+){3}")
_YES_NO = {"yes": "true", "on": "true", "no": "false", "off": "false", "y": "true", "n": "false"}


class Spec(BaseModel):
    """An object as written; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def bad(code: LiteralString, message: str, legal: str = "", hint: str = "") -> PydanticCustomError:
    """The error a scalar's validator raises; `findings` turns it into a Problem."""
    context = {"message": message, "legal": legal, "hint": hint}
    return PydanticCustomError(code, "{message}", context)


def nearest(found: str, legal: Iterable[str]) -> str:
    """`did you mean x?` for the most similar legal name; empty where none is similar."""
    names = {name.lower(): name for name in legal}
    close = difflib.get_close_matches(found.lower(), list(names), n=1, cutoff=0.6)
    if not close:
        tail = {n.rsplit("/", 1)[-1].rsplit(".", 1)[-1]: n for n in names}
        short = found.lower().rsplit("/", 1)[-1].rsplit(".", 1)[-1]
        close = [tail[t] for t in difflib.get_close_matches(short, list(tail), n=1, cutoff=0.6)]
    return f"did you mean {names[close[0]]}?" if close else ""


def listed(names: Iterable[str], limit: int = 12) -> str:
    """`a, b, c`; from `limit` names on the rest is counted."""
    every = list(names)
    rest = len(every) - limit
    return ", ".join(every[:limit]) + (f" and {rest} more" if rest > 0 else "")


def described(value: Any) -> str:
    """A value in the words of an error: `a list`, `nothing`, or its own text."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return value.text if isinstance(value, YamlNumber) else str(value)


def as_any_text(value: Any) -> str:
    """Text, possibly empty; a number counts as its source text.

    Raises:
        PydanticCustomError: for anything else.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, YamlNumber):
        return value.text
    hint = f'quote it: "{described(value)}"' if isinstance(value, bool) else ""
    raise bad("not-text", f"text is expected, found {described(value)}", "text", hint)


def as_text(value: Any) -> str:
    """Text that is not blank."""
    text = as_any_text(value)
    if not text.strip():
        raise bad("not-text", "the text is empty", "text")
    return text


def as_value_text(value: Any) -> str:
    """A data value as text: text, a number's source text, `true` or `false`."""
    return str(value).lower() if isinstance(value, bool) else as_any_text(value)


def as_bool(value: Any) -> bool:
    """`true` or `false`, nothing else."""
    if isinstance(value, bool):
        return value
    meant = _YES_NO.get(described(value).lower())
    hint = f"write {meant}" if meant else ""
    raise bad("not-boolean", "true or false is expected", "true, false", hint)


def as_decimal(value: Any) -> Decimal:
    """An exact number; quoted numbers and numbers with a percent sign are refused."""
    if isinstance(value, YamlNumber):
        return Decimal(value.plain())
    written = described(value)
    match = re.fullmatch(r"\s*([-+]?[0-9]+(?:\.[0-9]+)?)\s*%?\s*", written)
    hint = f"write {match[1]}" if match and isinstance(value, str) else ""
    raise bad("not-a-number", "a number is expected", "a number such as 90 or 0.85", hint)


def as_positive(value: Any) -> Decimal:
    """A number greater than 0."""
    number = as_decimal(value)
    if number <= 0:
        raise bad("out-of-range", "a number greater than 0 is expected", "a number above 0")
    return number


def as_share(value: Any) -> Decimal:
    """A number from 0 to 1, both included."""
    number = as_decimal(value)
    if not 0 <= number <= 1:
        hint = f"write {number / 100} for {number} %" if 1 < number <= 100 else ""
        raise bad("out-of-range", "a share from 0 to 1 is expected", "0 to 1", hint)
    return number


def as_count(value: Any) -> int:
    """A whole number from 1."""
    if isinstance(value, YamlNumber) and value.is_whole and int(value.plain()) >= 1:
        return int(value.plain())
    raise bad("not-a-number", "a whole number from 1 is expected", "1, 2, 3 …")


def as_day(value: Any) -> date:
    """A calendar day written YYYY-MM-DD."""
    text = described(value)
    if isinstance(value, str) and _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise bad("bad-date", "there is no such day", "YYYY-MM-DD") from None
    other = re.fullmatch(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", text)
    hint = "write the year first, as in 2026-07-01" if other else ""
    raise bad("bad-date", "a day is expected", "YYYY-MM-DD", hint)


def as_name(value: Any) -> str:
    """A name of a cycle, team, objective or key result."""
    text = as_text(value)
    if not _NAME.fullmatch(text):
        legal = "letters, digits, - _ and ., beginning with a letter or digit, at most 100"
        raise bad("bad-name", "this is not a legal name", legal)
    return text


def as_sql_name(value: Any) -> str:
    """A name that SQL and formulas can use: source, stream, column, model, metric."""
    text = as_text(value)
    if not _SQL_NAME.fullmatch(text) or "__" in text:
        legal = "letters, digits and single _, beginning with a letter, at most 63"
        fixed = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
        hint = f"for example {fixed}" if _SQL_NAME.fullmatch(fixed) else ""
        raise bad("bad-name", "this is not a legal name", legal, hint)
    return text


def as_column_name(value: Any) -> str:
    """A column's name; unlike other SQL names it may hold a double underscore."""
    text = as_text(value)
    return text if _SQL_NAME.fullmatch(text) else as_sql_name(text)


def as_full_name(value: Any) -> str:
    """A key result's full name."""
    text = as_text(value)
    if not _FULL_NAME.fullmatch(text):
        legal = "<cycle>/<team>/<objective>/<key result>"
        raise bad("bad-name", "a key result's full name is expected", legal)
    return text


def as_options(value: Any) -> dict[str, Any]:
    """A mapping of plain values; numbers exact."""
    if not isinstance(value, dict):
        raise bad("wrong-shape", f"a mapping is expected, found {described(value)}", "key: value")
    return cast(dict[str, Any], plain(value))


def shape(value: Any) -> str:
    """The tag of a union's member that a value's shape selects."""
    return "<map>" if isinstance(value, dict) else "<list>" if isinstance(value, list) else "<one>"


ByShape = Discriminator(
    shape, custom_error_type="wrong-shape", custom_error_message="this shape is not legal here"
)


def one_of(words: Iterable[str]) -> Callable[[Any], str]:
    """A validator for one of a few words."""
    legal = tuple(words)

    def check(value: Any) -> str:
        text = described(value)
        if not isinstance(value, str) or text not in legal:
            raise bad("not-one-of", "this word is not legal here", listed(legal), _hint(text))
        return text

    def _hint(text: str) -> str:
        return nearest(text, legal)

    return check


def _typed(kind: str | list[str], **more: Any) -> WithJsonSchema:
    schema: Mapping[str, Any] = {"type": kind, **more}
    return WithJsonSchema(dict(schema))


_NUMBER_OR_TEXT = ["string", "number"]
AnyText = Annotated[str, PlainValidator(as_any_text), _typed(_NUMBER_OR_TEXT)]
Text = Annotated[str, PlainValidator(as_text), _typed(_NUMBER_OR_TEXT)]
ValueText = Annotated[str, PlainValidator(as_value_text), _typed([*_NUMBER_OR_TEXT, "boolean"])]
Bool = Annotated[bool, PlainValidator(as_bool), _typed("boolean")]
Number = Annotated[Decimal, PlainValidator(as_decimal), _typed("number")]
Positive = Annotated[Decimal, PlainValidator(as_positive), _typed("number", exclusiveMinimum=0)]
Share = Annotated[Decimal, PlainValidator(as_share), _typed("number", minimum=0, maximum=1)]
Count = Annotated[int, PlainValidator(as_count), _typed("integer", minimum=1)]
Day = Annotated[date, PlainValidator(as_day), _typed("string", format="date")]
Name = Annotated[
    str, PlainValidator(as_name), _typed(_NUMBER_OR_TEXT, pattern=f"^{_NAME.pattern}$")
]
SqlName = Annotated[
    str, PlainValidator(as_sql_name), _typed("string", pattern=f"^{_SQL_NAME.pattern}$")
]
ColumnName = Annotated[
    str, PlainValidator(as_column_name), _typed("string", pattern=f"^{_SQL_NAME.pattern}$")
]
FullName = Annotated[
    str, PlainValidator(as_full_name), _typed("string", pattern=f"^{_FULL_NAME.pattern}$")
]
Options = Annotated[dict[str, Any], PlainValidator(as_options), _typed("object")]
