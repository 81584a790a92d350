"""Turning what was read into HTML.

What belongs here: the template environment and its filters. What does not: reading, or
addresses (links). Everything that comes from data or definitions is escaped.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from scoreline.core.exact import shown
from scoreline.core.figures import NONE, amount, chance, number, percent, percent0, points, signed
from scoreline.steps.closing import band
from scoreline.web.links import Links
from scoreline.web.reading.frame import OVERDUE, Frame
from scoreline.web.wording import age, ago, day_words, status_words, took, when

_DEFAULTS: dict[str, Any] = {"here": "", "person": None}


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates, compiled once; every value is escaped, a missing one is an error."""
    made = Environment(
        loader=PackageLoader("scoreline.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "percent": together(percent),
        "points": points,
        "number": number,
        "amount": together(amount),
        "status": status_words,
        "day": day_words,
        "when": when,
        "ago": ago,
        "age": age,
        "percent0": together(percent0),
        "signed": together(signed),
        "figure": lambda value: amount(value, None, 6),
        "share": lambda share: together(percent0)(Fraction(share)),
        "chance": lambda f: chance(f.forecast.chance, f.forecast.points),
        "score": lambda value: NONE if value is None else shown(value, 2),
        "band": band,
        "took": took,
        "count": lambda n: f"{n:,}",
    }
    made.globals["overdue"] = OVERDUE
    return made


def together(words: Callable[..., str]) -> Callable[..., str]:
    """The same words on one line: a number never parts from its unit."""
    return lambda *given: words(*given).replace(" ", "\u00a0")


def render(links: Links, frame: Frame, title: str, main: Markup, **context: Any) -> str:
    """One page as HTML.

    Args:
        links: where the other pages lie.
        frame: its head and foot.
        title: its title.
        main: its main part.
        context: what stands around it, such as who looks.
    """
    page = environment().get_template("base.html")
    given = _DEFAULTS | context
    return page.render(links=links, frame=frame, title=title, main=main, **given)


def render_main(template: str, links: Links, frame: Frame, **context: Any) -> Markup:
    """The main part of a page.

    Args:
        template: its file in the folder `templates`.
        links: where the other pages lie.
        frame: the head and foot of the page.
        context: what the template shows.
    """
    found = environment().get_template(template)
    return Markup(found.render(links=links, frame=frame, **context))  # noqa: S704 - escaped


@lru_cache(maxsize=1)
def assets_version() -> str:
    """A short digest of the static files: another after each change of one."""
    found = sha256()
    for entry in sorted(files("scoreline.web").joinpath("static").iterdir(), key=lambda e: e.name):
        found.update(entry.read_bytes())
    return found.hexdigest()[:12]


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """A moment in the organisation's time zone."""
    return moment.astimezone(zone)


def day_or_none(text: str | None) -> date | None:
    """The day that a query names; None where it names none.

    Raises:
        ValueError: it is no day.
    """
    return date.fromisoformat(text) if text else None
