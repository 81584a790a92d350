"""Turning what was read into HTML.

What belongs here: the template environment and its filters. What does not: reading, or
addresses (links). Everything that comes from data or definitions is escaped.
"""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from scoreline.core.exact import shown
from scoreline.core.figures import NONE, amount, chance, number, percent, percent0, points, signed
from scoreline.web.links import Links
from scoreline.web.reading.frame import OVERDUE, Frame
from scoreline.web.reading.review import band
from scoreline.web.wording import age, ago, day_words, status_words, took, when


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
        "percent": percent,
        "points": points,
        "number": number,
        "amount": amount,
        "status": status_words,
        "day": day_words,
        "when": when,
        "ago": ago,
        "age": age,
        "percent0": percent0,
        "signed": signed,
        "figure": lambda value: amount(value, None, 6),
        "share": lambda share: percent0(Fraction(share)),
        "chance": lambda f: chance(f.forecast.chance, f.forecast.points),
        "score": lambda value: NONE if value is None else shown(value, 2),
        "band": band,
        "took": took,
        "count": lambda n: f"{n:,}",
    }
    made.globals["overdue"] = OVERDUE
    return made


def render(template: str, links: Links, frame: Frame, **context: Any) -> str:
    """One page as HTML.

    Args:
        template: its file in the folder `templates`.
        links: where the other pages lie.
        frame: its head and foot.
        context: what the template shows.
    """
    given = {"here": "", "person": None, "form_token": "", **context}
    return environment().get_template(template).render(links=links, frame=frame, **given)


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
