"""The `xapi` kind: statements of any learning record store (LRS).

What belongs here: how statements are asked for. What does not: the base (connectors.http).

Sources: xAPI 1.0.3, part 3, 2.1.3 (GET Statements: `since`, `ascending`, `more` as a relative
IRL) and 3.1 (X-Experience-API-Consistent-Through). Seen on ralph 5.1 and ADL LRS: `limit` is
capped in silence, `more` is empty or absent at the end and may lie under another path. ralph
compares `since` with `timestamp`, not with `stored` as the specification has it, so that statements
of last year that are stored today would never come: whether the statements known from the
overlap come again shows which store it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from connectors.base import StreamSpec
from connectors.durations import Duration, timedelta_of
from connectors.http.answers import Answer
from connectors.http.connector import HttpConnector
from connectors.http.cursor import CursorColumn, Position, start_of
from connectors.http.options import HttpSource
from connectors.http.paging import Ask, NextUrlPaging
from connectors.http.walking import Listing, Page, walk
from connectors.options import Options, parse_options

THROUGH = "x-experience-api-consistent-through"


class XapiSource(HttpSource):
    """Options at the source; `url` is the endpoint, such as https://lrs.example/xAPI."""

    version: Literal["1.0.3", "2.0.0"] = Field(default="1.0.3", description="of xAPI")


class XapiStream(Options):
    """Options at a stream: which statements."""

    verb: str | None = Field(default=None, description="the IRI of a verb")
    activity: str | None = Field(default=None, description="the IRI of an activity")
    related_activities: bool = Field(default=False, description="also where it is only related")
    since: str | None = Field(
        default=None, description="stored after this instant, such as 2026-01-01T00:00:00Z"
    )
    limit: int = Field(default=500, ge=1, description="statements a page; servers cap it")
    overlap: Duration = Field(
        default="5m", description="how far back each reading asks, such as 1h"
    )


class XapiConnector(HttpConnector):
    """A learning record store."""

    kind = "xapi"
    version = "1"
    about = "statements of any learning record store: ralph, ADL LRS, Learning Locker, SCORM Cloud"
    SourceOptions = XapiSource
    StreamOptions = XapiStream

    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """Statements stored since; all that there are, once, where the store cannot tell."""
        column = CursorColumn.of(spec)
        if since is None or column is None:
            yield from self._walk(spec, None)
            return
        low, known = column.value(since.low), 0
        found = list[Page]()
        for page in self._walk(spec, since):
            found.append(page)
            known += _stored_from(page, column, low, column.value(since.high))
        if known >= since.rows:
            yield from found
            return
        self.notes.append(
            f"{since.rows - known:,} statements that are known did not come again with `since`: "
            "this store compares it with another time than `stored`, so all were read"
        )
        for page in self._walk(spec, None):
            if _stored_from(page, column, low, None):
                yield page

    def _walk(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        options = parse_options(XapiStream, spec.options)
        ask = Ask(
            "statements",
            {
                "ascending": "true",
                "limit": options.limit,
                "verb": options.verb,
                "activity": options.activity,
                "related_activities": "true" if options.related_activities else None,
                "since": start_of(spec, since, "text") or options.since,
            },
            headers={"X-Experience-API-Version": self._version},
        )
        paging = NextUrlPaging(type="next_url", next="more")
        return walk(self.client, Listing(ask, "statements", paging, through=_through))

    def overlap_of(self, spec: StreamSpec) -> timedelta:
        """What the stream declares."""
        return timedelta_of(parse_options(XapiStream, spec.options).overlap)

    @property
    def _version(self) -> str:
        options = self.options
        return options.version if isinstance(options, XapiSource) else "1.0.3"


def _stored_from(page: Page, column: CursorColumn, low: Any, high: Any) -> int:
    """How many of a page's statements were stored from `low` to `high` (None: until now)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    stored = column.values(page.cut.lines, page.frame.url)
    late = pc.greater_equal(stored, pa.scalar(low, stored.type))
    if high is not None:
        late = pc.and_(late, pc.less_equal(stored, pa.scalar(high, stored.type)))
    return int(pc.sum(late).as_py() or 0)


def _through(answer: Answer) -> datetime | None:
    """Up to when the store is complete; statements beyond may still be joined by earlier ones."""
    text = answer.headers.get(THROUGH)
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
