"""The examples on the how-to pages are what the product accepts."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent

import pytest

from scoreline.core.model import Plan
from scoreline.definitions.project import load_project

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("add-a-source.md", "add-a-metric.md", "add-a-key-result.md")
BLOCK = re.compile(r"^```(?:yaml|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")
KEY_RESULTS = "okr_defs/objectives/2026-H2/learning.yaml"
ORGANISATION = """\
organisation: Acme Training
timezone: Europe/Berlin
cycles:
  2026-H2: {start: 2026-07-01, end: 2026-12-31}
teams:
  learning: {lead: maya.chen@acme.example}
"""


def _blocks() -> list[tuple[str, str]]:
    """The first line (without its comment mark) and the text of every example."""
    texts = [(ROOT / "docs" / page).read_text(encoding="utf-8") for page in PAGES]
    found = [block for text in texts for block in BLOCK.findall(text)]
    return [(block.partition("\n")[0].lstrip("#- "), block) for block in found]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A project made of nothing but the pages' examples and an organisation."""
    project = tmp_path_factory.mktemp("how-to")
    files = {name: text for name, text in _blocks() if name.startswith("okr_defs/")}
    more = [text for name, text in _blocks() if name == "under key_results"]
    files[KEY_RESULTS] += "".join(indent(text, " " * 6) for text in more)
    files["okr_defs/organisation.yaml"] = ORGANISATION
    for name, text in files.items():
        target = project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    loading = load_project(project)
    errors = [str(problem) for problem in loading.problems if problem.severity == "error"]
    assert not errors, "\n".join(errors)
    assert loading.plan is not None
    return loading.plan


def test_the_examples_load(plan: Plan) -> None:
    """Every source, metric, model and key result of the pages is in the resolved plan."""
    assert sorted(plan.streams) == ["lms.completions", "shop.orders"]
    assert list(plan.models) == ["models.best_scores"]
    assert len(plan.metrics) == 4
    assert len(plan.key_results) == 8


def test_no_example_is_broken(plan: Plan) -> None:
    """No key result of the pages has lost its metric."""
    assert [key.id for key in plan.key_results.values() if key.broken] == []


def test_every_example_is_a_file_or_a_key_result() -> None:
    """Each YAML or SQL example says in its first line where it belongs."""
    names = [name for name, _ in _blocks()]
    assert len(names) >= 8
    assert all(n.startswith("okr_defs/") or n == "under key_results" for n in names)


def test_links_lead_somewhere() -> None:
    """Every relative link on the pages names a file that is there."""
    for page in PAGES:
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert [link for link in LINK.findall(text) if not (ROOT / "docs" / link).exists()] == []
