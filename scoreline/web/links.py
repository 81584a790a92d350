"""Where each page lies: on a server, or as a file of a static site.

What belongs here: addresses. What does not: what a page shows. Templates ask these objects
and write no address of their own, so that the same pages serve both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import relpath
from typing import ClassVar, Protocol
from urllib.parse import quote, urlencode


class Links(Protocol):
    """The address of every page, as seen from the page that is being written."""

    @property
    def live(self) -> bool:
        """Whether a server answers: forms and filters work."""

    def static(self, name: str) -> str:
        """A file of the folder `static`."""

    def overview(self, **filters: str | None) -> str:
        """The overview, narrowed by filters."""

    def key_result(self, name: str, **options: str | None) -> str:
        """One key result."""

    def record(self, name: str) -> str:
        """All records of one key result."""

    def changes(self, since: str | None = None) -> str:
        """What changed since a day."""

    def review(self, cycle: str | None = None) -> str:
        """The review of a cycle."""

    def health(self) -> str:
        """Sources, runs and what waits for a decision."""

    def celebrate(self) -> str:
        """What was achieved lately."""


@dataclass(frozen=True)
class ServerLinks:
    """Addresses below the path that a server's application is mounted at.

    Attributes:
        root: that path, without a slash at its end; empty at the top.
        version: joined to static files, so that a new release is fetched again.
    """

    root: str = ""
    version: str = ""
    live: ClassVar[bool] = True

    def static(self, name: str) -> str:
        """A file of the folder `static`."""
        return f"{self.root}/static/{quote(name)}?v={quote(self.version)}"

    def overview(self, **filters: str | None) -> str:
        """The overview, narrowed by filters."""
        return f"{self.root}/{_query(filters)}"

    def key_result(self, name: str, **options: str | None) -> str:
        """One key result."""
        return f"{self.root}/key-results/{quote(name)}{_query(options)}"

    def record(self, name: str) -> str:
        """All records of one key result."""
        return f"{self.root}/records/{quote(name)}"

    def why(self, name: str, since: str | None = None) -> str:
        """What moved one key result since a day."""
        return f"{self.root}/why/{quote(name)}{_query({'since': since})}"

    def split(self, name: str, by: str, as_of: str | None = None) -> str:
        """One key result's value by a dimension."""
        return f"{self.root}/split/{quote(name)}{_query({'by': by, 'as_of': as_of})}"

    def changes(self, since: str | None = None) -> str:
        """What changed since a day."""
        return f"{self.root}/changes{_query({'since': since})}"

    def review(self, cycle: str | None = None) -> str:
        """The review of a cycle."""
        return f"{self.root}/review" + (f"/{quote(cycle)}" if cycle else "")

    def health(self) -> str:
        """Sources, runs and what waits for a decision."""
        return f"{self.root}/health"

    def celebrate(self) -> str:
        """What was achieved lately."""
        return f"{self.root}/celebrate"

    def check_ins(self, **filters: str | None) -> str:
        """Which check-ins are due; on a server alone."""
        return f"{self.root}/check-ins{_query(filters)}"

    def check_in(self, name: str) -> str:
        """The form of a check-in; on a server alone."""
        return f"{self.root}/check-in/{quote(name)}"

    def rows(self, name: str, **options: str | None) -> str:
        """The rows behind a key result's value; on a server alone."""
        return f"{self.root}/rows/{quote(name)}{_query(options)}"

    def calendar(self, token: str) -> str:
        """The calendar that programs subscribe to; on a server alone."""
        return f"{self.root}/calendar.ics{_query({'token': token})}"

    def log_out(self) -> str:
        """Where a login ends; on a server alone."""
        return f"{self.root}/logout"


@dataclass(frozen=True)
class SiteLinks:
    """Relative addresses between the files of a static site.

    Attributes:
        page: the path of the page that is being written, from the site's folder.
        cycle: the cycle whose overview is the first page.
    """

    page: str
    cycle: str = ""
    live: ClassVar[bool] = False

    def _to(self, path: str) -> str:
        return quote(relpath(path, self.page.rpartition("/")[0] or "."))

    def static(self, name: str) -> str:
        """A file of the folder `static`."""
        return self._to(f"static/{name}")

    def overview(self, **filters: str | None) -> str:
        """The overview; of the filters, cycle, team and page have files of their own."""
        cycle, team = filters.get("cycle") or self.cycle, filters.get("team") or ""
        return self._to(overview_file(self.cycle, cycle, team, int(filters.get("page") or 1)))

    def key_result(self, name: str, **options: str | None) -> str:
        """One key result."""
        return self._to(key_result_file(name))

    def record(self, name: str) -> str:
        """All records of one key result."""
        return self._to(record_file(name))

    def changes(self, since: str | None = None) -> str:
        """What changed in the last week."""
        return self._to("changes.html")

    def review(self, cycle: str | None = None) -> str:
        """The review of a cycle."""
        return self._to(review_file(cycle) if cycle else "review.html")

    def health(self) -> str:
        """Sources, runs and what waits for a decision."""
        return self._to("health.html")

    def celebrate(self) -> str:
        """What was achieved lately."""
        return self._to("celebrate.html")


def key_result_file(name: str) -> str:
    """The file of a key result's page in a static site."""
    return f"key-results/{name}.html"


def record_file(name: str) -> str:
    """The file of a key result's records in a static site."""
    return f"key-results/{name}/record.html"


def overview_file(first: str, cycle: str, team: str = "", page: int = 1) -> str:
    """The file of an overview in a static site; that of the cycle `first` is `index.html`."""
    number = f"-{page}" if page > 1 else ""
    if not team and cycle == first:
        return f"index{number}.html"
    return f"overview/{cycle}/{team or 'all'}{number}.html"


def review_file(cycle: str) -> str:
    """The file of a cycle's review in a static site."""
    return f"review/{cycle}.html"


def _query(options: Mapping[str, str | None]) -> str:
    given = {k: v for k, v in options.items() if v}
    return f"?{urlencode(given)}" if given else ""
