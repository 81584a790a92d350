"""The `pipedrive` kind: deals, persons, organizations, activities and products.

What belongs here: how Pipedrive is asked. What does not: the base.

Source: Pipedrive API v2 (`cursor`, `updated_since`, `sort_by`; the token in `x-api-token`). An
answer says `success`; deleted deals come by a list of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from connectors.base import StreamSpec
from connectors.errors import ConnectorError, PermanentError
from connectors.http.answers import Answer
from connectors.http.connector import HttpConnector
from connectors.http.cursor import Position, start_of
from connectors.http.documents import found_at, parsed
from connectors.http.options import HttpSource
from connectors.http.paging import Ask, TokenPaging
from connectors.http.walking import Listing, Page, walk
from connectors.options import Options, parse_options


class PipedriveSource(HttpSource):
    """Options at the source."""

    url: str = Field(
        default="https://api.pipedrive.com", description="the API", pattern=r"^https?://"
    )


class PipedriveStream(Options):
    """Options at a stream: a list."""

    list: Literal["deals", "persons", "organizations", "activities", "products"] = Field(
        description="what is read"
    )
    deleted: bool = Field(default=True, description="also deleted deals: is_deleted tells them")
    params: dict[str, str | int] = Field(
        default_factory=dict, description="further conditions, such as filter_id or pipeline_id"
    )


class PipedriveConnector(HttpConnector):
    """A Pipedrive account."""

    kind = "pipedrive"
    version = "1"
    about = "deals (deleted ones too), persons, organizations, activities, products of Pipedrive"
    SourceOptions = PipedriveSource
    StreamOptions = PipedriveStream

    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """Items in the order of their changes; then those deals that were deleted."""
        options = parse_options(PipedriveStream, spec.options)
        start = start_of(spec, since, "iso")
        params: dict[str, Any] = {"updated_since": start, **options.params}
        if options.list != "products":
            params |= {"sort_by": "update_time", "sort_direction": "asc"}
        yield from self._walk(options, params)
        if options.deleted and options.list == "deals":
            yield from self._walk(options, {**params, "status": "deleted"})

    def judge(self, answer: Answer) -> ConnectorError | None:
        """An answer of status 200 may say that it has no success."""
        if answer.status != 200 or b'"success":false' not in answer.body[:200].replace(b" ", b""):
            return None
        words = found_at(parsed(answer.body, answer.where), "error")
        said = self.client.scrubber.excerpt(str(words).encode())
        return PermanentError(
            f"Pipedrive says: {said}", where=answer.where, do="Check the token's rights"
        )

    def _walk(self, options: PipedriveStream, params: dict[str, Any]) -> Iterator[Page]:
        paging = TokenPaging(
            type="token",
            token="additional_data.next_cursor",  # noqa: S106  a way in the body
            param="cursor",
            size_param="limit",
            size=500,
        )
        return walk(self.client, Listing(Ask(f"api/v2/{options.list}", params), "data", paging))
