"""`docs`: the data dictionary.

What belongs here: loading, writing, saying where it is. What does not: the pages.
"""

from __future__ import annotations

from pathlib import Path

from scoreline.cli.console import console, print_json, safe
from scoreline.definitions.metric_tests import load_tests
from scoreline.steps.planning import load_plan
from scoreline.workbench.dictionary import dictionary
from scoreline.workbench.dictionary_pages import write_pages


def write_dictionary(root: Path, folder: Path, json: bool) -> int:
    """Write the pages; returns 0.

    Raises:
        DefinitionError: there is no usable organisation file.
        UsageError: the folder holds something else.
    """
    loaded = load_plan(root.resolve())
    tests, _ = load_tests(root.resolve(), loaded.plan)
    count = write_pages(dictionary(loaded.plan, tests), folder)
    left = sorted({p.scope or p.place.file for p in loaded.problems if p.severity == "error"})
    if json:
        print_json({"folder": str(folder), "pages": count, "left_out": left})
        return 0
    out = console()
    out.print(f"[green]✔[/] {count:,} pages: open {safe(folder / 'index.html')}")
    if left:
        out.print(f"  [yellow]left out, as in error:[/] {safe(', '.join(left))}")
    return 0
