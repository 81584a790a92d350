"""Kinds against answers that real servers gave, served again with their headers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from http_server import Asked, Reply, Server, serving

from connectors.base import ColumnSpec, Connector, State, StreamSpec
from connectors.canvas import CanvasConnector
from connectors.errors import PermanentError
from connectors.moodle import MoodleConnector
from connectors.odoo import OdooConnector
from connectors.tryton import TrytonConnector
from connectors.xapi import XapiConnector

HOP = ("connection", "transfer-encoding", "content-length", "content-encoding", "date", "server")


@pytest.fixture
def recorded(shared: Path) -> Path:
    return shared / "data/recorded_responses"


def replay(folder: Path, name: str) -> Reply:
    lines = (folder / f"{name}.headers").read_text().splitlines()
    pairs = [line.partition(":") for line in lines[1:] if ":" in line]
    headers = {k.strip(): v.strip() for k, _, v in pairs if k.strip().lower() not in HOP}
    return Reply((folder / f"{name}.body").read_bytes(), int(lines[0].split()[1]), headers)


def columns(*names: str) -> tuple[ColumnSpec, ...]:
    return tuple(ColumnSpec(n.rpartition(".")[2], header=n) for n in names)


def rows(connector: Connector, spec: StreamSpec, work: Path) -> list[dict[str, Any]]:
    (ref,) = connector.discover(spec, State()).new
    batch = connector.extract(spec, ref, work)
    found = [json.loads(x) for part in batch.reader() for x in part.column(0).to_pylist()]
    assert batch.receipt().rows_received == len(found)
    return found


def test_adl_lrs_more_lies_under_another_path(recorded: Path, tmp_path: Path) -> None:
    """`more` is followed from /xAPI to /xapi, and the second page's statements come too."""
    folder = recorded / "adl_lrs"
    pages = {"/xAPI/statements": "statements_page1"}

    def answer(asked: Asked) -> Reply:
        if asked.path in pages:
            return replay(folder, pages[asked.path])
        last = replay(folder, "statements_page2")
        document = json.loads(last.body)
        return Reply(json.dumps({**document, "more": ""}).encode(), last.status, last.headers)

    with serving(answer) as server:
        connector = XapiConnector({"url": f"{server.url}/xAPI"}, base=tmp_path)
        spec = StreamSpec("s", {}, columns("id", "stored"), None, ("id",))
        found = rows(connector, spec, tmp_path)
        assert [a.path for a in server.asked][1].startswith("/xapi/statements/more/")
        assert len({r["id"] for r in found}) == len(found) > 50


def test_ralph_ends_without_more(recorded: Path, tmp_path: Path) -> None:
    """Where `more` is absent the list ends; `limit` was capped in silence."""
    folder = recorded / "ralph_5.1.0"

    def answer(asked: Asked) -> Reply:
        if "search_after" in asked.params:
            last = replay(folder, "statements_page2")
            document = json.loads(last.body)
            document.pop("more", None)
            return Reply(json.dumps(document).encode(), 200, last.headers)
        return replay(folder, "statements_page1")

    with serving(answer) as server:
        connector = XapiConnector({"url": f"{server.url}/xAPI"}, base=tmp_path)
        spec = StreamSpec("s", {"limit": 5_000}, columns("id"), None, ("id",))
        found = rows(connector, spec, tmp_path)
        assert len({r["id"] for r in found}) == len(found)
        assert len(server.asked) == 2


def odoo(server: Server, tmp_path: Path) -> OdooConnector:
    account = {"database": "odoo17", "username": "admin", "api_key": "a-secret-key"}
    return OdooConnector({"url": server.url, **account}, base=tmp_path)


LEADS = StreamSpec(
    "leads",
    {"model": "crm.lead", "domain": [["type", "=", "opportunity"]]},
    (
        ColumnSpec("id", type="integer"),
        ColumnSpec("active", type="boolean"),
        ColumnSpec("date_closed"),
        ColumnSpec("account", header="$.partner_id[1]"),
        ColumnSpec("write_date", type="timestamp"),
    ),
    "write_date",
    ("id",),
)


def test_odoo_false_is_null_and_archived_records_are_asked_for(
    recorded: Path, tmp_path: Path
) -> None:
    """`false` in a text is null and in a boolean false; lost deals are asked for; pages go by id."""
    folder = recorded / "odoo_17"

    def answer(asked: Asked) -> Reply:
        params = asked.json["params"]
        if params["method"] == "authenticate":
            return Reply.of({"jsonrpc": "2.0", "id": 1, "result": 2})
        options, domain = params["args"][6], params["args"][5][0]
        assert options["context"]["active_test"] is False
        assert domain[0] == ["type", "=", "opportunity"]
        if domain[-1][2] == 0:
            return replay(folder, "crm_lead_page1")
        return Reply.of({"jsonrpc": "2.0", "id": 1, "result": []})

    with serving(answer) as server:
        found = rows(odoo(server, tmp_path), LEADS, tmp_path)
        assert found[0]["date_closed"] is None
        assert found[0]["active"] is True
        assert {type(r["active"]) for r in found} == {bool}


@pytest.mark.parametrize("name", ["error_bad_field", "error_bad_password"])
def test_odoo_errors_in_a_200_are_errors(name: str, recorded: Path, tmp_path: Path) -> None:
    """An error with status 200 is told in Odoo's words, without the key."""
    with serving(lambda asked: replay(recorded / "odoo_17", name)) as server:
        with pytest.raises(PermanentError, match="Odoo answers") as caught:
            odoo(server, tmp_path).check(LEADS)
        assert "a-secret-key" not in str(caught.value)


def test_tryton_values_are_plain_and_unedited_records_have_a_time(
    recorded: Path, tmp_path: Path
) -> None:
    """Decimals, dates and times become texts; a record without write_date has its creation."""
    names = iter(
        ["opportunity_page1", "opportunity_page2", "opportunity_page3", "opportunity_page4"]
    )

    def answer(asked: Asked) -> Reply:
        body = (recorded / f"tryton_8.0/{next(names)}.body").read_bytes()
        return Reply(body, headers={"Content-Type": "application/json"})

    spec = StreamSpec(
        "o",
        {"model": "sale.opportunity"},
        (
            *columns("id", "number", "amount", "start_date"),
            ColumnSpec("changed_at", type="timestamp"),
        ),
        "changed_at",
        ("id",),
    )
    with serving(answer) as server:
        found = rows(
            TrytonConnector({"url": f"{server.url}/tryton8"}, base=tmp_path), spec, tmp_path
        )
        assert len(found) == 60
        assert found[0]["start_date"] == "2026-03-10"
        unedited = [r for r in found if r["write_date"] is None]
        assert unedited
        assert all(r["changed_at"] == r["create_date"] for r in unedited)


@pytest.fixture
def moodle(recorded: Path) -> Iterator[Server]:
    folder = recorded / "moodle_4.3"

    def answer(asked: Asked) -> Reply:
        form = dict(pair.split("=", 1) for pair in asked.body.decode().split("&"))
        function = asked.params["wsfunction"]
        if form["wstoken"] != "good-token":
            return replay(folder, "error_bad_token")
        if function == "core_course_get_courses":
            return replay(folder, "courses")
        if function == "core_enrol_get_enrolled_users":
            start = next(v for k, v in form.items() if k.endswith("0%5D%5Bvalue%5D"))
            return replay(folder, f"enrolled_c4_from{0 if start == '0' else 20}")
        if form["courseid"] != "4":
            return replay(folder, "error_no_criteria")
        if function == "gradereport_user_get_grade_items":
            return replay(folder, "grades_c4")
        person = min(int(form["userid"]), 6)
        what = "activities" if "activities" in function else "completion"
        return replay(folder, f"{what}_c4_u{max(person, 4)}")

    with serving(answer) as server:
        yield server


def test_moodle_completion_is_asked_for_each_person(moodle: Server, tmp_path: Path) -> None:
    """Each person of a course has a row with both ids; courses without criteria are named."""
    connector = MoodleConnector({"url": moodle.url, "token": "good-token"}, base=tmp_path)
    spec = StreamSpec(
        "c",
        {"list": "completion", "courses": [4, 5]},
        columns("courseid", "userid", "$.completionstatus.completed"),
    )
    (ref,) = connector.discover(spec, State()).new
    batch = connector.extract(spec, ref, tmp_path)
    found = [json.loads(x) for part in batch.reader() for x in part.column(0).to_pylist()]
    assert len({r["userid"] for r in found}) == len(found) > 3
    assert {r["courseid"] for r in found} == {4}
    assert "courses 5" in batch.receipt().warnings[0]


def test_moodle_grades_are_a_row_for_each_item(moodle: Server, tmp_path: Path) -> None:
    """Grade items carry course and person, and numbers as they stand."""
    connector = MoodleConnector({"url": moodle.url, "token": "good-token"}, base=tmp_path)
    spec = StreamSpec(
        "g", {"list": "grades", "courses": [4]}, columns("courseid", "userid", "id", "graderaw")
    )
    found = rows(connector, spec, tmp_path)
    assert len({(r["userid"], r["id"]) for r in found}) == len(found)
    assert found[0]["graderaw"] == 69


def test_moodle_errors_in_a_200_are_errors(moodle: Server, tmp_path: Path) -> None:
    """A bad token is told, and stands in no address."""
    connector = MoodleConnector({"url": moodle.url, "token": "bad-token-1"}, base=tmp_path)
    with pytest.raises(PermanentError, match="Invalid token"):
        connector.check(StreamSpec("c", {"list": "courses"}, columns("id")))
    assert "wstoken" not in moodle.asked[-1].params


def test_canvas_links_are_followed(shared: Path, tmp_path: Path) -> None:
    """Canvas's opaque links are followed to the end, for six objects in three pages."""
    fixtures = json.loads(
        (
            shared / "data/api_fixtures/canvas_canvasapi/tests/fixtures/paginated_list.json"
        ).read_text()
    )
    pages = [fixtures[f"6_3_pages_p{n}"] for n in (1, 2, 3)]

    def answer(asked: Asked) -> Reply:
        page = pages[int(asked.params.get("page", 1)) - 1]
        link = {
            k: v.replace("https://example.com", server.url)
            for k, v in page.get("headers", {}).items()
        }
        return Reply.of(page["data"], page["status_code"], **link)

    with serving(answer) as server:
        connector = CanvasConnector({"url": server.url}, base=tmp_path)
        spec = StreamSpec("o", {"path": "six_objects_three_pages"}, columns("id", "name"))
        assert len(rows(connector, spec, tmp_path)) == 6
