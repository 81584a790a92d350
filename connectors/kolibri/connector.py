"""The `kolibri` kind: the exports of learning logs, and lists of people, classes and attempts.

What belongs here: how Kolibri is asked and signed in to. What does not: the base.

Source: Kolibri 0.19 (core/auth, core/logger, core/tasks, plugins/facility). Seen there: a caller
who is not signed in gets status 200 and an empty list, so the session is asked who it is; past the
last page comes 404; the CSV exports are made by a task and then downloaded, with a BOM.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from functools import cached_property
from typing import Any, Literal, cast

from pydantic import Field

from connectors.base import StreamSpec
from connectors.errors import PermanentError, TransientError
from connectors.http.connector import HttpConnector
from connectors.http.cursor import Position
from connectors.http.documents import found_at
from connectors.http.options import HttpSource, SessionAuth
from connectors.http.pages import Frame
from connectors.http.paging import Ask, PagePaging
from connectors.http.signing_in import Session, SignIn
from connectors.http.walking import Listing, Page, walk
from connectors.options import Options, parse_options

LISTS = {
    "people": "api/auth/facilityuser/",
    "classes": "api/auth/classroom/",
    "attempts": "api/logger/attemptlog/",
}
EXPORTS = ("summary", "session")
POLL = 0.5
"""Seconds between two looks at a task."""


class KolibriSource(HttpSource):
    """Options at the source; `url` is the server, such as http://kolibri.acme.example:8080."""

    username: str = Field(description="an administrator of the facility")
    password: str = Field(description='by reference: "${env:KOLIBRI_PASSWORD}"', repr=False)
    facility: str | None = Field(
        default=None, description="a facility's id; the account's own if left out"
    )


class KolibriStream(Options):
    """Options at a stream: a list, or an export."""

    list: Literal["summary", "session", "people", "classes", "attempts"] = Field(
        description="summary (a row for each person and resource) and session (for each visit) "
        "are Kolibri's own exports; people, classes and attempts come from its API"
    )
    start: date = Field(default=date(2015, 1, 1), description="of the exports: the first day")
    size: int = Field(default=500, ge=1, le=5_000, description="rows a page of a list")


class KolibriConnector(HttpConnector):
    """A Kolibri server."""

    kind = "kolibri"
    version = "1"
    about = "exports of learning logs, people, classes and attempts of Kolibri"
    SourceOptions = KolibriSource
    StreamOptions = KolibriStream

    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """The export, or the pages of the list; Kolibri cannot say what changed."""
        del since
        options = parse_options(KolibriStream, spec.options)
        facility = self._facility
        if options.list in EXPORTS:
            yield self._export(options, facility)
            return
        if options.list == "classes":
            ask = Ask(LISTS["classes"], {"parent": facility})
            yield from walk(self.client, Listing(ask))
            return
        paging = PagePaging(
            type="page",
            size_param="page_size",
            size=options.size,
            pages="total_pages",
            past_end=(404,),
        )
        member = {"member_of": facility} if options.list == "people" else {}
        listing = Listing(Ask(LISTS[options.list], member), "results", paging, total="count")
        yield from walk(self.client, listing)

    def sign_in(self) -> SignIn | None:
        """A session, with Kolibri's own names."""
        options = cast(KolibriSource, self.options)
        auth = SessionAuth(
            type="session",
            login="api/auth/session/",
            username=options.username,
            password=options.password,
            extra={"facility": options.facility} if options.facility else {},
            csrf_cookie="kolibri_csrftoken",
        )
        return Session(auth, options.url.rstrip("/"), self._scrubber)

    @cached_property
    def _facility(self) -> str:
        """The facility's id, from the session: this also proves that someone is signed in.

        Raises:
            PermanentError: Kolibri takes the caller for a stranger.
        """
        path = "api/auth/session/current/"
        session = self.client.document("PUT", path, json={"active": False})
        where = f"{self.identity}/{path}"
        if not found_at(session, "user_id"):
            raise PermanentError(
                "Kolibri does not know who is asking, and would answer with empty lists",
                where=where,
                do="Check username, password and facility",
            )
        kinds = found_at(session, "kind") or []
        if not {"admin", "superuser"} & set(kinds):
            raise PermanentError(
                f"the account is a {', '.join(kinds) or 'learner'}, who sees only a part",
                where=where,
                do="Use an administrator of the facility",
            )
        wanted = cast(KolibriSource, self.options).facility
        return str(wanted or found_at(session, "facility_id"))

    def _export(self, options: KolibriStream, facility: str) -> Page:
        """Has the export made, waits for it, and downloads it."""
        from connectors.http.cutting import cut

        now = self.clock().astimezone(UTC)
        end = now + timedelta(days=1)
        texts = {
            "start_date": f"{options.start.isoformat()}T00:00:00",
            "end_date": end.strftime("%Y-%m-%dT%H:%M:%S"),
        }
        name = f"kolibri.core.logger.tasks.export{options.list}logcsv"
        task = self._task("POST", "", {"type": name, "facility": facility, "locale": "en", **texts})
        while task.get("status") in ("PENDING", "SCHEDULED", "QUEUED", "SELECTED", "RUNNING"):
            time.sleep(POLL)
            task = self._task("GET", f"{task['id']}/", None)
        if task.get("status") != "COMPLETED":
            raise TransientError(
                f"the export ended as {task.get('status')}: {task.get('exception', '')}",
                where=self.identity,
            )
        path = f"facility/api/downloadcsvfile/{options.list}/{facility}/"
        kept = list[Page]()

        def take(answer: Any) -> None:
            frame = Frame(url=answer.where.removeprefix(self.identity), shape="csv")
            kept[:] = [Page(frame, answer.body, cut(frame, answer.body, answer.where))]

        self.client.ask("GET", path, headers={"Accept-Language": "en"}, use=take)
        return kept[0]

    def _task(self, method: str, path: str, body: Any) -> dict[str, Any]:
        found = self.client.document(method, f"api/tasks/tasks/{path}", json=body)
        return cast(dict[str, Any], found)
