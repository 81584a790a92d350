"""The pages on messages, access and the API say what the product does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from scoreline.definitions.project import load_project
from scoreline.notify.rendering import VARIABLES
from scoreline.web.api.exports import router as exports
from scoreline.web.api.routes import router

DOCS = Path(__file__).resolve().parents[2] / "docs"
ORGANISATION = """\
organisation: Acme
timezone: Europe/Berlin
cycles: {2026-H2: {start: 2026-07-01, end: 2026-12-31}}
teams: {learning: {}}
"""


@pytest.mark.parametrize("name", ["notify", "access"])
def test_the_examples_are_legal(tmp_path: Path, name: str) -> None:
    """The page's file loads as it stands, every key of it known."""
    page = {"notify": "messages.md", "access": "access.md"}[name]
    text = (DOCS / page).read_text()
    example = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0]
    folder = tmp_path / "okr_defs"
    folder.mkdir()
    (folder / "organisation.yaml").write_text(ORGANISATION)
    (folder / f"{name}.yaml").write_text(example)
    assert [str(p) for p in load_project(tmp_path).problems] == []
    assert yaml.safe_load(example)


def test_the_templates_names_are_all_there() -> None:
    """Every name that a template may use stands on the page."""
    text = (DOCS / "messages.md").read_text()
    table = text[text.index("| template |") :]
    for names in VARIABLES.values():
        assert all(f"`{name}`" in table for name in names)


def test_every_address_of_the_api_is_on_its_page() -> None:
    """No route is left out of the table."""
    text = (DOCS / "api.md").read_text()
    one = "/key-results/{cycle}/{team}/{objective}/{name}"
    for route in router.routes:
        path = getattr(route, "path", "")
        assert f"`{path}`" in text or f"`…{path.removeprefix(one)}`" in text, path
    for route in exports.routes:
        name = getattr(route, "path", "").removeprefix("/exports/").removesuffix(".{format}")
        assert name in text
