"""Strict reading: YAML 1.2 scalars, marks, refusals, and no crash on any bytes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import definition_samples as samples
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoreline.definitions.documents import YamlNumber, plain
from scoreline.definitions.yamlio import MAX_BYTES, read_document


def _value(text: str) -> Any:
    document = read_document(f"x: {text}\n".encode(), "f.yaml")
    assert document.faults == []
    return document.data["x"]


@pytest.mark.parametrize("text", ["no", "yes", "on", "off", "y", "n", "No", "YES", "12:30",
                                  "2026-07-01", "01-01", "1_000", "0b1", "1e9999", "decimal(5,2)",
                                  "+20%", "v1.0", "_"])  # fmt: skip
def test_what_other_parsers_convert_stays_text(text: str) -> None:
    """YAML 1.1's booleans, sexagesimals, dates and underscores are plain text."""
    assert _value(text) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [("1361606.40", Decimal("1361606.40")), ("0.1", Decimal("0.1")), ("-3", -3), ("+7", 7),
     ("007", 7), ("1e3", Decimal(1000)), (".5", Decimal("0.5")), ("0x1F", 31), ("0o17", 15),
     ("1234567890123456789012345678901234567890.125",
      Decimal("1234567890123456789012345678901234567890.125"))],
)  # fmt: skip
def test_numbers_keep_their_source_text(text: str, number: int | Decimal) -> None:
    """A number is the exact decimal of what is written, whatever its length."""
    value = _value(text)
    assert value == YamlNumber(text)
    assert plain(value) == number
    assert type(plain(value)) is type(number)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("False", False), ("null", None),
                                             ("~", None), ("", None), ('"true"', "true"),
                                             ("'1'", "1"), ('""', "")])  # fmt: skip
def test_booleans_null_and_quotes(text: str, value: object) -> None:
    """Only true and false are booleans, and quoting makes text of anything."""
    assert _value(text) == value


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1),
        ("a: {b: 1, b: 2}\n", "duplicate-key", 1, 11),
        ("a: &x 1\nb: 2\n", "yaml-alias", 1, 4),
        ("a: 1\nb: *x\n", "yaml-alias", 2, 4),
        ("a: !!str 5\n", "yaml-tag", 1, 4),
        ("a: !local 5\n", "yaml-tag", 1, 4),
        ("<<: {a: 1}\n", "yaml-merge", 1, 1),
        ("a: 1\n---\nb: 2\n", "yaml-document", 2, 1),
        ("%YAML 1.1\n---\na: 1\n", "yaml-directive", 1, 1),
        ("[a]: 1\n", "yaml-key", 1, 1),
        ("? {a: 1}\n: 1\n", "yaml-key", 1, 3),
        ("a: .inf\n", "not-a-number", 1, 4),
        ("a: -.INF\n", "not-a-number", 1, 4),
        ("a: .nan\n", "not-a-number", 1, 4),
        (f"a: {'9' * 101}\n", "not-a-number", 1, 4),
        ('a: "x\\0y"\n', "control-character", 1, 4),
        ("a: x\x07y\n", "control-character", 1, 5),
        ("a: 1\n\tb: 2\n", "yaml-syntax", 2, 1),
        ("a: {type: decimal(5,2)}\n", "quote-it", 1, 11),
        ("a: {type: decimal(5,2), b: 1}\n", "quote-it", 1, 11),
        ("a: [1, 2\n", "yaml-syntax", 2, 1),
    ],
)
def test_traps_are_refused_with_their_place(text: str, code: str, line: int, column: int) -> None:
    """Each trap of YAML is named at its line and column."""
    faults = read_document(text.encode(), "f.yaml").faults
    assert [p.code for _, p in faults][:1] == [code]
    place = faults[0][1].place
    if code != "yaml-syntax":
        assert (place.line, place.column) == (line, column)
    assert place.line == line or code == "yaml-syntax"


def test_an_unquoted_decimal_is_mended_and_reported() -> None:
    """The type is read as meant, so that further mistakes of the object are found too."""
    document = read_document(b"a: {type: decimal(5,2), personal: drop}\n", "f.yaml")
    assert document.data == {"a": {"type": "decimal(5,2)", "personal": "drop"}}
    assert 'write type: "decimal(5,2)"' in document.faults[0][1].hint


@pytest.mark.parametrize(
    "line", ["password: s3cr3t: x", "{api_key: s3cr3t, a: [}", "url: https://u:s3cr3t@h/ : y: z"]
)
def test_a_syntax_error_never_shows_a_secret(line: str) -> None:
    """The line that is quoted in the problem is masked where it may hold a secret."""
    document = read_document(f"a: 1\n{line}\n".encode(), "f.yaml")
    assert not document.readable
    assert "s3cr3t" not in str(document.faults)


def test_an_alias_bomb_is_refused_in_little_memory() -> None:
    """Aliases are never expanded."""
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    document = read_document("\n".join(lines).encode(), "f.yaml")
    assert {p.code for _, p in document.faults} == {"yaml-alias"}


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 5_000, "- " * 5_000, "a:\n" * 3])
def test_depth_is_limited(text: str) -> None:
    """Nesting without end is refused, not recursed into."""
    document = read_document(text.encode(), "f.yaml")
    assert document.faults
    assert not document.readable or "a:\n" in text


def test_size_is_limited() -> None:
    """A file over the limit is refused unread."""
    document = read_document(b"#" * (MAX_BYTES + 1), "f.yaml")
    assert [p.code for _, p in document.faults] == ["file-too-large"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [("a: 1".encode("utf-16"), "not-utf-8"), (b"a: \xff\n", "not-utf-8"), (b"a: \x00", "control")],
)
def test_other_encodings_are_refused(raw: bytes, code: str) -> None:
    """UTF-16, latin-1 and NUL are told apart from text."""
    (fault,) = read_document(raw, "f.yaml").faults
    assert fault[1].code.startswith(code)


def test_a_byte_order_mark_and_crlf_are_fine() -> None:
    """Files from Windows editors read the same, with the same places."""
    document = read_document("\ufeffa: 1\r\nb: {c: é}\r\n".encode(), "f.yaml")
    assert document.data == {"a": YamlNumber("1"), "b": {"c": "é"}}
    assert document.place(("b", "c")).line == 2
    assert document.place(("a",), key=True).column == 1


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """No bytes make the reader raise."""
    document = read_document(raw, "f.yaml")
    assert document.readable or document.faults


_SCALARS = st.one_of(
    st.sampled_from(["35", "-1", "0.5", "true", "null", '""', '"x"', "2026-07-01", "metric",
                     "[1, 2]", "{a: 1}", "{at: 2026-01-01}", "decimal(5,2)", "*", "&", "!", "a b",
                     "1e99", "${env:X}", "lms.completions", "[]", "{}", "- 1", "@", "'"]),
    st.text(max_size=12),
)  # fmt: skip
_NAMES = sorted(n for n in samples.FILES if n.endswith(".yaml"))


@given(st.data())
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_value_anywhere_makes_problems_not_crashes(tmp_path: Path, data: st.DataObject) -> None:
    """Any value of any line of any file, exchanged: a plan or problems, never an exception."""
    name = data.draw(st.sampled_from(_NAMES))
    lines = samples.FILES[name].splitlines()
    index = data.draw(st.integers(0, len(lines) - 1))
    key, colon, _ = lines[index].partition(": ")
    lines[index] = f"{key}{colon or ': '}{data.draw(_SCALARS)}"
    loading = samples.load(tmp_path, {name: "\n".join(lines).encode("utf-8", "replace")})
    assert loading.plan is not None or loading.problems
    assert all(p.place.file and p.message for p in loading.problems)
