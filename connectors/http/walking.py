"""One list of a server, from its first page to its last, and proof that it is whole.

What belongs here: the loop over pages and what makes it refuse. What does not: what is done
with a page, cursors, files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.errors import PermanentError, TransientError
from connectors.http.answers import Answer
from connectors.http.client import HttpClient
from connectors.http.documents import found_at
from connectors.http.pages import Frame, Shape
from connectors.http.paging import Ask, NoPaging, Paging, ends_with, first_of, next_of

if TYPE_CHECKING:
    from connectors.http.cutting import Cut

MOST_PAGES = 1_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page, ready to be kept.

    Attributes:
        frame: what the body is.
        body: as received.
        cut: its records.
        declared: how many rows the server says the page's whole list has; on the list's
            first page only, None where it does not say.
        through: no row up to this instant will still appear; None where it does not say.
    """

    frame: Frame
    body: bytes
    cut: Cut
    declared: int | None = None
    through: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list to walk: what to ask, how to page, where its records and its total stand."""

    ask: Ask
    records: str = ""
    paging: Paging = field(default_factory=NoPaging)
    total: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    shape: Shape = "array"
    explode: str = ""
    carry: tuple[str, ...] = ()
    through: Callable[[Answer], datetime | None] = lambda answer: None


def walk(client: HttpClient, listing: Listing) -> Iterator[Page]:
    """Every page of a list.

    Raises:
        TransientError: rows moved while it was read, or a page was cut short.
        PermanentError: the server repeats itself, or its answers are not what was declared.
    """
    proof = _Proof()
    ask: Ask | None = first_of(listing.paging, listing.ask)
    past_end = ends_with(listing.paging)
    while ask is not None:
        taking = _Taking(client, listing, past_end if proof.pages else ())
        answer = client.ask(
            ask.method,
            ask.path,
            params=ask.params,
            json=ask.json,
            form=ask.form,
            headers=ask.headers,
            fine=taking.past_end,
            use=taking.take,
        )
        if answer.status in taking.past_end:
            break
        frame, page = taking.frame, taking.page
        total = _total(listing, page, answer.where)
        proof.add(answer, page, total)
        declared = total if proof.pages == 1 else None
        yield Page(frame, answer.body, page, declared, listing.through(answer))
        following = next_of(listing.paging, ask, answer, page, proof.rows, total)
        ask = _absolute(client, ask, following, answer)
    proof.end()


class _Taking:
    """Cuts an answer while the request can still be repeated, should it be cut short."""

    def __init__(self, client: HttpClient, listing: Listing, past_end: tuple[int, ...]) -> None:
        self._client, self._listing, self.past_end = client, listing, past_end
        self.frame: Frame
        self.page: Cut

    def take(self, answer: Answer) -> None:
        from connectors.http.cutting import cut

        if answer.status in self.past_end:
            return
        below = _below(self._client, answer)
        listing = self._listing
        self.frame = Frame(
            listing.records,
            below,
            listing.context,
            listing.shape,
            listing.explode,
            listing.carry,
        )
        self.page = cut(self.frame, answer.body, answer.where)


def _absolute(client: HttpClient, ask: Ask, following: Ask | None, answer: Answer) -> Ask | None:
    """The next request; a link in an answer is relative to where the answer came from."""
    if following is None or following.path == ask.path:
        return following
    path = client.relative(following.path, answer.url)
    return replace(following, path=path)


def _below(client: HttpClient, answer: Answer) -> str:
    base = client.scrubber.url(client.base)
    return client.scrubber.url(answer.url).removeprefix(base)


def _total(listing: Listing, page: Cut, where: str) -> int | None:
    if listing.total is None:
        return None
    found = found_at(page.envelope, listing.total)
    try:
        return None if found is None else int(found)
    except (TypeError, ValueError):
        raise PermanentError(
            f"the total at {listing.total} is {found!r}, not a number", where=where
        ) from None


class _Proof:
    """What is held of one list: no page twice, no total that moves, as many rows as declared."""

    def __init__(self) -> None:
        self.pages = 0
        self.rows = 0
        self._total: int | None = None
        self._bodies: set[bytes] = set()
        self._where = ""

    def add(self, answer: Answer, page: Cut, total: int | None) -> None:
        self.pages += 1
        rows = page.rows
        self.rows += rows
        self._where = answer.where
        digest = hashlib.blake2b(answer.body, digest_size=16).digest()
        if rows and digest in self._bodies:
            raise PermanentError(
                f"page {self.pages:,} is the same as one before it",
                where=answer.where,
                do="The server ignores the paging parameter or repeats its cursor: "
                "check `paging` against its documentation",
            )
        self._bodies.add(digest)
        if self.pages > MOST_PAGES:
            raise PermanentError(f"more than {MOST_PAGES:,} pages", where=answer.where)
        if total is None:
            return
        if self._total is not None and total != self._total:
            raise TransientError(
                f"the total went from {self._total:,} to {total:,} while it was read: "
                "rows may have moved between pages",
                where=answer.where,
            )
        self._total = total

    def end(self) -> None:
        if self._total is not None and self.rows != self._total:
            raise TransientError(
                f"{self.rows:,} rows were received, the server declares {self._total:,}",
                where=self._where,
            )
