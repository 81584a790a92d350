"""The first page: where everything stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from scoreline.web.reading.filters import Filters
from scoreline.web.reading.overview import overview
from scoreline.web.serving import answer, asked_day, live_of

router = APIRouter()


def _filters(
    cycle: str = "",
    team: str = "",
    owner: str = "",
    status: str = "",
    q: str = "",
    view: str = "teams",
    sort: str = "plan",
    page: str = "1",
    as_of: str = "",
) -> Filters:
    number = int(page) if page.isdecimal() and len(page) < 7 else 1
    return Filters(cycle, team, owner, status, q, view, sort, number, as_of)


@router.get("/", response_class=HTMLResponse, name="overview")
def show(request: Request, filters: Annotated[Filters, Depends(_filters)]) -> HTMLResponse:
    """Objectives, teams and key results, narrowed by what the address asks for."""
    live = live_of(request)
    snapshot = live.snapshot(asked_day(filters.as_of))
    key = ("overview", snapshot.key, snapshot.day, filters)
    return answer(
        request,
        "overview.html",
        snapshot.shown_frame,
        "Overview",
        "overview",
        keep=key,
        found=live.kept(key, lambda: overview(snapshot, filters)),
    )
