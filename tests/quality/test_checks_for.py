"""The checks that a stream's definition asks for."""

from __future__ import annotations

from decimal import Decimal

import pytest

from scoreline.core.model import Column, ColumnType, Expectation, LoadMode, Stream
from scoreline.quality.catalogue import legal_types, misuse, why_not
from scoreline.quality.checks import checks_for
from scoreline.quality.wording import describe

TEXT = ColumnType("text")


def stream(load: LoadMode, *key: str, **more: tuple[Expectation, ...]) -> Stream:
    columns = (
        Column("id", TEXT),
        Column("part", TEXT, on_error="block"),
        Column("status", TEXT, one_of=("open", "closed")),
        Column("team", TEXT, one_of=("a",), on_error="block"),
        Column("pay", TEXT, one_of=("low",), personal="drop"),
    )
    return Stream("tickets", "desk", columns, key, load, **more)


@pytest.mark.parametrize("load", ["merge", "append"])
def test_key_that_may_repeat(load: LoadMode) -> None:
    """Merge and append want a key that is not empty, and settle repeats themselves."""
    contract, _ = checks_for(stream(load, "id", "part"))
    assert [(c.type, c.on_failure) for c in contract if c.origin == "key"] == [
        ("expect_column_values_to_not_be_null", "quarantine"),
        ("expect_column_values_to_not_be_null", "block"),
    ]


def test_key_that_must_be_unique() -> None:
    """A batch that replaces the stream is blocked by a repeated key, of one or more columns."""
    one, _ = checks_for(stream("replace", "id"))
    two, _ = checks_for(stream("replace", "id", "part"))
    assert (one[1].type, one[1].on_failure) == ("expect_column_values_to_be_unique", "block")
    assert (two[2].type, two[2].arguments) == (
        "expect_compound_columns_to_be_unique",
        {"column_list": ["id", "part"]},
    )


def test_one_of() -> None:
    """`one_of` becomes a set check with the column's policy; a dropped column has none."""
    contract, _ = checks_for(stream("append", "id"))
    sets = [c for c in contract if c.origin == "one_of"]
    assert [(c.arguments["column"], c.on_failure) for c in sets] == [
        ("status", "quarantine"),
        ("team", "block"),
    ]
    assert sets[0].label == "status is one of open, closed"


def test_declared() -> None:
    """Expectations keep their order, policy and exact numbers, and get a readable label."""
    arguments = {"column": "id", "max_value": Decimal("0.10")}
    expectation = Expectation("expect_column_values_to_be_between", arguments, "warn")
    _, declared = checks_for(stream("append", "id", expect=(expectation,)))
    assert declared[0].arguments == arguments
    assert (declared[0].on_failure, declared[0].label) == ("warn", "id at most 0.10")


def test_labels() -> None:
    """Labels tell `mostly`, conditions and strict bounds apart."""
    between = "expect_column_values_to_be_between"
    strict = {"column": "n", "min_value": 0, "max_value": 1, "strict_max": True}
    assert describe(between, strict) == "n between 0 and 1, the upper excluded"
    most = {"column": "n", "min_value": 0, "mostly": Decimal("0.950")}
    assert describe(between, most) == "n at least 0, for at least 95 %"
    where = {"column": "n", "max_value": 0, "row_condition": "x", "strict_max": True}
    assert describe(between, where) == "n below 0, where x"
    assert describe(between, {"max_value": 1}) == f"{between}()"


def test_dropped_column() -> None:
    """A check on a column that is never written is refused with that reason."""
    expectation = Expectation("expect_column_values_to_not_be_null", {"column": "pay"})
    _, declared = checks_for(stream("append", "id", expect=(expectation,)))
    assert "column pay of desk.tickets is dropped before anything is written" in declared[0].refused


def test_unknown_type_is_left_to_its_outcome() -> None:
    """A type that does not exist is still a check, so that its outcome can say so."""
    _, declared = checks_for(stream("append", "id", expect=(Expectation("expect_magic", {}),)))
    assert declared[0].label == "expect_magic()"


def test_lint_words() -> None:
    """The catalogue names the nearest legal type and argument, for the lint as for outcomes."""
    assert legal_types()["expect_column_values_to_be_unique"] is True
    assert legal_types()["expect_table_row_count_to_equal"] is False
    assert why_not("expect_column_values_to_be_uniqe").endswith("_to_be_unique?")
    assert why_not("expect_column_values_to_be_unique") == ""
    assert "regex" in misuse("expect_column_values_to_match_regex", {"column": "a"})
    assert misuse("expect_column_values_to_match_regex", {"column": "a", "regex": "b"}) == ""
