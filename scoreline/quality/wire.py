"""The messages between a validator and its child process: one JSON object a line.

What belongs here: checks and verdicts as JSON and back, numbers exact. What does not:
pipes and processes.

    request   {"typed": path, "out": path, "contract": [check, …], "expectations": [check, …]}
    answer    {"verdict": {…}} or {"failed": "why nothing could be evaluated"}
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from scoreline.quality.model import CheckOutcome, CheckSpec, Verdict

_DECIMAL = "$decimal"


@dataclass(frozen=True, slots=True)
class Request:
    """One batch to validate."""

    typed: Path
    out: Path
    contract: tuple[CheckSpec, ...]
    expectations: tuple[CheckSpec, ...]

    @property
    def checks(self) -> tuple[CheckSpec, ...]:
        """Every check, contract first."""
        return self.contract + self.expectations


def write_request(request: Request) -> bytes:
    """A request as one line."""
    return _line(
        {
            "typed": str(request.typed),
            "out": str(request.out),
            "contract": _specs(request.contract),
            "expectations": _specs(request.expectations),
        }
    )


def read_request(line: bytes) -> Request:
    """The request of a line that `write_request` wrote."""
    body = _parsed(line)
    return Request(
        Path(body["typed"]),
        Path(body["out"]),
        tuple(CheckSpec(**spec) for spec in body["contract"]),
        tuple(CheckSpec(**spec) for spec in body["expectations"]),
    )


def write_verdict(verdict: Verdict) -> bytes:
    """A verdict as one line; its outcomes stand in the order of the request's checks."""
    outcomes = []
    for outcome in verdict.outcomes:
        body = asdict(outcome)
        del body["spec"]
        outcomes.append(body)
    files = {
        "quarantine_file": verdict.quarantine_file and str(verdict.quarantine_file),
        "kept_file": verdict.kept_file and str(verdict.kept_file),
    }
    rest = {"blocked": verdict.blocked, "quarantined_rows": verdict.quarantined_rows}
    return _line({"verdict": {"outcomes": outcomes, **rest, **files}})


def write_failure(reason: str) -> bytes:
    """The answer where nothing could be evaluated."""
    return _line({"failed": reason})


def read_answer(line: bytes, checks: Sequence[CheckSpec]) -> Verdict | str:
    """The verdict on those checks, or why nothing could be evaluated."""
    body = _parsed(line)
    if "failed" in body:
        return str(body["failed"])
    given = body["verdict"]
    outcomes = []
    for spec, outcome in zip(checks, given["outcomes"], strict=True):
        rows = tuple(outcome.pop("failing_rows"))
        outcomes.append(CheckOutcome(spec=spec, failing_rows=rows, **outcome))
    return Verdict(
        tuple(outcomes),
        given["blocked"],
        given["quarantined_rows"],
        _path(given["quarantine_file"]),
        _path(given["kept_file"]),
    )


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _specs(specs: Sequence[CheckSpec]) -> list[dict[str, Any]]:
    return [{**asdict(spec), "arguments": dict(spec.arguments)} for spec in specs]


def _line(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, default=_plain, allow_nan=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {_DECIMAL: str(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    msg = f"{type(value).__name__} cannot stand in a check's arguments"
    raise TypeError(msg)


def _parsed(line: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(line, object_hook=_exact, parse_float=Decimal)
    return body


def _exact(body: dict[str, Any]) -> Any:
    return Decimal(body[_DECIMAL]) if body.keys() == {_DECIMAL} else body
