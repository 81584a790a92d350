"""The static site: whole, relative, replaced at once, and nobody else's files touched."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from page_world import SCRIPT, Pages, plain

from scoreline.core.errors import UsageError
from scoreline.web.site import MARK, write_site


@pytest.fixture(scope="module")
def site(world: Pages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world as files."""
    folder = tmp_path_factory.mktemp("site") / "out"
    report = write_site(world.live, folder)
    assert report.pages == len(list(folder.rglob("*.html")))
    return folder


def test_every_link_leads_to_a_file_beside_it(site: Path) -> None:
    """All addresses are relative and every one of them is there: it works from file://."""
    for page in site.rglob("*.html"):
        for to in re.findall(r'(?:href|src)="([^"#]+)', page.read_text()):
            assert not to.startswith(("/", "http")), to
            assert (page.parent / unquote(to)).resolve().is_file(), (page, to)


def test_pages_of_the_site_say_what_the_server_says(world: Pages, site: Path) -> None:
    """The same score, formula and status; and that it is a copy."""
    name = "key-results/2026-H2/company/top/people"
    there, here = world.text(f"/{name}"), plain((site / f"{name}.html").read_text())
    for part in ("(30 - 0) / (40 - 0) = 0.750000", "on track", "As of Friday, 20 November 2026"):
        assert part in there
        assert part in here
    assert "it does not change by itself" in here
    assert SCRIPT not in (site / "index.html").read_text()
    assert "<form" not in (site / "index.html").read_text()


def test_a_site_is_replaced_as_a_whole(world: Pages, tmp_path: Path) -> None:
    """What an earlier site left is gone, and nothing lies about beside it."""
    folder = tmp_path / "out"
    write_site(world.live, folder)
    (folder / "old.html").write_text("old")
    write_site(world.live, folder)
    assert not (folder / "old.html").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (folder / MARK).read_text() == "2026-11-20\n"


def test_a_folder_of_somebody_else_is_refused(world: Pages, tmp_path: Path) -> None:
    """A folder with other files stays as it is."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="did not write"):
        write_site(world.live, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]
