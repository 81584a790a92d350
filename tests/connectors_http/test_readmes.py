"""The pages of the kinds: what they show is a source that a project accepts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors import registry
from scoreline.steps.planning import load_plan
from scoreline.wiring.sources import check_options

KINDS = Path(registry.__file__).parent
PAGES = [p for p in sorted(KINDS.glob("*/README.md")) if p.parent.name not in ("http", "files")]
ORGANISATION = """organisation: Acme
timezone: Europe/Berlin
cycles: {2026-H2: {start: 2026-07-01, end: 2026-12-31}}
teams: {company: {title: Acme}}
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_what_the_page_of_a_kind_shows_is_accepted(page: Path, tmp_path: Path) -> None:
    """Every source in the page loads without an error, its options included."""
    shown = [
        b for b in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL) if "source:" in b
    ]
    assert shown or page.parent.name == "manual"
    for block in shown:
        folder = tmp_path / "okr_defs"
        (folder / "sources").mkdir(parents=True, exist_ok=True)
        (folder / "organisation.yaml").write_text(ORGANISATION)
        name = re.search(r"^source: (\w+)", block, re.MULTILINE)
        assert name
        (folder / "sources" / f"{name[1]}.yaml").write_text(block)
        loaded = load_plan(tmp_path, check_options)
        assert [str(p) for p in loaded.problems if p.severity == "error"] == []
        assert name[1] in loaded.plan.sources


@pytest.mark.parametrize("name", sorted(registry.kinds()))
def test_every_kind_has_a_page_and_runs_alone(name: str) -> None:
    """A kind without a page or without `python -m` is not finished."""
    folder = KINDS / name
    assert (folder / "README.md").exists()
    assert (folder / "__main__.py").exists() or name in ("singer", "dlt")
