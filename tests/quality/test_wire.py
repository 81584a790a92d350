"""Messages between the validator and its child keep values exactly."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from scoreline.quality.model import CheckOutcome, CheckSpec, Verdict
from scoreline.quality.wire import (
    Request,
    read_answer,
    read_request,
    write_failure,
    write_request,
    write_verdict,
)

SPEC = CheckSpec(
    "expect_column_values_to_be_between",
    {"column": "n\n\u2028\x1b", "min_value": Decimal("0.10"), "max_value": 10**30, "flag": True},
    "warn",
    "expect",
    "label",
)


def test_request() -> None:
    """Decimals, wide integers and line ends in text survive, on one line."""
    request = Request(Path("/a b"), Path("/out"), (SPEC,), (SPEC,))
    line = write_request(request)
    assert line.count(b"\n") == 1
    back = read_request(line)
    assert back == request
    assert str(back.contract[0].arguments["min_value"]) == "0.10"


def test_verdict() -> None:
    """A verdict comes back equal, with the specs of the caller."""
    outcome = CheckOutcome(SPEC, "fail", 5, 2, None, "m", "SELECT 1", (1, 2), "warned", {"a": [1]})
    verdict = Verdict((outcome,), False, 2, Path("/q"), Path("/k"))
    assert read_answer(write_verdict(verdict), [SPEC]) == verdict


def test_failure() -> None:
    """A failure is its reason."""
    assert read_answer(write_failure("no file"), [SPEC]) == "no file"
