"""The formulas of derived metrics: their text, their tree, their exact value.

What belongs here: the tokens, the grammar and the evaluation of `+ - * / ( )`, numbers,
metric names and `name@-1y`. What does not: looking a metric up, or knowing the calendar
that an offset moves through (core.periods).

    sum     := product (("+" | "-") product)*
    product := unary (("*" | "/") unary)*
    unary   := "-" unary | atom
    atom    := number | name ["@-" whole ("y"|"q"|"m"|"w"|"d")] | "(" sum ")"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from scoreline.core.errors import ExpressionError
from scoreline.core.exact import Exact

OffsetUnit = Literal["y", "q", "m", "w", "d"]
Operator = Literal["+", "-", "*", "/"]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)(?![\w.])"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<at>@(?:-(?P<amount>\d{1,4})(?P<unit>[yqmwd])\b)?)?"
    r"|(?P<sign>[-+*/()]))",
    re.ASCII,
)
_LEGAL = "numbers, metric names, name@-1y (y, q, m, w, d), + - * / and brackets"
_MAX_TEXT = 4000
_MAX_DEPTH = 40
_MAX_TOKENS = 400


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Ref:
    """A metric on the same day, or `offset` away from it: `(-1, "y")` is a year earlier."""

    metric: str
    offset: tuple[int, OffsetUnit] | None = None


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`."""

    operator: Operator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Negate:
    """Minus the operand."""

    operand: Node


Node = Number | Ref | Binary | Negate


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["number", "ref", "sign", "end"]
    text: str
    position: int
    node: Number | Ref | None = None


def parse(text: str) -> Node:
    """The tree of a formula.

    Args:
        text: at most 4000 characters and 400 tokens, brackets at most 40 deep.

    Raises:
        ExpressionError: with the character position (from 1) and what would be legal there.
    """
    if len(text) > _MAX_TEXT:
        raise ExpressionError(f"the formula has {len(text)} characters; legal: {_MAX_TEXT}")
    parser = _Parser(_tokens(text))
    node = parser.sum(0)
    parser.expect_end()
    return node


def references(node: Node) -> tuple[Ref, ...]:
    """Every distinct reference of the formula, in the order of reading."""
    found: dict[Ref, None] = {}
    _collect(node, found)
    return tuple(found)


def evaluate(node: Node, lookup: Callable[[Ref], Exact | None]) -> Exact | None:
    """The formula's value, exactly; numerators and denominators are not reduced.

    Args:
        node: a tree from `parse`.
        lookup: a reference's value on its day, None where it has none.

    Returns:
        None as soon as one reference has no value. A division by zero gives an `Exact`
        whose `fraction` is None.
    """
    if isinstance(node, Number):
        return Exact(Fraction(node.value))
    if isinstance(node, Ref):
        return lookup(node)
    if isinstance(node, Negate):
        operand = evaluate(node.operand, lookup)
        return None if operand is None else -operand
    left, right = evaluate(node.left, lookup), evaluate(node.right, lookup)
    if left is None or right is None:
        return None
    if node.operator == "+":
        return left + right
    if node.operator == "-":
        return left - right
    return left * right if node.operator == "*" else left / right


def _collect(node: Node, found: dict[Ref, None]) -> None:
    if isinstance(node, Ref):
        found[node] = None
    elif isinstance(node, Negate):
        _collect(node.operand, found)
    elif isinstance(node, Binary):
        _collect(node.left, found)
        _collect(node.right, found)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            at = position + len(text[position:]) - len(text[position:].lstrip())
            raise _wrong(text[at : at + 20], at, _LEGAL)
        tokens.append(_token(match))
        position = match.end()
        if len(tokens) > _MAX_TOKENS:
            raise ExpressionError(f"the formula has more than {_MAX_TOKENS} parts")
    tokens.append(_Token("end", "", end))
    return tokens


def _token(match: re.Match[str]) -> _Token:
    kind = "number" if match["number"] else "name" if match["name"] else "sign"
    start = match.start(kind)
    if match["number"]:
        return _Token("number", match["number"], start, Number(Decimal(match["number"])))
    if match["sign"]:
        return _Token("sign", match["sign"], start)
    if match["at"] and not int(match["amount"] or 0):
        legal = f"an earlier time such as {match['name']}@-1y (y, q, m, w, d)"
        raise _wrong(match.string[start : start + 30], start, legal)
    offset: tuple[int, OffsetUnit] | None = None
    if match["at"]:
        offset = (-int(match["amount"]), match["unit"])  # type: ignore[assignment]
    return _Token("ref", match.group().strip(), start, Ref(match["name"], offset))


def _wrong(found: str, position: int, legal: str) -> ExpressionError:
    what = f"`{found}`" if found else "the end"
    return ExpressionError(f"at character {position + 1}: {what} is not legal here; legal: {legal}")


class _Parser:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def sum(self, depth: int) -> Node:
        node = self._product(depth)
        while (operator := self._take("+", "-")) is not None:
            node = Binary(operator, node, self._product(depth))
        return node

    def expect_end(self) -> None:
        token = self._tokens[self._next]
        if token.kind != "end":
            raise _wrong(token.text, token.position, "+ - * / or the end")

    def _product(self, depth: int) -> Node:
        node = self._unary(depth)
        while (operator := self._take("*", "/")) is not None:
            node = Binary(operator, node, self._unary(depth))
        return node

    def _unary(self, depth: int) -> Node:
        token = self._tokens[self._next]
        if depth > _MAX_DEPTH:
            raise _wrong(token.text, token.position, f"brackets at most {_MAX_DEPTH} deep")
        if self._take("-"):
            return Negate(self._unary(depth + 1))
        self._next += 1
        if token.node is not None:
            return token.node
        if token.text != "(":
            raise _wrong(token.text, token.position, _LEGAL)
        node = self.sum(depth + 1)
        closing = self._tokens[self._next]
        if closing.text != ")":
            raise _wrong(closing.text, closing.position, "a closing bracket")
        self._next += 1
        return node

    def _take(self, *signs: Operator) -> Operator | None:
        token = self._tokens[self._next]
        for sign in signs:
            if token.kind == "sign" and token.text == sign:
                self._next += 1
                return sign
        return None
