"""The child process: started late, lost, replaced, never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from check_specs import at_most, check, not_null

from scoreline.quality.gx import GxValidator

ROOT = Path(__file__).resolve().parents[2]


def gone(pid: int) -> bool:
    """Whether the process is no more (or only waits to be collected)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state.rpartition(")")[2].split()[0] == "Z"


def wait_until_gone(pid: int) -> bool:
    for _ in range(200):
        if gone(pid):
            return True
        time.sleep(0.05)
    return False


def test_parent_imports_nothing_heavy() -> None:
    """The public modules import neither Great Expectations nor DuckDB, SQLAlchemy or pandas."""
    code = (
        "import sys, scoreline.quality.gx, scoreline.quality.checks, scoreline.quality.catalogue;"
        "heavy = {'great_expectations', 'duckdb', 'duckdb_engine', 'sqlalchemy', 'pandas'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_killed_child(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """A child killed in the middle of a batch makes errors that say so; the next one works."""
    endless = "SELECT a.range FROM range(1000000000) AS a, range(1000000000) AS b, {batch}"
    slow = check("unexpected_rows_expectation", "warn", unexpected_rows_query=endless)
    assert gx.validate(batch, [not_null("n", "warn")], [], tmp_path).outcomes[0].outcome == "fail"
    pid = gx.pid
    assert pid is not None
    killer = threading.Timer(0.7, os.kill, (pid, signal.SIGKILL))
    killer.start()
    verdict = gx.validate(batch, [not_null("n")], [slow], tmp_path)
    killer.join()
    assert [o.outcome for o in verdict.outcomes] == ["error", "error"]
    assert [o.took for o in verdict.outcomes] == ["blocked", "warned"]
    assert "killed by signal 9" in verdict.outcomes[0].message
    again = gx.validate(batch, [not_null("n")], [at_most("n", 100)], tmp_path)
    assert [o.outcome for o in again.outcomes] == ["fail", "pass"]
    assert gx.pid not in (None, pid)


def test_interrupted(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """After an interrupt the next batch gets its own answer, not the one that was left."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    endless = "SELECT 1 FROM range(1000000000) AS a, range(1000000000) AS b, {batch}"
    slow = check("unexpected_rows_expectation", "warn", unexpected_rows_query=endless)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(KeyboardInterrupt):
            gx.validate(batch, [], [slow], tmp_path)
    finally:
        signal.signal(signal.SIGALRM, before)
    verdict = gx.validate(batch, [], [at_most("n", 100)], tmp_path)
    assert [o.outcome for o in verdict.outcomes] == ["pass"]


def test_closed(batch: Path) -> None:
    """Closing ends the child even while it still imports, and closing twice is harmless."""
    validator = GxValidator()
    assert validator.pid is None
    validator.start()
    pid = validator.pid
    validator.start()
    assert validator.pid == pid
    assert pid is not None
    validator.close()
    validator.close()
    assert gone(pid)


@pytest.mark.parametrize("busy", [False, True], ids=["importing", "working"])
def test_no_orphan(busy: bool, batch: Path, tmp_path: Path) -> None:
    """When the parent is killed, the child ends, be it importing or in the middle of a batch."""
    code = f"""
import time
from pathlib import Path
from scoreline.quality.gx import GxValidator
from scoreline.quality.model import CheckSpec

def ask(query):
    spec = CheckSpec(
        "unexpected_rows_expectation", {{"unexpected_rows_query": query}}, "warn", "expect", "x"
    )
    validator.validate(Path({str(batch)!r}), [], [spec], Path({str(tmp_path)!r}))

validator = GxValidator()
validator.start()
if {busy}:
    ask("SELECT 1 FROM {{batch}}")
print(validator.pid, flush=True)
if {busy}:
    ask("SELECT 1 FROM range(1000000000), range(1000000000), {{batch}}")
time.sleep(600)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.5 if busy else 0)
        assert not gone(pid)
        parent.kill()
    assert wait_until_gone(pid)


def test_no_secret_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child's environment holds nothing of the parent's but what a process needs."""
    monkeypatch.setenv("CANARY_TOKEN", "canary-7f3a")
    validator = GxValidator()
    validator.start()
    try:
        environment = Path(f"/proc/{validator.pid}/environ").read_bytes()
    finally:
        validator.close()
    assert b"canary" not in environment
    assert b"CANARY_TOKEN" not in environment


def test_broken_installation(batch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Great Expectations cannot be imported, every check is an error that says so."""
    package = tmp_path / "path" / "great_expectations"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('it is damaged')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    with GxValidator() as validator:
        verdict = validator.validate(batch, [not_null("n")], [], tmp_path / "out")
    assert verdict.blocked
    assert "Great Expectations cannot be used: it is damaged" in verdict.outcomes[0].message
