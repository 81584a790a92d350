"""What changed since a day."""

from __future__ import annotations

from datetime import date, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from scoreline.web.reading.changes import Changes, changes
from scoreline.web.reading.live import Live
from scoreline.web.reading.snapshot import Snapshot
from scoreline.web.serving import PageError, answer, asked_day, live_of

router = APIRouter()


@router.get("/changes", response_class=HTMLResponse, name="changes")
def show(request: Request, since: str = "", team: str = "", as_of: str = "") -> HTMLResponse:
    """Scores, definitions and words that are new since a day; a week ago if none is named."""
    live = live_of(request)
    snapshot = live.snapshot(asked_day(as_of))
    day = asked_day(since) or snapshot.day - timedelta(days=7)
    if day >= snapshot.day:
        raise PageError(400, f"{day} is not before {snapshot.day}, the day of the page.")
    found = read_changes(live, snapshot, day, team)
    return answer(
        request,
        "changes.html",
        snapshot.shown_frame,
        "What changed",
        "changes",
        keep=("changes", snapshot.key, snapshot.day, day, team),
        found=found,
        teams=snapshot.teams,
        team=team,
    )


def read_changes(live: Live, snapshot: Snapshot, since: date, team: str) -> Changes:
    """The changes, kept until something new is recorded."""

    def read() -> Changes:
        with live.reading() as project:
            return changes(project, snapshot, since, team)

    return live.kept(("changes", snapshot.key, snapshot.day, since, team), read)
