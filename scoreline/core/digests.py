"""Canonical JSON (RFC 8785) of plain values, and digests.

What belongs here: the bytes that are hashed. What does not: what a record says (records).
A value holds text, whole numbers, booleans, None, lists and string-keyed mappings only, so
that canonical JSON needs no rule for floats; exact numbers are decimal text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

_PLAIN = frozenset({str, int, bool, type(None)})
_TEXT = frozenset({str})
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
)


def canonical(body: object) -> bytes:
    """The RFC 8785 bytes of a value made of text, ints, bools, None, lists and mappings.

    Without floats, with whole numbers up to 2**53 and keys inside the Basic Multilingual
    Plane, RFC 8785 is what `json` writes with sorted keys, no blanks and UTF-8 (a test
    holds both equal).

    Raises:
        TypeError: on a float, a Decimal or any other type that has no exact form, and on
            a key that is not text.
    """
    if type(body) is str:
        return encode_basestring(body).encode()
    _refuse_inexact(body)
    return _ENCODER.encode(body).encode()


def _refuse_inexact(value: Any) -> None:
    """Refuse what has no canonical form; the types of many values are compared at once."""
    kind = type(value)
    items: Iterable[Any]
    if kind is dict or isinstance(value, Mapping):
        if not _TEXT.issuperset(map(type, value)):
            _refuse_keys(value)
        items = value.values()
    elif kind is list or kind is tuple or _is_sequence(value):
        items = value
    elif isinstance(value, str | int | None):
        return
    else:
        raise TypeError(f"{kind.__name__} has no canonical form: write it as text")
    if not _PLAIN.issuperset(map(type, items)):
        for item in items:
            if type(item) not in _PLAIN:
                _refuse_inexact(item)


def _refuse_keys(value: Mapping[object, object]) -> None:
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"key {key!r} has no canonical form: write it as text")


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def canonical_object(members: Mapping[str, bytes]) -> bytes:
    """The canonical bytes of a mapping from those of its members.

    It spares writing again what was written once, as of a body inside another one.
    """
    return b"{%b}" % b",".join([b"%b:%b" % (_key(k), members[k]) for k in sorted(members)])


@lru_cache(maxsize=4096)
def _key(name: str) -> bytes:
    return encode_basestring(name).encode()


def digest(content: bytes) -> str:
    """SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def digest_of(body: object) -> str:
    """SHA-256 of the canonical bytes of a body."""
    return digest(canonical(body))
