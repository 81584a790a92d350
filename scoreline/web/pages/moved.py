"""What moved a key result, and its value by a dimension: read from the stored files.

What belongs here: the two pages and how many of them are made at once. What does not:
finding it out (steps). No row is shown: rows have a page of their own, for auditors.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from threading import BoundedSemaphore

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from scoreline.core.errors import UsageError
from scoreline.steps.splitting import Split, split
from scoreline.steps.why import WORDS, Why, why
from scoreline.web.drawing.bars import bar
from scoreline.web.reading.frame import frame_of
from scoreline.web.reading.lines import unit_of
from scoreline.web.serving import PageError, answer, asked_day, known_key_result, live_of

router = APIRouter(include_in_schema=False)
_AT_ONCE = BoundedSemaphore(2)  # each loads the streams it reads into memory


@router.get("/why/{name:path}", response_class=HTMLResponse, name="why")
def moved(request: Request, name: str, since: str = "", until: str = "") -> HTMLResponse:
    """What moved a score between two records, step by step; the steps add up exactly."""
    live, kr = live_of(request), known_key_result(request, name)
    project = live.project()
    last = asked_day(until)
    first = asked_day(since) or (last or project.default_day()) - timedelta(days=7)

    def read() -> Why:
        with _AT_ONCE:
            return why(project, kr, first, last)

    try:
        found = live.kept(("why", live.key(), kr.id, first, last), read)
    except UsageError as error:
        raise PageError(404, str(error)) from None
    return answer(
        request,
        "why.html",
        frame_of(project, project.default_day(), live.definitions_error()),
        f"What moved {kr.title}",
        kr=kr,
        found=found,
        unit=unit_of(project.plan, kr),
        words=WORDS,
    )


@router.get("/split/{name:path}", response_class=HTMLResponse, name="split")
def by_dimension(request: Request, name: str, by: str = "", as_of: str = "") -> HTMLResponse:
    """A key result's value by the values of a dimension."""
    live, kr = live_of(request), known_key_result(request, name)
    project = live.project()
    day: date = min(asked_day(as_of) or project.default_day(), kr.due)

    def read() -> Split:
        with _AT_ONCE:
            return split(project, kr, day, by)

    try:
        found = live.kept(("split", live.key(), kr.id, day, by), read)
    except UsageError as error:
        raise PageError(404, str(error)) from None
    most = max((s.value for s in found.segments if s.value is not None), default=Fraction(0)) or 1
    return answer(
        request,
        "split.html",
        frame_of(project, day, live.definitions_error()),
        f"{kr.title} by {by}",
        kr=kr,
        found=found,
        unit=unit_of(project.plan, kr),
        bars=[
            bar(s.value / most if s.value is not None and most else None, None)
            for s in found.segments
        ],
    )
