"""Whether what the page says can be relied on, and what waits for somebody."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from scoreline.web.reading.health import Health, health
from scoreline.web.reading.live import Live
from scoreline.web.serving import answer, live_of

router = APIRouter()


@router.get("/health", response_class=HTMLResponse, name="health")
def show(request: Request) -> HTMLResponse:
    """Sources, runs, blocked batches, rows set aside, mistakes in definitions."""
    found = read_health(live_of(request))
    return answer(request, "health.html", found.frame, "Health", "health", found=found)


def read_health(live: Live) -> Health:
    """The health of the project, kept until something new is recorded."""

    def read() -> Health:
        with live.reading() as project:
            return health(project, None, live.definitions_error())

    return live.kept(("health", live.key()), read)
