"""Formulas of derived metrics: grammar, exact value, and refusals."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreline.core.errors import ExpressionError
from scoreline.core.exact import Exact
from scoreline.core.formula import Binary, Negate, Node, Number, Ref, evaluate, parse, references

VALUES = {"a": Exact(Fraction(6)), "b": Exact(Fraction(4)), "zero": Exact(Fraction(0))}


def _lookup(ref: Ref) -> Exact | None:
    return VALUES.get(ref.metric)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b * 2", Fraction(14)),
        ("(a + b) * 2", Fraction(20)),
        ("a - b - 1", Fraction(1)),
        ("a / b / 2", Fraction(3, 4)),
        ("-a + --b", Fraction(-2)),
        ("a * -0.5", Fraction(-3)),
        ("1.10 * a", Fraction(66, 10)),
        ("\n a\t/ b ", Fraction(3, 2)),
    ],
)
def test_arithmetic_follows_the_usual_order(text: str, value: Fraction) -> None:
    """Products before sums, left to right, brackets first, exactly."""
    found = evaluate(parse(text), _lookup)
    assert found is not None
    assert found.fraction == value


def test_a_quotient_keeps_numerator_and_denominator() -> None:
    """6 / 4 stays 6 over 4."""
    assert evaluate(parse("a / b"), _lookup) == Exact(Fraction(6), Fraction(4))


def test_no_value_and_zero_denominators() -> None:
    """A missing part gives None; a division by zero an Exact without a fraction."""
    assert evaluate(parse("a + missing"), _lookup) is None
    found = evaluate(parse("a / zero"), _lookup)
    assert found is not None
    assert found.fraction is None


def test_references_with_offsets() -> None:
    """Each reference once, in reading order, an earlier time being another reference."""
    tree = parse("a / a@-1y + a - b@-12w")
    assert references(tree) == (Ref("a"), Ref("a", (-1, "y")), Ref("b", (-12, "w")))


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1), ("   ", 1), ("a +", 4), ("a b", 3), ("a @-1y", 3), ("a@", 1), ("a@+1y", 1),
        ("a@-0d", 1), ("a@-1x", 1), ("a ** b", 4), ("(a", 3), ("a)", 2), ("a // b", 4),
        ("sum(a)", 4), ("a.b", 2), ("1.2.3", 1), ("1e5", 1), ("a; b", 2), ("a % b", 3),
        ("é", 1), ("'a'", 1), ("a == b", 3), ("2a", 1), ("()", 2), ("*a", 1),
    ],
)  # fmt: skip
def test_what_is_not_a_formula_is_refused_with_its_position(text: str, position: int) -> None:
    """The error says where and what would be legal there."""
    with pytest.raises(ExpressionError, match="legal") as error:
        parse(text)
    assert f"at character {position}:" in str(error.value)


@pytest.mark.parametrize("text", ["(" * 1000 + "a" + ")" * 1000, "-" * 3000 + "a", "a+" * 1000])
def test_bombs_are_refused(text: str) -> None:
    """Depth and length are limited before anything recurses too far."""
    with pytest.raises(ExpressionError):
        parse(text)


def _written(node: Node) -> str:
    if isinstance(node, Number):
        return str(node.value)
    if isinstance(node, Ref):
        return node.metric if node.offset is None else f"{node.metric}@{node.offset[0]}y"
    if isinstance(node, Negate):
        return f"-({_written(node.operand)})"
    return f"({_written(node.left)}) {node.operator} ({_written(node.right)})"


_LEAVES: st.SearchStrategy[Node] = st.one_of(
    st.integers(0, 99).map(lambda n: Number(Decimal(n))),
    st.sampled_from([Ref("a"), Ref("b"), Ref("zero"), Ref("a", (-1, "y"))]),
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        inner.map(Negate),
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/"]), inner, inner),
    ),
    max_leaves=8,
)


@given(_TREES)
def test_written_trees_parse_back(tree: Node) -> None:
    """Reading a written tree gives the same tree."""
    assert parse(_written(tree)) == tree


@given(st.text(alphabet="ab1.@-y+*/() \n", max_size=30))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    """Nothing but a tree or an ExpressionError."""
    try:
        tree = parse(text)
    except ExpressionError:
        return
    evaluate(tree, _lookup)
