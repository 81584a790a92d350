"""Broken parts are isolated and named; exit statuses; a killed run leaves no trace."""

from __future__ import annotations

import random
import signal
import subprocess
from pathlib import Path

import pytest
from judge_projects import SCORELINE, Outside
from judge_small import DAY, write


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """A project that ran without a fault."""
    project = Outside(tmp_path_factory.mktemp("whole"))
    write(project)
    project.run(DAY)
    return project


def test_a_broken_file_and_a_missing_folder_stop_nothing_else(
    tmp_path: Path, whole: Outside
) -> None:
    """Exit 3; what is whole is scored as ever, what is not has no data; check finds it."""
    project = Outside(tmp_path)
    write(project, ghost=True)
    broken = (tmp_path / "okr_defs/objectives/c/b.yaml").read_text()
    project.define("objectives/c/b", broken.replace('"m_two"', '"m_nowhere"', 1) + "\n: [")
    project.run(DAY, code=3)
    said, right = project.status(DAY), whole.status(DAY)
    assert said["c/a/o/k-ghost"]["status"] == "no_data"
    names = [n for n in right if n.startswith("c/a/")]
    fields = ("value", "progress", "expected", "status")
    assert [[said[n][f] for f in fields] for n in names] == [
        [right[n][f] for f in fields] for n in names
    ]
    assert project.call("check").code == 1


def test_exit_statuses_say_what_happened(tmp_path: Path, whole: Outside) -> None:
    """0 fine, 1 a finding, 2 bad usage or nothing could run at all."""
    assert whole.call("check").code == 0
    assert whole.call("verify").code == 0
    assert whole.call("run", "--no-such-option").code == 2
    assert whole.call("status", "--as-of", "yesterday-ish").code == 2
    assert Outside(tmp_path / "nowhere").call("run").code == 2
    empty = Outside(tmp_path)
    write(empty)
    empty.define("organisation", "organisation: [")
    assert empty.call("run").code == 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_killed_at_any_moment_leaves_nothing_behind(
    tmp_path: Path, whole: Outside, seed: int
) -> None:
    """After kills at random moments, one more run says what a run without a fault says."""
    chance, project = random.Random(seed), Outside(tmp_path)
    write(project)
    words = [str(SCORELINE), "run", "--json", "--as-of", DAY, "--project", str(tmp_path)]
    for _ in range(4):
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            child.wait(chance.uniform(0.5, 6))
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
    project.run(DAY)
    assert project.status(DAY) == whole.status(DAY)
    proof = project.call("verify", "--json")
    assert proof.code == 0, proof.out[-2000:]
