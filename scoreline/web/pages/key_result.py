"""The page of one key result, and the list of all its records."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from scoreline.core.model import KeyResult
from scoreline.web.reading.detail import Detail, detail
from scoreline.web.reading.live import Live
from scoreline.web.serving import answer, asked_day, known_key_result, live_of

router = APIRouter()


@router.get("/records/{name:path}", response_class=HTMLResponse, name="record")
def record(request: Request, name: str, as_of: str = "") -> HTMLResponse:
    """Every score that was ever recorded of a key result."""
    found = _found(request, name, asked_day(as_of))
    return answer(request, "record.html", found.frame, f"Records of {found.kr.title}", found=found)


@router.get("/key-results/{name:path}", response_class=HTMLResponse, name="key_result")
def show(request: Request, name: str, as_of: str = "") -> HTMLResponse:
    """Where one key result stands, and everything that stands behind it."""
    day = asked_day(as_of)
    found = _found(request, name, day)
    return answer(request, "key_result.html", found.frame, found.kr.title, found=found)


def _found(request: Request, name: str, day: date | None) -> Detail:
    live = live_of(request)
    kr = known_key_result(request, name)
    key: Hashable = (live.key(), kr.id, day)
    return live.kept(key, lambda: _read(live, kr, day))


def _read(live: Live, kr: KeyResult, day: date | None) -> Detail:
    with live.reading() as project:
        return detail(project, kr, day, live.known(), live.definitions_error())
