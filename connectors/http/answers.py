"""One answer of a server, whole, and what its status means.

What belongs here: the answer as a value, and sorting statuses into errors. What does not:
sending requests, and what a vendor says in a body.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connectors.errors import ConnectorError, PermanentError, TransientError
from connectors.http.limits import retry_after
from connectors.scrubbing import Scrubber

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response.

    Attributes:
        status: of HTTP.
        headers: names in lower case.
        body: decompressed, complete.
        url: where it came from, with whatever the server needed; never for people.
        where: the same for people: no secret in it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    where: str

    @property
    def is_html(self) -> bool:
        """Whether it is a page for people: a login form, a proxy's notice, an error."""
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        start = self.body[:64].lstrip()[:9].lower()
        return kind in ("text/html", "application/xhtml+xml") or start in (b"<!doctype", b"<html>")


def failure_of(answer: Answer, scrubber: Scrubber, now: datetime) -> ConnectorError:
    """The error that a status outside 2xx means.

    401 and 403 are refusals, 429 and 5xx may pass; a server's own words are quoted.
    """
    said = "" if answer.is_html else scrubber.excerpt(answer.body)
    words = f"the server answers {answer.status}" + (f": {said}" if said else "")
    if answer.status in TRANSIENT:
        after = retry_after(answer.headers, now)
        return TransientError(words, where=answer.where, retry_after=after)
    if answer.status == 401:
        return PermanentError(
            f"{words}: the sign-in is refused",
            where=answer.where,
            do="Check the secret that `auth` refers to: it may have expired or been revoked",
        )
    if answer.status == 403:
        return PermanentError(
            words, where=answer.where, do="Give the account the right to read this, or leave it out"
        )
    if answer.status == 404:
        return PermanentError(
            words, where=answer.where, do="Check `url` and the stream's path: there is nothing here"
        )
    return PermanentError(words, where=answer.where, do="Check the stream's options")


def page_for_people(answer: Answer, wanted: str) -> PermanentError:
    """The error for HTML where data was asked for."""
    return PermanentError(
        f"the server answers {answer.status} with a page of HTML, not {wanted}",
        where=answer.where,
        do="A login page, a proxy or a wrong path answers so: open the address in a browser, "
        "and check `url` and `auth`",
    )
