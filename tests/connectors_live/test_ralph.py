"""The `xapi` kind against ralph, with 22,000 real statements."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from live_servers import post_statements, ralph

from connectors.base import ColumnSpec, State, StreamSpec
from connectors.xapi import XapiConnector

COLUMNS = (
    ColumnSpec("id"),
    ColumnSpec("stored", type="timestamp"),
    ColumnSpec("timestamp", type="timestamp"),
    ColumnSpec("verb", header="$.verb.id"),
    ColumnSpec("actor", header="$.actor.account.name"),
)
SPEC = StreamSpec("statements", {"limit": 10_000, "overlap": "1s"}, COLUMNS, "stored", ("id",))


@pytest.mark.slow
def test_every_statement_comes_once_and_then_only_new_ones(shared: Path, tmp_path: Path) -> None:
    """Ralph caps pages in silence and compares `since` with the wrong time: still, all
    statements come once, then nothing, then the new ones, though they are years old.
    """
    with gzip.open(shared / "data/xapi_ralph_statements/statements.json.gz", "rt") as file:
        statements: list[dict[str, Any]] = [json.loads(line) for line in file]
    first, later = statements[:-25], statements[-25:]
    with ralph(tmp_path) as (endpoint, (username, password)):
        post_statements(endpoint, (username, password), first)
        auth = {"type": "basic", "username": username, "password": password}
        connector = XapiConnector({"url": endpoint, "auth": auth}, base=tmp_path)
        ids, state = read(connector, tmp_path, State())
        assert sorted(ids) == sorted(s["id"] for s in first)
        assert connector.discover(SPEC, state).unchanged == 1
        post_statements(endpoint, (username, password), later)
        new, _ = read(connector, tmp_path, state)
        assert {s["id"] for s in later} <= set(new)
        assert len(new) <= 8_000


def read(connector: XapiConnector, work: Path, state: State) -> tuple[list[str], State]:
    (ref,) = connector.discover(SPEC, state).new
    batch = connector.extract(SPEC, ref, work)
    ids = [json.loads(line)["id"] for part in batch.reader() for line in part.column(0).to_pylist()]
    receipt = batch.receipt()
    assert (receipt.rows_received, receipt.missing_columns) == (len(ids), ())
    return ids, State(cursor=receipt.cursor_to)
