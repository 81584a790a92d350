"""A calendar of due dates and reviews, and badges for a wiki.

What belongs here: these two, for programs that fetch an address with a token in it. What
does not: the API's tables.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated
from xml.sax.saxutils import escape, quoteattr

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from icalendar import Calendar, Event

from scoreline.core.figures import percent0
from scoreline.core.model import KeyResult, Milestones
from scoreline.core.rollup import RolledUp
from scoreline.steps.discipline import OVER, newest_days, next_due, owner_of
from scoreline.web.reading.snapshot import Snapshot
from scoreline.web.serving import PageError, links_of, live_of
from scoreline.web.wording import status_words

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Query(max_length=200)]
_COLOURS = {
    "on_track": "#1a7f4b",
    "achieved": "#146c6c",
    "at_risk": "#8a5a00",
    "off_track": "#b3261e",
    "missed": "#b3261e",
    "pending": "#3c6090",
}
_GREY = "#5c6370"


@router.get("/calendar.ics")
def calendar(request: Request, team: Text = "", owner: Text = "") -> Response:
    """Due dates, milestones, check-ins to come and the ends of cycles."""
    snapshot, live = live_of(request).snapshot(), live_of(request)
    project = live.project()
    said = newest_days(project.store.check_ins())
    made = Calendar()
    made.add("prodid", "-//Scoreline//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", f"{snapshot.plan.organisation.name}: key results")
    stamp = snapshot.frame.recorded_at or datetime.combine(snapshot.day, time.min, project.zone)
    base = str(request.base_url).rstrip("/")
    for kr in snapshot.plan.key_results.values():
        mine = not owner or owner_of(snapshot.plan, kr) == owner
        if mine and (not team or kr.id.split("/")[1] == team) and kr.withdrawn is None:
            url = base + links_of(request).key_result(kr.id)
            for day, what, words in _days(snapshot, kr, said.get(kr.id)):
                made.add_component(_event(f"{kr.id}#{what}", day, words, url, stamp))
    for cycle in snapshot.plan.organisation.cycles.values():
        url = base + links_of(request).review(cycle.name)
        words = f"Review of {cycle.name}: the cycle ends"
        made.add_component(_event(f"{cycle.name}#review", cycle.end, words, url, stamp))
    return Response(made.to_ical(), media_type="text/calendar; charset=utf-8")


def _days(snapshot: Snapshot, kr: KeyResult, last: date | None) -> list[tuple[date, str, str]]:
    """The days of a key result: (day, what, words)."""
    status = snapshot.rows[kr.id].score.status
    found = [(kr.due, "due", f"Due: {kr.title} ({status_words(status)})")]
    if isinstance(kr.kind, Milestones):
        for number, step in enumerate(kr.kind.steps):
            found.append((step.due, f"step{number}", f"Milestone: {step.title} ({kr.title})"))
    coming = next_due(snapshot.plan, max(kr.start, last) if last else kr.start)
    today = snapshot.frame.now.astimezone(snapshot.frame.zone).date()
    if status not in OVER and max(coming, today) <= kr.due:
        found.append((max(coming, today), "check-in", f"Check in: {kr.title}"))
    return found


def _event(uid: str, day: date, words: str, url: str, stamp: datetime) -> Event:
    made = Event()
    made.add("uid", f"{uid}@scoreline")
    made.add("dtstamp", stamp)
    made.add("dtstart", day)
    made.add("dtend", day + timedelta(days=1))
    made.add("summary", words[:500])
    made.add("url", url)
    made.add("transp", "TRANSPARENT")
    return made


@router.get("/badge/{name:path}.svg")
def badge(request: Request, name: str) -> Response:
    """The status and progress of a key result, objective, team or cycle, as a picture."""
    snapshot = live_of(request).snapshot()
    row, rolled = snapshot.rows.get(name), snapshot.rolled.get(name)
    if row is None and rolled is None:
        raise PageError(404, "There is nothing of this name.")
    status = row.score.status if row else _status(rolled)
    progress = row.score.progress if row else rolled.progress if rolled else None
    words = status_words(status)
    text = words if progress is None else f"{words}, {percent0(progress)}"
    title = row.title if row else (rolled.title or name) if rolled else name
    headers = {"Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "cross-origin"}
    picture = badge_svg(title, text, _COLOURS.get(status, _GREY))
    return Response(picture, media_type="image/svg+xml", headers=headers)


def _status(rolled: RolledUp | None) -> str:
    return str(rolled.status) if rolled else ""


def badge_svg(title: str, text: str, colour: str) -> str:
    """A picture of two fields: a title, and its state in white on a colour.

    Args:
        title: cut at 40 characters.
        text: the state.
        colour: dark enough for white letters.
    """
    shown = title if len(title) <= 40 else title[:39] + "…"
    left, right = 14 + 7 * len(shown), 14 + 7 * len(text)
    letters = 'font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" fill="#fff"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="22" role="img" '
        f"aria-label={quoteattr(f'{title}: {text}')}><title>{escape(f'{title}: {text}')}</title>"
        f'<rect width="{left + right}" height="22" rx="3" fill="{colour}"/>'
        f'<path d="M0 3a3 3 0 0 1 3-3h{left - 3}v22H3a3 3 0 0 1-3-3z" fill="#2b2f36"/>'
        f'<text x="{left // 2}" y="15" text-anchor="middle" {letters} '
        f'textLength="{left - 14}">{escape(shown)}</text>'
        f'<text x="{left + right // 2}" y="15" text-anchor="middle" {letters} '
        f'textLength="{right - 14}">{escape(text)}</text></svg>'
    )
