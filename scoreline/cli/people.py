"""`checkin`: what people say of key results.

What belongs here: checking the arguments and recording. What does not: what a check-in
does to a score (core).
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

from scoreline.cli.console import console, exit_status, opened, print_json, safe
from scoreline.core.errors import UsageError
from scoreline.core.exact import exact_text, parse_exact
from scoreline.core.model import KeyResult
from scoreline.core.records import CheckIn
from scoreline.steps.project import Project
from scoreline.steps.status import find_key_result


@dataclass(frozen=True, slots=True)
class CheckInRequest:
    """The arguments of `checkin`, as given."""

    key_result: str
    value: str | None
    confidence: str | None
    note: str | None
    day: date | None
    override: str | None
    until: date | None
    reason: str | None
    approver: str | None
    by: str | None


def check_in(root: Path, request: CheckInRequest, json: bool) -> int:
    """Record a check-in or an override; returns the exit status."""
    with opened(root) as project:
        kr = find_key_result(project, request.key_result)
        entry = _entry(project, kr, request)
        with project.working("checkin"):
            record = project.store.add_check_in(entry, project.now())
    if json:
        print_json({"key_result": kr.id, "day": entry.day.isoformat(), "record": record})
        return exit_status(project)
    what = "override" if entry.until else "check-in"
    console().print(
        f"[green]✔[/] {what} for {safe(kr.title)} on {entry.day} by {safe(entry.who)} "
        f"[dim](record {record[:12]})[/]; `scoreline run` scores it"
    )
    return exit_status(project)


def _entry(project: Project, kr: KeyResult, request: CheckInRequest) -> CheckIn:
    value = _value(kr, request) if request.override is None else _override(kr, request)
    today = project.now().astimezone(project.zone).date()
    day = request.day or today
    if day > today:
        raise UsageError(f"{day} lies in the future: a check-in is of today or a day before")
    return CheckIn(
        key_result=kr.id,
        day=day,
        who=request.by or getpass.getuser(),
        value=value,
        confidence=_confidence(request.confidence),
        note=request.note,
        until=request.until if request.override is not None else None,
        reason=request.reason,
        approver=request.approver,
    )


def _override(kr: KeyResult, request: CheckInRequest) -> str:
    if request.value is not None:
        raise UsageError("give either --value (a check-in) or --override, not both")
    if request.until is None or not request.reason:
        raise UsageError("an override needs --until DATE and --reason: it never stays silently")
    return _number("--override", request.override or "")


def _value(kr: KeyResult, request: CheckInRequest) -> str | None:
    if request.until is not None:
        raise UsageError("--until belongs to --override VALUE")
    if request.value is None:
        if kr.manual or not (request.note or request.confidence):
            raise UsageError(
                f"{kr.id} needs --value"
                if kr.manual
                else "say something: --confidence, --note, or --override VALUE --until DATE"
            )
        return None
    if not kr.manual:
        raise UsageError(
            f"{kr.id} takes its value from data: --override VALUE --until DATE --reason … "
            "replaces it for some days; --confidence and --note go without a value"
        )
    return _number("--value", request.value)


def _number(option: str, text: str) -> str:
    try:
        return exact_text(parse_exact(text.strip()))
    except ValueError:
        raise UsageError(f"{option} {text!r} is not a number: write it like 45 or 12.5") from None


def _confidence(text: str | None) -> str | None:
    if text is None:
        return None
    number = Fraction(_number("--confidence", text))
    if not 0 <= number <= 1:
        raise UsageError(f"--confidence {text} is not between 0 and 1")
    return exact_text(number)
