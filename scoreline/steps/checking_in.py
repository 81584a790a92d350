"""Check in: what a person says of a key result, checked and recorded.

What belongs here: which check-ins and overrides are legal, for the command line and the
page alike. What does not: what a check-in does to a score (core), who may make one (web).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from scoreline.core.errors import UsageError
from scoreline.core.exact import exact_text, parse_exact
from scoreline.core.model import KeyResult
from scoreline.core.records import CheckIn
from scoreline.steps.project import Project

LONGEST_TEXT = 10_000
"""How many characters a note or reason has at most."""


@dataclass(frozen=True, slots=True)
class CheckInRequest:
    """What a person says, as they wrote it; `who` is the person.

    With `override` its value takes the data's place from `day` (today if None) to `until`.
    """

    who: str
    value: str | None = None
    confidence: str | None = None
    note: str | None = None
    day: date | None = None
    override: str | None = None
    until: date | None = None
    reason: str | None = None
    approver: str | None = None


def check_in(
    project: Project, kr: KeyResult, request: CheckInRequest, wait: float = 3600.0
) -> tuple[CheckIn, str]:
    """Record a check-in or an override.

    Args:
        project: the open project.
        kr: what it is about.
        request: what is said.
        wait: for how many seconds to wait for a run to end.

    Returns:
        The check-in, and the digest of its record.

    Raises:
        UsageError: it is not legal; says what would be.
        LockedError: a run went on for longer than `wait`.
    """
    entry = _entry(project, kr, request)
    with project.working("checkin", wait):
        return entry, project.store.add_check_in(entry, project.now())


def _entry(project: Project, kr: KeyResult, request: CheckInRequest) -> CheckIn:
    value = _value(kr, request) if request.override is None else _override(kr, request)
    today = project.now().astimezone(project.zone).date()
    day = request.day or today
    if day > today:
        raise UsageError(f"{day} lies in the future: a check-in is of today or a day before")
    if request.until is not None and request.until < day:
        raise UsageError(f"the override would end on {request.until}, before it begins on {day}")
    for text in (request.note, request.reason):
        if text and len(text) > LONGEST_TEXT:
            raise UsageError(f"a note or reason has at most {LONGEST_TEXT:,} characters")
    return CheckIn(
        key_result=kr.id,
        day=day,
        who=request.who,
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
