"""The page as files: the same pages, linked relatively, for a folder or any web server.

What belongs here: which files there are, and putting them in place as a whole. What does
not: what a page shows. Everything is read at one moment.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import as_file, files
from pathlib import Path

from scoreline.core.errors import UsageError
from scoreline.steps.project import Project
from scoreline.steps.status import standing
from scoreline.web.links import (
    SiteLinks,
    key_result_file,
    overview_file,
    record_file,
    review_file,
)
from scoreline.web.reading.celebrate import celebration
from scoreline.web.reading.changes import changes
from scoreline.web.reading.detail import detail
from scoreline.web.reading.filters import Filters, current_cycle, cycles_with_objectives
from scoreline.web.reading.frame import Frame
from scoreline.web.reading.health import health
from scoreline.web.reading.known import Known
from scoreline.web.reading.live import Live
from scoreline.web.reading.overview import overview
from scoreline.web.reading.review import review, review_day
from scoreline.web.reading.snapshot import Snapshot, taken
from scoreline.web.rendering import render, render_main

MARK = ".scoreline-site"
"""The file that tells a folder made here, which may be replaced, from any other."""


@dataclass(frozen=True, slots=True)
class SiteReport:
    """What was written: the folder, how many pages and bytes, and their day."""

    folder: Path
    pages: int
    size: int
    as_of: date


@dataclass(frozen=True, slots=True)
class _Page:
    path: str
    html: str


def write_site(live: Live, folder: Path, as_of: date | None = None) -> SiteReport:
    """Write every page below a folder, which is replaced as a whole at the end.

    Args:
        live: the project.
        folder: a new or empty folder, or one that was written here before.
        as_of: the day; what `evaluate` says if None.

    Raises:
        UsageError: the folder holds something else.
    """
    folder = folder.absolute()
    _refuse_foreign(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with live.reading() as project:
            site = _Site(project, live.known(), live.definitions_error(), as_of)
            pages = sum(_written(aside, page) for page in site.pages())
        _copy_static(aside)
        (aside / MARK).write_text(f"{site.snapshot.day}\n")
        aside.chmod(0o755)
        _put_in_place(aside, folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    return SiteReport(folder, pages, size, site.snapshot.day)


class _Site:
    """The pages of a project at one moment."""

    def __init__(
        self, project: Project, known: Known, error: str | None, as_of: date | None
    ) -> None:
        self.project, self.known, self.error = project, known, error
        self.as_of = as_of
        self.snapshot = self.of_day(as_of)
        self.first = current_cycle(self.snapshot)

    def of_day(self, day: date | None) -> Snapshot:
        found = standing(self.project, day, self.known.definitions)
        return taken(self.project, found, (self.project.store.pulse(), None, 0), self.error)

    def pages(self) -> Iterator[_Page]:
        """Every page, one after the other."""
        yield from self.overviews()
        yield from self.single()
        for cycle in cycles_with_objectives(self.snapshot.plan):
            yield self.review(cycle, review_file(cycle))
        if self.first:
            yield self.review(self.first, "review.html")
        yield from self.key_results()

    def page(
        self, path: str, template: str, frame: Frame, title: str, here: str, **context: object
    ) -> _Page:
        """One page at its place."""
        links = SiteLinks(path, self.first)
        main = render_main(template, links, frame, **context)
        return _Page(path, render(links, frame, title, main, here=here))

    def overviews(self) -> Iterator[_Page]:
        """The overview of each cycle, and of each team in it."""
        plan = self.snapshot.plan
        for cycle in cycles_with_objectives(plan) or [""]:
            for team in ("", *plan.organisation.teams):
                yield from self.overview(cycle, team)

    def overview(self, cycle: str, team: str) -> Iterator[_Page]:
        """All pages of one overview."""
        number, pages = 1, 1
        while number <= pages:
            found = overview(self.snapshot, Filters(cycle=cycle, team=team, page=number))
            path, pages = overview_file(self.first, cycle, team, number), found.pages
            yield self.page(
                path, "overview.html", self.snapshot.frame, "Overview", "overview", found=found
            )
            number += 1

    def single(self) -> Iterator[_Page]:
        """The pages that there is one of."""
        snapshot, frame = self.snapshot, self.snapshot.frame
        since = snapshot.day - timedelta(days=7)
        changed = changes(self.project, snapshot, since)
        yield self.page(
            "changes.html", "changes.html", frame, "What changed", "changes",
            found=changed, teams=[], team="",
        )  # fmt: skip
        yield self.page(
            "celebrate.html", "celebrate.html", frame, "Celebrate", "celebrate",
            found=celebration(snapshot),
        )  # fmt: skip
        found = health(self.project, self.as_of, self.error)
        yield self.page("health.html", "health.html", frame, "Health", "health", found=found)

    def review(self, cycle: str, path: str) -> _Page:
        """The review of a cycle, on its last day where that has passed."""
        snapshot = self.snapshot
        day = review_day(self.project, cycle, snapshot.day)
        if day != snapshot.day:
            snapshot = self.of_day(day)
        return self.page(
            path, "review.html", snapshot.frame, f"Review of {cycle}", "review",
            found=review(snapshot, cycle), cycles=cycles_with_objectives(snapshot.plan),
        )  # fmt: skip

    def key_results(self) -> Iterator[_Page]:
        """Two pages for each key result: itself, and its records."""
        known = self.snapshot.plan.key_results
        listener = self.project.listener
        listener.begin("key results", len(known))
        try:
            for kr in known.values():
                found = detail(self.project, kr, self.as_of, self.known, self.error)
                frame = self.snapshot.frame
                path = key_result_file(kr.id)
                yield self.page(path, "key_result.html", frame, kr.title, "", found=found)
                title = f"Records of {kr.title}"
                yield self.page(record_file(kr.id), "record.html", frame, title, "", found=found)
                listener.advance(kr.title)
        finally:
            listener.end()


def _written(folder: Path, page: _Page) -> int:
    path = folder / page.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page.html, encoding="utf-8")
    return 1


def _copy_static(folder: Path) -> None:
    with as_file(files("scoreline.web").joinpath("static")) as static:
        shutil.copytree(static, folder / "static", copy_function=shutil.copyfile)


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists() or (folder / MARK).exists():
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise UsageError(
            f"{folder} holds something that `scoreline site` did not write: name a new or empty "
            "folder"
        )


def _put_in_place(aside: Path, folder: Path) -> None:
    """Move the new folder to its place; what was there goes when the new one stands."""
    old = aside.with_name(f"{aside.name}.old")
    if folder.exists():
        folder.rename(old)
    aside.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
