"""The `typeform` kind: responses to a form, or the answers in them.

What belongs here: how Typeform is asked. What does not: the base.

Source: Typeform Responses API: `page_size` up to 1,000, `after` takes the token of the last
response seen, in the order of submission. A response may appear some minutes late.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from pydantic import Field

from connectors.base import StreamSpec
from connectors.errors import PermanentError
from connectors.http.connector import HttpConnector
from connectors.http.cursor import Position, start_of
from connectors.http.options import HttpSource
from connectors.http.paging import Ask
from connectors.http.walking import Listing, Page, walk
from connectors.options import Options, parse_options

SIZE = 1_000
CARRIED = ("response_id", "token", "landed_at", "submitted_at")


class TypeformSource(HttpSource):
    """Options at the source."""

    url: str = Field(default="https://api.typeform.com", description="the API", pattern=r"^https?:")


class TypeformStream(Options):
    """Options at a stream: a form."""

    form: str = Field(pattern=r"^[A-Za-z0-9]+$", description="the form's id")
    rows: Literal["responses", "answers"] = Field(
        default="responses",
        description="a row for each response, or for each answer (with the response's token and "
        "times)",
    )
    completed: bool = Field(default=True, description="only responses that were submitted")


class TypeformConnector(HttpConnector):
    """A Typeform account."""

    kind = "typeform"
    version = "1"
    about = "responses to a Typeform, or each answer as a row"
    SourceOptions = TypeformSource
    StreamOptions = TypeformStream
    overlap = timedelta(hours=1)

    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """Responses in the order of submission."""
        options = parse_options(TypeformStream, spec.options)
        params: dict[str, str | int | None] = {
            "page_size": SIZE,
            "sort": "submitted_at,asc",
            "completed": "true" if options.completed else None,
            "since": start_of(spec, since, "iso"),
        }
        while True:
            ask = Ask(f"forms/{options.form}/responses", params)
            (page,) = walk(self.client, Listing(ask, "items"))
            if not page.cut.rows:
                return
            yield _by_answer(page) if options.rows == "answers" else page
            params = {**params, "since": None, "after": _last(page)}


def _last(page: Page) -> str:
    import pyarrow as pa

    from connectors.http.members import read_member

    tokens = read_member(page.cut.lines, ("token",), pa.string())
    if not len(tokens) or tokens[-1].as_py() is None:
        raise PermanentError("a response has no token", where=page.frame.url)
    return str(tokens[-1])


def _by_answer(page: Page) -> Page:
    from connectors.http.cutting import cut

    frame = replace(page.frame, explode="answers", carry=CARRIED)
    return replace(page, frame=frame, cut=cut(frame, page.body, page.frame.url))
