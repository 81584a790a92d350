"""From one page to the next: every way that APIs have, and proof that none is skipped.

What belongs here: options of a way to page, and the next request after an answer. What does
not: sending requests (client), cutting pages (cutting).

"Fewer rows than asked for" never means the last page: servers cap what they are asked for in
silence. Ends are an empty page, an absent next page, a total that is reached, or a status.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from connectors.http.answers import Answer
from connectors.http.documents import found_at
from connectors.options import Options

if TYPE_CHECKING:
    from connectors.http.cutting import Cut

_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[a-zA-Z*]+\s*=\s*(?:"[^"]*"|[^",;\s]+))*)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^",;\s]+))')


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: `path` is below the base, or a whole address on the same host."""

    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    method: str = "GET"
    form: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class NoPaging(Options):
    """Everything comes at once."""

    type: Literal["none"] = "none"


class LinkPaging(Options):
    """The header `Link: <…>; rel="next"` (RFC 8288); absent on the last page."""

    type: Literal["link"]
    size_param: str | None = Field(default=None, description="parameter for the size of a page")
    size: int = Field(default=100, ge=1, description="rows to ask for")


class TokenPaging(Options):
    """A token in the body goes into the next request; absent, null or empty at the end."""

    type: Literal["token"]
    token: str = Field(description="the way to the token, such as paging.next.after")
    param: str = Field(description="the parameter it goes into")
    place: Literal["query", "body"] = Field(default="query", description="where the parameter goes")
    size_param: str | None = None
    size: int = Field(default=100, ge=1)


class NextUrlPaging(Options):
    """An address in the body, whole or relative; absent, null or empty at the end."""

    type: Literal["next_url"]
    next: str = Field(description="the way to the address, such as links.next")
    size_param: str | None = None
    size: int = Field(default=100, ge=1)


class OffsetPaging(Options):
    """So many rows are passed over; ends with an empty page or when the total is reached."""

    type: Literal["offset"]
    param: str = "offset"
    size_param: str | None = "limit"
    size: int = Field(default=100, ge=1)
    past_end: tuple[int, ...] = Field(
        default=(), description="statuses that mean that there is no more, such as 416"
    )


class PagePaging(Options):
    """Pages by number; ends with an empty page, the last number, or a status such as 404."""

    type: Literal["page"]
    param: str = "page"
    first: int = 1
    size_param: str | None = None
    size: int = Field(default=100, ge=1)
    pages: str | None = Field(default=None, description="the way to the number of pages")
    past_end: tuple[int, ...] = ()


Paging = Annotated[
    NoPaging | LinkPaging | TokenPaging | NextUrlPaging | OffsetPaging | PagePaging,
    Field(discriminator="type"),
]


def first_of(paging: Paging, ask: Ask) -> Ask:
    """The request for the first page."""
    given: dict[str, Any] = {}
    size = getattr(paging, "size_param", None)
    if size is not None:
        given[size] = paging.size  # type: ignore[union-attr]
    if isinstance(paging, OffsetPaging):
        given[paging.param] = 0
    if isinstance(paging, PagePaging):
        given[paging.param] = paging.first
    if isinstance(paging, TokenPaging) and paging.place == "body":
        return replace(ask, json={**(ask.json or {}), **given})
    return replace(ask, params={**ask.params, **given})


def ends_with(paging: Paging) -> tuple[int, ...]:
    """Statuses that mean that the last page was passed."""
    return paging.past_end if isinstance(paging, OffsetPaging | PagePaging) else ()


def next_of(
    paging: Paging, ask: Ask, answer: Answer, cut: Cut, received: int, total: int | None
) -> Ask | None:
    """The request for the page after this one; None behind the last.

    Args:
        paging: the way.
        ask: what was asked.
        answer: what came.
        cut: its records.
        received: rows of this list so far, this page's included.
        total: how many the server says there are; None where it does not.
    """
    if isinstance(paging, LinkPaging):
        link = next_link(answer.headers.get("link", ""))
        return None if link is None else _follow(ask, link)
    if isinstance(paging, NextUrlPaging):
        link = found_at(cut.envelope, paging.next)
        return _follow(ask, str(link)) if link else None
    if isinstance(paging, TokenPaging):
        token = found_at(cut.envelope, paging.token)
        if token is None or token == "" or token is False:
            return None
        if paging.place == "body":
            return replace(ask, json={**(ask.json or {}), paging.param: token})
        return replace(ask, params={**ask.params, paging.param: token})
    rows = cut.rows
    if isinstance(paging, NoPaging) or rows == 0 or (total is not None and received >= total):
        return None
    if isinstance(paging, OffsetPaging):
        return replace(ask, params={**ask.params, paging.param: received})
    number = int(ask.params[paging.param])
    last = found_at(cut.envelope, paging.pages) if paging.pages else None
    if last is not None and number - paging.first + 1 >= int(last):
        return None
    return replace(ask, params={**ask.params, paging.param: number + 1})


def next_link(header: str) -> str | None:
    """The target of `rel="next"` in a Link header; None where there is none."""
    for target, parameters in _LINK.findall(header):
        relations = " ".join(a or b for a, b in _REL.findall(parameters)).lower().split()
        if "next" in relations:
            return str(target)
    return None


def _follow(ask: Ask, link: str) -> Ask:
    """A link holds its own query; a body, where there is one, is sent again."""
    return replace(ask, path=link, params={})
