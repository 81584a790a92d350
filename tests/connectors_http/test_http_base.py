"""The base of HTTP kinds, through the `rest` kind, against a server that misbehaves as told."""

from __future__ import annotations

import gzip
import json
import logging
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from http_server import Asked, Reply, serving

from connectors.base import ColumnSpec, State, StreamSpec
from connectors.batch import Batch
from connectors.errors import PermanentError, TransientError
from connectors.http.client import HttpClient
from connectors.http.options import HttpSource
from connectors.rest import RestConnector

COLUMNS = (
    ColumnSpec("id", type="integer"),
    ColumnSpec("name"),
    ColumnSpec("updated_at", type="timestamp"),
)
CANARY = "canary-7f3a9c-secret"


def row(number: int, day: int = 1) -> dict[str, Any]:
    return {"id": number, "name": f"Deal {number}", "updated_at": f"2026-03-{day:02d}T10:00:00Z"}


def stream(cursor: str | None = None, **options: Any) -> StreamSpec:
    return StreamSpec("deals", {"path": "/deals", **options}, COLUMNS, cursor, ("id",))


def connector(url: str, tmp_path: Path, **source: Any) -> RestConnector:
    effort = {"attempts": 3, "timeout": 5, **source.pop("effort", {})}
    made = RestConnector({"url": url, "effort": effort, **source}, base=tmp_path)
    made.client._sleep = made.client._pace._sleep = lambda seconds: None  # type: ignore[assignment]
    return made


def read(
    made: RestConnector, spec: StreamSpec, work: Path, state: State | None = None
) -> Batch | None:
    found = made.discover(spec, state or State()).new
    return made.extract(spec, found[0], work) if found else None


def lines(batch: Batch) -> list[dict[str, Any]]:
    return [json.loads(text) for part in batch.reader() for text in part.column(0).to_pylist()]


def everything(made: RestConnector, spec: StreamSpec, work: Path) -> list[dict[str, Any]]:
    batch = read(made, spec, work)
    assert batch is not None
    return lines(batch)


# Ways to page: each with 7 rows, 3 a page at most, whatever is asked for.

ROWS = [row(n) for n in range(1, 8)]


def by_link(asked: Asked) -> Reply:
    start = int(asked.params.get("from", 0))
    reply = Reply.of(ROWS[start : start + 3])
    if start + 3 < len(ROWS):
        reply.headers["Link"] = (
            f'</deals?from=0>; rel="first", </deals?from={start + 3}>; rel="next"'
        )
    return reply


def by_token(asked: Asked) -> Reply:
    given = asked.json if asked.body else asked.params
    start = int(given.get("after", 0))
    following = {"next": {"after": str(start + 3)}} if start + 3 < len(ROWS) else {}
    return Reply.of({"results": ROWS[start : start + 3], "paging": following})


def by_next_url(asked: Asked) -> Reply:
    start = int(asked.params.get("from", 0))
    more = f"deals?from={start + 3}" if start + 3 < len(ROWS) else ""
    return Reply.of({"statements": ROWS[start : start + 3], "more": more})


def by_offset(asked: Asked) -> Reply:
    start = int(asked.params["offset"])
    return Reply.of({"data": ROWS[start : start + 3], "total": 7})


def by_offset_until_status(asked: Asked) -> Reply:
    start = int(asked.params["offset"])
    return Reply.of(ROWS[start : start + 3], 200 if start < len(ROWS) else 416)


def by_page(asked: Asked) -> Reply:
    start = (int(asked.params["page"]) - 1) * 3
    return Reply.of({"data": {"items": ROWS[start : start + 3]}, "pages": 3})


PAGED: dict[str, tuple[Callable[[Asked], Reply], dict[str, Any]]] = {
    "link": (by_link, {"paging": {"type": "link"}}),
    "token": (by_token, {"records": "results", "paging": {"type": "token", "token": "paging.next.after", "param": "after"}}),
    "token in the body": (by_token, {"records": "results", "method": "POST", "body": {"q": "x"}, "paging": {"type": "token", "token": "paging.next.after", "param": "after", "place": "body"}}),
    "relative address": (by_next_url, {"records": "statements", "paging": {"type": "next_url", "next": "more"}}),
    "offset and total": (by_offset, {"records": "data", "total": "total", "paging": {"type": "offset", "size": 100}}),
    "offset until a status": (by_offset_until_status, {"paging": {"type": "offset", "past_end": [416]}}),
    "page": (by_page, {"records": "data.items", "paging": {"type": "page", "pages": "pages"}}),
}  # fmt: skip


@pytest.mark.parametrize("way", PAGED)
def test_every_way_to_page_gives_every_row_once(way: str, tmp_path: Path) -> None:
    """All rows come once and in order, also where the server sends fewer than it was asked for."""
    answering, options = PAGED[way]
    with serving(answering) as server:
        batch = read(connector(server.url, tmp_path), stream(**options), tmp_path)
        assert batch is not None
        assert [r["id"] for r in lines(batch)] == [1, 2, 3, 4, 5, 6, 7]
        receipt = batch.receipt()
        assert (receipt.rows_received, receipt.counted_rows, receipt.pages) == (7, 7, 3)
        assert receipt.declared_total == (7 if way == "offset and total" else None)


@pytest.mark.parametrize("way", PAGED)
@pytest.mark.parametrize("broken", [1, 2, 3])
def test_a_failure_at_any_page_loses_nothing(way: str, broken: int, tmp_path: Path) -> None:
    """A server that fails for good at page n gives nothing; asked again later, it gives all."""
    answering, options = PAGED[way]
    failing = True

    def answer(asked: Asked) -> Reply:
        position = len({json.dumps([a.params, a.body.decode()]) for a in server.asked})
        return Reply(b"down", 503) if failing and position >= broken else answering(asked)

    with serving(answer) as server:
        made = connector(server.url, tmp_path)
        with pytest.raises(TransientError, match="503"):
            read(made, stream(**options), tmp_path)
        failing = False
        assert [r["id"] for r in everything(made, stream(**options), tmp_path)] == list(range(1, 8))


def test_stored_pages_give_the_same_rows_again(tmp_path: Path) -> None:
    """The file of pages holds what was received: opened again it gives the same rows and digest."""
    with serving(by_next_url) as server:
        made = connector(server.url, tmp_path)
        spec = stream(records="statements", paging={"type": "next_url", "next": "more"})
        batch = read(made, spec, tmp_path)
        assert batch is not None
        first = lines(batch)
        again = made.reopen(spec, batch.object, batch.raw_path)
        assert (lines(again), again.digest) == (first, batch.digest)
        assert again.receipt().pages == 3


# Bodies that are not whole, in all forms; and bodies that are too much.

WHOLE = json.dumps([row(n) for n in range(1, 200)]).encode()
ZIPPED = gzip.compress(WHOLE)
SHORT = {
    "with length": Reply(WHOLE, cut=900),
    "chunked": Reply(WHOLE, cut=900, chunked=True),
    "without length": Reply(WHOLE, cut=900, length=False),
    "inside gzip": Reply(ZIPPED[: len(ZIPPED) // 2], headers={"Content-Encoding": "gzip"}),
    "reset": Reply(reset=True),
    "without length, between records": Reply(WHOLE[: WHOLE.index(b"}, {") + 1], length=False),
}


@pytest.mark.parametrize("form", SHORT)
def test_a_body_that_was_cut_short_is_never_taken(form: str, tmp_path: Path) -> None:
    """Each form of a short body is tried again, and refused as transient where it stays short."""
    with serving(lambda asked: SHORT[form]) as server, pytest.raises(TransientError):
        read(connector(server.url, tmp_path), stream(), tmp_path)
    with serving(lambda asked: SHORT[form] if len(server.asked) == 1 else Reply(WHOLE)) as server:
        assert len(everything(connector(server.url, tmp_path), stream(), tmp_path)) == 199


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_bodies_are_read(coding: str, tmp_path: Path) -> None:
    """Gzip and deflate come out whole."""
    body = ZIPPED if coding == "gzip" else zlib.compress(WHOLE)
    with serving(lambda asked: Reply(body, headers={"Content-Encoding": coding})) as server:
        assert len(everything(connector(server.url, tmp_path), stream(), tmp_path)) == 199


def test_a_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    """A small body that unpacks to 200 MB stops at the limit."""
    bomb = gzip.compress(b"[" + b" " * 200_000_000 + b"]", 1)
    with serving(lambda asked: Reply(bomb, headers={"Content-Encoding": "gzip"})) as server:
        made = connector(server.url, tmp_path, effort={"max_body": 1 << 20})
        with pytest.raises(PermanentError, match=r"more than 1,048,576 bytes"):
            read(made, stream(), tmp_path)


# Errors and how often they are tried.


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_passing_errors_are_tried_again(status: int, tmp_path: Path) -> None:
    """A 429 or 5xx that passes is not seen."""
    with serving(
        lambda a: Reply(b"busy", status) if len(server.asked) < 3 else Reply.of([row(1)])
    ) as server:
        assert len(everything(connector(server.url, tmp_path), stream(), tmp_path)) == 1
        assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
def test_refusals_are_not_tried_again(status: int, tmp_path: Path) -> None:
    """A refusal needs a person: one request, and the server's own words."""
    with serving(lambda asked: Reply(b'{"message": "not you"}', status)) as server:
        with pytest.raises(PermanentError, match=rf"{status}.*not you"):
            read(connector(server.url, tmp_path), stream(), tmp_path)
        assert len(server.asked) == 1


@pytest.mark.parametrize("form", ["seconds", "date", "reset"])
def test_the_pause_that_a_server_asks_for_is_kept(form: str, tmp_path: Path) -> None:
    """Retry-After in seconds or as a date, and X-RateLimit-Reset, are waited for."""
    now, slept = datetime(2026, 11, 20, 12, tzinfo=UTC), list[float]()
    later = now + timedelta(seconds=17)
    headers = {
        "seconds": {"Retry-After": "17"},
        "date": {"Retry-After": format_datetime(later, usegmt=True)},
        "reset": {"X-RateLimit-Reset": str(int(later.timestamp()))},
    }[form]
    with serving(
        lambda a: Reply(b"", 429, headers) if len(server.asked) == 1 else Reply.of([])
    ) as server:
        client = HttpClient(HttpSource(url=server.url), lambda: now, sleep=slept.append)
        assert client.get("/deals").body == b"[]"
    assert slept == [17.0]


def test_a_pause_that_is_too_long_ends_the_reading(tmp_path: Path) -> None:
    """An hour's pause is left to the next run, which is told of it."""
    with serving(lambda asked: Reply(b"", 429, {"Retry-After": "3600"})) as server:
        with pytest.raises(TransientError) as caught:
            read(connector(server.url, tmp_path), stream(), tmp_path)
        assert (caught.value.retry_after, len(server.asked)) == (3600.0, 1)


def test_a_page_of_html_is_no_data(tmp_path: Path) -> None:
    """A login page with status 200 is refused with what to do."""
    page = Reply(
        b"<!DOCTYPE html><html>Please sign in</html>", headers={"Content-Type": "text/html"}
    )
    with serving(lambda asked: page) as server:
        with pytest.raises(PermanentError, match="a page of HTML"):
            read(connector(server.url, tmp_path), stream(), tmp_path)


def test_an_error_in_a_body_of_status_200_is_an_error(tmp_path: Path) -> None:
    """The rule for errors finds them, says the server's words, and lets good answers pass."""
    rule = {"at": "exception", "message": "message", "transient": ["busy"]}
    answers = {
        "bad": Reply.of({"exception": "invalid", "message": "Invalid token"}),
        "busy": Reply.of({"exception": "busy", "message": "Later"}),
        "good": Reply.of([{**row(1), "exception": "in a record"}]),
    }
    with serving(lambda asked: answers[asked.params["which"]]) as server:
        made = connector(server.url, tmp_path, error=rule)
        with pytest.raises(PermanentError, match="Invalid token"):
            read(made, stream(params={"which": "bad"}), tmp_path)
        with pytest.raises(TransientError, match="Later"):
            read(made, stream(params={"which": "busy"}), tmp_path)
        assert len(everything(made, stream(params={"which": "good"}), tmp_path)) == 1


# Lists that do not hold still, or lie.


def test_a_repeated_page_is_refused(tmp_path: Path) -> None:
    """A server that ignores the page number does not fill a table with one page."""
    with serving(lambda asked: Reply.of(ROWS[:3])) as server:
        with pytest.raises(PermanentError, match="page 2 is the same as one before it"):
            read(connector(server.url, tmp_path), stream(paging={"type": "page"}), tmp_path)


def test_rows_that_move_between_pages_are_read_again(tmp_path: Path) -> None:
    """A total that changes starts the list again; one that never settles is refused."""

    def moving(asked: Asked) -> Reply:
        start = int(asked.params["offset"])
        total = 7 if len(server.asked) > 2 or start == 0 else 8
        return Reply.of({"data": ROWS[start : start + 3], "total": total})

    options = {"records": "data", "total": "total", "paging": {"type": "offset"}}
    with serving(moving) as server:
        assert len(everything(connector(server.url, tmp_path), stream(**options), tmp_path)) == 7
    with serving(lambda a: Reply.of({"data": ROWS[:2], "total": len(server.asked)})) as server:
        with pytest.raises(TransientError):
            read(connector(server.url, tmp_path), stream(**options), tmp_path)


def test_fewer_rows_than_declared_are_refused(tmp_path: Path) -> None:
    """An empty list where thousands are declared is no empty table."""
    with serving(lambda asked: Reply.of({"data": [], "total": 4_000})) as server:
        made = connector(server.url, tmp_path)
        spec = stream(records="data", total="total", paging={"type": "offset"})
        with pytest.raises(TransientError, match="0 rows were received, the server declares 4,000"):
            read(made, spec, tmp_path)


# Cursors.


def since(asked: Asked, rows: list[dict[str, Any]]) -> Reply:
    start = asked.params.get("since", "")
    return Reply.of([r for r in rows if r["updated_at"] >= start])


INCREMENTAL = {"incremental": {"param": "since", "overlap": "1d"}}


def kept(batch: Batch) -> State:
    return State(cursor=batch.receipt().cursor_to)


def test_a_cursor_asks_for_what_changed_with_an_overlap(tmp_path: Path) -> None:
    """The second reading asks from one overlap before the highest cursor, and gives the change
    alone; the pages that were kept give the same again.
    """
    rows = [row(1, 1), row(2, 5), row(3, 9)]
    with serving(lambda asked: since(asked, rows)) as server:
        made, spec = connector(server.url, tmp_path), stream("updated_at", **INCREMENTAL)
        batch = read(made, spec, tmp_path)
        assert batch is not None
        assert len(lines(batch)) == 3
        rows[0] = {**row(1, 10), "name": "changed"}
        second = read(made, spec, tmp_path, kept(batch))
        assert second is not None
        assert server.asked[-1].params == {"since": "2026-03-08T10:00:00Z"}
        assert {r["id"] for r in lines(second)} == {1}
        assert [r["id"] for r in lines(made.reopen(spec, second.object, second.raw_path))] == [1]


def test_nothing_new_is_nothing_to_read(tmp_path: Path) -> None:
    """Where the overlap holds the same rows in any order, no batch is made; a change makes one."""
    rows = [row(n, 9) for n in (1, 2, 3)]
    with serving(lambda asked: since(asked, rows)) as server:
        made, spec = connector(server.url, tmp_path), stream("updated_at", **INCREMENTAL)
        batch = read(made, spec, tmp_path)
        assert batch is not None
        lines(batch)
        rows.reverse()
        assert made.discover(spec, kept(batch)).unchanged == 1
        rows[0] = {**rows[0], "name": "changed in the same second"}
        assert len(made.discover(spec, kept(batch)).new) == 1


def test_a_changed_stream_starts_again(tmp_path: Path) -> None:
    """A position belongs to what was asked: with another path everything is read."""
    with serving(lambda asked: since(asked, [row(1, 1), row(2, 9)])) as server:
        made, spec = connector(server.url, tmp_path), stream("updated_at", **INCREMENTAL)
        batch = read(made, spec, tmp_path)
        assert batch is not None
        lines(batch)
        other = StreamSpec(
            "deals", {**spec.options, "params": {"all": 1}}, COLUMNS, "updated_at", ("id",)
        )
        made.discover(other, kept(batch))
        assert server.asked[-1].params == {"all": "1"}


# Signing in.


def test_every_way_to_sign_in_puts_its_header(tmp_path: Path) -> None:
    """Bearer, basic and key headers arrive as they should."""
    ways = [
        ({"type": "bearer", "token": CANARY}, ("authorization", f"Bearer {CANARY}")),
        ({"type": "basic", "username": "u", "password": "p"}, ("authorization", "Basic dTpw")),
        (
            {"type": "api_key", "header": "X-Key", "key": CANARY, "prefix": "T "},
            ("x-key", f"T {CANARY}"),
        ),
    ]
    with serving(lambda asked: Reply.of([])) as server:
        for auth, (name, value) in ways:
            connector(server.url, tmp_path, auth=auth).check(stream())
            assert server.asked[-1].headers[name] == value


def test_an_expired_token_is_renewed_half_way(tmp_path: Path) -> None:
    """OAuth 2: a token that dies between pages is replaced, and no row is lost."""
    issued: list[str] = []

    def answer(asked: Asked) -> Reply:
        if asked.path == "/token":
            issued.append(f"token-{len(issued)}-{CANARY}")
            return Reply.of(
                {"access_token": issued[-1], "token_type": "Bearer", "expires_in": 3600}
            )
        good = asked.headers.get("authorization") == f"Bearer {issued[-1]}"
        if asked.params.get("offset") == "3" and len(issued) == 1:
            good = False
        return by_offset(asked) if good else Reply(b"expired", 401)

    with serving(answer) as server:
        auth = {
            "type": "oauth2",
            "token_url": f"{server.url}/token",
            "client_id": "a",
            "client_secret": CANARY,
        }
        made = connector(server.url, tmp_path, auth=auth)
        spec = stream(records="data", total="total", paging={"type": "offset"})
        assert [r["id"] for r in everything(made, spec, tmp_path)] == list(range(1, 8))
        assert len(issued) == 2


def test_a_session_signs_in_with_its_token_against_forgery(tmp_path: Path) -> None:
    """The cookie of the login and the token's header come with every request."""

    def answer(asked: Asked) -> Reply:
        if asked.path == "/login":
            good = asked.json == {"username": "u", "password": CANARY, "facility": "f"}
            reply = Reply.of({}, 200 if good and asked.headers.get("x-csrftoken") == "c1" else 403)
            reply.headers["Set-Cookie"] = "session=s1; Path=/"
            return reply
        if asked.path == "/first":
            return Reply.of({}, Set_Cookie="csrftoken=c1; Path=/")
        signed = "session=s1" in asked.headers.get("cookie", "")
        return Reply.of([row(1)] if signed else [], 200 if signed else 401)

    with serving(answer) as server:
        auth = {
            "type": "session",
            "login": "/login",
            "csrf_from": "/first",
            "username": "u",
            "password": CANARY,
            "extra": {"facility": "f"},
        }
        assert len(everything(connector(server.url, tmp_path, auth=auth), stream(), tmp_path)) == 1


# Secrets and hosts.


@pytest.mark.parametrize("place", ["redirect", "link"])
def test_nothing_is_asked_of_another_host(place: str, tmp_path: Path) -> None:
    """A redirect or next page that leaves the host is refused, and the stranger sees no request."""
    with serving(lambda asked: Reply.of([row(2)])) as stranger:

        def answer(asked: Asked) -> Reply:
            if place == "redirect":
                return Reply(b"", 302, {"Location": f"{stranger.url}/deals"})
            return Reply.of([row(1)], Link=f'<{stranger.url}/deals>; rel="next"')

        with serving(answer) as server:
            auth = {"type": "bearer", "token": CANARY}
            made = connector(server.url, tmp_path, auth=auth)
            with pytest.raises(PermanentError, match="another host"):
                read(made, stream(paging={"type": "link"}), tmp_path)
        assert stranger.asked == []


def test_a_redirect_on_the_host_is_followed(tmp_path: Path) -> None:
    """A moved path is found, with the sign-in."""

    def answer(asked: Asked) -> Reply:
        if asked.path == "/deals":
            return Reply(b"", 308, {"Location": "/v2/deals"})
        return Reply.of([row(1)] if asked.headers.get("authorization") else [])

    with serving(answer) as server:
        made = connector(server.url, tmp_path, auth={"type": "bearer", "token": CANARY})
        assert len(everything(made, stream(), tmp_path)) == 1


def test_no_secret_leaves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A secret that the server echoes is in no error, log, receipt or stored page header."""
    caplog.set_level(logging.DEBUG)
    auth = {"type": "bearer", "token": CANARY}

    def answer(asked: Asked) -> Reply:
        echo = asked.headers["authorization"]
        return (
            Reply(f"who is {echo}".encode(), 400) if asked.params.get("bad") else Reply.of([row(1)])
        )

    with serving(answer) as server:
        made = connector(server.url, tmp_path, auth=auth, headers={"X-Tenant": f"{CANARY}-2"})
        with pytest.raises(PermanentError) as caught:
            read(made, stream(params={"bad": 1, "token": CANARY}), tmp_path)
        batch = read(made, stream(params={"wstoken": "other"}), tmp_path)
        assert batch is not None
        lines(batch)
        said = [
            str(caught.value),
            repr(caught.value),
            caplog.text,
            json.dumps(batch.receipt().as_dict()),
        ]
        said += [p.read_text() for p in tmp_path.iterdir() if p.is_file()]
        assert not [text for text in said if CANARY in text]
        assert "wstoken=***" in said[-1]


# Shapes.


def test_a_column_that_never_comes_is_missing(tmp_path: Path) -> None:
    """A renamed member is told, so that the contract blocks; a null one is there."""
    with serving(lambda asked: Reply.of([{"id": 1, "title": "x", "updated_at": None}])) as server:
        batch = read(connector(server.url, tmp_path), stream(), tmp_path)
        assert batch is not None
        lines(batch)
        assert batch.receipt().missing_columns == ("name",)


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    """Forty digits and trailing zeros arrive as they were sent."""
    body = b'[{"id": 1, "name": 12345678901234567890.12345678901234567890, "updated_at": 1.10}]'
    with serving(lambda asked: Reply(body)) as server:
        batch = read(connector(server.url, tmp_path), stream(), tmp_path)
        assert batch is not None
        text = batch.reader().read_all().column(0)[0].as_py()
        assert "12345678901234567890.12345678901234567890" in text
        assert "1.10" in text


def test_a_sample_reads_two_pages_only(tmp_path: Path) -> None:
    """Trying a source out does not read all of it."""
    with serving(by_offset) as server:
        made = connector(server.url, tmp_path)
        spec = stream(records="data", paging={"type": "offset"})
        batch = read(made, spec, tmp_path, State(sample=True))
        assert batch is not None
        assert len(lines(batch)) == 6
        assert "a sample" in batch.receipt().warnings[0]
