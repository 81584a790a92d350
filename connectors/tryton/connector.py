"""The `tryton` kind: records of any model, over Tryton's REST (user application `rest`).

What belongs here: how Tryton is asked and how its typed values are written. What does not: the
base.

Source: trytond/protocols/rest.py of 8.0 to 8.2 (`f` fields, `d` domain, `o` order, `s` size; the
last two and the domain as base64 of JSON). Seen there: `write_date` is null until the first edit,
so the time of a change is `write_date`, else `create_date`; decimals, dates and times are objects
with `__class__`; times are UTC.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import Field

from connectors.base import StreamSpec
from connectors.errors import PermanentError
from connectors.http.connector import HttpConnector
from connectors.http.cursor import CursorColumn, Position
from connectors.http.keyset import walk_by_id
from connectors.http.mending import Mend
from connectors.http.options import HttpSource
from connectors.http.paging import Ask
from connectors.http.walking import Listing, Page
from connectors.jsontext.ways import way_of
from connectors.options import Options, parse_options

CHANGED = "changed_at"
"""The member that is added: `write_date`, or `create_date` where there was no edit."""

_DATE = r'"__class__": "date(?:time)?", "year": \d+'
_PLACES = ("month", "day", "hour", "minute", "second")


class TrytonStream(Options):
    """Options at a stream: a model and which of its records."""

    model: str = Field(description="such as sale.opportunity or party.party")
    domain: list[Any] = Field(
        default_factory=list,
        description='a condition in Tryton\'s words, such as [[state, "=", won]]',
    )
    inactive: bool = Field(default=True, description="also records that were deactivated")
    size: int = Field(default=1_000, ge=1, le=10_000, description="records a page")


class TrytonConnector(HttpConnector):
    """A Tryton database."""

    kind = "tryton"
    version = "1"
    about = "records of any Tryton model over REST; `url` ends with the database's name"
    SourceOptions = HttpSource
    StreamOptions = TrytonStream

    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """Records that were made or changed since, by id."""
        options = parse_options(TrytonStream, spec.options)
        domain: list[Any] = list(options.domain)
        context = {"X-Tryton-Context": _coded({"active_test": False})} if options.inactive else {}
        column = CursorColumn.of(spec)
        if column is not None and column.way != (CHANGED,):
            raise PermanentError(
                f"the cursor is {column.way[0]}, which misses records that were never edited",
                where=f"stream {spec.name}",
                do=f"Declare a column {CHANGED} of type timestamp, and `cursor: {CHANGED}`",
            )
        if since is not None and column is not None:
            moment = _moment(column.value(since.low))
            domain.append(["OR", ["write_date", ">=", moment], ["create_date", ">=", moment]])
        fields = [*_fields(spec), "create_date", "write_date"]

        def listing(last: int) -> Listing:
            params = {
                "f": sorted(set(fields)),
                "d": _coded([*domain, ["id", ">", last]]),
                "o": _coded([["id", "ASC"]]),
                "s": options.size,
            }
            ask = Ask(f"rest/model/{options.model}", params, headers=context)
            return Listing(ask)

        return walk_by_id(self.client, listing)

    def mends(self, spec: StreamSpec) -> tuple[Mend, ...]:
        """Typed values become texts, and the time of the last change is added."""
        del spec
        return (*_padded(), *_plain(), *_changed())


def _fields(spec: StreamSpec) -> list[str]:
    """The fields to ask for: `$.party.rec_name` is `party.rec_name` in Tryton's words."""
    return [".".join(way_of(c.wanted)) for c in spec.columns if c.wanted != CHANGED]


def _coded(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode()


def _moment(value: datetime) -> dict[str, Any]:
    """An instant as Tryton writes it."""
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{name: getattr(value, name) for name in names}}


def _padded() -> tuple[Mend, ...]:
    """Zeros before single digits, place by place, so that texts can be put together."""
    mends, before = [], _DATE
    for place in _PLACES:
        mends.append(Mend(rf'({before}, "{place}": )(\d)([,}}])', r"\10\2\3"))
        before += rf', "{place}": \d\d'
    short = rf'({before}, "microsecond": )(\d{{1,5}})([,}}])'
    return (*mends, *[Mend(short, r"\10\2\3")] * 5)


def _plain() -> tuple[Mend, ...]:
    day = r'"year": (\d+), "month": (\d\d), "day": (\d\d)'
    clock = r'"hour": (\d\d), "minute": (\d\d), "second": (\d\d)'
    return (
        Mend(
            rf'\{{"__class__": "datetime", {day}, {clock}, "microsecond": (\d{{6}})\}}',
            r'"\1-\2-\3T\4:\5:\6.\7Z"',
        ),
        Mend(rf'\{{"__class__": "date", {day}\}}', r'"\1-\2-\3"'),
        Mend(r'\{"__class__": "Decimal", "decimal": "([^"]*)"\}', r"\1"),
        Mend(r'\{"__class__": "timedelta", "seconds": ([0-9.]+)\}', r"\1"),
    )


def _changed() -> tuple[Mend, ...]:
    made, text = r'"create_date": ("[^"]*")', r'"write_date": null'
    added = rf'\1, "{CHANGED}": \2}}'
    return (
        Mend(rf"(?s)^(\{{.*{made}.*{text}.*)\}}$", added),
        Mend(rf"(?s)^(\{{.*{text}.*{made}.*)\}}$", added),
        Mend(r'(?s)^(\{.*"write_date": ("[^"]*").*)\}$', added),
    )
