"""What can be wrong with one node whose type is on the list.

What belongs here: reasons that need the node's own text, arguments or parent. What does
not: which types are on the list (vocabulary), the walk and the messages (allowlist).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from scoreline.measures import vocabulary as words

_MOST_DIGITS = 38
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INEXACT_TARGETS = (exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.JSON)


def wrong(node: exp.Expr) -> str | None:
    """Why the node is refused; None where nothing is wrong with it."""
    reason = _REASONS.get(type(node).__name__)
    return reason(node) if reason is not None else None


def _literal(node: exp.Expr) -> str | None:
    text = str(node.this)
    if node.args.get("is_string"):
        return None
    if not re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", text):
        return f"{words.FLOAT}: write the number with digits and a point"
    digits = len(text.replace(".", ""))
    return None if digits <= _MOST_DIGITS else f"{digits} digits; legal: at most {_MOST_DIGITS}"


def _data_type(node: exp.Expr) -> str | None:
    name = str(getattr(node.this, "value", node.this)).upper()
    if name in words.EXACT_TYPES:
        return None
    if name in ("FLOAT", "DOUBLE", "BIGDECIMAL"):
        return f"{words.FLOAT}: cast to DECIMAL(p,s)"
    return (
        "the type is not on the list: text, boolean, whole numbers, decimal(p,s), date, timestamp"
    )


def _division(node: exp.Expr) -> str | None:
    above = node.parent
    while isinstance(above, (exp.Paren, exp.Neg)):
        above = above.parent
    exact = isinstance(above, (exp.Cast, exp.TryCast)) and above.to.this not in (
        exp.DType.TEXT,
        exp.DType.VARCHAR,
        exp.DType.JSON,
    )
    return None if exact else words.ADVICE["div"]


def _function(node: exp.Expr) -> str | None:
    name = str(node.this).lower()
    arguments = node.expressions
    if name not in words.UNNAMED:
        return words.ADVICE.get(name, "the function is not on the list")
    if len(arguments) not in words.UNNAMED[name]:
        return f"{name} takes {words.UNNAMED[name].start} arguments"
    if name in ("date_part", "datepart"):
        first = arguments[0]
        if not (isinstance(first, exp.Literal) and first.is_string):
            return "write the part of the date as a text, such as 'month'"
        return _part(first)
    return None


def _part(node: exp.Expr) -> str | None:
    name = str(node.this).lower()
    return None if name in words.PARTS else f"{words.FLOAT}: legal are year, month, day, hour, …"


def _extract(node: exp.Expr) -> str | None:
    return _part(node.this)


def _name(node: exp.Expr) -> str | None:
    text = str(node.this)
    return None if _PLAIN_NAME.fullmatch(text) else "a name has letters, digits and _ only"


def _limit(node: exp.Expr) -> str | None:
    if node.args.get("limit") is None and node.args.get("offset") is None:
        return None
    ordered = node.args.get("order") is not None
    return None if ordered else f"LIMIT and OFFSET without ORDER BY: {words.CHANCE}"


def _window(node: exp.Expr) -> str | None:
    inner = node.this
    if isinstance(inner, exp.IgnoreNulls):
        inner = inner.this
    if type(inner).__name__ in words.ORDERED_WINDOWS and node.args.get("order") is None:
        return f"without ORDER BY inside OVER: {words.CHANCE}"
    return None


def _ranking(node: exp.Expr) -> str | None:
    above = node.parent
    if isinstance(above, exp.IgnoreNulls):
        above = above.parent
    return None if isinstance(above, exp.Window) else "it needs OVER (… ORDER BY …)"


def _ordered_aggregate(node: exp.Expr) -> str | None:
    if isinstance(node.this, exp.Order):
        return None
    return f"without ORDER BY inside it, {words.CHANCE}: write string_agg(x, ',' ORDER BY x)"


def _ignore_nulls(node: exp.Expr) -> str | None:
    inner = type(node.this).__name__
    return None if inner in words.ORDERED_WINDOWS else words.ADVICE["any_value"]


def _with(node: exp.Expr) -> str | None:
    statement = node.parent
    top = statement is not None and statement.parent is None
    return None if top else "WITH stands only at the beginning of a model"


_REASONS: dict[str, Callable[[exp.Expr], str | None]] = {
    "Literal": _literal,
    "DataType": _data_type,
    "Div": _division,
    "Anonymous": _function,
    "Extract": _extract,
    "Identifier": _name,
    "Select": _limit,
    "Union": _limit,
    "Except": _limit,
    "Intersect": _limit,
    "Window": _window,
    "GroupConcat": _ordered_aggregate,
    "ArrayAgg": _ordered_aggregate,
    "IgnoreNulls": _ignore_nulls,
    "With": _with,
    **dict.fromkeys(words.ORDERED_WINDOWS, _ranking),
}
