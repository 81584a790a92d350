"""The `canvas` kind: any list of Canvas LMS, for an account or for each of its courses.

What belongs here: how Canvas is asked. What does not: the base.

Source: Canvas REST API (pagination by the Link header, whose addresses are opaque; throttling).
Canvas throttles with 403 and the words "Rate Limit Exceeded", lately with 429.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pydantic import Field, field_validator

from connectors.base import StreamSpec
from connectors.errors import ConnectorError, TransientError
from connectors.http.answers import Answer
from connectors.http.connector import HttpConnector
from connectors.http.cursor import Position, start_of
from connectors.http.options import HttpSource
from connectors.http.paging import Ask, LinkPaging
from connectors.http.walking import Listing, Page, walk
from connectors.options import Options, parse_options

EACH = "{course_id}"


class CanvasStream(Options):
    """Options at a stream: a list."""

    path: str = Field(
        description="below /api/v1, such as accounts/self/users, or for every course "
        "courses/{course_id}/enrollments; the course's id is then the member course_id"
    )
    courses: str = Field(
        default="accounts/self/courses", description="the list of courses to go through"
    )
    params: dict[str, str | int | list[str]] = Field(
        default_factory=dict, description="such as {state[]: [completed, active]}"
    )
    since: str | None = Field(
        default=None,
        description="the parameter that asks for what changed, where the list has one, such as "
        "graded_since or submitted_since; needs `cursor:`",
    )

    @field_validator("path", "courses")
    @classmethod
    def _path(cls, value: str) -> str:
        if "://" in value or "?" in value:
            raise ValueError("is not a path below /api/v1")
        return value.strip("/")


class CanvasConnector(HttpConnector):
    """A Canvas."""

    kind = "canvas"
    version = "1"
    about = "any list of Canvas LMS: users, courses, enrollments, submissions of every course"
    SourceOptions = HttpSource
    StreamOptions = CanvasStream
    overlap = timedelta(hours=1)

    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """The pages of the list; of every course's, one course after another."""
        options = parse_options(CanvasStream, spec.options)
        params = dict(options.params)
        start = start_of(spec, since, "iso")
        if options.since and start is not None:
            params[options.since] = str(start)
        if EACH not in options.path:
            yield from self._walk(options.path, params, {})
            return
        for course in list(self._courses(options.courses)):
            path = options.path.replace(EACH, str(course))
            yield from self._walk(path, params, {"course_id": course})

    def judge(self, answer: Answer) -> ConnectorError | None:
        """A 403 may be a throttle."""
        if answer.status == 403 and b"rate limit exceeded" in answer.body[:500].lower():
            return TransientError("Canvas throttles: Rate Limit Exceeded", where=answer.where)
        return None

    def _courses(self, path: str) -> Iterator[int]:
        for page in self._walk(path, {}, {}):
            yield from (json.loads(line)["id"] for line in page.cut.lines.to_pylist())

    def _walk(self, path: str, params: dict[str, Any], context: dict[str, Any]) -> Iterator[Page]:
        paging = LinkPaging(type="link", size_param="per_page", size=100)
        ask = Ask(f"api/v1/{path}", params)
        return walk(self.client, Listing(ask, "", paging, context=context))
