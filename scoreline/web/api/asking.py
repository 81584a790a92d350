"""What every address of the API shares: parameters, paging, what is wrong.

What belongs here: these. What does not: any one address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request
from starlette.datastructures import URL

from scoreline.web.api.shapes import Page, Problem
from scoreline.web.reading.live import Live

T = TypeVar("T")
S = TypeVar("S")
MOST = 1000
"""How many items a page has at most."""


@dataclass
class ApiError(Exception):
    """A request that cannot be answered: status, what is wrong, and what would be legal."""

    status: int
    title: str
    detail: str | None = None


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": words,
        "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
    }
    for status, words in {
        401: "Nobody is logged in",
        403: "The role viewer is missing",
        404: "There is nothing of this name",
        422: "A parameter is not legal",
        503: "The project cannot be read now",
    }.items()
}
"""What any address may answer instead of what was asked for."""

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing has changed since the answer with this ETag"}
}

Offset = Annotated[int, Query(ge=0, le=10_000_000, description="How many items to leave out.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items at most.")]
AsOf = Annotated[date | None, Query(description="The day; the newest that is scored if left out.")]
KnownAt = Annotated[
    datetime | None, Query(description="Only what was recorded until then (with its zone).")
]
Text = Annotated[str, Query(max_length=200)]


def live_project(request: Request) -> Live:
    """A dependency: the project."""
    found: Live = request.app.state.live
    return found


LiveProject = Annotated[Live, Depends(live_project)]


def asked_day(live: Live, day: date | None) -> date | None:
    """A day that can be scored.

    Raises:
        ApiError: it lies before every cycle or in the future.
    """
    if day is None:
        return None
    project = live.project()
    first = min(c.start for c in project.plan.organisation.cycles.values()) - timedelta(days=366)
    today = project.now().astimezone(project.zone).date()
    last = max(today, project.default_day())
    if not first <= day <= last:
        raise ApiError(404, "there is no score of this day", f"there are: {first} to {last}")
    return day


def asked_instant(moment: datetime | None) -> datetime | None:
    """An instant with its zone.

    Raises:
        ApiError: it has none.
    """
    if moment is not None and moment.tzinfo is None:
        detail = "write it like 2026-11-22T06:00:00Z"
        raise ApiError(422, "known_at has no time zone", detail)
    return moment


def paged(
    request: Request, items: Sequence[S], offset: int, limit: int, shape: Callable[[S], T]
) -> Page[T]:
    """One page of items, each in its shape."""
    rest = offset + limit < len(items)
    url = URL(scope=request.scope).include_query_params(offset=offset + limit, limit=limit)
    return Page[Any](
        items=[shape(item) for item in items[offset : offset + limit]],
        total=len(items),
        offset=offset,
        limit=limit,
        next=f"{url.path}?{url.query}" if rest else None,
    )


def full_name(*parts: str) -> str:
    """A full name of its parts."""
    return "/".join(parts)


def text_of(moment: Any) -> str | None:
    """A day or instant as text, None for None."""
    return None if moment is None else moment.isoformat()


def either(items: Iterable[str | None]) -> str | None:
    """The first text that is not empty."""
    return next((i for i in items if i), None)
