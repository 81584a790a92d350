"""One suite for every HTTP kind: what a score that goes to a board may rely on."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import worlds
from http_server import Asked, Reply, Server, serving
from worlds import CANARY, World

from connectors import registry
from connectors.base import Connector, State
from connectors.errors import ConnectorError, PermanentError, TransientError
from connectors.salesforce import connector as salesforce

KINDS = list(worlds.worlds())
INCREMENTAL = [name for name, world in worlds.worlds().items() if world.cursor]
PAGED = [name for name in KINDS if name != "google_sheets"]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salesforce, "POLL", 0.0)


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest) -> World:
    return worlds.worlds()[request.param]


def connect(world: World, server: Server, tmp_path: Path) -> Connector:
    made: Any = world.kind(
        {"url": server.url, "effort": {"attempts": 3, "timeout": 5}, **world.source}, base=tmp_path
    )
    made.client._sleep = made.client._pace._sleep = lambda seconds: None
    return made  # type: ignore[no-any-return]


def read(
    made: Connector, world: World, work: Path, state: State | None = None
) -> tuple[list[int], State, Any]:
    found = made.discover(world.spec, state or State()).new
    if not found:
        return [], state or State(), None
    batch = made.extract(world.spec, found[0], work)
    rows = [json.loads(x) for part in batch.reader() for x in part.column(0).to_pylist()]
    receipt = batch.receipt()
    return [int(r[world.id]) for r in rows], State(cursor=receipt.cursor_to), receipt


def answering(world: World) -> Callable[[Asked], Reply]:
    return lambda asked: world.answer(world, asked)


def test_every_installed_http_kind_is_in_the_suite() -> None:
    """A kind that is added without a world here fails."""
    others = {"files", "manual", "sql", "singer", "dlt"}
    assert set(registry.kinds()) - others == {w.kind.kind for w in worlds.worlds().values()}


def test_every_row_comes_once(world: World, tmp_path: Path) -> None:
    """All rows of all pages, each once, though the server caps pages; the receipt agrees."""
    with serving(answering(world)) as server:
        ids, _, receipt = read(connect(world, server, tmp_path), world, tmp_path)
    assert sorted(ids) == [1, 2, 3, 4, 5, 6, 7]
    assert (receipt.rows_received, receipt.counted_rows, receipt.missing_columns) == (7, 7, ())


@pytest.mark.parametrize("name", INCREMENTAL)
def test_after_the_first_reading_only_changes_come(name: str, tmp_path: Path) -> None:
    """Then nothing; then exactly what was added and what was changed."""
    world = worlds.worlds()[name]
    with serving(answering(world)) as server:
        made = connect(world, server, tmp_path)
        _, state, _ = read(made, world, tmp_path)
        assert made.discover(world.spec, state).unchanged == 1
        world.rows[1] = {"id": 2, "name": "changed", "day": 9}
        world.rows.append({"id": 8, "name": "row 8", "day": 9})
        ids, state, _ = read(made, world, tmp_path, state)
        assert sorted(ids) == [2, 8]
        assert made.discover(world.spec, state).unchanged == 1


def half(reply: Reply) -> Reply:
    """The first half of an answer, without a length that would tell."""
    return Reply(reply.body[: len(reply.body) // 2], 200, reply.headers, length=False)


TROUBLES: dict[str, Callable[[Reply], Reply]] = {
    "500": lambda reply: Reply(b"", 500),
    "429": lambda reply: Reply(b"", 429),
    "reset": lambda reply: Reply(reset=True),
    "cut, length": lambda reply: Reply(reply.body, cut=len(reply.body) // 2),
    "cut, no length": half,
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_at_any_request_loses_nothing(trouble: str, world: World, tmp_path: Path) -> None:
    """At each request in turn: trouble that passes is not seen; trouble that stays is a
    transient error, after which the next reading gives all rows.
    """
    with serving(answering(world)) as server:
        read(connect(world, server, tmp_path), world, tmp_path)
        requests = len(server.asked)
    for broken in range(1, requests + 1):
        if world.kind.kind == "kolibri" and broken == 1:
            continue  # the login itself is not repeated
        once = {"left": 1}

        def answer(asked: Asked, broken: int = broken, once: dict[str, int] = once) -> Reply:
            if len(server.asked) >= broken and once["left"]:
                once["left"] -= 1
                return TROUBLES[trouble](world.answer(world, asked))
            return world.answer(world, asked)

        with serving(answer) as server:
            ids, _, _ = read(connect(world, server, tmp_path), world, tmp_path)
            assert sorted(ids) == [1, 2, 3, 4, 5, 6, 7], f"request {broken}"
        once["left"] = 1_000
        with serving(answer) as server:
            made = connect(world, server, tmp_path)
            with pytest.raises(TransientError):
                read(made, world, tmp_path)
            once["left"] = 0
            ids, _, _ = read(made, world, tmp_path)
            assert sorted(ids) == [1, 2, 3, 4, 5, 6, 7], f"request {broken}"


def test_a_refused_sign_in_is_no_data(world: World, tmp_path: Path) -> None:
    """401 is an error that a person must mend, never an empty stream."""
    with serving(lambda asked: Reply.of({"message": "who are you"}, 401)) as server:
        with pytest.raises(PermanentError):
            read(connect(world, server, tmp_path), world, tmp_path)


def test_a_page_for_people_is_no_data(world: World, tmp_path: Path) -> None:
    """HTML with status 200 is refused."""
    page = Reply(
        b"<!doctype html><p>sign in",
        headers={"Content-Type": "text/html", "Set-Cookie": "kolibri=s"},
    )
    with serving(lambda asked: page) as server:
        with pytest.raises(ConnectorError):
            read(connect(world, server, tmp_path), world, tmp_path)


def test_an_empty_source_is_empty(world: World, tmp_path: Path) -> None:
    """No rows are no error, and no row is invented."""
    world.rows = []
    with serving(answering(world)) as server:
        ids, _, receipt = read(connect(world, server, tmp_path), world, tmp_path)
    assert ids == []
    assert receipt is None or receipt.rows_received == 0


def test_a_renamed_member_is_told(world: World, tmp_path: Path) -> None:
    """A column that no record has any more is missing, so the contract can block."""

    def answer(asked: Asked) -> Reply:
        reply = world.answer(world, asked)
        body = reply.body
        for name in (b"name", b"Name", b"summary"):
            body = body.replace(b'"' + name + b'"', b'"title"').replace(
                b"," + name + b"\n", b",title\n"
            )
        return Reply(body, reply.status, reply.headers)

    with serving(answer) as server:
        _, _, receipt = read(connect(world, server, tmp_path), world, tmp_path)
    assert len(receipt.missing_columns) == 1
    assert receipt.missing_columns[0] in ("name", "Name", "summary")


def test_no_secret_leaves(world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The secret is in no stored file, receipt, log or error, also where the server repeats it."""
    caplog.set_level(logging.DEBUG)
    said = []
    with serving(answering(world)) as server:
        _, _, receipt = read(connect(world, server, tmp_path), world, tmp_path)
        said.append(json.dumps(receipt.as_dict()))
    with serving(
        lambda asked: Reply(f"you sent {CANARY} and {asked.headers}".encode(), 400)
    ) as server:
        with pytest.raises(ConnectorError) as caught:
            read(connect(world, server, tmp_path), world, tmp_path)
        said.append(str(caught.value))
    said.append(caplog.text)
    said += [path.read_text() for path in tmp_path.iterdir() if path.is_file()]
    assert len(said) > 3
    assert not [text for text in said if CANARY in text]


def test_check_proves_that_it_can_be_read(world: World, tmp_path: Path) -> None:
    """`check` passes on a good server, and asks for little."""
    with serving(answering(world)) as server:
        connect(world, server, tmp_path).check(world.spec)
        assert len(server.asked) <= 3
