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
        return f"{self.root}/key-results/{quote(name)}/record"

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


class SiteLinks:
    """Relative addresses between the files of a static site.

    Args:
        page: the path of the page that is being written, from the site's folder.
    """

    live = False

    def __init__(self, page: str) -> None:
        self._folder = page.rpartition("/")[0] or "."

    def _to(self, path: str) -> str:
        return quote(relpath(path, self._folder))

    def static(self, name: str) -> str:
        """A file of the folder `static`."""
        return self._to(f"static/{name}")

    def overview(self, **filters: str | None) -> str:
        """The overview; of the filters, only the team has a page of its own."""
        team = filters.get("team")
        return self._to(team_file(team) if team else "index.html")

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


def team_file(team: str) -> str:
    """The file of a team's page in a static site."""
    return f"teams/{team}.html"


def review_file(cycle: str) -> str:
    """The file of a cycle's review in a static site."""
    return f"review/{cycle}.html"


def _query(options: Mapping[str, str | None]) -> str:
    given = {k: v for k, v in options.items() if v}
    return f"?{urlencode(given)}" if given else ""
