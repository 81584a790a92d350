"""The pages on starting, checking, editing, the dictionary and what is kept are true."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from scoreline.cli.main import app
from scoreline.workbench.editor import editor_files
from scoreline.workbench.mending import _RULES

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "start-a-project.md",
    "check.md",
    "data-dictionary.md",
    "editor.md",
    "what-is-kept.md",
    "for-auditors.md",
)
COMMAND = re.compile(r"^\$ (?:cd \S+ && )?(scoreline [^#\n]*)", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[\w-]*)?\)")


def _text(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


COMMANDS = sorted({c.strip() for page in PAGES for c in COMMAND.findall(_text(page))})


@pytest.mark.parametrize("written", COMMANDS)
def test_each_command_is_understood(written: str) -> None:
    """Every command on the pages exists, with these options and arguments."""
    arguments = shlex.split(written)[1:]
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[arguments.pop(0)]
    context = command.context_class(command, info_name=command.name)
    _, rest, order = command.make_parser(context).parse_args(list(arguments))
    assert rest == []
    required = {p.name for p in command.params if p.required}
    assert required <= {p.name for p in order}


def test_links_lead_somewhere() -> None:
    """Every relative link on the pages names a file that is there."""
    for page in PAGES:
        missing = [x for x in LINK.findall(_text(page)) if not (ROOT / "docs" / x).exists()]
        assert missing == [], page


def test_the_settings_are_those_that_init_writes() -> None:
    """What the page says to put into the settings is part of what `init` puts there."""
    block = re.search(r"```json\n(.*?)```", _text("editor.md"), re.DOTALL)
    assert block is not None
    shown = json.loads(block[1])
    written = json.loads(editor_files()[".vscode/settings.json"])
    assert shown["yaml.schemas"].items() <= written["yaml.schemas"].items()
    assert shown["yaml.format.enable"] == written["yaml.format.enable"]


def test_the_files_of_a_project_are_listed(tmp_path: Path) -> None:
    """The table names every file outside `okr_defs/` that `init` writes."""
    from scoreline.workbench.starting import _AS_THEY_ARE

    text = _text("start-a-project.md")
    for name in (*_AS_THEY_ARE, "workspace.yaml", ".vscode/"):
        assert f"`{name}`" in text, name


def test_what_is_mended_is_said() -> None:
    """Each kind of mended mistake has its example on the page."""
    text = _text("check.md")
    for example in ("misspelt key or word", '"90"', "31.12.2026", "decimal(12,2)", "yes", "string"):
        assert example in text
    assert len(_RULES) == 12
