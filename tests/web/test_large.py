"""A large organisation: pages stay small, and everything can still be reached."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flow_builders import Small
from page_world import Pages, served

from bench.large import TODAY, write

TEAMS, KEY_RESULTS = 6, 660
LARGEST = 300_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Six teams with 110 key results each."""
    small = Small(tmp_path_factory.mktemp("large"))
    write(small.root, TEAMS, KEY_RESULTS)
    small.run(TODAY.isoformat())
    with served(small) as pages:
        yield pages


def names(page: str) -> list[str]:
    """The key results that a page links to."""
    return re.findall(r'href="/key-results/([^"?]+)"', page)


def test_the_overview_folds_to_teams(large: Pages) -> None:
    """Teams with their counts and a way into each, and no list of hundreds."""
    page = large.get("/")
    assert names(page) == []
    assert set(re.findall(r"team=(team\d\d)", page)) >= {f"team{n:02}" for n in range(1, TEAMS)}
    assert "660 key results" in large.text("/")


@pytest.mark.parametrize("view", ["teams", "table", "alignment"])
def test_no_page_is_too_large_and_none_loses_a_key_result(large: Pages, view: str) -> None:
    """Page by page, each key result of a team stands on exactly one."""
    address, seen = f"/?team=team05&view={view}", []
    while address:
        page = large.get(address)
        assert len(page.encode()) < LARGEST
        seen += names(page)
        onward = re.search(r'<a rel="next" href="([^"]+)"', page)
        address = onward[1].replace("&amp;", "&") if onward else ""
    if view != "alignment":
        assert len(seen) == len(set(seen)) == KEY_RESULTS // TEAMS


def test_every_other_page_stays_small_too(large: Pages) -> None:
    """Review, changes and health cut their lists and say how much is left out."""
    for path in (
        "/review",
        "/changes?since=2026-11-01",
        "/health",
        "/celebrate",
        "/?view=alignment",
    ):
        assert len(large.get(path).encode()) < LARGEST
    assert re.search(r"and \d+ more", large.text("/review"))
