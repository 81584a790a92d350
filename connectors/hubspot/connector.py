"""The `hubspot` kind: objects of the CRM, what changed by search, everything by list.

What belongs here: how HubSpot is asked. What does not: the base.

Sources: CRM API v3 (objects, search). The search stops at 10,000 results, so each page asks for
what changed since a moment with an id above the last one's: no window ever nears that number.
Associations come with the list, not with the search.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from connectors.base import StreamSpec
from connectors.errors import PermanentError
from connectors.http.connector import HttpConnector
from connectors.http.cursor import Position, start_of
from connectors.http.keyset import walk_by_id
from connectors.http.options import HttpSource
from connectors.http.paging import Ask, TokenPaging
from connectors.http.walking import Listing, Page, walk
from connectors.jsontext.ways import way_of
from connectors.options import Options, parse_options

SEARCHED, LISTED = 200, 100
"""The most that HubSpot gives at once."""


class HubspotSource(HttpSource):
    """Options at the source."""

    url: str = Field(default="https://api.hubapi.com", description="the API", pattern=r"^https?://")


class HubspotStream(Options):
    """Options at a stream: an object."""

    object: str = Field(pattern=r"^[A-Za-z0-9_-]+$", description="such as deals, contacts, 2-345")
    archived: bool = Field(default=False, description="also archived records, in a full read")
    associations: tuple[str, ...] = Field(
        default=(), description="ids of related records, such as companies, in a full read"
    )
    modified: str | None = Field(
        default=None,
        description="the property that tells when a record changed; hs_lastmodifieddate, or "
        "lastmodifieddate for contacts, if left out",
    )


class HubspotConnector(HttpConnector):
    """A HubSpot account."""

    kind = "hubspot"
    version = "1"
    about = "objects of HubSpot's CRM: what changed, or everything with associations"
    SourceOptions = HubspotSource
    StreamOptions = HubspotStream

    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """What changed since, by id; without a cursor everything, by the list."""
        options = parse_options(HubspotStream, spec.options)
        if spec.cursor is None:
            return self._listed(spec, options)
        if options.associations or options.archived:
            raise PermanentError(
                "the search gives neither associations nor archived records",
                where=f"stream {spec.name}",
                do="Leave out `cursor:` and set `load: replace`, or leave out those options",
            )
        return self._searched(spec, options, start_of(spec, since, "epoch_ms"))

    def _searched(
        self, spec: StreamSpec, options: HubspotStream, start: str | int | None
    ) -> Iterator[Page]:
        modified = options.modified or (
            "lastmodifieddate" if options.object == "contacts" else "hs_lastmodifieddate"
        )

        def listing(last: int) -> Listing:
            filters: list[dict[str, Any]] = [
                {"propertyName": "hs_object_id", "operator": "GT", "value": str(last)}
            ]
            if start is not None:
                filters.append({"propertyName": modified, "operator": "GTE", "value": str(start)})
            body = {
                "filterGroups": [{"filters": filters}],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": _properties(spec),
                "limit": SEARCHED,
            }
            ask = Ask(f"crm/v3/objects/{options.object}/search", json=body, method="POST")
            return Listing(ask, "results")

        return walk_by_id(self.client, listing)

    def _listed(self, spec: StreamSpec, options: HubspotStream) -> Iterator[Page]:
        for archived in ("false", "true") if options.archived else ("false",):
            params = {
                "properties": ",".join(_properties(spec)),
                "associations": ",".join(options.associations) or None,
                "archived": archived,
            }
            paging = TokenPaging(
                type="token",
                token="paging.next.after",  # noqa: S106  a way in the body
                param="after",
                size_param="limit",
                size=LISTED,
            )
            ask = Ask(f"crm/v3/objects/{options.object}", params)
            yield from walk(self.client, Listing(ask, "results", paging))


def _properties(spec: StreamSpec) -> list[str]:
    """What columns such as `$.properties.amount` need."""
    ways = [way_of(c.wanted.partition("[")[0]) for c in spec.columns]
    return sorted({way[1] for way in ways if len(way) > 1 and way[0] == "properties"})
