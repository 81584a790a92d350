"""A connector of one's own: its files, with a test that runs.

What belongs here: names and files. What does not: what stands in them (templates), printing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from scoreline.core.durable import write_whole
from scoreline.core.errors import UsageError
from scoreline.workbench.templating import render

PACKAGE = "own_connectors"
NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")


@dataclass(frozen=True, slots=True)
class OwnConnector:
    """What was written: the kind's folder, its test, and how a definition names it."""

    files: tuple[Path, ...]
    named: str


def write_connector(root: Path, name: str, kinds: frozenset[str]) -> OwnConnector:
    """Write the files of a new connector into a project.

    Args:
        root: the project's folder.
        name: of the kind: lower case, digits, underscores.
        kinds: names that are taken.

    Raises:
        UsageError: the name is illegal or taken, or a file is there already.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a kind: lower-case letters, digits, underscores")
    if name in kinds:
        raise UsageError(f"there is a kind {name!r} already: `scoreline connectors` lists them all")
    title = "".join(part.capitalize() for part in name.split("_"))
    values = {"name": name, "title": title, "package": PACKAGE}
    folder = root / PACKAGE / name
    files = {
        folder / "__init__.py": f'"""Entry point of the `{name}` kind."""\n\n'
        f"from {PACKAGE}.{name}.connector import {title}Connector\n\n"
        f'__all__ = ["{title}Connector"]\n',
        folder / "connector.py": render("connector/connector.py.jinja", values),
        folder / "README.md": render("connector/README.md.jinja", values),
        root / "tests" / f"test_{name}_connector.py": render("connector/test.py.jinja", values),
    }
    there = next((path for path in files if path.exists()), None)
    if there is not None:
        raise UsageError(f"{there.relative_to(root)} is there already: nothing was written")
    package = root / PACKAGE / "__init__.py"
    if not package.exists():
        files[package] = '"""Connectors of this project\'s own."""\n'
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    return OwnConnector(tuple(files), f"{PACKAGE}.{name}:{title}Connector")
