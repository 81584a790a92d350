"""Memory: it does not grow with the number of rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from sql_world import World

ROWS = 500_000
ROOM = 100 * 2**20
CODE = """
import json, os, resource, sys
from pathlib import Path
from connectors.base import State, StreamSpec
from connectors.sql import SqlConnector

given = json.loads(sys.argv[1])
connector = SqlConnector({"url": given["url"], "password": os.environ["PW"]}, base=Path())
peaks = []
for table in ("small", "big"):
    spec = StreamSpec("t", {"table": table, "batch_rows": 10000}, cursor="id", key=("id",))
    (ref,) = connector.discover(spec, State()).new
    batch = connector.extract(spec, ref, Path(given["work"]))
    rows = sum(part.num_rows for part in batch.reader())
    assert connector.discover(spec, State(batch.cursor)).new == ()
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
print(json.dumps({"rows": rows, "bytes": batch.origin.bytes, "grown": peaks[1] - peaks[0]}))
"""


@pytest.mark.slow
def test_memory_stays_flat(served: World) -> None:
    """Half a million rows of 160 bytes need hardly more memory than a fifth of them."""
    sequence = {
        "postgresql": "SELECT n FROM generate_series(1, {0}) AS s(n)",
        "mariadb": "SELECT seq AS n FROM seq_1_to_{0}",
    }[served.backend]
    for table, rows in (("small", 100_000), ("big", ROWS)):
        numbers = sequence.format(rows)
        text = "concat(md5(n), repeat(md5(n + 1), 4))"
        if served.backend == "postgresql":
            text = "concat(md5(n::text), repeat(md5((n + 1)::text), 4))"
        served.run(
            f"CREATE TABLE {table} (id integer PRIMARY KEY, x varchar(400))",
            f"INSERT INTO {table} SELECT n, {text} FROM ({numbers}) q",
        )
    given = json.dumps({"url": served.url, "work": str(served.work)})
    done = subprocess.run(
        [sys.executable, "-c", CODE, given],
        env={**os.environ, "PW": served.password or ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["rows"] == ROWS
    assert found["grown"] < ROOM
