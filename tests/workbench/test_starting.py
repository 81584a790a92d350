"""A project that `init` starts works as it is, and nothing of yours is overwritten."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scoreline.cli.main import app
from scoreline.core.errors import UsageError
from scoreline.definitions.project import load_project
from scoreline.workbench.templating import read

ROOT = Path(__file__).resolve().parents[2]
runner = CliRunner()


def _init(folder: Path, *arguments: str) -> dict[str, object]:
    call = ["init", str(folder), "--yes", "--json", "--owner", "ann@acme.example", *arguments]
    result = runner.invoke(app, call, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """A project begun with the small example, and what `init --json` said."""
    folder = tmp_path_factory.mktemp("init") / "acme"
    return folder, _init(folder, "--timezone", "Europe/Berlin")


def test_the_definitions_are_in_order(started: tuple[Path, dict[str, object]]) -> None:
    """The files load without a problem and hold one source, one metric and one key result."""
    loading = load_project(started[0])
    assert loading.problems == ()
    assert loading.plan is not None
    counts = (len(loading.plan.streams), len(loading.plan.metrics), len(loading.plan.key_results))
    assert counts == (1, 1, 1)


@pytest.mark.slow
def test_each_printed_step_works_as_printed(started: tuple[Path, dict[str, object]]) -> None:
    """The commands that `init` prints, typed one after another in a shell, end well.

    The last one, which would go on for ever, is `dagster dev`: Dagster validates the same
    workspace instead.
    """
    steps = [str(s) for s in started[1]["next"]]  # type: ignore[attr-defined]
    assert steps[-1] == 'DAGSTER_HOME="$PWD" dagster dev -w workspace.yaml'
    validate = 'DAGSTER_HOME="$PWD" dagster definitions validate -w workspace.yaml'
    script = "set -e\n" + "\n".join([*steps[:-1], validate])
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    environment.pop("SCORELINE_PROJECT", None)
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "acme" in done.stderr + done.stdout


def test_a_project_is_never_started_twice(started: tuple[Path, dict[str, object]]) -> None:
    """A folder with definitions is refused, and not a byte in it changes."""
    folder = started[0]
    before = {p: p.read_bytes() for p in folder.rglob("okr_defs/**/*") if p.is_file()}
    with pytest.raises(UsageError, match="nothing was written"):
        runner.invoke(app, ["init", str(folder), "--yes"], catch_exceptions=False)
    assert before == {p: p.read_bytes() for p in before}


def test_files_that_are_there_are_kept(tmp_path: Path) -> None:
    """A .gitignore of one's own stays as it is, and the rest is written around it."""
    (tmp_path / ".gitignore").write_text("mine\n")
    assert _init(tmp_path)["kept"] == [".gitignore"]
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
    assert (tmp_path / "okr_defs/organisation.yaml").exists()


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    """An export that cannot be read leaves no folder behind."""
    with pytest.raises(UsageError, match="there is no file"):
        _init(tmp_path / "new", "--csv", "nowhere.csv")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("form", "measure", "unit"),
    [
        ("count", "{count: rows}", "count"),
        ("sum:close_value", "{sum: close_value}", "number"),
        ("count_distinct:sales_agent", "{count_distinct: sales_agent}", "count"),
        ("share:deal_stage=Lost", "where: \"deal_stage = 'Lost'\"", "share"),
    ],
)
def test_what_is_measured_can_be_chosen(
    form: str, measure: str, unit: str, shared: Path, tmp_path: Path
) -> None:
    """Each form of --measure becomes a metric that loads."""
    csv = shared / "data/maven_crm_sales/sales_pipeline.csv"
    _init(tmp_path / "p", "--csv", str(csv), "--measure", form)
    text = (tmp_path / "p/okr_defs/metrics/sales_pipeline.yaml").read_text()
    assert measure in text
    assert f"unit: {unit}" in text
    assert load_project(tmp_path / "p").problems == ()


def test_a_measure_that_is_none(shared: Path, tmp_path: Path) -> None:
    """An unknown column names those that are there."""
    csv = str(shared / "data/maven_crm_sales/sales_pipeline.csv")
    with pytest.raises(UsageError, match="opportunity_id"):
        _init(tmp_path / "p", "--csv", csv, "--measure", "sum:vlaue")


def test_dagster_settings_are_those_of_this_repository() -> None:
    """A started project gets the dagster.yaml that the example runs with."""
    assert read("project/dagster.yaml") == (ROOT / "dagster.yaml").read_text(encoding="utf-8")


def test_the_printed_folder_is_quoted(tmp_path: Path) -> None:
    """A folder with a blank in its name is printed so that a shell takes it."""
    said = _init(tmp_path / "our goals")
    assert said["next"][0] == f"cd {shlex.quote(str(tmp_path / 'our goals'))}"  # type: ignore[index]
