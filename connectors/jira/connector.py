"""The `jira` kind: issues of Jira Cloud by JQL.

What belongs here: how Jira is asked. What does not: the base.

Source: Jira Cloud REST API v3, `POST /rest/api/3/search/jql`. `nextPageToken` is left out on the
last page; JQL compares `updated` to the minute, in the account's own time zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from zoneinfo import ZoneInfo

from pydantic import Field

from connectors.base import StreamSpec
from connectors.http.connector import HttpConnector
from connectors.http.cursor import Position, start_of
from connectors.http.documents import found_at
from connectors.http.options import HttpSource
from connectors.http.paging import Ask, TokenPaging
from connectors.http.walking import Listing, Page, walk
from connectors.jsontext.ways import way_of
from connectors.options import Options, parse_options


class JiraStream(Options):
    """Options at a stream: which issues."""

    jql: str = Field(description="such as project = HELP AND type = Incident; without ORDER BY")
    size: int = Field(default=100, ge=1, le=5_000, description="issues a page; Jira caps it")


class JiraConnector(HttpConnector):
    """A Jira Cloud site."""

    kind = "jira"
    version = "1"
    about = "issues of Jira Cloud by JQL, what changed since"
    SourceOptions = HttpSource
    StreamOptions = JiraStream

    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """Issues in the order of their last change."""
        options = parse_options(JiraStream, spec.options)
        jql = f"({options.jql})"
        if since is not None:
            start = start_of(spec, since, "%Y-%m-%d %H:%M", self._zone)
            jql += f' AND updated >= "{start}"'
        body = {"jql": f"{jql} ORDER BY updated ASC, key ASC", "fields": _fields(spec)}
        paging = TokenPaging(
            type="token",
            token="nextPageToken",  # noqa: S106  a way in the body
            param="nextPageToken",
            place="body",
            size_param="maxResults",
            size=options.size,
        )
        ask = Ask("rest/api/3/search/jql", json=body, method="POST")
        return walk(self.client, Listing(ask, "issues", paging))

    @cached_property
    def _zone(self) -> ZoneInfo:
        myself = self.client.document("GET", "rest/api/3/myself")
        return ZoneInfo(str(found_at(myself, "timeZone") or "UTC"))


def _fields(spec: StreamSpec) -> list[str]:
    """What columns such as `$.fields.status.name` need."""
    ways = [way_of(c.wanted.partition("[")[0]) for c in spec.columns]
    return sorted({way[1] for way in ways if len(way) > 1 and way[0] == "fields"})
