"""Keyed hashes of personal values: pseudonyms, and marks of people who were forgotten.

What belongs here: HMAC-SHA256 (RFC 2104), once in SQL for columns and once in Python for
one value, and a chain of it where the key was changed. What does not: keeping keys
(wiring), which columns are personal (core.model).

    pseudonym = HMAC(k_n, … HMAC(k_2, HMAC(k_1, value)))      each as hexadecimal text
    mark      = HMAC(mark key, stream, column, value)

A further key makes every stored pseudonym new without the values: it is applied to them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scoreline.core.model import Column
from scoreline.warehouse.database import literal

MARKS = "_marks"
"""The table (name, mark) of the marks of people who were forgotten, by column."""

_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Protection:
    """What personal values go through before anything is written.

    Attributes:
        keys: of pseudonyms, in the order of their use; none: they stay as they are.
        mark_key: what marks are made with.
        forgotten: by column, the marks of the people whose rows are left out.
    """

    keys: tuple[bytes, ...] = ()
    mark_key: bytes = b""
    forgotten: Mapping[str, frozenset[str]] = field(default_factory=dict)


UNPROTECTED = Protection()
"""Every value as it is."""


class HashedSql:
    """Hashes of SQL texts; the keys go in as parameters, so that no log shows them."""

    def __init__(self) -> None:
        self.parameters: list[str] = []
        self._known: dict[bytes, tuple[int, int]] = {}

    def pseudonym(self, text: str, keys: Sequence[bytes]) -> str:
        """The pseudonym of an SQL text; NULL stays NULL."""
        found = text
        for key in keys:
            found = self._hmac(found, key)
        return f"CASE WHEN {text} IS NOT NULL THEN {found} END"

    def mark(self, text: str, key: bytes, stream: str, column: str) -> str:
        """The mark of an SQL text in a column of a stream."""
        return self._hmac(f"{literal(_scope(stream, column))} || {text}", key)

    def _hmac(self, text: str, key: bytes) -> str:
        inner, outer = self._pads(key)
        return f"sha256(unhex(${outer}) || unhex(sha256(unhex(${inner}) || encode({text}))))"

    def _pads(self, key: bytes) -> tuple[int, int]:
        """The numbers of the parameters that hold the key's inner and outer pads."""
        if key not in self._known:
            block = _block(key)
            self.parameters += [bytes(b ^ pad for b in block).hex() for pad in (0x36, 0x5C)]
            self._known[key] = (len(self.parameters) - 1, len(self.parameters))
        return self._known[key]


class Hashes:
    """What the columns of one stream need while its rows are typed."""

    def __init__(self, protection: Protection, stream: str) -> None:
        self.sql, self._protection, self._stream = HashedSql(), protection, stream

    def pseudonym(self, text: str) -> str:
        """The pseudonym of an SQL text."""
        return self.sql.pseudonym(text, self._protection.keys)

    def mark(self, column: Column, text: str) -> str | None:
        """The mark of an SQL text; None where nobody was forgotten by that column."""
        if column.name not in self._protection.forgotten:
            return None
        return self.sql.mark(text, self._protection.mark_key, self._stream, column.name)

    def is_known(self, column: Column, mark: str | None) -> str | None:
        """The condition that a mark is of somebody who was forgotten by that column."""
        if mark is None or column.name not in self._protection.forgotten:
            return None
        known = f"(SELECT mark FROM {MARKS} WHERE name = {literal(column.name)})"
        return f"coalesce({mark} IN {known}, false)"


def pseudonym_of(value: str, keys: Sequence[bytes]) -> str:
    """The pseudonym of one value."""
    for key in keys:
        value = _digest(key, value)
    return value


def mark_of(value: str, key: bytes, stream: str, column: str) -> str:
    """The mark of one value in a column of a stream."""
    return _digest(key, _scope(stream, column) + value)


def key_id(key: bytes) -> str:
    """What names a key without giving it away: 16 hexadecimal digits."""
    return _digest(key, "scoreline key id")[:16]


def _scope(stream: str, column: str) -> str:
    return f"{stream}\n{column}\n"


def _digest(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _block(key: bytes) -> bytes:
    short = hashlib.sha256(key).digest() if len(key) > _BLOCK else key
    return short.ljust(_BLOCK, b"\0")
