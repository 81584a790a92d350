"""`dagster dev` as a newcomer starts it: the graph, a clean worktree, a run that is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from fakes import PassingValidator
from pipeline_fakes import environment, write_home, write_project

from scoreline.wiring import open_project

pytestmark = pytest.mark.slow
T = TypeVar("T")
LAUNCH = """
mutation($selector: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $selector}) {
    __typename ... on LaunchRunSuccess { run { runId } }
  }
}"""
RUNS = "{ runsOrError { ... on Runs { results { runId status rootRunId } } } }"
LOGS = """
query($run: ID!) {
  logsForRun(runId: $run) { ... on EventConnection { events { ... on MessageEvent { message } } } }
}"""


@dataclass(frozen=True)
class Page:
    """A running `dagster dev`."""

    home: Path
    port: int
    log: Path

    def ask(self, query: str, **variables: object) -> dict[str, Any] | None:
        """What its GraphQL answers; None while it is not up."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                found: dict[str, Any] | None = json.load(answer)["data"]
                return found
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None

    def wait_for(self, what: Callable[[], T | None]) -> T:
        """What the call gives as soon as it gives anything."""
        for _ in range(480):
            found = what()
            if found:
                return found
            time.sleep(0.5)
        pytest.fail(f"it never came\n{self.log.read_text()[-4000:]}")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """`dagster dev` on the test project, stopped at the end with all that it started."""
    folder = tmp_path_factory.mktemp("dev")
    home, log = write_home(write_project(folder / "project")), folder / "log"
    git = ["git", "-C", str(home)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            cwd=home,
            env=environment(home),
            start_new_session=True,
        )
        try:
            yield Page(home, port, log)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def test_the_page_shows_the_graph(page: Page) -> None:
    """With DAGSTER_HOME at the root and no arguments, every asset is on the page."""
    nodes = page.wait_for(
        lambda: (page.ask("{ assetNodes { assetKey { path } } }") or {}).get("assetNodes")
    )
    found = {"/".join(n["assetKey"]["path"]) for n in nodes}
    assert {"crm/deals", "metrics/sales", "objectives/2026-H2/sales", "scores_by_day"} <= found


def test_what_dagster_writes_is_ignored(page: Page) -> None:
    """Dagster writes into the root, and git shows nothing of it."""
    page.wait_for(lambda: page.ask("{ version }"))
    listed = ["git", "-C", str(page.home), "status", "-s", "--untracked-files=all"]
    shown = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
    assert (page.home / "history").is_dir()
    assert not [line for line in shown.splitlines() if not line.startswith("A ")]


def test_a_killed_run_frees_its_place(page: Page) -> None:
    """Kill -9 of a run that waits for the lock: it is marked failed, tried again, and succeeds."""
    page.wait_for(lambda: page.ask("{ version }"))
    holder = open_project(page.home, validator=PassingValidator(), clock=lambda: datetime.now(UTC))
    with holder.working("a test"):
        run = launched(page, "score")
        os.kill(page.wait_for(lambda: process_of(page, run)), signal.SIGKILL)
        page.wait_for(lambda: status_of(page, run) == "FAILURE")
    holder.close()
    page.wait_for(lambda: "SUCCESS" in retries_of(page, run))


def launched(page: Page, job: str) -> str:
    selector = {
        "repositoryLocationName": "scoreline",
        "repositoryName": "__repository__",
        "pipelineName": job,
    }
    answer = page.wait_for(lambda: page.ask(LAUNCH, selector=selector))["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess", answer
    run: str = answer["run"]["runId"]
    return run


def process_of(page: Page, run: str) -> int | None:
    """The process of a run, as the run's own log says."""
    data = page.ask(LOGS, run=run) or {"logsForRun": {}}
    for event in data["logsForRun"].get("events", ()):
        found = re.search(r"Executing steps in process \(pid: (\d+)\)", event.get("message", ""))
        if found:
            return int(found[1])
    return None


def runs(page: Page) -> list[dict[str, str]]:
    data = page.ask(RUNS) or {"runsOrError": {}}
    found: list[dict[str, str]] = data["runsOrError"].get("results", [])
    return found


def status_of(page: Page, run: str) -> str:
    return next((r["status"] for r in runs(page) if r["runId"] == run), "")


def retries_of(page: Page, run: str) -> list[str]:
    return [r["status"] for r in runs(page) if r["rootRunId"] == run and r["runId"] != run]
