"""The data dictionary as static pages: they open without a server and without a network.

What belongs here: names of files, filling templates, putting the folder in place as a whole.
What does not: what is in the dictionary (dictionary).
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from pathlib import Path

from scoreline.core.errors import UsageError
from scoreline.workbench.dictionary import Dictionary, Link
from scoreline.workbench.templating import environment, read

MARK = ".scoreline-dictionary"
"""The file that tells a folder made here, which may be replaced, from any other."""
KINDS = {
    "metric": ("metrics", "Metrics"),
    "key result": ("key-results", "Key results"),
    "stream": ("streams", "Sources"),
    "model": ("models", "Models"),
}
_STATIC = ("dictionary.css", "dictionary.js")


def file_of(link: Link) -> str:
    """Where the page of something is, from the top of the folder.

    Two names that differ in capitals only do not meet on a file system that ignores them.
    """
    plain = re.sub(r"[^a-z0-9._-]+", "-", link.name.lower())
    if plain != link.name:
        plain += "-" + hashlib.sha256(link.name.encode()).hexdigest()[:8]
    return f"{KINDS[link.kind][0]}/{plain}.html"


def pages(found: Dictionary) -> dict[str, str]:
    """Every page by its file, with the style and the script beside them."""
    engine = environment()
    shared = {"dictionary": found, "kinds": KINDS, "file_of": file_of, "Link": Link}
    made = {name: read(f"dictionary/{name}") for name in _STATIC}
    made["index.html"] = engine.get_template("dictionary/index.html").render(shared, up="")
    template = engine.get_template("dictionary/entry.html")
    for (kind, name), entry in found.entries.items():
        made[file_of(Link(kind, name))] = template.render(shared, up="../", entry=entry)
    return made


def write_pages(found: Dictionary, folder: Path) -> int:
    """Put the pages into a folder, all at once; returns how many pages there are.

    Raises:
        UsageError: the folder holds something that was not made here.
    """
    folder = folder.resolve()
    if (
        folder.exists()
        and not (folder / MARK).exists()
        and (not folder.is_dir() or any(folder.iterdir()))
    ):
        raise UsageError(f"{folder} holds something else: name a new or an empty folder")
    made = pages(found)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        fresh = Path(temporary) / "fresh"
        for name, text in {**made, MARK: ""}.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if folder.exists():
            folder.rename(Path(temporary) / "old")
        fresh.rename(folder)
    return sum(name.endswith(".html") for name in made)
