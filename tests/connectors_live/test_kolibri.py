"""The `kolibri` kind against a Kolibri with people and logs that another one exported."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fakes import PassingValidator
from live_servers import Kolibri, kolibri

from connectors.base import ColumnSpec, SeenObject, State, StreamSpec
from connectors.errors import PermanentError
from connectors.kolibri import KolibriConnector
from scoreline.steps.run import run_all
from scoreline.steps.status import key_result_json, standing
from scoreline.wiring import open_project

ROOT = Path(__file__).parents[2]

COLUMNS = {"summary": ("Username", "Content id", "Progress (0-1)"), "people": ("id", "username")}


def stream(what: str) -> StreamSpec:
    return StreamSpec(what, {"list": what, "size": 30}, tuple(ColumnSpec(n) for n in COLUMNS[what]))


@pytest.mark.slow
def test_logs_and_people_come_whole_and_a_stranger_is_refused(shared: Path, tmp_path: Path) -> None:
    """Each row of the export and each person comes once, then nothing, then what was added; a
    wrong password is an error where Kolibri itself would answer with an empty list.
    """
    exports = shared / "data/kolibri_exports"
    with (exports / "kolibri_summary_logs.csv").open(encoding="utf-8-sig", newline="") as file:
        loaded = list(csv.DictReader(file))
    with kolibri(tmp_path, exports) as server:
        account = {"url": server.url, "username": server.username, "password": server.password}
        connector = KolibriConnector(account, base=tmp_path)
        rows, state = read(connector, "summary", tmp_path, State())
        wanted = [{k: r[k] or None for k in COLUMNS["summary"]} for r in loaded]
        assert sorted(map(str, rows)) == sorted(map(str, wanted))
        assert connector.discover(stream("summary"), state).unchanged == 1
        server.run(CHANGED="1")
        again, _ = read(connector, "summary", tmp_path, state)
        assert len(again) == len(rows) + 1
        people, _ = read(connector, "people", tmp_path, State())
        assert len(people) == 76
        stranger = KolibriConnector({**account, "password": "wrong-password"}, base=tmp_path)
        with pytest.raises(PermanentError, match="the login answers 40"):
            stranger.check(stream("people"))
        found = follow_the_page(server, tmp_path / "okrs")
        done = sum(1 for r in loaded if r["Time of completion"]) + 1
        assert (found["numerator"], found["denominator"]) == (str(done), str(len(loaded) + 1))


def follow_the_page(server: Kolibri, root: Path) -> dict[str, Any]:
    """The key result that docs/kolibri.md leads to, its files as they stand there."""
    page = (ROOT / "docs/kolibri.md").read_text()
    organisation = "organisation: Acme\ntimezone: Europe/Berlin\ncycles:\n  2026-H2: {start: 2026-07-01, end: 2026-12-31}\nteams:\n  learning: {lead: maya@acme.example}\n"
    files = {"okr_defs/organisation.yaml": organisation}
    for block in re.findall(r"```yaml\n# (\S+)\n(.*?)```", page, re.DOTALL):
        text = block[1].replace("http://127.0.0.1:8080", server.url)
        files[block[0]] = text.replace("${env:KOLIBRI_PASSWORD}", "${file:password}")
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "password").write_text(server.password)
    project = open_project(root, validator=PassingValidator())
    try:
        day = date(2026, 11, 22)
        run_all(project, day)
        (found,) = standing(project, day).key_results
        return dict(key_result_json(found))
    finally:
        project.store.close()


def read(
    connector: KolibriConnector, what: str, work: Path, state: State
) -> tuple[list[dict[str, Any]], State]:
    spec = stream(what)
    (ref,) = connector.discover(spec, state).new
    batch = connector.extract(spec, ref, work)
    lines = [text for part in batch.reader() for text in part.column(0).to_pylist()]
    rows = [{k: v for k, v in json.loads(x).items() if k in COLUMNS[what]} for x in lines]
    seen = SeenObject(batch.object, batch.digest, batch.signature)
    return rows, State(objects={batch.object: seen})
