"""What the API says: the same as the command line, paged, dated, and only when it is new."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest
from access_builders import DATA, KR, OTHER, Browser, add_user, make_project, served
from flow_builders import Small
from icalendar import Calendar

from scoreline.core.records import CheckIn

API = "/api/v1"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """A project that was scored twice: a restatement of one day."""
    made = make_project(tmp_path_factory.mktemp("api"))
    with made.open() as project:
        for text in ("=cmd()", "@all"):
            entry = CheckIn(KR, date(2026, 11, 21), "maya", value="-4", note=text)
            project.store.add_check_in(entry, project.now())
    made.run()
    return made


@pytest.fixture(scope="module")
def browser(small: Small) -> Iterator[Browser]:
    """A program on this machine."""
    with served(small) as (app, _):
        yield Browser(app)


def test_key_results_are_what_status_prints(small: Small, browser: Browser) -> None:
    """The same fields and values as `status --json`, number for number."""
    items = browser.get(f"{API}/key-results").json()["items"]
    assert {i["id"].rsplit("/", 1)[1]: i for i in items} == small.status()
    one = browser.get(f"{API}/key-results/{DATA}").json()
    assert one["value"] == "4.000000"
    assert one["page"] == f"/key-results/{DATA}"


def test_pages_follow_each_other(browser: Browser) -> None:
    """`next` leads through all items once, keeping the filters."""
    path, seen = f"{API}/key-results?limit=2&team=learning", []
    while path:
        page = browser.get(path).json()
        assert page["total"] == 3
        seen += [i["id"] for i in page["items"]]
        path = page["next"]
    assert sorted(seen) == sorted([KR, OTHER, DATA])


def test_filters_narrow(browser: Browser) -> None:
    """By owner, status and words; what nobody has gives an empty page, not an error."""

    def names(query: str) -> list[str]:
        return [i["id"] for i in browser.get(f"{API}/key-results?{query}").json()["items"]]

    assert names("owner=tom@acme.example") == [OTHER]
    assert names("q=HAND") == [KR]
    assert names("status=no_data") == [OTHER]
    assert names("team=nobody") == []


def test_an_unchanged_answer_is_not_sent_again(small: Small) -> None:
    """The ETag holds until something is recorded, and then the answer is new."""
    with served(small) as (app, project):
        browser = Browser(app)
        first = browser.get(f"{API}/key-results")
        tag = {"If-None-Match": first.headers["etag"]}
        again = browser.get(f"{API}/key-results", headers=tag)
        assert (again.status_code, again.content) == (304, b"")
        other = browser.get(f"{API}/key-results?limit=1", headers=tag)
        assert other.status_code == 200
        entry = CheckIn(OTHER, date(2026, 11, 21), "tom", value="1")
        project.store.add_check_in(entry, project.now())
        assert browser.get(f"{API}/key-results", headers=tag).status_code == 200


def test_scores_as_known_at_an_earlier_moment(browser: Browser) -> None:
    """Before the restatement the first record stands, afterwards the second."""
    history = browser.get(f"{API}/key-results/{KR}/scores").json()["items"]
    assert [h["status"] for h in history] == ["no_data", "off_track"]
    assert history[1]["replaces"] == history[0]["record"]
    then = quote(history[0]["recorded_at"])
    for known, status in (("", "off_track"), (f"&known_at={then}", "no_data")):
        items = browser.get(f"{API}/scores?as_of=2026-11-21{known}").json()["items"]
        assert {i["key_result"]: i["status"] for i in items}[KR] == status


def test_a_series_has_every_day(browser: Browser) -> None:
    """Days without a value are there, with none; the last is the newest scored day."""
    path = f"{API}/key-results/{DATA}/series?from=2026-07-31&to=2026-08-02"
    points = browser.get(path).json()["items"]
    assert [p["day"] for p in points] == ["2026-07-31", "2026-08-01", "2026-08-02"]
    assert [p["value"] for p in points] == ["0.000000", "1.000000", "2.000000"]
    assert browser.get(f"{API}/key-results/{DATA}/series").json()["total"] == 144


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/key-results/a/b/c/d", 404),
        ("/nowhere", 404),
        ("/key-results?limit=0", 422),
        ("/key-results?as_of=1900-01-01", 404),
        ("/key-results?as_of=soon", 422),
        ("/scores?known_at=2026-11-22T06:00:00", 422),
        ("/changes?since=2026-11-21", 404),
        ("/objectives/2026-H2/learning/none", 404),
    ],
)
def test_what_is_wrong_is_said_the_same_way(browser: Browser, path: str, status: int) -> None:
    """Every refusal is a problem document with its status and a title."""
    found = browser.get(API + path)
    assert found.status_code == status
    assert found.headers["content-type"] == "application/problem+json"
    body = found.json()
    assert (body["status"], bool(body["title"])) == (status, True)


def test_nothing_can_be_changed_through_it(browser: Browser) -> None:
    """Every address refuses to write, in the same words."""
    found = browser.request("POST", f"{API}/key-results")
    assert found.status_code == 405
    assert found.headers["content-type"] == "application/problem+json"


def test_csv_is_safe_for_a_spreadsheet(browser: Browser) -> None:
    """A title or note that looks like a formula is text; a negative number stays one."""
    text = browser.get(f"{API}/exports/check-ins.csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [r["note"] for r in rows[:2]] == ["'=cmd()", "'@all"]
    assert rows[0]["value"] == "-4"
    titles = browser.get(f"{API}/exports/key-results.csv").text
    assert "'=People" in titles


def test_exports_say_the_same_in_each_format(browser: Browser) -> None:
    """JSON and Parquet hold the rows of the CSV; numbers of Parquet are decimals."""
    rows = browser.get(f"{API}/exports/key-results.json").json()
    raw = browser.get(f"{API}/exports/key-results.parquet").content
    table = pq.read_table(io.BytesIO(raw))
    assert table.column("id").to_pylist() == [r["id"] for r in rows]
    values = dict(
        zip(table.column("id").to_pylist(), table.column("value").to_pylist(), strict=True)
    )
    assert values[DATA] == 4
    assert values[OTHER] is None or values[OTHER] == 1
    scores = browser.get(f"{API}/exports/scores.json?days=3").json()
    assert {s["as_of"] for s in scores} == {"2026-11-21"}


def test_the_calendar_has_due_dates_and_reviews(browser: Browser) -> None:
    """Whole days with a stable identity, narrowed to an owner."""
    found = browser.get("/calendar.ics?owner=tom@acme.example")
    assert found.headers["content-type"].startswith("text/calendar")
    events = Calendar.from_ical(found.text).walk("VEVENT")
    named = {str(e["uid"]): e for e in events}
    assert set(named) >= {f"{OTHER}#due@scoreline", "2026-H2#review@scoreline"}
    assert not any(KR in uid for uid in named)
    assert named[f"{OTHER}#due@scoreline"].decoded("dtstart") == date(2026, 12, 31)


def test_a_badge_escapes_its_title(browser: Browser) -> None:
    """A title with markup is text in the picture, and the picture may stand elsewhere."""
    found = browser.get(f"/badge/{KR}.svg")
    assert found.headers["content-type"] == "image/svg+xml"
    assert "By &lt;b&gt;hand&lt;/b&gt;" in found.text
    assert found.headers["cross-origin-resource-policy"] == "cross-origin"
    for name in ("2026-H2/learning/o", "2026-H2/learning", "2026-H2"):
        assert browser.get(f"/badge/{name}.svg").status_code == 200
    assert browser.get("/badge/nothing.svg").status_code == 404


def test_tokens_open_what_they_are_for(tmp_path: Path) -> None:
    """A calendar's token opens no API, another password ends it, and forging gets nowhere."""
    small = make_project(tmp_path)
    with served(small) as (app, project):
        add_user(project, "ana@acme.example", "viewer", "auditor")
        doors, ana = app.state.doors, "ana@acme.example"
        calendar, api = doors.token(ana, "calendar"), doors.token(ana, "api")
        browser = Browser(app)
        assert browser.get("/calendar.ics").status_code == 303
        assert browser.get(f"/calendar.ics?token={calendar}").status_code == 200
        assert browser.get(f"/calendar.ics?token={api}").status_code == 303
        assert browser.get(f"/?token={calendar}").status_code == 303

        def status(token: str) -> int:
            headers = {"Authorization": f"Bearer {token}"}
            return browser.get(f"{API}/key-results", headers=headers).status_code

        assert status(api) == 200
        assert status(calendar) == status(api[:-2]) == status("") == 401
        rows = browser.get(f"/rows/{DATA}", headers={"Authorization": f"Bearer {api}"})
        assert rows.status_code == 403
        add_user(project, "ana@acme.example", "viewer")
        assert status(api) == 401
        project.store.drop_user("ana@acme.example")
