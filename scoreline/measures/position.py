"""Where in a text a node of its tree stands, and the sentence of a refusal.

What belongs here: lines, columns and the wording. What does not: deciding what is legal.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from sqlglot import exp

from scoreline.core.errors import ExpressionError

Position = tuple[int, int]
"""Line and column in the text, both from 1."""

_SHOWN = 60


def position_of(node: exp.Expr) -> Position | None:
    """Where the node, or the first of its parts that knows, stands; None if none does.

    sqlglot keeps the end column of names, literals and functions (``line``, ``col`` of a
    token's last character), and ``start``/``end`` offsets to find the first.
    """
    for part in node.walk():
        meta = part.meta
        if "line" in meta and "col" in meta:
            width = meta.get("end", 0) - meta.get("start", 0)
            return meta["line"], max(meta["col"] - width, 1)
    return None


def text_of(node: exp.Expr) -> str:
    """The node as text, shortened."""
    if isinstance(node, (exp.Identifier, exp.Anonymous)) and not node.expressions:
        return _short(str(node.this) + ("()" if isinstance(node, exp.Anonymous) else ""))
    return _short(node.sql("duckdb", comments=False))


def refusal(sql: str, found: str, at: Position | None, reason: str, legal: str) -> ExpressionError:
    """The error: where, what, why, and what is legal.

    Args:
        sql: the whole text, searched for `found` where `at` is None.
        found: the offending text.
        at: its position, if known.
        reason: why it is refused.
        legal: what would be legal in its place.
    """
    position = at or _search(sql, found)
    where = f"at line {position[0]}, column {position[1]}: " if position else ""
    return ExpressionError(f"{where}`{_short(found)}` {reason}; legal: {legal}")


def nearest(name: str, legal: Iterable[str]) -> str:
    """The legal names, the most alike first, for a message; at most eight."""
    names = sorted(legal)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    listed = (close + [n for n in names if n not in close])[:8]
    more = ", …" if len(names) > len(listed) else ""
    return ", ".join(listed) + more if listed else "nothing"


def _search(sql: str, found: str) -> Position | None:
    start = sql.lower().find(found.lower()) if found else -1
    if start < 0:
        return None
    return sql.count("\n", 0, start) + 1, start - (sql.rfind("\n", 0, start) + 1) + 1


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…"
