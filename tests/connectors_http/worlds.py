"""A small server for each kind, in the vendor's own words, over the same seven rows."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from http_server import Asked, Reply

from connectors.base import ColumnSpec, Connector, StreamSpec
from connectors.canvas import CanvasConnector
from connectors.google_sheets import GoogleSheetsConnector
from connectors.hubspot import HubspotConnector
from connectors.jira import JiraConnector
from connectors.kolibri import KolibriConnector
from connectors.moodle import MoodleConnector
from connectors.odoo import OdooConnector
from connectors.pipedrive import PipedriveConnector
from connectors.rest import RestConnector
from connectors.salesforce import SalesforceConnector
from connectors.tryton import TrytonConnector
from connectors.typeform import TypeformConnector
from connectors.xapi import XapiConnector

CANARY = "canary-5b1e77-secret"
PAGE = 3
BEARER = {"auth": {"type": "bearer", "token": CANARY}}
STAMP = "2026-03-{:02d}T10:00:00.000000+00:00"


@dataclass
class World:
    """A kind, how it is set up, and a server over `rows` (id, name, changed)."""

    kind: type[Connector]
    answer: Callable[[World, Asked], Reply]
    source: dict[str, Any]
    stream: dict[str, Any]
    columns: tuple[ColumnSpec, ...]
    id: str = "id"
    cursor: str | None = None
    rows: list[dict[str, Any]] = field(
        default_factory=lambda: [{"id": n, "name": f"row {n}", "day": n} for n in range(1, 8)]
    )

    @property
    def spec(self) -> StreamSpec:
        return StreamSpec("rows", self.stream, self.columns, self.cursor, ("id",))

    def since(self, text: str) -> list[dict[str, Any]]:
        """The rows that changed at or after a moment that the request names."""
        day = int(text[8:10]) if text else 0
        return sorted((r for r in self.rows if r["day"] >= day), key=lambda r: (r["day"], r["id"]))


def columns(*names: str, cursor: str = "") -> tuple[ColumnSpec, ...]:
    made = [ColumnSpec(n.rpartition(".")[2], header=n) for n in names]
    return (*made, *([ColumnSpec("changed", header=cursor, type="timestamp")] if cursor else []))


def part(rows: list[dict[str, Any]], start: int) -> tuple[list[dict[str, Any]], bool]:
    return rows[start : start + PAGE], start + PAGE < len(rows)


def rest(world: World, asked: Asked) -> Reply:
    found = world.since(asked.params.get("since", ""))
    rows, _ = part(found, int(asked.params["offset"]))
    shown = [{"id": r["id"], "name": r["name"], "changed": STAMP.format(r["day"])} for r in rows]
    return Reply.of({"data": shown, "total": len(found)})


def salesforce(world: World, asked: Asked) -> Reply:
    if asked.path.endswith("/queryAll"):
        soql = asked.params["q"]
        since = re.search(r"SystemModstamp >= (\S+)", soql)
        start, low = 0, since[1] if since else ""
    else:
        start, _, low = asked.path.rpartition("/")[2].partition("-at-")
        start = int(start)
    found = world.since(low)
    rows, more = part(found, start)
    shown = [
        {
            "attributes": {"type": "Row"},
            "Id": r["id"],
            "Name": r["name"],
            "SystemModstamp": STAMP.format(r["day"]),
        }
        for r in rows
    ]
    following = (
        {"nextRecordsUrl": f"/services/data/v62.0/query/{start + PAGE}-at-{low}"} if more else {}
    )
    return Reply.of({"totalSize": len(found), "done": not more, "records": shown, **following})


def bulk(world: World, asked: Asked) -> Reply:
    if asked.path.endswith("/jobs/query"):
        return Reply.of({"id": "750x", "state": "UploadComplete"})
    if asked.path.endswith("/750x"):
        return Reply.of(
            {"id": "750x", "state": "JobComplete", "numberRecordsProcessed": len(world.rows)}
        )
    start = int(asked.params.get("locator", 0))
    rows, more = part(world.rows, start)
    names = [c.wanted for c in world.columns]
    lines = [",".join(names), *(f'{r["id"]},"{r["name"]}"' for r in rows)]
    headers = {
        "Sforce-Locator": str(start + PAGE) if more else "null",
        "Sforce-NumberOfRecords": str(len(rows)),
    }
    return Reply("\n".join(lines).encode() + b"\n", 200, {"Content-Type": "text/csv", **headers})


def hubspot(world: World, asked: Asked) -> Reply:
    filters = {f["propertyName"]: int(f["value"]) for f in asked.json["filterGroups"][0]["filters"]}
    low = filters.get("hs_lastmodifieddate", 0) // 86_400_000 - 20_512 + 1
    found = [r for r in world.rows if r["id"] > filters["hs_object_id"] and r["day"] >= low]
    shown = [
        {
            "id": str(r["id"]),
            "properties": {"name": r["name"], "hs_lastmodifieddate": STAMP.format(r["day"])},
        }
        for r in sorted(found, key=lambda r: int(r["id"]))[:PAGE]
    ]
    return Reply.of({"total": len(found), "results": shown})


def pipedrive(world: World, asked: Asked) -> Reply:
    found = [] if asked.params.get("status") else world.since(asked.params.get("updated_since", ""))
    start = int(asked.params.get("cursor", 0))
    rows, more = part(found, start)
    shown = [
        {"id": r["id"], "name": r["name"], "update_time": STAMP.format(r["day"])} for r in rows
    ]
    extra = {"next_cursor": str(start + PAGE) if more else None}
    return Reply.of({"success": True, "data": shown, "additional_data": extra})


def canvas(world: World, asked: Asked) -> Reply:
    start = int(asked.params.get("page", "bookmark:0").partition(":")[2])
    rows, more = part(world.rows, start)
    link = {"Link": f'<{asked.path}?page=bookmark:{start + PAGE}>; rel="next"'} if more else {}
    return Reply.of([{"id": r["id"], "name": r["name"]} for r in rows], **link)


def jira(world: World, asked: Asked) -> Reply:
    if asked.path.endswith("/myself"):
        return Reply.of({"timeZone": "UTC"})
    since = re.search(r'updated >= "([^"]+)"', asked.json["jql"])
    start = int(asked.json.get("nextPageToken", "t0")[1:])
    rows, more = part(world.since(since[1] if since else ""), start)
    shown = [
        {"id": r["id"], "fields": {"summary": r["name"], "updated": STAMP.format(r["day"])}}
        for r in rows
    ]
    return Reply.of({"issues": shown, **({"nextPageToken": f"t{start + PAGE}"} if more else {})})


def typeform(world: World, asked: Asked) -> Reply:
    found = world.since(asked.params.get("since", ""))
    after = asked.params.get("after")
    start = next((n + 1 for n, r in enumerate(found) if f"k{r['id']}" == after), 0)
    shown = [
        {
            "token": f"k{r['id']}",
            "id": r["id"],
            "name": r["name"],
            "submitted_at": STAMP.format(r["day"]),
        }
        for r in found[start : start + PAGE]
    ]
    return Reply.of({"total_items": len(found), "items": shown})


def sheets(world: World, asked: Asked) -> Reply:
    ids, names = [r["id"] for r in world.rows], [r["name"] for r in world.rows]
    return Reply.of(
        {"range": "A1:B8", "majorDimension": "COLUMNS", "values": [["id", *ids], ["name", *names]]}
    )


def xapi(world: World, asked: Asked) -> Reply:
    if "/more/" in asked.path:
        start, _, low = asked.path.rpartition("/")[2].partition("-at-")
    else:
        start, low = "0", asked.params.get("since", "")
    rows, more = part(world.since(low), int(start))
    shown = [{"id": r["id"], "name": r["name"], "stored": STAMP.format(r["day"])} for r in rows]
    return Reply.of(
        {"statements": shown, "more": f"/more/{int(start) + PAGE}-at-{low}" if more else ""}
    )


def odoo(world: World, asked: Asked) -> Reply:
    params = asked.json["params"]
    if params["method"] == "authenticate":
        return Reply.of({"jsonrpc": "2.0", "id": 1, "result": 2})
    bounds = {name: value for name, _, value in params["args"][5][0]}
    low = bounds.get("write_date", "")
    found = sorted(
        (r for r in world.since(low) if r["id"] > bounds["id"]), key=lambda r: int(r["id"])
    )
    shown = [
        {"id": r["id"], "name": r["name"], "write_date": f"2026-03-{r['day']:02d} 10:00:00"}
        for r in found[:PAGE]
    ]
    return Reply.of({"jsonrpc": "2.0", "id": 1, "result": shown})


def tryton(world: World, asked: Asked) -> Reply:
    *others, (_, _, last) = json.loads(base64.urlsafe_b64decode(asked.params["d"]))
    low = others[0][1][2]["day"] if others else 0
    found = sorted(
        (r for r in world.rows if r["id"] > last and r["day"] >= low), key=lambda r: int(r["id"])
    )

    def moment(day: int) -> dict[str, Any]:
        clock = {"hour": 10, "minute": 0, "second": 0, "microsecond": 0}
        return {"__class__": "datetime", "year": 2026, "month": 3, "day": day, **clock}

    shown = [
        {
            "id": r["id"],
            "name": r["name"],
            "create_date": moment(1),
            "write_date": moment(r["day"]) if r["day"] > 1 else None,
        }
        for r in found[:PAGE]
    ]
    return Reply.of(shown)


def kolibri(world: World, asked: Asked) -> Reply:
    if asked.path.endswith("/api/auth/session/"):
        return Reply.of({}, Set_Cookie="kolibri=s; Path=/")
    if asked.path.endswith("/current/"):
        signed = "kolibri=s" in asked.headers.get("cookie", "")
        return Reply.of(
            {"user_id": "u" if signed else None, "kind": ["superuser"], "facility_id": "f"}
        )
    start = (int(asked.params["page"]) - 1) * PAGE
    if start and start >= len(world.rows):
        return Reply.of([{"id": "NOT_FOUND"}], 404)
    rows, _ = part(world.rows, start)
    pages = -(-len(world.rows) // PAGE)
    shown = [{"id": r["id"], "name": r["name"]} for r in rows]
    return Reply.of({"count": len(world.rows), "total_pages": pages, "results": shown})


def moodle(world: World, asked: Asked) -> Reply:
    form = dict(parse_qsl(asked.body.decode()))
    start = int(form["options[0][value]"])
    return Reply.of([{"id": r["id"], "name": r["name"]} for r in world.rows[start : start + PAGE]])


PLAIN = columns("id", "name")


def worlds() -> dict[str, World]:
    """A new world for each kind."""
    made = [
        World(
            RestConnector, rest, BEARER,
            {"path": "/rows", "records": "data", "total": "total", "paging": {"type": "offset"}, "incremental": {"param": "since"}},
            columns("id", "name", cursor="changed"), cursor="changed",
        ),
        World(
            SalesforceConnector, salesforce, BEARER, {"object": "Row__c"},
            columns("Id", "Name", cursor="SystemModstamp"), id="Id", cursor="changed",
        ),
        World(HubspotConnector, hubspot, BEARER, {"object": "deals"}, columns("id", "$.properties.name", cursor="$.properties.hs_lastmodifieddate"), cursor="changed"),
        World(PipedriveConnector, pipedrive, {"auth": {"type": "api_key", "header": "x-api-token", "key": CANARY}}, {"list": "deals"}, columns("id", "name", cursor="update_time"), cursor="changed"),
        World(CanvasConnector, canvas, BEARER, {"path": "accounts/self/users"}, PLAIN),
        World(JiraConnector, jira, {"auth": {"type": "basic", "username": "u", "password": CANARY}}, {"jql": "project = A"}, columns("id", "$.fields.summary", cursor="$.fields.updated"), cursor="changed"),
        World(TypeformConnector, typeform, BEARER, {"form": "abc"}, columns("id", "name", cursor="submitted_at"), cursor="changed"),
        World(GoogleSheetsConnector, sheets, BEARER, {"spreadsheet": "abcdefghijk", "range": "Scores"}, PLAIN),
        World(XapiConnector, xapi, {"auth": {"type": "basic", "username": "u", "password": CANARY}}, {}, columns("id", "name", cursor="stored"), cursor="changed"),
        World(OdooConnector, odoo, {"database": "d", "username": "u", "api_key": CANARY}, {"model": "crm.lead"}, columns("id", "name", cursor="write_date"), cursor="changed"),
        World(TrytonConnector, tryton, BEARER, {"model": "sale.opportunity"}, columns("id", "name", cursor="changed_at"), cursor="changed"),
        World(KolibriConnector, kolibri, {"username": "u", "password": CANARY}, {"list": "people"}, PLAIN),
        World(MoodleConnector, moodle, {"token": CANARY}, {"list": "people", "courses": [4]}, PLAIN),
    ]  # fmt: skip
    found = {world.kind.kind: world for world in made}
    found["salesforce in bulk"] = World(
        SalesforceConnector,
        bulk,
        BEARER,
        {"object": "Row__c", "bulk": True},
        columns("Id", "Name"),
        id="Id",
    )
    return found
