"""`new connector`: files of a connector of one's own, and what to do with them.

What belongs here: printing. What does not: what is written.
"""

from __future__ import annotations

from pathlib import Path

from scoreline.cli.console import console, print_json
from scoreline.workbench.own_connector import write_connector


def new_connector(root: Path, name: str, json: bool) -> int:
    """Write the files; returns 0."""
    from connectors.registry import kinds

    root = root.resolve()
    made = write_connector(root, name, frozenset(kinds()))
    files = [str(path.relative_to(root)) for path in made.files]
    if json:
        print_json({"files": files, "connector": made.named})
        return 0
    out = console()
    out.print("written:")
    for file in files:
        out.print(f"  {file}")
    test = next(file for file in files if file.startswith("tests/"))
    out.print("\nNext:")
    out.print(f"  python -m pytest {test}        it passes as it is: it has a server of its own")
    out.print(f"  edit {files[1]}        docs/write-a-connector.md goes through it")
    out.print(f"  connector: {made.named}        in okr_defs/sources/{name}.yaml")
    return 0
