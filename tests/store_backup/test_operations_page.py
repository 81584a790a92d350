"""The page on operations names commands, options and files as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from backup_builders import Kept

from scoreline.cli.main import app
from scoreline.core.errors import LockedError
from scoreline.warehouse.lock import project_lock

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def test_every_command_on_the_page_exists() -> None:
    """Each `scoreline` line of an example is a command with those options."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    lines = re.findall(r"^\$ scoreline (\w+)([^#\n]*)", PAGE, re.MULTILINE)
    assert {"backup", "restore", "verify", "run"} <= {name for name, _ in lines}
    for name, rest in lines:
        known = {option for parameter in commands[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known


def test_the_table_names_what_a_project_keeps(project: Kept, tmp_path: Path) -> None:
    """Everything that a run and a backup leave in the state folder is in the page's table."""
    project.back_up(tmp_path / "b")
    project.run()
    kept = {p.name for p in project.paths.state.iterdir()}
    named = set(re.findall(r"`([\w.]+)/?`", PAGE.partition("## Backup")[0]))
    assert {n for n in kept if not n.endswith(("-wal", "-shm", ".wal"))} <= named
    assert {p.name for p in (tmp_path / "b").iterdir()} == set(
        re.findall(r"^\| `([\w.]+)/?` \|", PAGE.partition("A backup holds")[2], re.MULTILINE)
    )


def test_the_messages_of_the_lock_are_as_on_the_page(project: Kept) -> None:
    """What is said while waiting, and at the end of it, has the page's words."""
    said: list[str] = []
    lock, now = project.paths.lock, project.clock()
    with (
        project_lock(lock, "run", now),
        pytest.raises(LockedError) as error,
        project_lock(lock, "run", now, wait=0.3, tell=said.append),
    ):
        pass
    for words in (*said, str(error.value)):
        pattern = r"process \d+ on [^,]+, since [^)]+"
        held = re.sub(pattern, "…", words).replace(" 0 s", " 3600 s")
        assert held in re.sub(pattern, "…", PAGE)
