"""Canonical bytes are RFC 8785's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from scoreline.core.digests import canonical, canonical_object, digest_of

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_KEYS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]))
_PLAIN = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _TEXT
_BODIES = st.recursive(
    _PLAIN, lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner), max_leaves=30
)


@given(_BODIES)
def test_canonical_bytes_are_those_of_rfc_8785(body: Any) -> None:
    """Text, whole numbers, truth values, lists and mappings: the same bytes, always."""
    assert canonical(body) == rfc8785.dumps(body)


@given(st.dictionaries(_KEYS, _PLAIN))
def test_the_order_of_keys_does_not_show(body: dict[str, Any]) -> None:
    """Two mappings with equal contents have one digest."""
    assert digest_of(dict(reversed(body.items()))) == digest_of(body)


@given(st.dictionaries(_KEYS, _BODIES))
def test_a_mapping_is_put_together_from_its_members(body: dict[str, Any]) -> None:
    """Bytes of members that were written before give the bytes of the whole."""
    assert canonical_object({k: canonical(v) for k, v in body.items()}) == canonical(body)


class _Text(str):
    """Text of a type of its own."""


def test_types_that_stand_for_the_plain_ones_are_taken() -> None:
    """Subclasses of text as key and value, and tuples, are what they stand for."""
    assert canonical({_Text("a"): (_Text("b"), True)}) == canonical({"a": ["b", True]})


@pytest.mark.parametrize("wrong", [0.5, Decimal("0.5"), b"x", {1: "a"}, {"a": [{"b": 1.0}]}, {2}])
def test_what_has_no_exact_form_is_refused(wrong: Any) -> None:
    """Floats, decimals, bytes, sets and keys that are not text never reach a hash."""
    with pytest.raises(TypeError, match="no canonical form"):
        canonical(wrong)
