"""The rows behind a key result's value, for auditors; each look is recorded.

What belongs here: the page, its file, and the record of who looked. What does not: finding
the rows (steps.drilling), which works from stored files while a run holds the warehouse.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, HTMLResponse
from starlette.background import BackgroundTask

from scoreline.core.access import Look
from scoreline.core.errors import UsageError
from scoreline.core.model import KeyResult
from scoreline.steps.drilling import PartBehind, rows_behind
from scoreline.steps.status import standing_of
from scoreline.warehouse.rows_behind import RowBehind
from scoreline.web.access.visitors import Visitor, needs
from scoreline.web.reading.frame import frame_of
from scoreline.web.reading.live import Live
from scoreline.web.serving import PageError, answer, asked_day, live_of

SIZE = 50
"""How many rows a page has."""

router = APIRouter(include_in_schema=False)
Auditor = Annotated[Visitor, Depends(needs("auditor"))]
PageNumber = Annotated[int, Query(ge=1, le=100_000_000)]
_AT_ONCE = BoundedSemaphore(2)  # each loads the streams it reads into memory


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a value with the rows of a page."""

    name: str
    behind: PartBehind
    items: list[RowBehind]
    digest: str

    @property
    def pages(self) -> int:
        """How many pages its rows fill."""
        return max(1, -(-self.behind.rows.totals.rows // SIZE))


@router.get("/rows/{name:path}/file", response_model=None)
def file(
    request: Request, name: str, visitor: Auditor, part: PageNumber = 1, as_of: str = ""
) -> FileResponse:
    """All rows of one part as CSV, texts safe against formulas."""
    live, day = live_of(request), asked_day(as_of)
    kr = _known(live, name)
    with _drilled(live, kr, day) as (value_day, parts):
        if part > len(parts):
            raise PageError(404, f"This value has {len(parts)} parts.")
        _record(live, visitor, kr, f"value of {value_day}, all rows of part {part} as a file")
        handle = tempfile.NamedTemporaryFile(suffix=".csv", delete=False)  # noqa: SIM115
        handle.close()
        path = Path(handle.name)
        try:
            parts[part - 1].rows.write_csv(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    shown = f"{kr.id.replace('/', '-')}-{value_day}-{part}.csv"
    gone = BackgroundTask(path.unlink, missing_ok=True)
    headers = {"Cache-Control": "no-store"}
    return FileResponse(
        path, media_type="text/csv", filename=shown, headers=headers, background=gone
    )


@router.get("/rows/{name:path}", response_class=HTMLResponse, name="rows")
def show(
    request: Request, name: str, visitor: Auditor, page: PageNumber = 1, as_of: str = ""
) -> HTMLResponse:
    """A page of the rows that a value is made of, and where each was received."""
    live, day = live_of(request), asked_day(as_of)
    kr = _known(live, name)
    with _drilled(live, kr, day) as (value_day, behind):
        _record(live, visitor, kr, f"value of {value_day}, page {page}")
        parts = [Part(_name(b), b, b.rows.page(page, SIZE), b.rows.digest()) for b in behind]
        found = answer(
            request,
            "rows.html",
            frame_of(live.project(), day or live.project().default_day()),
            f"Rows of {kr.title}",
            kr=kr,
            parts=parts,
            value_day=value_day,
            page=page,
            pages=max(part.pages for part in parts),
            as_of=as_of,
            looks=live.project().store.looks(kr.id, 20),
        )
    found.headers["Cache-Control"] = "no-store"
    return found


@contextmanager
def _drilled(
    live: Live, kr: KeyResult, as_of: date | None
) -> Iterator[tuple[date, list[PartBehind]]]:
    """The rows behind a value, and the day of that value."""
    project = live.project()
    row = standing_of(project, kr, as_of, live.definitions()).row
    day = row.score.value_day or row.score.day
    try:
        with _AT_ONCE, rows_behind(project, kr, day) as parts:
            yield day, parts
    except UsageError as error:
        raise PageError(404, str(error)) from None


def _record(live: Live, visitor: Visitor, kr: KeyResult, detail: str) -> None:
    """Record a look, before anything is shown."""
    project = live.project()
    project.store.note_look(Look(project.now(), visitor.name, "rows", kr.id, detail))


def _name(part: PartBehind) -> str:
    query = part.rows.query
    return query.metric.name + "".join(f"@{n:+d}{unit}" for n, unit in query.offset)


def _known(live: Live, name: str) -> KeyResult:
    kr = live.project().plan.key_results.get(name)
    if kr is None:
        raise PageError(404, "There is no key result of this name in the definitions.")
    return kr
