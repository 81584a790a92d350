"""Values in a check's arguments, read as the type of the column that they are about.

What belongs here: turning the numbers and texts of a definition into exact values that
compare with a column of the typed file. What does not: SQL, and the names of arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from scoreline.core.errors import CheckError
from scoreline.quality.catalogue import TYPES

_DIGITS = 38
"""DuckDB's widest decimal."""

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "DOUBLE", "FLOAT")


def read_arguments(
    name: str, arguments: Mapping[str, Any], columns: Mapping[str, str]
) -> dict[str, Any]:
    """The arguments of a check, those that hold values of its column read as its type.

    Args:
        name: a legal expectation type.
        arguments: as declared.
        columns: the DuckDB type of each column of the batch, by its name.

    Returns:
        A copy; numbers are `int` or `Decimal`, days `date`, instants `datetime` with a zone.

    Raises:
        CheckError: a value cannot be one of the column's, or the column has no order.
    """
    read = dict(arguments)
    kind = columns.get(str(arguments.get("column")), "")
    for argument in TYPES[name].values:
        if read.get(argument) is None:
            continue
        if argument != "value_set" and not _ordered(kind):
            raise CheckError(
                f"{name} compares numbers, days or instants, and column "
                f"{arguments['column']} is {_plain(kind)}"
            )
        read[argument] = _read(argument, read[argument], str(arguments["column"]), kind)
    if name == "expect_column_pair_values_to_be_in_set":
        read["value_pairs_set"] = _pairs(arguments, columns)
    return read


def plain_number(value: Any) -> Any:
    """A whole `Decimal` as `int`; anything else as it is."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value


def _pairs(arguments: Mapping[str, Any], columns: Mapping[str, str]) -> list[list[Any]]:
    names = [str(arguments["column_A"]), str(arguments["column_B"])]
    pairs = arguments["value_pairs_set"]
    if not isinstance(pairs, (list, tuple)) or not pairs:
        raise CheckError("value_pairs_set must be a list of at least one pair")
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise CheckError(f"value_pairs_set holds {pair!r}, which is not a pair")
    return [
        [_one("value_pairs_set", v, n, columns.get(n, "")) for v, n in zip(p, names, strict=True)]
        for p in pairs
    ]


def _read(argument: str, value: Any, column: str, kind: str) -> Any:
    if argument != "value_set":
        return _one(argument, value, column, kind)
    if not isinstance(value, (list, tuple)):
        raise CheckError(f"value_set must be a list, not {value!r}")
    return [_one(argument, item, column, kind) for item in value]


def _one(argument: str, value: Any, column: str, kind: str) -> Any:
    if value is None:
        return None
    try:
        return _reader(kind)(value)
    except (ValueError, TypeError, InvalidOperation, OverflowError):
        raise CheckError(
            f"{argument} holds {value!r}, and column {column} is {_plain(kind)}"
        ) from None


def _ordered(kind: str) -> bool:
    return kind.startswith((*_NUMBERS, "DATE", "TIMESTAMP"))


def _plain(kind: str) -> str:
    if kind.startswith("TIMESTAMP"):
        return "timestamp"
    return {"VARCHAR": "text", "BIGINT": "integer", "HUGEINT": "integer"}.get(kind, kind.lower())


def _reader(kind: str) -> Callable[[Any], Any]:
    if kind.startswith("TIMESTAMP"):
        return _instant
    if kind.startswith(_NUMBERS):
        return _number
    return {"DATE": _day, "BOOLEAN": _truth}.get(kind, _text)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        value = {"true": True, "false": False}[value] if value in ("true", "false") else None
    if not isinstance(value, bool):
        raise TypeError
    return value


def _number(value: Any) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise TypeError
    number = Decimal(value)
    if not number.is_finite() or number.adjusted() >= _DIGITS:
        raise ValueError
    return int(number) if number == number.to_integral_value() else number


def _day(value: Any) -> date:
    return date.fromisoformat(value)


def _instant(value: Any) -> datetime:
    instant = datetime.fromisoformat(value)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
