"""The code location as Dagster's own processes load it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from pipeline_fakes import FakeSteps, environment, write_home

from pipelines.definitions import build_definitions, project_root

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("duckdb", "pyarrow", "great_expectations", "sqlalchemy", "pandas")


@pytest.fixture
def home(project: Path) -> Path:
    """The test project with this project's settings for Dagster."""
    return write_home(project)


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
