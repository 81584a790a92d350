"""The doors to everything else: Singer taps and dlt sources."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from http_server import Asked, Reply, serving

from connectors.base import ColumnSpec, Connector, State, StreamSpec
from connectors.dlt import DltConnector
from connectors.errors import PermanentError, TransientError
from connectors.singer import SingerConnector

CANARY = "canary-93ab5e-secret"
TAP = """
import argparse, json, sys
p = argparse.ArgumentParser()
for name in ("config", "catalog", "state"):
    p.add_argument("--" + name)
p.add_argument("--discover", action="store_true")
given = p.parse_args()
config = json.load(open(given.config))
def say(**message): print(json.dumps(message), flush=True)
if given.discover:
    schema = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
    metadata = [{"breadcrumb": [], "metadata": {"inclusion": "available"}}, {"breadcrumb": ["properties", "id"], "metadata": {"inclusion": "automatic"}}]
    print(json.dumps({"streams": [{"tap_stream_id": "people", "stream": "people", "schema": schema, "metadata": metadata}]}))
    sys.exit()
if config.get("fail"):
    sys.exit("CRITICAL " + config["fail"] + " with " + config["token"])
stream = json.load(open(given.catalog))["streams"][0]
assert all(m["metadata"].get("selected") for m in stream["metadata"])
last = json.load(open(given.state))["bookmarks"]["people"]["id"] if given.state else 0
say(type="SCHEMA", stream="people", schema=stream["schema"], key_properties=["id"])
for row in json.load(open(config["rows"])):
    if row["id"] > last:
        say(type="RECORD", stream="people", record=row, time_extracted="2026-03-01T00:00:00Z")
        last = row["id"]
say(type="STATE", value={"bookmarks": {"people": {"id": last}}})
"""
DLT = """
import dlt

@dlt.resource
def people(rows, token, at=dlt.sources.incremental("id", initial_value=0)):
    if token == "broken":
        raise ConnectionError("the host is gone")
    import json
    yield json.load(open(rows))

@dlt.source
def everything(rows, token):
    return people(rows, token), dlt.resource([{"id": 1}], name="others")
"""
ROWS: list[dict[str, Any]] = [
    {"id": n, "name": f'row "{n}" }}, {{', "nested": {"type": "RECORD", "x": [1, {"y": 2.50}]}}
    for n in (1, 2, 3)
]
COLUMNS = (ColumnSpec("id", type="integer"), ColumnSpec("name"))


def read(made: Connector, work: Path, state: State) -> tuple[list[Any], State]:
    spec = StreamSpec("people", {}, COLUMNS, None, ("id",))
    found = made.discover(spec, state)
    if not found.new:
        assert found.unchanged == 1
        return [], state
    batch = made.extract(spec, found.new[0], work)
    rows = [json.loads(x) for part in batch.reader() for x in part.column(0).to_pylist()]
    again = made.reopen(spec, batch.object, batch.raw_path)
    assert [json.loads(x) for part in again.reader() for x in part.column(0).to_pylist()] == rows
    receipt = batch.receipt()
    assert receipt.rows_received == receipt.counted_rows == len(rows)
    return rows, State(cursor=receipt.cursor_to)


@pytest.fixture(params=["singer", "dlt"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    (tmp_path / "rows.json").write_text(json.dumps(ROWS))
    if request.param == "singer":
        (tmp_path / "tap.py").write_text(TAP)

        def singer(**config: Any) -> Connector:
            known = {"rows": str(tmp_path / "rows.json"), "token": CANARY, **config}
            return SingerConnector(
                {"tap": [sys.executable, str(tmp_path / "tap.py")], "config": known}, base=tmp_path
            )

        return singer
    pytest.importorskip("dlt")
    module = f"own_source_{abs(hash(tmp_path))}"
    (tmp_path / f"{module}.py").write_text(DLT)

    def dlt(**config: Any) -> Connector:
        token = "broken" if config.get("fail") else CANARY
        known = {"rows": str(tmp_path / "rows.json"), "token": token}
        return DltConnector({"source": f"{module}:everything", "arguments": known}, base=tmp_path)

    return dlt


def test_a_door_gives_every_row_and_then_only_new_ones(door: Any, tmp_path: Path) -> None:
    """Records come as they are, quotes and braces in them; the state is kept and handed back."""
    made = door()
    rows, state = read(made, tmp_path, State())
    assert rows == ROWS
    assert json.loads(json.dumps(dict(state.cursor or {}))) == state.cursor
    assert read(door(), tmp_path, state)[0] == []
    (tmp_path / "rows.json").write_text(json.dumps([*ROWS, {"id": 9, "name": "new"}]))
    again, _ = read(door(), tmp_path, state)
    assert 9 in [r["id"] for r in again]
    assert 1 not in [r["id"] for r in again]


def test_a_failing_door_says_why_without_secrets(door: Any, tmp_path: Path) -> None:
    """What the other side said last is told; what may pass is transient."""
    with pytest.raises(TransientError) as caught:
        read(door(fail="connection reset"), tmp_path, State())
    assert "connection reset" in str(caught.value) or "the host is gone" in str(caught.value)
    assert CANARY not in str(caught.value)


def test_an_unknown_stream_is_answered_with_those_there_are(door: Any, tmp_path: Path) -> None:
    """The error names the streams or resources."""
    with pytest.raises(PermanentError, match="people"):
        door().check(StreamSpec("peple", {}, COLUMNS))


def test_a_missing_tap_is_told(tmp_path: Path) -> None:
    """No program of that name: how to install one."""
    made = SingerConnector({"tap": "tap-that-is-not-there"}, base=tmp_path)
    with pytest.raises(PermanentError, match="uv tool install"):
        made.check(StreamSpec("people", {}, COLUMNS))


def test_the_rest_api_source_of_dlt_works(tmp_path: Path) -> None:
    """A source that dlt itself ships reads a paged API."""
    pytest.importorskip("dlt")

    def answer(asked: Asked) -> Reply:
        start = int(asked.params.get("offset", 0))
        return Reply.of({"data": ROWS[start : start + 2], "total": 3})

    with serving(answer) as server:
        paginator = {"type": "offset", "limit": 2, "total_path": "total"}
        endpoint = {"path": "people", "data_selector": "data", "paginator": paginator}
        config = {
            "client": {"base_url": server.url},
            "resources": [{"name": "people", "endpoint": endpoint}],
        }
        made = DltConnector(
            {"source": "dlt.sources.rest_api:rest_api_source", "arguments": {"config": config}},
            base=tmp_path,
        )
        assert [r["id"] for r in read(made, tmp_path, State())[0]] == [1, 2, 3]
