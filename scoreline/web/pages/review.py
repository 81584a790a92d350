"""The review of a cycle, on one page that prints."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from scoreline.web.reading.filters import current_cycle, cycles_with_objectives
from scoreline.web.reading.live import Live
from scoreline.web.reading.review import Review, review, review_day
from scoreline.web.reading.snapshot import Snapshot
from scoreline.web.serving import PageError, answer, links_of, live_of

router = APIRouter()


@router.get("/review", response_class=HTMLResponse, name="review")
def newest(request: Request) -> HTMLResponse:
    """The review of the cycle that the day lies in."""
    live = live_of(request)
    return _page(request, live.snapshot(), current_cycle(live.snapshot()))


@router.get("/review/{cycle}", response_class=HTMLResponse, name="review_of")
def of_cycle(request: Request, cycle: str) -> HTMLResponse:
    """The review of a cycle, on its last day where that has passed."""
    live = live_of(request)
    known = cycles_with_objectives(live.project().plan)
    if cycle not in known:
        doors = tuple((name, links_of(request).review(name)) for name in known)
        raise PageError(404, "There is no such cycle with objectives.", doors)
    return _page(request, snapshot_of(live, cycle), cycle)


def snapshot_of(live: Live, cycle: str) -> Snapshot:
    """The snapshot that a cycle is reviewed on; see `review_day`."""
    with live.reading() as project:
        day = review_day(project, cycle, project.default_day())
    return live.snapshot(day)


def _page(request: Request, snapshot: Snapshot, cycle: str) -> HTMLResponse:
    key = ("review", snapshot.key, snapshot.day, cycle)

    def read() -> Review | None:
        return review(snapshot, cycle) if cycle else None

    return answer(
        request,
        "review.html",
        snapshot.shown_frame,
        f"Review of {cycle}" if cycle else "Review",
        "review",
        keep=key,
        found=live_of(request).kept(key, read),
        cycles=cycles_with_objectives(snapshot.plan),
    )
