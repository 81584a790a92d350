"""The good news of the week."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from scoreline.web.reading.celebrate import celebration
from scoreline.web.serving import answer, live_of

router = APIRouter()


@router.get("/celebrate", response_class=HTMLResponse, name="celebrate")
def show(request: Request) -> HTMLResponse:
    """What was achieved within a week, milestones done, and the furthest moves."""
    live = live_of(request)
    snapshot = live.snapshot()
    key = ("celebrate", snapshot.key, snapshot.day)
    return answer(
        request,
        "celebrate.html",
        snapshot.shown_frame,
        "Celebrate",
        "celebrate",
        keep=key,
        found=live.kept(key, lambda: celebration(snapshot)),
    )
