"""What every page's function needs of a request.

What belongs here: finding the project, rendering an answer, saying what is wrong. What
does not: any one page.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from scoreline.core.model import KeyResult
from scoreline.web.links import ServerLinks
from scoreline.web.reading.frame import Frame
from scoreline.web.reading.live import Live
from scoreline.web.rendering import assets_version, environment, render, render_main


@dataclass
class PageError(Exception):
    """A page cannot be shown as asked: status, what is wrong, and names that are near."""

    status: int
    text: str
    near: tuple[tuple[str, str], ...] = ()


def live_of(request: Request) -> Live:
    """The project that this application serves."""
    found: Live = request.app.state.live
    return found


def links_of(request: Request) -> ServerLinks:
    """The addresses of pages as this request's server has them."""
    return ServerLinks(request.scope.get("root_path", "").rstrip("/"), assets_version())


def answer(
    request: Request,
    template: str,
    frame: Frame,
    title: str,
    here: str = "",
    keep: Hashable = None,
    **context: Any,
) -> HTMLResponse:
    """A page as an answer.

    What stands in the mapping `request.state.page` (who looks, and their form's token)
    reaches the base template, and the main part unless that is kept for everybody.

    Args:
        request: what is answered.
        template: the template of the page's main part.
        frame: its head and foot.
        title: its title.
        here: which entry of the navigation it is.
        keep: where the main part is the same for everybody, what it depends on; it is then
            made once.
        context: what the main part shows.
    """
    links = links_of(request)

    around = getattr(request.state, "page", {})

    def made() -> Markup:
        given = around | context if keep is None else context
        return render_main(template, links, frame, **given)

    main = made() if keep is None else live_of(request).kept(("main", links, keep), made)
    html = render(links, frame, title, main, here=here, **around)
    return HTMLResponse(html, headers={"Cache-Control": "private, no-cache"})


def problem_page(
    request: Request, status: int, text: str, near: tuple[tuple[str, str], ...] = ()
) -> HTMLResponse:
    """A page that says what is wrong; it needs nothing that could be broken."""
    template = environment().get_template("problem.html")
    html = template.render(links=links_of(request), status=status, text=text, near=near)
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})


def asked_day(text: str | None) -> date | None:
    """The day of `?as_of=`.

    Raises:
        PageError: it is no day.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PageError(400, f"{text!r} is no day: write it as YYYY-MM-DD") from None


def known_key_result(request: Request, name: str) -> KeyResult:
    """The key result of that full name.

    Raises:
        PageError: there is none; with those that were perhaps meant.
    """
    known = live_of(request).known().key_results
    if name in known:
        return known[name]
    ending = [k for k in known if k.endswith("/" + name.strip("/"))]
    near = ending or get_close_matches(name, known, n=5, cutoff=0.5)
    links = links_of(request)
    doors = tuple((known[k].title, links.key_result(k)) for k in near[:10])
    raise PageError(404, "There is no key result of this name in the definitions.", doors)
