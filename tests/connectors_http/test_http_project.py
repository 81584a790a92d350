"""A project on an API, through the product's own steps."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes import PassingValidator
from http_server import Asked, Reply, serving

from scoreline.steps.project import Project
from scoreline.steps.run import run_all
from scoreline.steps.status import key_result_json, standing
from scoreline.wiring import open_project
from scoreline.workbench.own_connector import write_connector

DAY = date(2026, 11, 21)
FILES = {
    "organisation": """\
organisation: Test
timezone: Europe/Berlin
cycles:
  2026-H2: {start: 2026-07-01, end: 2026-12-31}
teams:
  learning: {lead: maya@acme.example}
people: {}
""",
    "sources/portal": """\
source: portal
connector: rest
options:
  url: "${env:PORTAL_URL}"
  auth: {type: bearer, token: "${env:PORTAL_TOKEN}"}
  effort: {attempts: 1}
streams:
  scores:
    options:
      path: /scores
      records: data
      total: total
      paging: {type: offset, size: 2}
      incremental: {param: since, format: epoch, overlap: 1h}
    columns:
      id: integer
      team: {type: text, header: $.person.team}
      score: {type: "decimal(20,10)", header: '$."score in %"'}
      taken_at: {type: timestamp, format: epoch}
      changed_at: {type: timestamp, format: epoch_ms}
    key: [id]
    load: merge
    version_by: changed_at
    cursor: changed_at
    event_time: taken_at
""",
    "metrics/learning": """\
metrics:
  rating:
    title: Average score
    owner: maya@acme.example
    unit: number
    from: portal.scores
    measure: {average: score}
    window: cycle
""",
    "objectives/2026-H2/learning": """\
cycle: 2026-H2
team: learning
objectives:
  learn:
    title: Learn
    owner: maya@acme.example
    key_results:
      rating: {title: Score, metric: rating, baseline: 0, target: 100}
""",
}
TAKEN = int(datetime(2026, 11, 1, 10, tzinfo=UTC).timestamp())


class Portal:
    """Rows that an API gives, by when they changed (hours after TAKEN)."""

    def __init__(self) -> None:
        self.rows: dict[int, tuple[str, int]] = {n: (f"{n}0.1000000001", n) for n in range(1, 6)}
        self.name = "score in %"

    def answer(self, asked: Asked) -> Reply:
        low = int(asked.params.get("since", 0))
        found = [
            (i, s, TAKEN + h * 3_600)
            for i, (s, h) in sorted(self.rows.items())
            if TAKEN + h * 3_600 >= low
        ]
        start = int(asked.params["offset"])
        rows = ", ".join(
            f'{{"id": {i}, "person": {{"team": "a"}}, "{self.name}": {score}, "taken_at": {TAKEN},'
            f' "changed_at": {changed}000}}'
            for i, score, changed in found[start : start + 2]
        )
        return Reply(f'{{"data": [{rows}], "total": {len(found)}}}'.encode())


@contextmanager
def opened(root: Path) -> Iterator[Project]:
    for name, text in FILES.items():
        path = root / "okr_defs" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    now = datetime(2026, 11, 22, 6, tzinfo=UTC)
    project = open_project(root, validator=PassingValidator(), clock=lambda: now)
    try:
        yield project
    finally:
        project.store.close()


def run(root: Path) -> tuple[dict[str, Any], list[str]]:
    with opened(root) as project:
        run_all(project, DAY)
        (found,) = standing(project, DAY).key_results
        return key_result_json(found), [b.state for b in project.store.batches()]


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    made = Portal()
    with serving(lambda asked: made.answer(asked)) as server:
        monkeypatch.setenv("PORTAL_URL", server.url)
        monkeypatch.setenv("PORTAL_TOKEN", "canary-portal-secret")
        yield made


def test_scores_follow_an_api(portal: Portal, tmp_path: Path) -> None:
    """New and changed rows move the value exactly; a run without news receives nothing; nested
    members, names with dots and spaces, epochs and ten decimals arrive; the token is nowhere.
    """
    found, states = run(tmp_path)
    assert (found["numerator"], found["denominator"]) == ("150.5000000005", "5")
    assert run(tmp_path)[1] == states == ["loaded"]
    portal.rows[2] = ("99.9", 9)
    portal.rows[6] = ("60", 9)
    found, states = run(tmp_path)
    assert (found["numerator"], found["denominator"]) == ("290.3000000004", "6")
    assert states == ["loaded", "loaded"]
    state = tmp_path / ".scoreline"
    written = [p for p in state.rglob("*") if p.is_file() and b"canary-portal" in p.read_bytes()]
    assert written == []


def test_a_renamed_member_holds_the_key_result(portal: Portal, tmp_path: Path) -> None:
    """A column that the API no longer has blocks the batch: the score is held, not zero."""
    good, _ = run(tmp_path)
    portal.name, portal.rows[7] = "points", ("70", 9)
    found, states = run(tmp_path)
    assert states == ["loaded", "blocked"]
    assert (found["status"], found["value"]) == ("held", good["value"])


def test_a_server_in_trouble_is_told_and_the_last_score_stays(
    portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends with a problem that names the source; nothing is lost or invented."""
    good, _ = run(tmp_path)
    trouble: Callable[[Asked], Reply] = lambda asked: Reply(b"", 503)  # noqa: E731
    monkeypatch.setattr(portal, "answer", trouble)
    with opened(tmp_path) as project:
        report = run_all(project, DAY)
        said = report.sources["portal"].streams["portal.scores"]
        assert "503" in str(said.error)
        assert said.transient
        (found,) = standing(project, DAY).key_results
        assert key_result_json(found)["value"] == good["value"]


def test_a_connector_of_ones_own_begins_with_a_test_that_passes(tmp_path: Path) -> None:
    """What `new connector` writes runs as it is, and a definition can name it."""
    made = write_connector(tmp_path, "portal", frozenset())
    assert made.named == "own_connectors.portal:PortalConnector"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
