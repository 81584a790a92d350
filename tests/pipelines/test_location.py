"""The code location as Dagster's own processes load it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pipeline_fakes import FakeSteps

from pipelines.definitions import build_definitions, project_root

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("duckdb", "pyarrow", "great_expectations", "sqlalchemy", "pandas")
QUERY = "{ assetNodes { assetKey { path } } }"


def environment(home: Path) -> dict[str, str]:
    left_out = ("SCORELINE_PROJECT", "DAGSTER_HOME")
    kept = {k: v for k, v in os.environ.items() if k not in left_out}
    return kept | {"DAGSTER_HOME": str(home), "PYTHONPATH": str(ROOT)}


@pytest.fixture
def home(project: Path) -> Path:
    """The test project with this project's settings for Dagster, under version control."""
    for name in ("dagster.yaml", "pyproject.toml", ".gitignore"):
        shutil.copy(ROOT / name, project / name)
    return project


def test_loading_reads_definitions_only(project: Path) -> None:
    """Building the code location imports no database, Arrow or Great Expectations."""
    program = (
        "import sys; from pathlib import Path; from pipelines.definitions import *\n"
        f"build_definitions(Path({str(project)!r})).get_repository_def()\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
    assert not (project / ".scoreline").exists(), "loading must write nothing"


def test_importing_reads_nothing() -> None:
    """The module holds a loader, so that importing it opens no file."""
    from pipelines import definitions

    assert not isinstance(definitions.defs, dg.Definitions)


def test_the_root_is_where_the_definitions_are(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`SCORELINE_PROJECT` wins, then the current folder, then the package's own."""
    monkeypatch.delenv("SCORELINE_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path)
    assert project_root() == ROOT
    monkeypatch.chdir(project)
    assert project_root() == project
    monkeypatch.setenv("SCORELINE_PROJECT", str(tmp_path))
    assert project_root() == tmp_path


def test_the_settings_are_what_is_said(home: Path) -> None:
    """One run at a time, monitored with a limit, no telemetry; failed steps not run again."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_runtime_seconds > 0
        assert instance.run_retries_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert not instance.telemetry_enabled
        assert instance.freshness_enabled


def test_the_example_loads(steps: FakeSteps) -> None:
    """Every stream, metrics file and objectives file of the example is an asset."""
    graph = build_definitions(ROOT).resolve_asset_graph()
    keys = {k.to_user_string() for k in graph.get_all_asset_keys()}
    for kind in ("metrics", "objectives"):
        for path in (ROOT / "okr_defs" / kind).rglob("*.yaml"):
            relative = path.relative_to(ROOT / "okr_defs").with_suffix("")
            assert relative.as_posix() in keys
    assert not [k for k in keys if k.startswith("definitions")]


@pytest.mark.slow
def test_dagster_validates_it(home: Path) -> None:
    """`dagster definitions validate` passes from the project's folder without arguments."""
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate"],
        capture_output=True,
        text=True,
        cwd=home,
        env=environment(home),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "scoreline" in done.stderr + done.stdout


@contextmanager
def dagster_dev(home: Path, log: Path) -> Iterator[int]:
    """`dagster dev` on a free port, stopped at the end with all it started."""
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
            yield port
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def ask(port: int, query: str) -> dict[str, Any] | None:
    """What the page's GraphQL answers; None while it is not up."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query}).encode(),
        {"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)["data"]
            return found
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


@pytest.mark.slow
def test_dagster_dev_shows_the_graph(home: Path, tmp_path: Path) -> None:
    """`dagster dev` with DAGSTER_HOME at the root shows every asset, and dirties no worktree."""
    git = ["git", "-C", str(home)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    before = subprocess.run([*git, "status", "-s"], capture_output=True, text=True, check=True)
    log, data = tmp_path / "log", None
    with dagster_dev(home, log) as port:
        for _ in range(240):
            data = ask(port, QUERY)
            if data is not None and data["assetNodes"]:
                break
            time.sleep(0.5)
    assert data is not None, log.read_text()
    found = {"/".join(n["assetKey"]["path"]) for n in data["assetNodes"]}
    assert {"crm/deals", "metrics/sales", "objectives/2026-H2/sales"} <= found, log.read_text()
    after = subprocess.run([*git, "status", "-s"], capture_output=True, text=True, check=True)
    assert (home / "history").is_dir(), "Dagster wrote here"
    assert after.stdout == before.stdout
