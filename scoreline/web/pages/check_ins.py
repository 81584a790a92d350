"""Checking in on the page, and who owes a check-in.

What belongs here: the forms, who may send them, and their answers. What does not: which
check-ins are legal (steps).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from scoreline.core.errors import LockedError, UsageError
from scoreline.core.model import KeyResult
from scoreline.steps.checking_in import CheckInRequest, check_in
from scoreline.steps.discipline import owner_of
from scoreline.web.access.visitors import (
    Visitor,
    doors_of,
    may_check_in,
    needs,
    own_form,
)
from scoreline.web.reading.discipline import discipline
from scoreline.web.reading.live import Live
from scoreline.web.serving import PageError, answer, links_of, live_of

WAIT = 5.0
"""For how many seconds a check-in waits for a run to end before it is given back."""

router = APIRouter()
Form = Annotated[dict[str, str], Depends(own_form)]
Owner = Annotated[Visitor, Depends(needs("owner"))]
Viewer = Annotated[Visitor, Depends(needs("viewer"))]


@router.get("/check-ins", response_class=HTMLResponse, name="check_ins")
def owing(request: Request, visitor: Viewer) -> HTMLResponse:
    """Which check-ins are due, of whom, since when."""
    live = live_of(request)
    snapshot, project = live.snapshot(), live.project()
    today = project.now().astimezone(project.zone).date()
    token = "" if visitor.how == "machine" else doors_of(request).token(visitor.name, "calendar")
    return answer(
        request,
        "check_ins.html",
        snapshot.shown_frame,
        "Check-ins",
        "check-ins",
        found=discipline(snapshot, project.store.check_ins(), today, visitor.name),
        calendar=links_of(request).calendar(token),
    )


@router.get("/check-in/{name:path}", response_class=HTMLResponse, name="check_in")
def form(request: Request, name: str, visitor: Owner) -> HTMLResponse:
    """The form of a check-in."""
    return _form(request, _mine(live_of(request), name, visitor), {}, "", 200)


@router.post("/check-in/{name:path}", response_model=None)
async def say(
    request: Request, name: str, visitor: Owner, fields: Form
) -> HTMLResponse | RedirectResponse:
    """Record a check-in or an override."""
    live = live_of(request)
    kr = _mine(live, name, visitor)
    try:
        said = _request(visitor, fields)
        await run_in_threadpool(check_in, live.project(), kr, said, WAIT)
    except UsageError as error:
        return await run_in_threadpool(_form, request, kr, fields, _words(str(error)), 422)
    except LockedError:
        words = "A run is going on, and this was not recorded yet: send it again in a moment."
        return await run_in_threadpool(_form, request, kr, fields, words, 409)
    return RedirectResponse(links_of(request).key_result(kr.id) + "#said", 303)


def _request(visitor: Visitor, fields: dict[str, str]) -> CheckInRequest:
    given = {k: v.strip() for k, v in fields.items() if v.strip()}
    approver = given.get("approver", "")
    if "override" in given and not approver:
        raise UsageError("an override needs another person who approved it")
    if approver and approver.casefold() == visitor.name.casefold():
        raise UsageError("an override is approved by another person than who makes it")
    return CheckInRequest(
        who=visitor.name,
        value=given.get("value"),
        confidence=given.get("confidence"),
        note=given.get("note"),
        day=_day(given, "day"),
        override=given.get("override"),
        until=_day(given, "until"),
        reason=given.get("reason"),
        approver=approver or None,
    )


def _day(given: dict[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(given[name]) if name in given else None
    except ValueError:
        raise UsageError(f"{given[name]!r} is no day: write it as YYYY-MM-DD") from None


def _words(text: str) -> str:
    """An error of the step without the command line's dashes."""
    return text.replace("--", "")


def _mine(live: Live, name: str, visitor: Visitor) -> KeyResult:
    plan = live.project().plan
    kr = plan.key_results.get(name)
    if kr is None:
        raise PageError(404, "There is no key result of this name in the definitions.")
    if not may_check_in(plan, visitor, kr):
        owner = owner_of(plan, kr) or "nobody"
        raise PageError(403, f"Only {owner} (its owner) and admins check in on this key result.")
    if kr.withdrawn is not None:
        raise PageError(403, "This key result was withdrawn: there is nothing to check in on.")
    return kr


def _form(
    request: Request, kr: KeyResult, given: dict[str, Any], problem: str, status: int
) -> HTMLResponse:
    live = live_of(request)
    project, snapshot = live.project(), live.snapshot()
    metric = project.plan.metrics.get(kr.metric or "")
    found = answer(
        request,
        "check_in.html",
        snapshot.shown_frame,
        f"Check in: {kr.title}",
        "check-ins",
        kr=kr,
        unit=metric.unit if metric else None,
        given=given,
        problem=problem,
        today=project.now().astimezone(project.zone).date().isoformat(),
    )
    found.status_code = status
    return found
